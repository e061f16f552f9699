import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, type Place, post, refusal, sdk } from '../support/api.ts'
import { DONE, openFeed } from '../support/feed.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CAN_MOUNT, onSmallDisk } from '../support/small-disk.ts'
import { finishChunk, startUpstream, textAnswer, textChunk } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// The response cache, as clients and operators meet it.

const TEXT = 'An answer that is worth remembering, and long enough to be said in more than one piece.'
const KEYS = { ann: 'key-of-ann', bob: 'key-of-bob' }
const ADMIN_KEY = 'key-of-the-operator-of-this-server'

const upstream = startUpstream()
const model = modelsOf(upstream)
let folder: string
let server: TestServer

const start = async (
  settings: Readonly<Record<string, string>> = {},
  wrapper: readonly string[] = [],
): Promise<TestServer> =>
  startServer(
    {
      OPENROUTER_BASE_URL: upstream.baseUrl,
      LOG_LEVEL: 'warn',
      ENABLE_CACHING: 'true',
      DATA_DIR: folder,
      SERVER_API_KEYS: Object.values(KEYS).join(','),
      ADMIN_API_KEY: ADMIN_KEY,
      ...settings,
    },
    [],
    wrapper,
  )

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

/** How many answers a process would find that is started now. */
const countAnswers = (dataDir: string): number => {
  using database = new Database(join(dataDir, 'cache.db'), { readonly: true })
  return database.query<{ count: number }, []>('SELECT count(*) AS count FROM answers').get()?.count ?? 0
}
const statistics = async (key = KEYS.ann): Promise<Record<string, unknown>> =>
  (await fetch(`${server.url}/v1/messages/cache/stats`, as(key))).json() as Promise<Record<string, unknown>>

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

  test('tells its age and cost where details are asked for', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    const detailed = { model: talker.name, openrouter: { details: true } }
    await ask(server, detailed)
    const { openrouter } = (await (await ask(server, detailed)).json()) as { openrouter: object }
    expect(openrouter).toMatchObject({ cost: 0, response_cache: { status: 'hit', saved_cost: 0 } })
    const events = await (await ask(server, { ...detailed, stream: true })).text()
    expect(events).toContain('"response_cache":{"status":"hit"')
    expect(talker.calls).toHaveLength(1)
  })

  test('is in the log as such, with what it saved', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    await using place = await start({ LOG_LEVEL: 'info' })
    await ask(place, { model: talker.name })
    await ask(place, { model: talker.name })
    const lines = (): any[] =>
      place
        .output()
        .split('\n')
        .filter((line) => line.includes('"event":"request"'))
        .map((line) => JSON.parse(line))
    await until('both are logged', () => lines().length === 2)
    const [miss, hit] = lines()
    expect(miss).toMatchObject({ cache: 'miss', input_tokens: 10, output_tokens: 5 })
    expect(hit).toMatchObject({
      cache: 'hit',
      cost_usd: 0,
      cache_saved_input_tokens: 10,
      cache_saved_output_tokens: 5,
    })
    expect(hit.input_tokens).toBeUndefined()
  })

  test.each([
    ['the body', { openrouter: { response_cache: false } }, {}],
    ['a header', {}, { 'x-openrouter-response-cache': 'false' }],
    ['cache-control', {}, { 'cache-control': 'no-store' }],
  ])('is neither taken nor kept where %s forbids it', async (_where, fields, headers) => {
    const talker = model((body) => textAnswer(TEXT, body))
    const options = as(KEYS.ann, headers)
    for (let at = 0; at < 2; at++) await ask(server, { model: talker.name, ...fields }, options)
    expect(talker.calls).toHaveLength(2)
    expect(talker.calls[0]).not.toHaveProperty('response_cache')
    await ask(server, { model: talker.name })
    expect(talker.calls).toHaveLength(3)
    await ask(server, { model: talker.name })
    expect(talker.calls).toHaveLength(3)
  })

  test('is the only one that is given to a request that wants no other', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    const only = as(KEYS.ann, { 'cache-control': 'only-if-cached' })
    const refused = await post(server, message({ model: talker.name }), only)
    expect(refused.status).toBe(504)
    // Asking the same again would not help.
    expect(refused.headers.get('x-should-retry')).toBe('false')
    expect(await refused.json()).toMatchObject({
      error: { type: 'timeout_error', details: { error_code: 'response_not_cached' } },
    })
    await ask(server, { model: talker.name })
    expect((await ask(server, { model: talker.name }, only)).headers.get('x-cache')).toBe('hit')
    expect(talker.calls).toHaveLength(1)
  })

  test('is not taken by a request that wants a new one', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    await ask(server, { model: talker.name }, as(KEYS.ann, { 'cache-control': 'no-cache' }))
    expect(talker.calls).toHaveLength(2)
  })

  test.each([
    [{ openrouter: { response_cache: 'no' } }, {}, /^openrouter\.response_cache: /],
    [{ openrouter: { response_cache: { max_age: -1 } } }, {}, /^openrouter\.response_cache/],
    [{}, { 'x-openrouter-response-cache': '{"max_age":"x"}' }, /^header x-openrouter-response-cache/],
  ])('is not asked for in a wrong way: %o %o', async (fields, headers, expected) => {
    const refused = await refusal(server, message({ ...fields }), as(KEYS.ann, headers))
    expect(refused).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(refused.message).toMatch(expected)
  })

  test('is not given for an age that is none, and that is told', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    const options = as(KEYS.ann, { 'cache-control': 'max-age=soon' })
    await ask(server, { model: talker.name })
    const response = await ask(server, { model: talker.name }, options)
    expect(response.headers.get('x-compat-warnings')).toContain('max-age must be a whole number')
    expect(talker.calls).toHaveLength(2)
  })

  test('survives a kill in the midst of work', async () => {
    const talkers = Array.from({ length: 20 }, () => model((body) => textAnswer(TEXT, body)))
    const dataDir = await mkdtemp(join(tmpdir(), 'cache-kill-'))
    const first = await start({ DATA_DIR: dataDir })
    for (const { name } of talkers.slice(0, 10)) await ask(first, { model: name })
    await until('they are on the disk', () => countAnswers(dataDir) === 10)
    const asking = talkers
      .slice(10)
      .map(async ({ name }) => post(first, message({ model: name }), as(KEYS.ann)))
    const asked = Promise.allSettled(asking)
    await first.stop('SIGKILL')
    await asked
    await using second = await start({ DATA_DIR: dataDir })
    for (const { name, calls } of talkers.slice(0, 10)) {
      expect(await textOf(await ask(second, { model: name }))).toBe(TEXT)
      expect(calls).toHaveLength(1)
    }
    for (const { name } of talkers.slice(10))
      expect(await textOf(await ask(second, { model: name }))).toBe(TEXT)
    await rm(dataDir, { recursive: true })
  })

  test('is lost with a damaged file, and the server goes on', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    const dataDir = await mkdtemp(join(tmpdir(), 'cache-damage-'))
    const first = await start({ DATA_DIR: dataDir })
    await ask(first, { model: talker.name })
    await first.stop()
    await Bun.write(join(dataDir, 'cache.db'), 'garbage '.repeat(5000))
    await using second = await start({ DATA_DIR: dataDir })
    expect(second.output()).toContain('database-damaged')
    for (let at = 0; at < 2; at++) expect(await textOf(await ask(second, { model: talker.name }))).toBe(TEXT)
    expect(talker.calls).toHaveLength(2)
    expect((await readdir(dataDir)).some((name) => name.startsWith('cache.db.damaged-'))).toBe(true)
    await rm(dataDir, { recursive: true })
  })

  test.skipIf(!CAN_MOUNT).each([
    ['that cannot be written to', 'ro'],
    ['that is full', 'size=64k'],
  ])('is held in memory over a disk %s', async (_what, disk) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'cache-disk-'))
    await using place = await start({ DATA_DIR: dataDir }, onSmallDisk(dataDir, disk))
    for (let at = 0; at < 20; at++) {
      // No two texts alike, and nothing that could be packed.
      const text = Array.from({ length: 200 }, (_, word) => Bun.hash(`${at} ${word}`).toString(36)).join(' ')
      const talker = model((body) => textAnswer(text, body))
      for (let again = 0; again < 2; again++)
        expect(await textOf(await ask(place, { model: talker.name }))).toBe(text)
      expect(talker.calls).toHaveLength(1)
    }
    expect(place.output().split('cache-disk-failed')).toHaveLength(2)
    await rm(dataDir, { recursive: true })
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

test('equal requests go on when the one that was first hangs up, streamed or whole', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const talker = model(async (body) => {
    await gate
    return textAnswer(TEXT, body)
  })
  const first = new AbortController()
  const asked = post(server, message({ model: talker.name }), { ...as(KEYS.ann), signal: first.signal })
  await until('the model is asked', () => talker.calls.length === 1)
  const whole = ask(server, { model: talker.name })
  const streamed = ask(server, { model: talker.name, stream: true }).then(async (response) => response.text())
  await until('the others wait', async () => Number((await statistics())['misses']) > 0)
  first.abort()
  await asked.catch(() => undefined)
  open()
  expect(await textOf(await whole)).toBe(TEXT)
  expect(await streamed).toContain('message_stop')
  expect(talker.calls).toHaveLength(1)
})

test('an equal request that comes later is told at once what the first one was told already', async () => {
  const feed = openFeed()
  const talker = model(() => feed.response)
  const sse = { model: talker.name, stream: true }
  const first = await (async () => {
    const asked = ask(server, sse)
    await until('the model is asked', () => talker.calls.length === 1)
    feed.send(textChunk('One, '))
    return asked
  })()
  const second = await ask(server, sse)
  expect(second.headers.get('x-cache')).toBe('shared')
  const reader = second.body?.getReader()
  let seen = ''
  while (!seen.includes('One, ')) seen += new TextDecoder().decode((await reader?.read())?.value)
  feed.send(textChunk('two.'), finishChunk('stop'), DONE)
  feed.end()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    seen += new TextDecoder().decode(part.value)
  expect(seen).toContain('two.')
  expect(await first.text()).toContain('two.')
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

  const clear = async (key: string, method = 'DELETE'): Promise<number> => {
    const response = await fetch(`${server.url}/v1/messages/cache/clear`, { method, ...as(key) })
    const cleared = (await response.json()) as { status: string; cleared_entries: number }
    expect(cleared.status).toBe('success')
    return cleared.cleared_entries
  }

  test.each(['DELETE', 'POST'])('empties it by %s', async (method) => {
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    expect(await clear(ADMIN_KEY, method)).toBeGreaterThan(0)
    expect(await statistics(ADMIN_KEY)).toMatchObject({ entries: 0, bytes: 0 })
    expect((await ask(server, { model: talker.name })).headers.get('x-cache')).toBe('miss')
  })

  test('lets every key see and empty what is its own', async () => {
    const talker = model((body) => textAnswer(TEXT, body))
    await ask(server, { model: talker.name })
    await ask(server, { model: talker.name }, as(KEYS.bob))
    await ask(server, { model: talker.name }, as(KEYS.bob))
    const models = async (key: string): Promise<object> => (await statistics(key))['models'] as object
    expect(await models(KEYS.ann)).not.toHaveProperty([talker.name])
    expect(await models(KEYS.bob)).toHaveProperty([talker.name])
    expect(await models(ADMIN_KEY)).toHaveProperty([talker.name])
    expect(await clear(KEYS.ann)).toBeGreaterThan(0)
    expect((await ask(server, { model: talker.name }, as(KEYS.bob))).headers.get('x-cache')).toBe('hit')
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
