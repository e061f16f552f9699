import { afterEach, beforeEach, describe, expect, test } from 'bun:test'

import { Deferred, toRemoteCall } from '../../src/batches/remote/call.ts'
import type { RemoteEndpoint, RemoteState } from '../../src/batches/remote/ports.ts'
import type { ItemContext, RunRequest } from '../../src/batches/run-request.ts'
import { Failure } from '../../src/core/errors.ts'
import { until } from '../support/wait.ts'
import { answerOf, createBatch, createPlace, resultsOf, stopNow } from './engine.ts'

const BODY = {
  model: 'a/b',
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'Be kind', cache_control: { type: 'ephemeral' } }] },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, tool_calls: [] },
  ],
  max_tokens: 5,
  stream: false,
  session_id: 's',
  usage: { include: true },
  plugins: [{ id: 'context-compression', enabled: false }],
  tools: [{ type: 'function', function: { name: 'look' } }],
}

describe('a call', () => {
  test('is handed over with what the endpoint takes', () => {
    const call = toRemoteCall('default', JSON.stringify(BODY))
    expect(call).toMatchObject({ upstream: 'default', model: 'a/b' })
    const { messages, tools } = BODY
    expect(JSON.parse(call?.body ?? '')).toEqual({ messages, max_tokens: 5, tools })
  })

  test.each([
    ['a variant of a model', { model: 'a/b:free' }],
    ['preferences for providers', { provider: { order: ['x'] } }],
    ['plugins', { plugins: [{ id: 'web' }] }],
    ['fallbacks', { models: ['c/d'] }],
    ['pictures', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }],
    ['other tools', { tools: [{ type: 'openrouter:web_search' }] }],
  ])('is not handed over with %s', (_what, fields) => {
    expect(toRemoteCall('default', JSON.stringify({ ...BODY, ...fields }))).toBeUndefined()
  })
})

interface Submitted {
  readonly model: string
  readonly ids: readonly string[]
  state: RemoteState
  canceled: boolean
}

/** A batch endpoint whose batches end when the test says so. */
function createHandEndpoint() {
  const submitted: Submitted[] = []
  const endpoint: RemoteEndpoint & { refusal: Failure | undefined } = {
    refusal: undefined,
    async submit(model, calls) {
      if (endpoint.refusal) throw endpoint.refusal
      submitted.push({ model, ids: calls.map(({ id }) => id), state: { type: 'running' }, canceled: false })
      return `remote-${submitted.length - 1}`
    },
    async read(id) {
      return submitted[Number(id.slice('remote-'.length))]?.state ?? { type: 'missing' }
    },
    async cancel(id) {
      const found = submitted[Number(id.slice('remote-'.length))]
      if (found) found.canceled = true
    },
  }
  const answer = (nth: number, ids = submitted[nth]?.ids ?? []): void => {
    const found = submitted[nth]
    if (found) found.state = { type: 'ended', completions: new Map(ids.map((id) => [id, `"remote ${id}"`])) }
  }
  return { endpoint, submitted, answer }
}

let place: ReturnType<typeof createPlace>
let remote: ReturnType<typeof createHandEndpoint>
let direct: ItemContext[]
beforeEach(() => {
  place = createPlace()
  remote = createHandEndpoint()
  direct = []
})
afterEach(async () => place.remove())

/** Hands every first call over, for one of two models. */
const run: RunRequest = async (_params, item) => {
  if (item.outcome?.type === 'answered') return answerOf(JSON.parse(item.outcome.completion))
  if (item.outcome?.type === 'refused') {
    direct.push(item)
    return answerOf(`direct ${item.customId}`)
  }
  throw new Deferred({ upstream: 'default', model: item.customId === '1' ? 'a/one' : 'a/b', body: '{}' })
}
const start = () => place.start(run, { endpoint: () => remote.endpoint })
const sent = async (count: number): Promise<void> =>
  until(`${count} batches at the upstream`, () => {
    place.clock.tick()
    return remote.submitted.length === count
  })
const ended = async (engine: ReturnType<typeof start>, id: string): Promise<void> =>
  until('the end', async () => {
    place.clock.advance(1000)
    return (await engine.get(id, 'ann')).state === 'ended'
  })
const textsOf = async (...asked: Parameters<typeof resultsOf>): Promise<string[]> =>
  Object.values(await resultsOf(...asked)).map(({ message }) => message.content[0].text)

describe('a batch whose calls are handed over', () => {
  test('goes in one piece for each model, and ends with the answers of the upstream', async () => {
    const engine = start()
    const batch = await createBatch(engine, 9)
    await sent(2)
    const sizes = Object.fromEntries(remote.submitted.map(({ model, ids }) => [model, ids.length]))
    expect(sizes).toEqual({ 'a/b': 8, 'a/one': 1 })
    remote.answer(0)
    remote.answer(1)
    await ended(engine, batch.id)
    expect(await textsOf(engine, batch)).toEqual(
      Array.from({ length: 9 }, (_, index) => `remote ${index + 1}`),
    )
    expect(direct).toEqual([])
  })

  test('makes itself the calls that came back without an answer', async () => {
    const engine = start()
    const batch = await createBatch(engine, 4)
    await sent(2)
    for (const nth of [0, 1]) remote.answer(nth, remote.submitted[nth]?.ids.slice(0, 1))
    await ended(engine, batch.id)
    expect((await textsOf(engine, batch)).toSorted()).toEqual([
      'direct 3',
      'direct 4',
      'remote 1',
      'remote 2',
    ])
  })

  test('makes all calls itself where the endpoint refuses them, and waits where it has no room', async () => {
    remote.endpoint.refusal = new Failure('rate_limit_error', 'later')
    const engine = start()
    const batch = await createBatch(engine, 3)
    await until('the pause', () => {
      place.clock.tick()
      return place.logged('remote-batches-paused') === 1
    })
    expect(direct).toEqual([])
    remote.endpoint.refusal = new Failure('not_found_error', 'no such variant')
    await ended(engine, batch.id)
    expect(direct).toHaveLength(3)
    expect(place.logged('remote-batch-refused')).toBe(2)
  })

  test('is taken up again after a restart, and nothing is handed over twice', async () => {
    const first = start()
    const batch = await createBatch(first, 4)
    await sent(2)
    await stopNow(first)
    const second = start()
    second.resume()
    remote.answer(0)
    remote.answer(1)
    await ended(second, batch.id)
    expect((await textsOf(second, batch)).every((text) => text.startsWith('remote'))).toBe(true)
    expect(remote.submitted).toHaveLength(2)
  })

  test('is canceled there too', async () => {
    const engine = start()
    const batch = await createBatch(engine, 4)
    await sent(2)
    await engine.cancel(batch.id, 'ann')
    await ended(engine, batch.id)
    expect((await engine.get(batch.id, 'ann')).counts.canceled).toBe(4)
    await until('the cancel', () => {
      place.clock.advance(1000)
      return remote.submitted.every(({ canceled }) => canceled)
    })
  })

  test('is not waited for for ever when the upstream has lost it', async () => {
    const engine = start()
    const batch = await createBatch(engine, 2)
    await sent(2)
    for (const each of remote.submitted) each.state = { type: 'missing' }
    place.clock.advance(60_000)
    await Bun.sleep(5)
    expect(direct).toEqual([])
    place.clock.advance(10 * 60_000)
    await ended(engine, batch.id)
    expect(direct).toHaveLength(2)
  })
})
