import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, type Place, post, sdk } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// The response cache, as clients and operators meet it.

const TEXT = 'An answer that is worth remembering, and long enough to be said in more than one piece.'
const KEYS = { ann: 'key-of-ann', bob: 'key-of-bob' }

const upstream = startUpstream()
const model = modelsOf(upstream)
let folder: string
let server: TestServer

const start = async (): Promise<TestServer> =>
  startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    LOG_LEVEL: 'warn',
    ENABLE_CACHING: 'true',
    DATA_DIR: folder,
    SERVER_API_KEYS: Object.values(KEYS).join(','),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cache-api-'))
  server = await start()
})
afterAll(async () => {
  await server.stop()
  await upstream[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const as = (key: string, headers: Readonly<Record<string, string>> = {}) => ({
  headers: { 'x-api-key': key, ...headers },
})
const ask = async (place: Place, fields: object, options = as(KEYS.ann)): Promise<Response> => {
  const response = await post(place, message(fields), options)
  expect(response.status).toBe(200)
  return response
}
const textOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { content: Array<{ text: string }> }).content.map(({ text }) => text).join('')

const statistics = async (): Promise<Record<string, unknown>> =>
  (await fetch(`${server.url}/v1/messages/cache/stats`, as(KEYS.ann))).json() as Promise<
    Record<string, unknown>
  >

describe('an answer that was given before', () => {
  test('is given again without a call, whole or as a stream', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    const first = await ask(server, { model: talker.name })
    expect(first.headers.get('x-cache')).toBe('miss')
    expect(await textOf(first)).toBe(TEXT)

    const again = await ask(server, { model: talker.name })
    expect(again.headers.get('x-cache')).toBe('hit')
    expect(Number(again.headers.get('age'))).toBeGreaterThanOrEqual(0)
    expect(again.headers.get('x-openrouter-cost')).toBe('0')
    expect(await textOf(again)).toBe(TEXT)

    const pieces: string[] = []
    const stream = sdk(server, { apiKey: KEYS.ann }).messages.stream(message({ model: talker.name }))
    stream.on('text', (piece) => pieces.push(piece))
    expect((await stream.finalMessage()).content).toMatchObject([{ type: 'text', text: TEXT }])
    expect(pieces.length).toBeGreaterThan(1)
    expect(talker.calls).toHaveLength(1)
  })

  test('is a new message with the old words', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    const read = async (): Promise<any> => (await ask(server, { model: talker.name })).json()
    const [first, again] = [await read(), await read()]
    expect(again.id).not.toBe(first.id)
    expect({ ...again, id: first.id }).toEqual(first)
  })

  test('is nobody else’s', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    const other = await ask(server, { model: talker.name }, as(KEYS.bob))
    expect(other.headers.get('x-cache')).toBe('miss')
    expect(talker.calls).toHaveLength(2)
  })

  test('is not taken by a request that wants a new one', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    await ask(server, { model: talker.name }, as(KEYS.ann, { 'cache-control': 'no-cache' }))
    expect(talker.calls).toHaveLength(2)
  })

  test('survives a restart', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    await server.stop()
    server = await start()
    const again = await ask(server, { model: talker.name })
    expect(again.headers.get('x-cache')).toBe('hit')
    expect(talker.calls).toHaveLength(1)
  })
})

test('equal requests at the same time are one call', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const talker = model(async (body) => {
    await gate
    return textAnswer(TEXT, body)
  })
  const asking = Array.from({ length: 8 }, async () => ask(server, { model: talker.name }))
  await until('the model is asked', () => talker.calls.length > 0)
  open()
  const answers = await Promise.all(asking)
  expect(await Promise.all(answers.map(textOf))).toEqual(Array(8).fill(TEXT))
  expect(talker.calls).toHaveLength(1)
})

test('a failure is not remembered', async () => {
  let failures = 1
  const talker = model((body) =>
    failures-- > 0
      ? Response.json({ error: { message: 'no', code: 400 } }, { status: 400 })
      : textAnswer(TEXT, body),
  )
  expect((await post(server, message({ model: talker.name }), as(KEYS.ann))).status).toBe(400)
  expect(await textOf(await ask(server, { model: talker.name }))).toBe(TEXT)
})

describe('the operator', () => {
  test('sees what the cache saved', async () => {
    const before = await statistics()
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    await ask(server, { model: talker.name })
    const after = await statistics()
    const grown = (name: string): number => Number(after[name]) - Number(before[name])
    expect(after).toMatchObject({ cache_enabled: true, cache_ttl_seconds: 3600 })
    expect([grown('hits'), grown('misses'), grown('stored')]).toEqual([1, 1, 1])
    expect(grown('tokens_saved')).toBe(15)
    expect((after['models'] as Record<string, unknown>)[talker.name]).toMatchObject({ hits: 1 })
    expect((after['tiers'] as Array<{ name: string }>).map(({ name }) => name)).toEqual(['memory', 'disk'])
  })

  test.each(['DELETE', 'POST'])('empties it by %s', async (method) => {
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    const response = await fetch(`${server.url}/v1/messages/cache/clear`, { method, ...as(KEYS.ann) })
    const cleared = (await response.json()) as { status: string; cleared_entries: number }
    expect(cleared.status).toBe('success')
    expect(cleared.cleared_entries).toBeGreaterThan(0)
    expect(await statistics()).toMatchObject({ entries: 0, bytes: 0 })
    expect((await ask(server, { model: talker.name })).headers.get('x-cache')).toBe('miss')
  })

  test('removes what is too old', async () => {
    const response = await fetch(`${server.url}/v1/messages/cache/cleanup`, {
      method: 'POST',
      ...as(KEYS.ann),
    })
    expect(await response.json()).toMatchObject({ status: 'success', expired_entries_removed: 0 })
  })

  test('must have a key', async () => {
    expect((await fetch(`${server.url}/v1/messages/cache/clear`, { method: 'DELETE' })).status).toBe(401)
  })
})
