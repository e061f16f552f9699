import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, type Place, post, refusalOf, sdk } from '../support/api.ts'
import { eventsOf } from '../support/events.ts'
import { openFeed } from '../support/feed.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import {
  finishChunk,
  sseAnswer,
  startUpstream,
  textAnswer,
  textChunk,
  wholeAnswer,
} from '../support/upstream.ts'
import { until } from '../support/wait.ts'
import { connect } from '../support/wire.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream()
const model = modelsOf(upstream)
const hello = model((body) => textAnswer('Hello', body))
const folder = mkdtempSync(join(tmpdir(), 'limits-api-'))
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const start = async (settings: Readonly<Record<string, string>> = {}): Promise<TestServer> =>
  startServer({ OPENROUTER_BASE_URL: upstream.baseUrl, UPSTREAM_RETRIES: '0', ...settings })

const ask = async (place: Place, key: string, fields: object = {}, headers = {}): Promise<Response> =>
  post(place, message({ model: hello.name, ...fields }), { headers: { 'x-api-key': key, ...headers } })

const INTEGER = /^\d+$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

describe('a server with limits', () => {
  test('C12 C152 refuses what is too much, with Anthropic’s headers on every answer', async () => {
    await using server = await start({
      SERVER_API_KEYS: 'one,two',
      RATE_LIMIT_REQUESTS: '2',
      RATE_LIMIT_INPUT_TOKENS: '50000',
      RATE_LIMIT_OUTPUT_TOKENS: '8000',
    })
    const stream = await ask(server, 'one', { stream: true })
    await eventsOf(stream)
    const whole = await ask(server, 'one')
    const refused = await ask(server, 'one')
    for (const { headers } of [stream, whole, refused])
      for (const kind of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
        expect(headers.get(`anthropic-ratelimit-${kind}-limit`)).toMatch(INTEGER)
        expect(headers.get(`anthropic-ratelimit-${kind}-remaining`)).toMatch(INTEGER)
        expect(headers.get(`anthropic-ratelimit-${kind}-reset`)).toMatch(TIME)
      }
    expect(whole.headers.get('anthropic-ratelimit-requests-remaining')).toBe('0')
    const { status, type, headers } = await refusalOf(refused)
    expect({ status, type }).toEqual({ status: 429, type: 'rate_limit_error' })
    expect(Number(headers.get('retry-after'))).toBeWithin(1, 31)
    expect((await ask(server, 'two')).status).toBe(200)
  })

  test('the SDK waits as it is told, and gets its answer', async () => {
    await using server = await start({ RATE_LIMIT_REQUESTS: '60', RATE_LIMIT_OUTPUT_TOKENS: '600' })
    const client = sdk(server, { maxRetries: 2 })
    // 5 output tokens a call; the sixty requests are there at once, then one a second.
    await Promise.all(Array.from({ length: 60 }, async () => ask(server, 'any')))
    const answer = await client.messages.create(message({ model: hello.name }))
    expect(answer.content).toMatchObject([{ text: 'Hello' }])
  })

  test('count_tokens is not limited', async () => {
    await using server = await start({ RATE_LIMIT_REQUESTS: '1' })
    const { max_tokens: _, ...counted } = message({})
    for (let n = 0; n < 30; n++)
      expect((await post(server, counted, { path: '/v1/messages/count_tokens' })).status).toBe(200)
  })

  test('a request may wait for its turn instead', async () => {
    await using server = await start({ RATE_LIMIT_CONCURRENCY: '1' })
    const feed = openFeed()
    const slow = model(() => feed.response)
    feed.send(textChunk('Once'))
    const first = ask(server, 'any', { model: slow.name, stream: true })
    await first
    expect((await ask(server, 'any')).status).toBe(429)
    const second = ask(server, 'any', {}, { 'x-queue-wait': '20' })
    const third = await refusalOf(await ask(server, 'any', {}, { 'x-queue-wait': 'soon' }))
    expect(third).toMatchObject({ status: 400, message: expect.stringContaining('x-queue-wait: ') })
    feed.send(finishChunk('stop'), 'data: [DONE]\n\n')
    feed.end()
    await eventsOf(await first)
    expect((await second).status).toBe(200)
  })

  test('a place is free again after a hang-up', async () => {
    await using server = await start({ RATE_LIMIT_CONCURRENCY: '1' })
    const silent = model(async () => new Promise<Response>(() => {}))
    const hangUp = new AbortController()
    const gone = post(server, message({ model: silent.name }), { signal: hangUp.signal })
    await until('the call', () => silent.calls.length === 1)
    expect((await ask(server, 'any')).status).toBe(429)
    hangUp.abort()
    await gone.catch(() => {})
    await until('a free place', async () => (await ask(server, 'any')).status === 200)
  })

  test('MAX_CONCURRENT_REQUESTS is the server’s own bound', async () => {
    await using server = await start({ MAX_CONCURRENT_REQUESTS: '1' })
    const silent = model(async () => new Promise<Response>(() => {}))
    const hangUp = new AbortController()
    const gone = post(server, message({ model: silent.name }), { signal: hangUp.signal })
    await until('the call', () => silent.calls.length === 1)
    const found = await refusalOf(await ask(server, 'any'))
    expect(found).toMatchObject({ status: 529, type: 'overloaded_error' })
    expect(found.headers.get('retry-after')).toBe('1')
    hangUp.abort()
    await gone.catch(() => {})
  })

  test('a body that does not arrive is given up', async () => {
    await using server = await start({ REQUEST_READ_TIMEOUT: '0.3' })
    const wire = await connect(server.url)
    wire.send('POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"model":')
    await until('the answer', () => wire.text().includes('request_body_timeout'))
    expect(wire.text()).toStartWith('HTTP/1.1 400')
    wire.drop()
  })

  test('half a request head is given up', async () => {
    await using server = await start()
    const wire = await connect(server.url)
    wire.send('POST /v1/messages HTTP/1.1\r\nhost: loc')
    await until('the end', wire.isClosed, 25_000)
  })
})

describe('what was spent', () => {
  const usage = {
    prompt_tokens: 1000,
    completion_tokens: 50,
    cost: 0.5,
    prompt_tokens_details: { cached_tokens: 400 },
  }
  const dear = model(({ stream }) =>
    stream === true
      ? sseAnswer([textChunk('Hello'), finishChunk('stop', usage)])
      : wholeAnswer({ role: 'assistant', content: 'Hello' }, 'stop', usage),
  )
  const settings = { SERVER_API_KEYS: 'one,two', ADMIN_API_KEY: 'admin', USAGE_RETENTION: '30' }
  const report = async (place: Place, key: string, query = '', headers = {}): Promise<Response> =>
    fetch(`${place.url}/v1/usage${query}`, { headers: { 'x-api-key': key, ...headers } })

  test('is told to its owner, and to the admin', async () => {
    await using server = await start({ ...settings, DATA_DIR: join(folder, 'told') })
    const session = { 'x-claude-code-session-id': 'session-1', 'x-claude-code-agent-id': 'agent-1' }
    await ask(server, 'one', { model: dear.name }, session)
    await eventsOf(await ask(server, 'one', { model: dear.name, stream: true }))
    await ask(server, 'two', { model: dear.name })
    const own: any = await (await report(server, 'one', '?group_by=conversation,agent')).json()
    expect(own).toMatchObject({
      group_by: ['conversation', 'agent'],
      total: {
        requests: 2,
        calls: 2,
        input_tokens: 2000,
        cached_tokens: 800,
        output_tokens: 100,
        cost_usd: 1,
      },
      data: [
        { conversation: null, agent: null, cost_usd: 0.5 },
        { conversation: 'session-1', agent: 'agent-1', cost_usd: 0.5 },
      ],
    })
    const everybody: any = await (await report(server, 'admin', '?group_by=key')).json()
    expect(everybody.data.map(({ requests }: any) => requests).toSorted()).toEqual([1, 2])
    expect(everybody.total.cost_usd).toBe(1.5)
  })

  test('comes as CSV that no spreadsheet runs', async () => {
    await using server = await start({ ...settings, DATA_DIR: join(folder, 'csv') })
    await ask(server, 'one', { model: dear.name }, { 'x-claude-code-session-id': '=1+1,"x"' })
    for (const found of [
      await report(server, 'one', '?group_by=conversation&format=csv'),
      await report(server, 'one', '?group_by=conversation', { accept: 'text/csv' }),
    ]) {
      expect(found.headers.get('content-type')).toBe('text/csv; charset=utf-8')
      expect(await found.text()).toBe(
        'conversation,requests,calls,input_tokens,cached_tokens,cache_write_tokens,output_tokens,cost_usd,' +
          `estimated_cost_usd,saved_usd\r\n"'=1+1,""x""",1,1,1000,400,0,50,0.5,0,0\r\n`,
      )
    }
  })

  test.each([
    ['?group_by=colour', 'group_by: '],
    ['?from=yesterday', 'from: '],
    ['?from=2026-02-02&to=2026-01-01', 'from: '],
    ['?format=xml', 'format: '],
  ])('is not told for %s', async (query, words) => {
    await using server = await start({ ...settings, DATA_DIR: join(folder, 'wrong') })
    const found = await refusalOf(await report(server, 'one', query))
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(found.message).toStartWith(words)
  })

  test('is held against a budget that a restart does not renew', async () => {
    const DATA_DIR = join(folder, 'budget')
    const budget = { ...settings, DATA_DIR, BUDGET_DAILY: '1' }
    const before = await start(budget)
    for (let n = 0; n < 2; n++) expect((await ask(before, 'one', { model: dear.name })).status).toBe(200)
    expect((await ask(before, 'one', { model: dear.name })).status).toBe(429)
    await before.stop()
    await using after = await start(budget)
    const refused = await refusalOf2(await ask(after, 'one', { model: dear.name }))
    expect(refused).toMatchObject({
      type: 'rate_limit_error',
      details: { error_code: 'enforced_spend_limit_reached' },
    })
    expect((await ask(after, 'two', { model: dear.name })).status).toBe(200)
  })

  test('bounds what a batch may spend', async () => {
    const DATA_DIR = join(folder, 'batch')
    await using server = await start({ ...settings, DATA_DIR, BUDGET_DAILY: '1', BATCH_CONCURRENCY: '1' })
    const headers = { 'x-api-key': 'one' }
    const requests = Array.from({ length: 5 }, (_, n) => ({
      custom_id: `r${n}`,
      params: message({ model: dear.name }),
    }))
    const path = '/v1/messages/batches'
    const { id }: any = await (await post(server, { requests }, { path, headers })).json()
    let batch: any
    await until('the end of the batch', async () => {
      batch = await (await fetch(`${server.url}${path}/${id}`, { headers })).json()
      return batch.processing_status === 'ended'
    })
    expect(batch.request_counts).toMatchObject({ succeeded: 2, errored: 3 })
  })

  /** A spent budget is the one 429 that is not worth another try. */
  async function refusalOf2(response: Response): Promise<any> {
    expect(response.status).toBe(429)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(response.headers.get('retry-after')).toBeNull()
    return ((await response.json()) as any).error
  }

  test('outlives a kill of the server', async () => {
    const DATA_DIR = join(folder, 'killed')
    const before = await start({ ...settings, DATA_DIR })
    for (let n = 0; n < 5; n++) await ask(before, 'one', { model: dear.name })
    await Bun.sleep(600)
    await before.stop('SIGKILL')
    await using after = await start({ ...settings, DATA_DIR })
    expect(((await (await report(after, 'one')).json()) as any).total.cost_usd).toBe(2.5)
  })

  test('is an estimate where the client hung up or the upstream names no price', async () => {
    await using server = await start({ ...settings, DATA_DIR: join(folder, 'estimate') })
    const feed = openFeed()
    const slow = model(() => feed.response)
    feed.send(textChunk('x'.repeat(400)))
    const hangUp = new AbortController()
    const stream = await post(server, message({ model: slow.name, stream: true }), {
      headers: { 'x-api-key': 'one' },
      signal: hangUp.signal,
    })
    await stream.body?.getReader().read()
    hangUp.abort()
    await until('the entry', async () => {
      const { data }: any = await (await report(server, 'one', '?group_by=outcome')).json()
      return data[0]?.outcome === 'cancelled' && data[0]?.output_tokens === 100
    })
  })

  test('is saved by answers from the cache', async () => {
    await using server = await start({ ...settings, ENABLE_CACHING: 'true', DATA_DIR: join(folder, 'saved') })
    for (let n = 0; n < 3; n++) await ask(server, 'one', { model: dear.name })
    const { total }: any = await (await report(server, 'one')).json()
    expect(total).toMatchObject({ requests: 3, cost_usd: 0.5, saved_usd: 1 })
  })
})
