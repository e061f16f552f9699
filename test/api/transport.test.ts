import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, refusal, refusalOf, sdk, sdk0 } from '../support/api.ts'
import { eventsOf, textOf } from '../support/events.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'
import { connect, toRequest } from '../support/wire.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 A: transport, keys, headers.

const KEY = 'key-one-of-this-server'
const ORIGIN = 'https://app.example.com'
const VERSION = { 'anthropic-version': '2023-06-01' }

const upstream = startUpstream()
const model = modelsOf(upstream)
const hello = model((body) => textAnswer('Hello', body))
/** Says again what the user said. */
const parrot = model((body: any) => textAnswer(body.messages[0].content, body))
/** Takes every key, and what Anthropic would refuse. */
let open: TestServer
/** Wants a key and a version, and lets one web page in. */
let locked: TestServer

beforeAll(async () => {
  const common = { OPENROUTER_BASE_URL: upstream.baseUrl, UPSTREAM_RETRIES: '0', LOG_LEVEL: 'warn' }
  ;[open, locked] = await Promise.all([
    startServer(common),
    startServer({
      ...common,
      SERVER_API_KEYS: `another,${KEY}`,
      STRICT_COMPAT: 'true',
      CORS_ORIGINS: ORIGIN,
    }),
  ])
})

afterAll(async () => {
  await Promise.all([open.stop(), locked.stop(), upstream[Symbol.asyncDispose]()])
})

const helloTo = (fields: object = {}) => message({ model: hello.name, ...fields })

describe('keys', () => {
  test('C1 the key is taken from x-api-key (SDK 0.137)', async () => {
    const answer = await sdk0(locked, { apiKey: KEY }).messages.create(helloTo())
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Hello' }])
  })

  test('C2 the key is taken from the bearer token (SDK 1.12)', async () => {
    const answer = await sdk(locked, { apiKey: KEY }).messages.create(helloTo())
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Hello' }])
  })

  test.each([
    ['both right', KEY, KEY],
    ['only x-api-key right', KEY, 'wrong'],
    ['only the bearer token right', 'wrong', KEY],
  ])('C3 both headers at once: %s', async (_, xApiKey, bearer) => {
    const headers = { ...VERSION, 'x-api-key': xApiKey, authorization: `Bearer ${bearer}` }
    expect((await post(locked, helloTo(), { headers })).status).toBe(200)
  })

  test('C4 no key: 401 authentication_error in the envelope, with request-id', async () => {
    expect(await refusal(locked, helloTo(), { headers: VERSION })).toMatchObject({
      status: 401,
      type: 'authentication_error',
      message: 'x-api-key header is required',
    })
  })

  test.each([
    ['x-api-key', 'wrong'],
    ['authorization', 'Bearer wrong'],
    ['x-api-key', `${KEY}x`],
  ])('C5 a wrong key: 401 (%s: %s)', async (header, value) => {
    expect(await refusal(locked, helloTo(), { headers: { ...VERSION, [header]: value } })).toMatchObject({
      status: 401,
      type: 'authentication_error',
      message: 'API key is invalid.',
    })
  })

  test('C6 the key is checked before version and body', async () => {
    expect(await refusal(locked, '{broken', { headers: { 'x-api-key': 'wrong' } })).toMatchObject({
      status: 401,
    })
    expect(await refusal(locked, '{broken', { headers: { 'x-api-key': KEY } })).toMatchObject({
      status: 400,
      message: 'anthropic-version: header is required',
    })
  })

  test('no key of a client ever reaches the upstream', () => {
    const sent = JSON.stringify(hello.calls.map(({ body, headers }) => [body, [...headers]]))
    expect(hello.calls.length).toBeGreaterThan(0)
    expect(sent).not.toContain(KEY)
    expect(sent).not.toContain('x-api-key')
  })
})

describe('versions and betas', () => {
  test('C7 a missing anthropic-version: 400 when strict, accepted otherwise', async () => {
    expect(await refusal(locked, helloTo(), { headers: { 'x-api-key': KEY } })).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: 'anthropic-version: header is required',
    })
    expect((await post(open, helloTo())).status).toBe(200)
  })

  test('an unknown anthropic-version: 400 when strict, accepted otherwise', async () => {
    const headers = { 'x-api-key': KEY, 'anthropic-version': '2025-01-01' }
    expect(await refusal(locked, helloTo(), { headers })).toMatchObject({ status: 400 })
    expect((await post(open, helloTo(), { headers })).status).toBe(200)
  })

  test.each(['2023-06-01', '2026-10-21'])('C8 version %s is accepted', async (version) => {
    const headers = { 'x-api-key': KEY, 'anthropic-version': version }
    expect((await post(locked, helloTo(), { headers })).status).toBe(200)
  })

  // Of batches: batches.test.ts.
  test('C9 ?beta=true changes nothing on messages, count_tokens and models', async () => {
    const { beta } = sdk0(locked, { apiKey: KEY })
    expect((await beta.messages.create(helloTo({ betas: ['context-1m-2025-08-07'] }))).stop_reason).toBe(
      'end_turn',
    )
    const prompt = { model: hello.name, messages: [{ role: 'user' as const, content: 'Hi' }] }
    expect((await beta.messages.countTokens(prompt)).input_tokens).toBeGreaterThan(0)
    expect((await beta.models.list()).data.map(({ id }) => id)).toEqual(['big', 'small'])
  })

  test('C10 every anthropic-beta passes, joined by commas and repeated', async () => {
    const wire = await connect(open.url)
    const body = JSON.stringify(helloTo())
    const betas = ['anthropic-beta: never-heard-of-2030-01-01, context-1m-2025-08-07', 'anthropic-beta: x']
    wire.send(toRequest('POST', '/v1/messages', body, ['connection: close', ...betas]))
    await until('the answer', wire.isClosed)
    expect(wire.text()).toStartWith('HTTP/1.1 200')
  })
})

describe('answers', () => {
  test('C11 request-id begins with req_, is unique, and is on 200s, 4xxs and streams', async () => {
    const client = sdk(open)
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () => client.messages.create(helloTo())),
    )
    const stream = client.messages.stream(helloTo())
    const { request_id: streamed } = await stream.withResponse()
    await stream.finalMessage()
    const { headers } = await refusal(open, {})
    const counted = await client.messages.countTokens({
      model: hello.name,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const batches = await client.messages.batches.list().withResponse()
    const ids = [
      batches.request_id,
      ...answers.map(({ _request_id }) => _request_id),
      streamed,
      headers.get('request-id'),
      counted._request_id,
    ]
    for (const id of ids) expect(id).toMatch(/^req_[a-zA-Z0-9]{20,}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('C12 (limits are later work) no rate-limit header is sent as long as there is no limit', async () => {
    const { headers } = await post(open, helloTo())
    expect([...headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([])
  })

  test.each(['/v1/complete', '/v1/organizations/me', '/nothing/here'])(
    'C13 an unknown path is a 404 not_found_error: %s',
    async (path) => {
      const found = await refusalOf(await fetch(open.url + path))
      expect(found).toMatchObject({ status: 404, type: 'not_found_error' })
    },
  )

  test.each(['', 'host:', 'host: a b', 'host: [::', 'host: %%%'])(
    'C13 a request without a usable host header is answered like any other (%p)',
    async (header) => {
      for (const [path, status] of [
        ['/v1/models?limit=1', 200],
        ['/v1/messages', 405],
        ['/nothing', 404],
      ] as const) {
        const wire = await connect(open.url)
        const version = header === '' ? 'HTTP/1.0' : 'HTTP/1.1'
        const lines = [`GET ${path} ${version}`, 'connection: close', ...(header === '' ? [] : [header])]
        wire.send(`${lines.join('\r\n')}\r\n\r\n`)
        await until('the answer', wire.isClosed)
        expect(wire.text()).toStartWith(`HTTP/1.1 ${status} `)
        expect(wire.text()).toMatch(/\r\ncontent-type: application\/json\r\n/i)
      }
    },
  )

  test.each([
    ['GET', '/v1/messages', 'POST'],
    ['DELETE', '/v1/messages', 'POST'],
    ['PUT', '/v1/messages/count_tokens', 'POST'],
    ['POST', '/v1/models', 'GET'],
  ])('C14 a wrong method is a 405 that names the right one: %s %s', async (method, path, allow) => {
    const found = await refusalOf(await fetch(open.url + path, { method }))
    expect(found).toMatchObject({ status: 405, type: 'invalid_request_error' })
    expect(found.headers.get('allow')).toBe(allow)
  })

  test.each(['{', '{"model":', 'model=x', '{"a":1}{"b":2}', '﻿{'])(
    'C15 a body that is not JSON: 400 (%p)',
    async (body) => {
      const found = await refusal(open, body)
      expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(found.message).toStartWith('The request body is not valid JSON: ')
    },
  )

  test.each(['', ' \n', 'null', '[]', '"text"', '1'])(
    'C16 an empty body, or one that is no object: 400 (%p)',
    async (body) => {
      expect(await refusal(open, body)).toMatchObject({ status: 400, type: 'invalid_request_error' })
    },
  )

  test('C17 a body above 32 MB: 413 request_too_large, and the server goes on', async () => {
    const huge = JSON.stringify(helloTo({ system: 'x'.repeat(34 * 1024 * 1024) }))
    expect(await refusal(open, huge)).toMatchObject({ status: 413, type: 'request_too_large' })
    expect((await post(open, helloTo())).status).toBe(200)
  })

  test('C17 a body just below 32 MB is answered', async () => {
    const large = JSON.stringify(helloTo({ system: 'x'.repeat(31 * 1024 * 1024) }))
    expect((await post(open, large)).status).toBe(200)
  })

  test.each(['gzip', 'deflate'] as const)('C18 a body in %s is read', async (encoding) => {
    const text = JSON.stringify(
      message({ model: parrot.name, messages: [{ role: 'user', content: 'Grüße' }] }),
    )
    const bytes = encoding === 'gzip' ? Bun.gzipSync(text) : await deflated(text)
    const response = await post(open, bytes, { headers: { 'content-encoding': encoding } })
    expect(await response.json()).toMatchObject({ content: [{ text: 'Grüße' }] })
  })

  test('C18 another encoding, or a broken one: 400 with its error code', async () => {
    const unknown = await refusal(open, helloTo(), { headers: { 'content-encoding': 'br' } })
    expect(unknown).toMatchObject({
      status: 400,
      details: { error_code: 'request_body_encoding_unsupported' },
    })
    const broken = await refusal(open, helloTo(), { headers: { 'content-encoding': 'gzip' } })
    expect(broken).toMatchObject({ status: 400, details: { error_code: 'request_body_encoding_invalid' } })
  })

  test.each(['application/binary', '*/*', 'text/html', undefined])(
    'C19 Accept %p is never a 406',
    async (accept) => {
      const wire = await connect(open.url)
      const headers = ['connection: close', ...(accept ? [`accept: ${accept}`] : [])]
      wire.send(toRequest('POST', '/v1/messages', JSON.stringify(helloTo()), headers))
      await until('the answer', wire.isClosed)
      expect(wire.text()).toStartWith('HTTP/1.1 200')
      expect(wire.text()).toMatch(/\r\ncontent-type: application\/json\r\n/i)
    },
  )

  test.each(['äöü ßÆ', '日本語', '👩‍👩‍👧 🏳️‍🌈', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢', '\u0000\u2028\u2029\\"\t', 'e\u0301'])(
    'C20 text comes back as it went: %p',
    async (content) => {
      const body = message({ model: parrot.name, messages: [{ role: 'user', content }] })
      expect(await (await post(open, body)).json()).toMatchObject({ content: [{ text: content }] })
      expect(textOf(await eventsOf(await post(open, { ...body, stream: true })))).toBe(content)
      expect(parrot.calls.at(-1)?.body.messages[0].content).toBe(content)
    },
  )

  test('C20 escaped pairs of surrogates pass, half a pair is a 400', async () => {
    const body = JSON.stringify(message({ model: parrot.name, messages: [{ role: 'user', content: 'X' }] }))
    const whole = await post(open, body.replace('"X"', String.raw`"\ud83d\ude00"`))
    expect(await whole.json()).toMatchObject({ content: [{ text: '😀' }] })
    for (const half of [String.raw`"\ud83d"`, String.raw`"a\ude00b"`]) {
      const found = await refusal(open, body.replace('"X"', half))
      expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(found.message).toContain('no low surrogate in string')
    }
  })

  test('C22 50 requests on one connection are all answered', async () => {
    const wire = await connect(open.url)
    for (let sent = 1; sent <= 50; sent++) {
      const content = `request ${sent}`
      const body = JSON.stringify(message({ model: parrot.name, messages: [{ role: 'user', content }] }))
      wire.send(toRequest('POST', '/v1/messages', body))
      await until(`answer ${sent}`, () => wire.text().includes(`"text":"${content}"`))
    }
    expect(wire.text().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(50)
    expect(wire.isClosed()).toBe(false)
    wire.drop()
  })

  test('C23 every failure is JSON in the envelope, whatever the client accepts and asks for', async () => {
    /** Fails with the status that the user names. */
    const failing = model((body: any) =>
      Response.json({ error: { message: 'no' } }, { status: Number(body.messages[0].content) }),
    )
    const headers = { accept: 'text/event-stream' }
    for (const stream of [false, true]) {
      for (const status of [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529]) {
        const messages = [{ role: 'user', content: String(status) }]
        const found = await refusal(open, message({ model: failing.name, stream, messages }), { headers })
        expect(found.status).toBeGreaterThanOrEqual(400)
      }
      expect((await refusal(open, { stream }, { headers })).status).toBe(400)
    }
  })

  test('C24 start-up probes get an answer', async () => {
    for (const [method, path] of [
      ['HEAD', '/api/hello'],
      ['HEAD', '/'],
      ['GET', '/'],
      ['GET', '/health'],
    ] as const) {
      expect((await fetch(open.url + path, { method })).status).toBe(200)
    }
  })
})

const deflated = async (text: string): Promise<Uint8Array> =>
  new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('deflate'))).bytes()

describe('pages of other origins', () => {
  const SDK_HEADERS = [
    'x-api-key',
    'authorization',
    'anthropic-version',
    'anthropic-beta',
    'anthropic-dangerous-direct-browser-access',
    'anthropic-workspace-id',
    'anthropic-user-profile-id',
    'content-type',
    'idempotency-key',
    'x-stainless-lang',
    'x-stainless-retry-count',
    'x-stainless-timeout',
    'x-stainless-helper-method',
    'x-app',
  ]

  test('C21 the preflight of an allowed origin passes with every header of the SDKs', async () => {
    const response = await fetch(`${locked.url}/v1/messages`, {
      method: 'OPTIONS',
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': SDK_HEADERS.join(','),
      },
    })
    expect([200, 204]).toContain(response.status)
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
    const allowed = (response.headers.get('access-control-allow-headers') ?? '').split(/,\s*/)
    expect(SDK_HEADERS.filter((name) => !allowed.includes(name))).toEqual([])
  })

  test.each([
    ['an answer', helloTo(), 200],
    ['a stream', helloTo({ stream: true }), 200],
    ['a failure', {}, 400],
  ])('C21 an allowed origin may read %s and its request-id', async (_, body, status) => {
    const headers = { ...VERSION, 'x-api-key': KEY, origin: ORIGIN }
    const response = await post(locked, body, { headers })
    await response.text()
    expect(response.status).toBe(status)
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(response.headers.get('access-control-expose-headers')).toContain('request-id')
    expect(response.headers.get('vary')).toBe('origin')
  })

  test('C21 a failed key check can be read by an allowed origin too', async () => {
    const response = await post(locked, helloTo(), { headers: { origin: ORIGIN } })
    expect(response.status).toBe(401)
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  })

  test('C21 any other origin gets 403, and no permission to read', async () => {
    const calls = hello.calls.length
    for (const server of [open, locked]) {
      const headers = { ...VERSION, 'x-api-key': KEY, origin: 'https://evil.example' }
      const found = await refusal(server, helloTo(), { headers })
      expect(found).toMatchObject({ status: 403, type: 'permission_error' })
      expect(found.headers.get('access-control-allow-origin')).toBeNull()
      const preflight = await fetch(`${server.url}/v1/messages`, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      })
      expect(preflight.status).toBe(403)
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
    }
    expect(hello.calls.length).toBe(calls)
  })

  const from = async (server: TestServer, origin: string, host: string) => {
    const wire = await connect(server.url)
    const headers = [
      'connection: close',
      `origin: ${origin}`,
      `x-api-key: ${KEY}`,
      'anthropic-version: 2023-06-01',
    ]
    const request = toRequest('POST', '/v1/messages', JSON.stringify(helloTo()), headers)
    wire.send(request.replace('host: 127.0.0.1', `host: ${host}`))
    await until('the answer', wire.isClosed)
    return Number(/^HTTP\/1\.1 (\d+)/.exec(wire.text())?.[1])
  }

  test.each(['localhost:4000', '127.0.0.1:4000', '[::1]:4000', 'server.localhost'])(
    'a page of the server itself may call it: %s',
    async (host) => {
      for (const server of [open, locked]) expect(await from(server, `http://${host}`, host)).toBe(200)
    },
  )

  test('a foreign page that names this machine as its own host needs a key (DNS rebinding)', async () => {
    expect(await from(open, 'http://evil.example:4000', 'evil.example:4000')).toBe(403)
    expect(await from(locked, 'https://my-proxy.example', 'my-proxy.example')).toBe(200)
    for (const server of [open, locked]) expect(await from(server, 'null', '127.0.0.1')).toBe(403)
  })
})
