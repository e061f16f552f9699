import { afterAll, describe, expect, test } from 'bun:test'

import { createClock } from '../../src/clock.ts'
import { DEFAULT_PROTOCOL, type RequestContext } from '../../src/core/context.ts'
import { answerWhole } from '../../src/messages/answer.ts'
import type { AnswerStream } from '../../src/messages/converse.ts'
import { prepareRelay, streamRelay } from '../../src/messages/relay.ts'
import type { Upstreams } from '../../src/messages/services.ts'
import { validateRequest } from '../../src/messages/validate.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { createTokenCounter } from '../../src/tokens/counter.ts'
import { type Target, toTarget } from '../../src/translate/target.ts'
import { createRelay, relayHeaders } from '../../src/upstream/relay/client.ts'
import type { UsageEntry } from '../../src/usage/entry.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import {
  errorAnswer,
  eventsOf,
  eventStream,
  messageOf,
  startAnthropicUpstream,
  startOf,
  toFrame,
  USAGE,
} from '../support/anthropic-upstream.ts'
import { openFeed } from '../support/feed.ts'
import { until } from '../support/wait.ts'

const upstream = startAnthropicUpstream()
afterAll(async () => upstream[Symbol.asyncDispose]())

const CLAUDE = toTarget('claude-opus-5', false, { upstream: 'claude', wire: 'messages' })
const OPENROUTER = toTarget('anthropic/claude-opus-5', true, { wire: 'messages' })
const quiet = (): void => {}
const tokens = createTokenCounter()

const relay = createRelay({
  baseUrl: upstream.baseUrl,
  headers: relayHeaders({ apiKey: undefined, dialect: 'openai', headers: {} }),
  fetch: async (url, init) => fetch(url, init),
  clock: createClock(),
  limits: { firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000, requestTimeoutMs: 60_000 },
})

/** A request on its way to the upstream, and all that it leaves behind. */
function ask(fields: object = {}, target: Target = CLAUDE, strict = false) {
  const body = {
    model: 'big',
    max_tokens: 100,
    stream: true,
    messages: [{ role: 'user', content: 'Hi' }],
    ...fields,
  }
  const protocol = DEFAULT_PROTOCOL
  const valid = validateRequest(body, { ...protocol, strict: false, operation: 'create' })
  const trace = createTrace(() => 0)
  const hangUp = new AbortController()
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const context: RequestContext = { id: 'req_1', signal: hangUp.signal, log, trace, protocol, owner: '' }
  const catalogue = { record: () => undefined }
  const upstreams = { of: () => ({ relay, catalogue }) } as unknown as Upstreams
  const entries: UsageEntry[] = []
  const ledger = { record: (entry: UsageEntry) => void entries.push(entry) }
  const clock = createClock()
  const services = { tokens, limits: { maxTokensLimit: undefined }, strict, upstreams, ledger, clock }
  const prepared = prepareRelay(valid, target, services, context)
  const stream = streamRelay(prepared, services, context, trace.open('call'))
  return { stream, trace, context, hangUp, entries }
}

async function readAll(stream: AnswerStream): Promise<{ events: StreamEvent[]; failure: unknown }> {
  const events: StreamEvent[] = []
  try {
    for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
    return { events, failure: undefined }
  } catch (failure) {
    return { events, failure }
  }
}

const typesOf = (events: readonly StreamEvent[]): readonly string[] => events.map(({ type }) => type)
const EXPECTED_TYPES = eventsOf('Hi').flatMap((event: any) => (event.type === 'ping' ? [] : [event.type]))

describe('a relayed answer', () => {
  test('is the upstream’s, event by event, under the name that the client asked for', async () => {
    upstream.answer = () => eventStream(eventsOf('Hel', 'lo'), 'data: [DONE]\n\n')
    const { events, failure } = await readAll(ask().stream)
    expect(failure).toBeUndefined()
    const expected: any[] = eventsOf('Hel', 'lo').filter((event: any) => event.type !== 'ping')
    expected[0].message.model = 'big'
    expect(events as unknown[]).toEqual(expected)
    expect(upstream.calls.at(-1)?.body.model).toBe('claude-opus-5')
  })

  test('that was asked for as a whole is the upstream’s message', async () => {
    const message = messageOf('Hi', { odd: [1], content: [{ type: 'of_tomorrow', x: null }] })
    upstream.answer = () => Response.json(message)
    const { stream, context } = ask({ stream: false })
    expect(JSON.stringify(await answerWhole(stream, context))).toBe(
      JSON.stringify({ ...message, model: 'big' }),
    )
    expect(upstream.calls.at(-1)?.body.stream).toBe(false)
  })

  test('leaves in the trace who answered, how much it was and what it cost', async () => {
    const events: any[] = eventsOf('Hi')
    events[0] = startOf({ provider: 'Anthropic' })
    events.at(-2).usage.cost = 0.25
    upstream.answer = () => eventStream(events)
    const { stream, trace } = ask()
    await readAll(stream)
    expect(trace.notes()).toMatchObject({
      generation_id: 'msg_upstream',
      provider: 'Anthropic',
      input_tokens: 60,
      cached_tokens: 30,
      output_tokens: 5,
      cost_usd: 0.25,
    })
    expect(trace.spans().map(({ name, outcome }) => [name, outcome])).toEqual([['call', 'ok']])
  })

  test('teaches how long the model’s prompts are', async () => {
    const content = 'word '.repeat(2000)
    const usage = { ...USAGE, input_tokens: 8000 }
    upstream.answer = () => Response.json(messageOf('Hi', { usage }))
    const size = { textChars: content.length, mediaTokens: 0 }
    const before = tokens.estimate('claude-taught', size)
    const { stream } = ask(
      { stream: false, messages: [{ role: 'user', content }] },
      { ...CLAUDE, model: 'claude-taught' },
    )
    await readAll(stream)
    expect(tokens.estimate('claude-taught', size)).toBeGreaterThan(before)
  })

  test('may begin before its upstream does', async () => {
    const feed = openFeed()
    upstream.answer = () => feed.response
    const { stream } = ask()
    const reading = readAll(stream)
    const opening = stream.open()
    expect(opening).toMatchObject([{ type: 'message_start', message: { id: 'msg_1', model: 'big' } }])
    expect(stream.open()).toEqual([])
    feed.send(...eventsOf('Hi').map(toFrame))
    feed.end()
    const { events } = await reading
    expect(typesOf([...opening, ...events])).toEqual(EXPECTED_TYPES)
    expect(events.at(-2)).toMatchObject({ usage: USAGE })
  })

  test('warns of what its upstream cannot be told', async () => {
    upstream.answer = () => eventStream(eventsOf('Hi'))
    const direct = ask({ openrouter: { provider: { sort: 'price' } } })
    expect(direct.trace.warnings().map(({ path }) => path)).toEqual(['openrouter.provider'])
    const routed = ask({ inference_geo: 'us' }, OPENROUTER)
    expect(routed.trace.warnings().map(({ path }) => path)).toEqual(['inference_geo'])
    await Promise.all([readAll(direct.stream), readAll(routed.stream)])
  })

  test('does not come where the operator wants no losses', () => {
    expect(() => ask({ inference_geo: 'us' }, OPENROUTER, true)).toThrow('inference_geo: ')
  })
})

describe('a relayed failure', () => {
  test('before the first event can still be a status', async () => {
    upstream.answer = () => errorAnswer(529, 'overloaded_error', 'Overloaded')
    const { stream, trace } = ask()
    expect(await readAll(stream)).toMatchObject({
      events: [],
      failure: { kind: 'overloaded_error', status: 529 },
    })
    expect(trace.spans().at(-1)).toMatchObject({ name: 'call', outcome: 'error' })
    expect((await readAll(stream)).failure).toMatchObject({ kind: 'overloaded_error' })
  })

  test.each([
    [
      'an error event',
      eventStream([
        ...eventsOf('Hi').slice(0, 4),
        { type: 'error', error: { type: 'api_error', message: 'Oh.' } },
      ]),
      'Oh.',
    ],
    ['an early end', eventStream(eventsOf('Hi').slice(0, 5)), 'the upstream ended the stream early'],
    [
      'an end mark without an end',
      eventStream(eventsOf('Hi').slice(0, 5), 'data: [DONE]\n\n'),
      'the upstream ended the stream early',
    ],
  ])('in the midst, such as %s, comes after what was said', async (_, response, message) => {
    upstream.answer = () => response
    const { stream, trace } = ask()
    const { events, failure } = await readAll(stream)
    expect(typesOf(events).slice(0, 3)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
    ])
    expect(typesOf(events)).not.toContain('message_stop')
    expect(failure).toMatchObject({ kind: 'api_error', message })
    expect(trace.spans().at(-1)).toMatchObject({ name: 'call', outcome: 'error' })
  })

  test('that is the client’s own hang-up stops the upstream', async () => {
    const feed = openFeed()
    upstream.answer = () => feed.response
    const before = upstream.aborted()
    const { stream, trace, hangUp } = ask()
    feed.send(...eventsOf('Hi').slice(0, 4).map(toFrame))
    expect((await stream.read())?.length).toBe(3)
    hangUp.abort()
    expect((await readAll(stream)).failure).toBeDefined()
    expect(trace.spans().at(-1)).toMatchObject({ name: 'call', outcome: 'cancelled' })
    await until('the upstream hears of it', () => upstream.aborted() > before)
  })

  test('does not come from an answer that is given up', async () => {
    const feed = openFeed()
    upstream.answer = () => feed.response
    const before = upstream.aborted()
    const { stream, trace } = ask()
    feed.send(...eventsOf('Hi').slice(0, 4).map(toFrame))
    await stream.read()
    await stream.cancel()
    expect(await stream.read()).toBeUndefined()
    expect(trace.spans().at(-1)).toMatchObject({ name: 'call', outcome: 'cancelled' })
    await until('the upstream hears of it', () => upstream.aborted() > before)
  })
})
