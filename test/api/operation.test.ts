import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, refusalOf } from '../support/api.ts'
import { readMetrics } from '../support/prometheus.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream((body) => textAnswer('Hello', body))
let server: TestServer

const start = async (settings: Record<string, string> = {}): Promise<TestServer> =>
  startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    LOG_LEVEL: 'warn',
    UPSTREAM_RETRIES: '0',
    ...settings,
  })

const ask = async (place: TestServer, path: string): Promise<any> =>
  (await fetch(`${place.url}${path}`)).json()

beforeAll(async () => {
  server = await start({ ENABLE_CACHING: 'true' })
})

afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
})

describe('GET /metrics', () => {
  test('tells what was answered, in a form that Prometheus reads', async () => {
    for (const content of ['one', 'one', 'two'])
      await (await post(server, message({ messages: [{ role: 'user', content }] }))).text()
    await (await post(server, { model: 'x' })).text()
    await (await fetch(`${server.url}/v1/models/some/model`)).text()
    const response = await fetch(`${server.url}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const read = readMetrics(await response.text())
    const of = (name: string, labels?: Record<string, string>) =>
      read.value(`openrouter_anthropic_${name}`, labels)
    const route = { route: '/v1/messages', method: 'POST' }
    expect(of('requests_total', { ...route, status: '200', outcome: 'ok' })).toBe(3)
    expect(of('errors_total', { route: '/v1/messages', type: 'invalid_request_error' })).toBe(1)
    expect(
      of('requests_total', { route: '/v1/models/*', method: 'GET', status: '404', outcome: 'error' }),
    ).toBe(1)
    expect(of('upstream_calls_total', { upstream: 'default', model: 'test/model', outcome: 'ok' })).toBe(2)
    expect(of('tokens_total', { model: 'test/model', kind: 'input' })).toBe(20)
    expect(of('cache_requests_total', { result: 'hit' })).toBe(1)
    expect(of('cache_entries', { tier: 'disk' })).toBe(2)
    expect(of('requests_in_flight')).toBe(0)
    expect(of('batches', { state: 'ended' })).toBe(0)
    expect(read.value('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    expect(read.typeOf('process_cpu_seconds_total')).toBe('COUNTER')
  })

  const PROMTOOL = Bun.which('promtool')
  test.skipIf(PROMTOOL === null)(
    `passes promtool${PROMTOOL === null ? ' (skipped: it is not on this machine)' : ''}`,
    async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      const { exitCode, stdout, stderr } = Bun.spawnSync([PROMTOOL ?? '', 'check', 'metrics'], {
        stdin: Buffer.from(text),
      })
      expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([0, '', ''])
    },
  )

  test('needs the key of the operator where there are keys', async () => {
    await using own = await start({ SERVER_API_KEYS: 'client', ADMIN_API_KEY: 'operator' })
    const get = async (key: string): Promise<Response> =>
      fetch(`${own.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
    expect(await refusalOf(await get('client'))).toMatchObject({ status: 403 })
    expect((await get('operator')).status).toBe(200)
  })
})

describe('GET /health/detailed', () => {
  test('looks at everything and says how it is', async () => {
    const response = await fetch(`${server.url}/health/detailed`)
    expect(response.status).toBe(200)
    const health: any = await response.json()
    expect(health).toMatchObject({
      status: 'healthy',
      environment: 'development',
      checks: {
        upstream: { status: 'healthy', details: { default: { reachable: true, key_accepted: true } } },
        history: { status: 'healthy' },
        disk: { status: 'healthy' },
        queue: { details: { pending: 0 } },
        event_loop: { status: 'healthy' },
      },
      configuration: {
        demo: false,
        models: { big: 'anthropic/claude-sonnet-4' },
        features: { response_cache: true },
      },
    })
    expect(health.api_compatibility.chat_options).toBeGreaterThan(50)
    expect(health.system.memory_rss_bytes).toBeGreaterThan(1_000_000)
  })

  test('shows no key', async () => {
    await using own = await start({ OPENROUTER_API_KEY: 'sk-or-v1-hidden', SERVER_API_KEYS: 'hidden-too' })
    const response = await fetch(`${own.url}/health/detailed`, { headers: { 'x-api-key': 'hidden-too' } })
    expect(await response.text()).not.toContain('hidden')
  })

  test('is 503 when no upstream can be reached, while /health and /ready stay well', async () => {
    await using own = await start({ OPENROUTER_BASE_URL: 'http://127.0.0.1:9/v1' })
    const response = await fetch(`${own.url}/health/detailed`)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      status: 'unhealthy',
      checks: { upstream: { status: 'unhealthy', details: { default: { reachable: false } } } },
    })
    expect((await fetch(`${own.url}/health`)).status).toBe(200)
    expect(await ask(own, '/ready')).toEqual({ ready: true })
  })

  test('is unhealthy when the upstream takes no key of ours', async () => {
    await using strict = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('no', { status: 401 }),
    }) as unknown as AsyncDisposable & { port: number }
    await using own = await start({ OPENROUTER_BASE_URL: `http://127.0.0.1:${strict.port}/v1` })
    const { checks } = await ask(own, '/health/detailed')
    expect(checks.upstream.message).toContain('does not accept the key')
  })
})

describe('/debug/errors', () => {
  test('tells of a failure by its request id', async () => {
    const response = await post(server, { model: 'x', max_tokens: 1 })
    const id = response.headers.get('request-id') ?? ''
    expect(await ask(server, `/debug/errors/${id}`)).toMatchObject({
      correlation_id: id,
      type: 'invalid_request_error',
      message: 'messages: Field required',
      endpoint: '/v1/messages',
      steps: [{ name: 'validate', outcome: 'error' }],
    })
    const { count, errors } = await ask(server, '/debug/errors/recent?count=1')
    expect([count, errors[0].correlation_id]).toEqual([1, id])
    const stats = await ask(server, '/debug/errors/stats')
    expect(stats.error_types.invalid_request_error).toBeGreaterThan(0)
    expect(stats.time_range.newest).toBeString()
  })

  test('refuses a wrong count, and knows nothing of other ids', async () => {
    expect(await refusalOf(await fetch(`${server.url}/debug/errors/recent?count=101`))).toMatchObject({
      status: 400,
    })
    expect(await refusalOf(await fetch(`${server.url}/debug/errors/req_none`))).toMatchObject({ status: 404 })
  })

  test('is as if it were not there in production', async () => {
    await using own = await start({ ENVIRONMENT: 'production' })
    for (const path of ['/debug/errors/recent', '/debug/errors/stats', '/debug/errors/req_1']) {
      const refusal = await refusalOf(await fetch(`${own.url}${path}`))
      expect(refusal).toMatchObject({ status: 404, message: expect.stringContaining('There is nothing at') })
    }
  })
})

describe('the log', () => {
  test('is for people where LOG_FORMAT says so', async () => {
    await using own = await start({ LOG_FORMAT: 'pretty', LOG_LEVEL: 'info' })
    await (await post(own, message({}))).text()
    await until('the line', () => /info {2}request POST \/v1\/messages 200 [\d.]+ ms/.test(own.output()))
  })

  test("has the client's own id beside ours", async () => {
    await using own = await start({ LOG_LEVEL: 'info' })
    await (await post(own, message({}), { headers: { 'x-correlation-id': 'order-66' } })).text()
    await (await post(own, message({}), { headers: { 'x-correlation-id': 'not one\t"word' } })).text()
    await until('the entries', () => own.output().split('"event":"request"').length === 3)
    expect(own.output()).toContain('"correlation_id":"order-66"')
    expect(own.output()).not.toContain('not one')
  })
})
