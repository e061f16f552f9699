import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post, refusalOf, sdk, sdk0 } from '../support/api.ts'
import { modelsOf, type TestModel } from '../support/models.ts'
import { memoryOf, startServer, type TestServer } from '../support/server.ts'
import { thrownBy } from '../support/thrown.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// Anthropic's Message Batches API (§7), rows C163 to C182.

const KEYS = { ann: 'key-of-ann', bob: 'key-of-bob' }
const ADMIN = 'the-admin-key'
const PATH = '/v1/messages/batches'

const upstream = startUpstream()
const model = modelsOf(upstream)
const echo = model((body: any) => textAnswer(`You said ${body.messages.at(-1).content}`, body), 'test/echo')
/** Its answers wait until the gate is opened. */
const gated = (): TestModel & { open: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const talker = model(async (body) => {
    await promise
    return textAnswer('at last', body)
  })
  return { ...talker, open: () => resolve() }
}

let folder: string
let server: TestServer
const start = async (settings: Readonly<Record<string, string>> = {}): Promise<TestServer> =>
  startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    UPSTREAM_RETRIES: '0',
    LOG_LEVEL: 'warn',
    DATA_DIR: folder,
    SERVER_API_KEYS: Object.values(KEYS).join(','),
    ADMIN_API_KEY: ADMIN,
    BATCH_CONCURRENCY: '8',
    ...settings,
  })
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batches-api-'))
  server = await start()
})
afterAll(async () => {
  await server.stop()
  await upstream[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const ann = () => sdk(server, { apiKey: KEYS.ann }).messages.batches
const headers = (key = KEYS.ann) => ({ 'x-api-key': key })

const request = (customId: string, fields: object = {}): any => ({
  custom_id: customId,
  params: message({ model: echo.name, ...fields }),
})
const say = (customId: string): any => request(customId, { messages: [{ role: 'user', content: customId }] })
const requestsTo = (talker: TestModel, count: number): any[] =>
  Array.from({ length: count }, (_, index) => request(`r-${index}`, { model: talker.name }))

const sumOf = (counts: object): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

async function ended(id: string, batches: any = ann()): Promise<any> {
  let batch: any
  await until('the end of the batch', async () => {
    batch = await batches.retrieve(id)
    return batch.processing_status === 'ended'
  })
  return batch
}
async function rowsOf(id: string, batches: any = ann()): Promise<Map<string, any>> {
  const rows = new Map<string, any>()
  for await (const { custom_id, result } of await batches.results(id)) {
    expect(rows.has(custom_id)).toBe(false)
    rows.set(custom_id, result)
  }
  return rows
}
const create = async (body: unknown, key = KEYS.ann): Promise<Response> =>
  post(server, body, { path: PATH, headers: headers(key) })
const call = async (method: string, path: string, key = KEYS.ann): Promise<Response> =>
  fetch(`${server.url}${PATH}${path}`, { method, headers: headers(key) })

test('C163 a created batch has exactly Anthropic’s form', async () => {
  const slow = gated()
  const response = await create({ requests: requestsTo(slow, 2) })
  expect(response.status).toBe(200)
  const batch: any = await response.json()
  expect(batch).toEqual({
    id: expect.stringMatching(/^msgbatch_01[0-9A-Za-z]{22}$/),
    type: 'message_batch',
    processing_status: 'in_progress',
    request_counts: { processing: 2, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
    expires_at: expect.any(String),
    ended_at: null,
    cancel_initiated_at: null,
    archived_at: null,
    results_url: null,
  })
  expect(Date.parse(batch.expires_at) - Date.parse(batch.created_at)).toBe(24 * 3_600_000)
  const polled = await call('GET', `/${batch.id}`)
  expect(polled.headers.get('retry-after')).toBe('10')
  expect(await polled.json()).toEqual(batch)
  slow.open()
  await ended(batch.id)
})

test.each([
  [
    'V90',
    [say('dup'), say('dup')],
    "requests: custom_id's must be unique within a batch. Duplicate custom_id found: dup",
  ],
  ['V91', [{ params: {} }], 'requests.0.custom_id: Field required'],
  ['V92', [say('x'.repeat(65))], 'requests.0.custom_id: String should have at most 64 characters'],
  ['V93', [say('a/b')], "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"],
  ['V94', [], 'requests: List should have at least 1 item after validation, not 0'],
])('C164 %s is refused at once, in the very words', async (_rule, requests, text) => {
  expect(await refusalOf(await create({ requests }))).toMatchObject({
    status: 400,
    type: 'invalid_request_error',
    message: text,
  })
})

test('C164 a body that is no JSON, or none at all, is refused at once', async () => {
  for (const body of ['{"requests":[', '']) {
    const found = await refusalOf(await create(body))
    expect([found.status, found.message]).toEqual([400, expect.stringContaining('is not valid JSON')])
  }
})

test('C165 broken params are accepted and become an errored row', async () => {
  const { id } = await ann().create({ requests: [{ custom_id: 'broken', params: { max_tokens: 5 } as any }] })
  expect((await ended(id)).request_counts).toEqual({
    processing: 0,
    succeeded: 0,
    errored: 1,
    canceled: 0,
    expired: 0,
  })
  expect((await rowsOf(id)).get('broken')).toMatchObject({ type: 'errored' })
})

test('C166 one bad request leaves the others alone', async () => {
  const failing = model(() => Response.json({ error: { message: 'no', code: 400 } }, { status: 400 }))
  const { id } = await ann().create({
    requests: [say('one'), request('bad', { model: failing.name }), say('two'), say('three')],
  })
  const { request_counts } = await ended(id)
  expect(request_counts).toMatchObject({ succeeded: 3, errored: 1 })
  const rows = await rowsOf(id)
  expect(rows.get('two').message.content).toMatchObject([{ type: 'text', text: 'You said two' }])
  expect(rows.get('bad').type).toBe('errored')
})

test('C167 the counters add up to the number of requests at every poll', async () => {
  const { id } = await ann().create({ requests: Array.from({ length: 40 }, (_, index) => say(`n-${index}`)) })
  let polls = 0
  await until('the end', async () => {
    const { request_counts, processing_status } = await ann().retrieve(id)
    expect(sumOf(request_counts)).toBe(40)
    polls++
    return processing_status === 'ended'
  })
  expect(polls).toBeGreaterThan(1)
})

test('C168 before the end there are no results', async () => {
  const slow = gated()
  const { id, results_url } = await ann().create({ requests: requestsTo(slow, 1) })
  expect(results_url).toBeNull()
  expect(await refusalOf(await call('GET', `/${id}/results`))).toMatchObject({
    status: 404,
    type: 'not_found_error',
    message: `Message Batch ${id} has no available results.`,
  })
  expect((await thrownBy(ann().results(id))).message).toContain('results_url')
  slow.open()
  await ended(id)
})

test('C169 results are JSON lines, each request once', async () => {
  const names = Array.from({ length: 120 }, (_, index) => `row-${index}`)
  const { id } = await ann().create({ requests: names.map(say) })
  await ended(id)
  const response = await call('GET', `/${id}/results`)
  expect(response.headers.get('content-type')).toBe('application/x-jsonl')
  const lines = (await response.text()).trimEnd().split('\n')
  const ids: string[] = lines.map((line) => JSON.parse(line).custom_id)
  expect(ids.toSorted()).toEqual(names.toSorted())
  const rows = await rowsOf(id)
  for (const name of names) expect(rows.get(name).message.content[0].text).toBe(`You said ${name}`)
})

describe('C170 results_url', () => {
  let id: string
  beforeAll(async () => {
    ;({ id } = await ann().create({ requests: [say('a')] }))
    await ended(id)
  })
  const urlFor = async (extra: Readonly<Record<string, string>>): Promise<string> => {
    const response = await fetch(`${server.url}${PATH}/${id}`, { headers: { ...headers(), ...extra } })
    return ((await response.json()) as { results_url: string }).results_url
  }

  test('is absolute and leads to the results, by the address that the client used', async () => {
    expect(await urlFor({})).toBe(`${server.url}${PATH}/${id}/results`)
    const local = server.url.replace('127.0.0.1', 'localhost')
    const batch: any = await (await fetch(`${local}${PATH}/${id}`, { headers: headers() })).json()
    expect(batch.results_url).toStartWith(local)
    expect((await fetch(batch.results_url, { headers: headers() })).status).toBe(200)
  })

  test('follows the proxy in front of the server', async () => {
    const forwarded = { host: 'api.example.com', 'x-forwarded-proto': 'https' }
    expect(await urlFor(forwarded)).toBe(`https://api.example.com${PATH}/${id}/results`)
    const named = { 'x-forwarded-host': 'ai.example.com:8443, inner', 'x-forwarded-proto': 'https,http' }
    expect(await urlFor(named)).toStartWith('https://ai.example.com:8443/v1/')
  })

  test('is never made of nonsense', async () => {
    expect(await urlFor({ 'x-forwarded-host': 'evil.example/?', 'x-forwarded-proto': 'https' })).toStartWith(
      `${PATH}/`,
    )
    expect(await urlFor({ 'x-forwarded-proto': 'javascript' })).toStartWith('http://127.0.0.1')
  })
})

test('C171 rows have exactly the keys of their type, and the service tier of a batch', async () => {
  const { id } = await ann().create({
    requests: [
      say('good'),
      request('invalid', { max_tokens: -1 }),
      request('unknown', { model: 'test/nowhere' }),
    ],
  })
  await ended(id)
  const rows = await rowsOf(id)
  const good = rows.get('good')
  expect(Object.keys(good).toSorted()).toEqual(['message', 'type'])
  expect(good.message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' })
  expect(good.message.usage.service_tier).toBe('batch')
  expect(rows.get('invalid')).toEqual({
    type: 'errored',
    error: {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: expect.stringMatching(/^max_tokens: /),
        details: null,
      },
      request_id: null,
    },
  })
  expect(rows.get('unknown')).toEqual({
    type: 'errored',
    error: {
      type: 'error',
      error: { type: 'not_found_error', message: expect.any(String), details: null },
      request_id: expect.stringMatching(/^req_/),
    },
  })
})

test('C172 a stream, or no tokens at all, is an errored row', async () => {
  const { id } = await ann().create({
    requests: [request('stream', { stream: true }), request('zero', { max_tokens: 0 })],
  })
  await ended(id)
  const rows = await rowsOf(id)
  expect(rows.get('stream').error.error.message).toBe(
    '"stream=True" is not supported in the Message Batches API',
  )
  expect(rows.get('zero').error.error.message).toBe('max_tokens: must be greater than or equal to 1')
})

test('C173, C174 cancel: canceling, then ended; twice or too late is no accident', async () => {
  const slow = gated()
  const { id } = await ann().create({ requests: requestsTo(slow, 30) })
  await until('calls', () => slow.calls.length === 8)
  const canceling = await ann().cancel(id)
  expect(canceling.processing_status).toBe('canceling')
  expect(canceling.cancel_initiated_at).toBeString()
  expect(sumOf(canceling.request_counts)).toBe(30)
  expect([200, 400]).toContain((await call('POST', `/${id}/cancel`)).status)
  const batch = await ended(id)
  expect(batch.request_counts).toEqual({ processing: 0, succeeded: 0, errored: 0, canceled: 30, expired: 0 })
  expect(batch.cancel_initiated_at).toBe(canceling.cancel_initiated_at)
  for (const result of (await rowsOf(id)).values()) expect(result).toEqual({ type: 'canceled' })
  expect(slow.calls).toHaveLength(8)
  await until('the calls to be cut off', () =>
    slow.calls.every(({ abortedAtMs }) => abortedAtMs !== undefined),
  )
  expect(await refusalOf(await call('POST', `/${id}/cancel`))).toMatchObject({
    status: 400,
    type: 'invalid_request_error',
  })
})

test('C175 delete: not before the end, then once', async () => {
  const slow = gated()
  const { id } = await ann().create({ requests: requestsTo(slow, 1) })
  expect(await refusalOf(await call('DELETE', `/${id}`))).toMatchObject({
    status: 400,
    message: 'In progress batches cannot be deleted. Consider canceling the batch instead.',
  })
  slow.open()
  await ended(id)
  expect(await ann().delete(id)).toMatchObject({ id, type: 'message_batch_deleted' })
  expect((await call('DELETE', `/${id}`)).status).toBe(404)
  expect((await call('GET', `/${id}`)).status).toBe(404)
})

test('C176 the list is newest first and walks both ways, in pages', async () => {
  const bob = sdk(server, { apiKey: KEYS.bob }).messages.batches
  expect(await (await call('GET', '', KEYS.bob)).json()).toEqual({
    data: [],
    has_more: false,
    first_id: null,
    last_id: null,
  })
  const ids: string[] = []
  for (let nth = 0; nth < 5; nth++) ids.unshift((await bob.create({ requests: [say('a')] })).id)
  const seen: string[] = []
  for await (const { id } of bob.list({ limit: 2 })) seen.push(id)
  expect(seen).toEqual(ids)

  const page = async (query: string): Promise<any> => (await call('GET', `?${query}`, KEYS.bob)).json()
  const idsOf = ({ data }: any): string[] => data.map(({ id }: any) => id)
  const after = await page(`limit=2&after_id=${ids[0]}`)
  expect(idsOf(after)).toEqual(ids.slice(1, 3))
  expect(after).toMatchObject({ has_more: true, first_id: ids[1], last_id: ids[2] })
  const before = await page(`limit=2&before_id=${ids[3]}`)
  expect(idsOf(before)).toEqual(ids.slice(1, 3))
  expect(before.has_more).toBe(true)
  expect(await page(`limit=9&before_id=${ids[1]}`)).toMatchObject({ has_more: false, first_id: ids[0] })
  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=x',
    'after_id=x',
    `after_id=${ids[0]}&before_id=${ids[1]}`,
  ])
    expect((await refusalOf(await call('GET', `?${query}`, KEYS.bob))).status).toBe(400)
})

test('C177 an unknown id, or another key’s batch, is not found', async () => {
  const { id } = await ann().create({ requests: [say('a')] })
  await ended(id)
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/results'],
    ['POST', '/cancel'],
    ['DELETE', ''],
  ] as const) {
    for (const [unknown, key] of [
      ['msgbatch_nope', KEYS.ann],
      [id, KEYS.bob],
    ] as const)
      expect(await refusalOf(await call(method, `/${unknown}${path}`, key))).toMatchObject({
        status: 404,
        type: 'not_found_error',
        message: `Message Batch ${unknown} not found.`,
      })
  }
  expect((await call('GET', `/${id}`, 'no-key')).status).toBe(401)
})

test('C178 a batch goes on when the server was restarted in the middle', async () => {
  const slow = gated()
  const done = Array.from({ length: 10 }, (_, index) => say(`done-${index}`))
  const { id } = await ann().create({ requests: [...done, ...requestsTo(slow, 20)] })
  await until('the middle', () => slow.calls.length === 8)
  const stopped = server.stop()
  slow.open()
  expect(await stopped).toBe(0)
  server = await start()
  const { request_counts } = await ended(id)
  expect(request_counts).toMatchObject({ succeeded: 30 })
  expect((await rowsOf(id)).size).toBe(30)
  // The stop let the calls under way finish, so none was made twice.
  expect(slow.calls).toHaveLength(20)
})

test('C180 too many requests, or too large a body, is refused', async () => {
  await using small = await start({
    DATA_DIR: join(folder, 'small'),
    BATCH_MAX_SIZE: '3',
    BATCH_MAX_BODY_SIZE: '1',
    MAX_BODY_SIZE: '0.5',
  })
  const send = async (body: unknown) => refusalOf(await post(small, body, { path: PATH, headers: headers() }))
  const requests = ['a', 'b', 'c', 'd'].map(say)
  expect(await send({ requests })).toMatchObject({
    status: 400,
    message: 'requests: List should have at most 3 items after validation, not 4',
  })
  const large = (customId: string, bytes: number) => request(customId, { system: 'x'.repeat(bytes) })
  expect(await send({ requests: ['a', 'b', 'c'].map((name) => large(name, 400_000)) })).toMatchObject({
    status: 413,
    type: 'request_too_large',
  })
  expect(await send({ requests: [large('a', 600_000)] })).toMatchObject({
    status: 413,
    message: 'requests.0: Request exceeds the maximum size of 524288 bytes',
  })
  const list = await fetch(`${small.url}${PATH}`, { headers: headers() })
  expect(await list.json()).toMatchObject({ data: [] })
  expect((await post(small, { requests: [say('fits')] }, { path: PATH, headers: headers() })).status).toBe(
    200,
  )
})

test('C9 ?beta=true changes nothing on any of the six calls', async () => {
  const beta = '?beta=true'
  const body = { requests: [say('a')] }
  const created = await post(server, body, { path: PATH + beta, headers: headers() })
  const { id } = (await created.json()) as { id: string }
  await ended(id)
  for (const path of [beta, `/${id}${beta}`, `/${id}/results${beta}`])
    expect((await call('GET', path)).status).toBe(200)
  expect((await call('POST', `/${id}/cancel${beta}`)).status).toBe(400)
  expect((await call('DELETE', `/${id}${beta}`)).status).toBe(200)
})

describe('C181 both SDKs', () => {
  const flows: ReadonlyArray<readonly [string, () => any]> = [
    ['SDK 1.12.0', () => sdk(server, { apiKey: KEYS.ann }).messages.batches],
    ['SDK 1.12.0, beta', () => sdk(server, { apiKey: KEYS.ann }).beta.messages.batches],
    ['SDK 0.137.0', () => sdk0(server, { apiKey: KEYS.ann }).messages.batches],
    ['SDK 0.137.0, beta', () => sdk0(server, { apiKey: KEYS.ann }).beta.messages.batches],
    [
      'SDK 1.12.0, a base URL with /v1',
      () => sdk({ url: `${server.url}/v1` }, { apiKey: KEYS.ann }).messages.batches,
    ],
  ]
  test.each(flows)('%s: all six calls', async (_name, open) => {
    const batches = open()
    const created = await batches.create({ requests: [say('one'), say('two')] })
    expect(created).toMatchObject({ processing_status: 'in_progress', request_counts: { processing: 2 } })
    expect(await ended(created.id, batches)).toMatchObject({ request_counts: { succeeded: 2 } })
    const rows = await rowsOf(created.id, batches)
    expect(rows.get('two').message.content[0].text).toBe('You said two')
    expect((await batches.list({ limit: 1 })).data).toMatchObject([{ id: created.id }])
    expect(await thrownBy(batches.cancel(created.id))).toMatchObject({ status: 400 })
    expect(await batches.delete(created.id)).toMatchObject({ id: created.id, type: 'message_batch_deleted' })
    expect(await thrownBy(batches.retrieve(created.id))).toMatchObject({ status: 404 })
  })
})

test('C182 a batch of 1,000 has all its rows and holds no memory', async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `many-${index}`)
  const before = await memoryOf(server)
  const { id } = await ann().create({ requests: names.map(say) })
  expect((await ended(id)).request_counts.succeeded).toBe(1000)
  const rows = await rowsOf(id)
  expect(names.every((name) => rows.get(name)?.message.content[0].text === `You said ${name}`)).toBe(true)
  expect((await memoryOf(server)) - before).toBeLessThan(120 * 1024 * 1024)
})

describe('the requests of a batch', () => {
  test('may use what a message may: tools, structure, OpenRouter’s own options', async () => {
    const talker = model((body) => textAnswer('fine', body))
    const tools = [{ name: 'look', input_schema: { type: 'object' } }]
    const { id } = await ann().create({
      requests: [request('a', { model: talker.name, tools, openrouter: { seed: 7 } })],
    })
    await ended(id)
    expect((await rowsOf(id)).get('a')).toMatchObject({ type: 'succeeded' })
    expect(talker.call().body).toMatchObject({ seed: 7, tools: [{ function: { name: 'look' } }] })
  })

  test('are governed by the headers of the create call', async () => {
    const talker = model((body) => textAnswer('fine', body))
    const body = { requests: [request('a', { model: talker.name })] }
    const response = await post(server, body, {
      path: PATH,
      headers: { ...headers(), 'x-openrouter-seed': '11' },
    })
    await ended(((await response.json()) as { id: string }).id)
    expect(talker.call().body.seed).toBe(11)
  })

  test('are read by the version of the create call', async () => {
    const requests = [request('a', { top_k: 3 })]
    const rows: any[] = []
    for (const client of [sdk(server, { apiKey: KEYS.ann }), sdk0(server, { apiKey: KEYS.ann })]) {
      const { id } = await client.messages.batches.create({ requests })
      await ended(id)
      rows.push((await rowsOf(id)).get('a'))
    }
    expect(rows).toMatchObject([
      { type: 'errored', error: { error: { message: expect.stringMatching(/^top_k: /) } } },
      { type: 'succeeded' },
    ])
  })

  test('may ask for no model that the key may not ask for', async () => {
    const body = { name: 'narrow', models: [echo.name] }
    const made = await post(server, body, { path: '/admin/keys', headers: headers(ADMIN) })
    const { key } = (await made.json()) as { key: string }
    const batches = sdk(server, { apiKey: key }).messages.batches
    const { id } = await batches.create({ requests: [say('own'), request('other', { model: 'test/other' })] })
    await ended(id, batches)
    const rows = await rowsOf(id, batches)
    expect(rows.get('own').type).toBe('succeeded')
    expect(rows.get('other').error.error.type).toBe('permission_error')
  })

  test('are in the history of runs, each under its batch', async () => {
    const { id } = await ann().create({ requests: [say('seen'), request('bad', { max_tokens: -1 })] })
    await ended(id)
    const runsOf = async (): Promise<any[]> => {
      const response = await fetch(`${server.url}/admin/runs?batch=${id}`, { headers: headers(ADMIN) })
      return ((await response.json()) as { data: any[] }).data
    }
    await until('the runs', async () => (await runsOf()).length === 2)
    const statuses: number[] = (await runsOf()).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200, 400]))
  })

  test('wait where the limits of the key are in the way, and do not fail', async () => {
    const body = { name: 'slow', limits: { concurrent_requests: 2, requests_per_minute: 300 } }
    const made = await post(server, body, { path: '/admin/keys', headers: headers(ADMIN) })
    const { key } = (await made.json()) as { key: string }
    const talker = gated()
    const batches = sdk(server, { apiKey: key }).messages.batches
    const { id } = await batches.create({ requests: requestsTo(talker, 6) })
    await until('two calls', () => talker.calls.length === 2)
    talker.open()
    expect((await ended(id, batches)).request_counts).toMatchObject({ succeeded: 6 })
  })

  test('wait for an upstream that has no room, and do not fail', async () => {
    let refusals = 2
    const busy = model((body) =>
      refusals-- > 0
        ? Response.json({ error: { message: 'slow down', code: 429 } }, { status: 429 })
        : textAnswer('fine', body),
    )
    const { id } = await ann().create({ requests: requestsTo(busy, 4) })
    expect((await ended(id)).request_counts).toMatchObject({ succeeded: 4 })
  })
})
