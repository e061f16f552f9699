import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { RateLimitError } from '@anthropic-ai/sdk'

import { message, post, refusal, refusalOf, sdk } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 H: errors and retries.

const UPSTREAM_KEY = 'sk-or-v1-0123456789abcdef-secret'
const CLIENT_KEY = 'client-key-0123456789'

const upstream = startUpstream()
const model = modelsOf(upstream)
const hello = model((body) => textAnswer('Hello', body))
let server: TestServer
let impatient: TestServer

beforeAll(async () => {
  const common = {
    OPENROUTER_BASE_URL: upstream.baseUrl,
    OPENROUTER_API_KEY: UPSTREAM_KEY,
    SERVER_API_KEYS: CLIENT_KEY,
    LOG_LEVEL: 'debug',
  }
  ;[server, impatient] = await Promise.all([
    startServer(common),
    startServer({ ...common, REQUEST_TIMEOUT: '0.3', UPSTREAM_RETRIES: '0' }),
  ])
})

afterAll(async () => {
  await Promise.all([server.stop(), impatient.stop(), upstream[Symbol.asyncDispose]()])
})

const headers = { 'x-api-key': CLIENT_KEY }
/** Asks a model that fails, and reads how the client is told. */
const told = async (name: string, place: TestServer = server) =>
  refusal(place, message({ model: name }), { headers })
const fail = (status: number, error: object = {}, init: ResponseInit = {}) =>
  Response.json(
    { error: { message: `upstream says ${status}`, code: status, ...error } },
    { ...init, status },
  )

describe('what the client is told', () => {
  test('C147 the envelope of each kind: 400, 401, 403, 404, 413, 429, 500, 529', async () => {
    const kinds = [
      [400, 'invalid_request_error'],
      [403, 'permission_error'],
      [404, 'not_found_error'],
      [413, 'request_too_large'],
      [429, 'rate_limit_error'],
      [500, 'api_error'],
      [529, 'overloaded_error'],
    ] as const
    for (const [status, type] of kinds)
      expect(await told(model(() => fail(status)).name)).toMatchObject({ status, type })
    expect(await refusalOf(await post(server, message({})))).toMatchObject({
      status: 401,
      type: 'authentication_error',
    })
  })

  test.each([
    [400, 400, 'invalid_request_error', 'upstream says 400'],
    [402, 402, 'billing_error', 'upstream says 402'],
    [403, 403, 'permission_error', 'upstream says 403'],
    [408, 504, 'timeout_error', 'upstream says 408'],
    [409, 400, 'invalid_request_error', 'upstream says 409'],
    [422, 400, 'invalid_request_error', 'upstream says 422'],
    [502, 502, 'api_error', 'upstream says 502'],
    [504, 504, 'timeout_error', 'upstream says 504'],
    [524, 504, 'timeout_error', 'upstream says 524'],
  ])("C150 the upstream's %d is the client's %d %s", async (given, status, type, words) => {
    expect(await told(model(() => fail(given)).name)).toMatchObject({ status, type, message: words })
  })

  test("C150 the upstream's 401 says whose key was rejected, and is not worth a retry", async () => {
    const found = await told(model(() => fail(401, { message: 'No auth credentials found' })).name)
    expect(found).toMatchObject({ status: 401, type: 'authentication_error' })
    expect(found.message).toBe(
      `the upstream rejected this server's key: No auth credentials found; the command "doctor" of this server says what to do`,
    )
    expect(found.headers.get('x-should-retry')).toBe('false')
  })

  test('C151 an upstream that is too slow: 504 timeout_error', async () => {
    const silent = model(async () => new Promise<Response>(() => {}))
    const found = await told(silent.name, impatient)
    expect(found).toMatchObject({
      status: 504,
      type: 'timeout_error',
      message: 'the upstream did not finish within 0.3 s',
    })
    expect(silent.call().abortedAtMs).toBeNumber()
  })

  test('C152 (limits are later work) as long as there is no limit, a burst is answered', async () => {
    const burst = Array.from({ length: 100 }, async () =>
      post(server, message({ model: hello.name }), { headers }),
    )
    expect(new Set((await Promise.all(burst)).map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('retries', () => {
  test('C148 a 429 keeps its retry-after, and an SDK that waits so long succeeds', async () => {
    const busyOnce = model((body) =>
      busyOnce.calls.length === 1
        ? fail(429, {}, { headers: { 'retry-after': '1' } })
        : textAnswer('Now', body),
    )
    const client = sdk(server, { apiKey: CLIENT_KEY, maxRetries: 1 })
    const answer = await client.messages.create(message({ model: busyOnce.name }))
    expect(answer.content).toMatchObject([{ text: 'Now' }])
    expect(busyOnce.calls).toHaveLength(2)
  })

  test('C148 a 429 is left to the client, who is told how long to wait', async () => {
    const busy = model(() => fail(429, {}, { headers: { 'retry-after': '7' } }))
    const error = await sdk(server, { apiKey: CLIENT_KEY })
      .messages.create(message({ model: busy.name }))
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RateLimitError)
    const { headers: received } = error as RateLimitError
    expect(received.get('retry-after')).toBe('7')
    expect(received.get('x-should-retry')).toBe('true')
    expect(busy.calls).toHaveLength(1)
  })

  test.each([
    [500, 500, 'api_error'],
    [502, 502, 'api_error'],
    [503, 529, 'overloaded_error'],
    [529, 529, 'overloaded_error'],
  ])(
    'C149 a %d is tried once more; then the client gets a %d and may try itself',
    async (given, status, type) => {
      const failing = model(() => fail(given))
      const found = await told(failing.name)
      expect(found).toMatchObject({ status, type })
      expect(found.headers.get('x-should-retry')).toBe('true')
      expect(failing.calls).toHaveLength(2)
    },
  )

  test.each([500, 503])('C149 a %d that passes is never seen by the client', async (status) => {
    const once = model((body) => (once.calls.length === 1 ? fail(status) : textAnswer('Fine', body)))
    const response = await post(server, message({ model: once.name }), { headers })
    expect(await response.json()).toMatchObject({ content: [{ text: 'Fine' }] })
  })

  test.each([400, 401, 402, 403, 404, 422])('a %d is not tried again', async (status) => {
    const failing = model(() => fail(status))
    await told(failing.name)
    expect(failing.calls).toHaveLength(1)
  })
})

describe('secrets', () => {
  const SECRETS = [UPSTREAM_KEY, CLIENT_KEY, 'a very private prompt']
  const PRIVATE = { messages: [{ role: 'user', content: 'a very private prompt' }] }

  test('C153 no message holds a key or an inner detail, whatever the upstream echoes', async () => {
    const gossip = `Incorrect API key provided: ${UPSTREAM_KEY}. You can find your key at https://example.com.`
    const failures = [
      () => fail(401, { message: gossip }),
      () =>
        fail(400, { message: 'Provider returned error', metadata: { provider_name: 'Some', raw: gossip } }),
      () => new Response(`<html><title>500</title><pre>${gossip}</pre></html>`, { status: 500 }),
      () => Response.json({ choices: 'nonsense' }),
      () => new Response('not JSON at all', { headers: { 'content-type': 'application/json' } }),
    ]
    const answers = failures.flatMap((failure) =>
      [false, true].map(async (stream) => {
        const { name } = model(failure)
        return (await post(server, message({ model: name, stream, ...PRIVATE }), { headers })).text()
      }),
    )
    for (const body of await Promise.all(answers)) {
      expect(body).toContain('"type":"error"')
      for (const secret of SECRETS) expect(body).not.toContain(secret)
      expect(body).not.toMatch(/\bat .*\.ts:\d+|node_modules|\/src\/|\$bunfs|TypeError|undefined is not/)
    }
  })

  test('C153 the upstream got its own key and not the client’s', async () => {
    const own = model((body) => textAnswer('ok', body))
    await post(server, message({ model: own.name }), { headers })
    expect(own.call().headers.get('authorization')).toBe(`Bearer ${UPSTREAM_KEY}`)
    expect(JSON.stringify([...own.call().headers])).not.toContain(CLIENT_KEY)
  })

  test('C153 the log has an entry for each of these requests and none of the secrets', async () => {
    const { output } = server
    expect(output().match(/"event":"request"/g)?.length).toBeGreaterThan(20)
    for (const secret of SECRETS) expect(output()).not.toContain(secret)
  })
})
