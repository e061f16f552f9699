import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { version } from '../../package.json'
import { SETTINGS } from '../../src/config/schema.ts'
import { message, post, refusal, refusalOf } from '../support/api.ts'
import { checkOrder, follow, textOf } from '../support/events.ts'
import { DONE, openFeed } from '../support/feed.ts'
import { modelsOf } from '../support/models.ts'
import { memoryOf, runProgram, startServer, type TestServer } from '../support/server.ts'
import { finishChunk, startUpstream, textAnswer, textChunk } from '../support/upstream.ts'
import { until } from '../support/wait.ts'
import { connect, toRequest, type Wire } from '../support/wire.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream()
const model = modelsOf(upstream)
const hello = model((body) => textAnswer('Hello', body))
const MEGABYTE = 1024 * 1024

let server: TestServer

const start = async (settings: Readonly<Record<string, string>> = {}): Promise<TestServer> =>
  startServer({ OPENROUTER_BASE_URL: upstream.baseUrl, UPSTREAM_RETRIES: '0', ...settings })

beforeAll(async () => {
  server = await start({ MAX_BODY_SIZE: '1' })
})

afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
})

const portOf = ({ url }: TestServer): string => new URL(url).port

/** The log of a process, entry by entry; everything that is no part of the banner must be one. */
const logOf = ({ output, stdout }: TestServer): any[] =>
  output()
    .replace(stdout(), '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** A stream that the test holds open, and the client that reads it. */
async function openStream(place: TestServer) {
  const feed = openFeed()
  const slow = model(() => feed.response)
  feed.send(textChunk('Once upon'))
  const following = follow(await post(place, message({ model: slow.name, stream: true })))
  await until('the first words', () => textOf(following.events) === 'Once upon')
  return {
    model: slow,
    following,
    finish: () => {
      feed.send(textChunk(' a time'), finishChunk('stop'), DONE)
      feed.end()
    },
  }
}

const refusesConnections = async ({ url }: TestServer): Promise<boolean> =>
  connect(url).then(
    (wire) => (wire.drop(), false),
    () => true,
  )

describe('starting', () => {
  test('says where it listens, once, on standard output; the log goes to standard error', async () => {
    await using own = await start()
    await post(own, message({ model: hello.name }))
    await until('the log entry', () => own.output().includes('"event":"request"'))
    expect(own.stdout().match(/^listening on http:\/\/127\.0\.0\.1:\d+$/gm)).toEqual([
      `listening on ${own.url}`,
    ])
    expect(own.stdout()).not.toContain('"event"')
    expect(logOf(own)).toHaveLength(1)
  })

  test('wrong settings stop the start: all of them named, with what is allowed, and no secret shown', async () => {
    const { code, stdout, stderr } = await runProgram({
      PORT: '99999',
      PING_INTERVAL: 'soon',
      STRICT_COMPAT: 'perhaps',
      OPENROUTER_API_KEY: 'sk-or-secret with a space',
      DATABASE_URL: 'postgres://me:hunter2@db/main',
    })
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(
      'PORT: "99999" is not allowed (from the environment); allowed: a whole number from 0 to 65535',
    )
    expect(stderr).toContain('PING_INTERVAL: "soon" is not allowed')
    expect(stderr).toContain('STRICT_COMPAT: "perhaps" is not allowed')
    expect(stderr).toMatch(/OPENROUTER_API_KEY: the value is not allowed .*allowed: one key of visible ASCII/)
    expect(stderr).toContain('DATABASE_URL: is set')
    for (const secret of ['sk-or-secret', 'hunter2']) expect(stderr).not.toContain(secret)
  })

  test('an unknown flag or command stops the start and says what was probably meant', async () => {
    expect(await runProgram({}, ['--prot', '4000'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('did you mean --port?'),
    })
    expect(await runProgram({}, ['sevre'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean serve?'),
    })
  })

  test('an address beyond this machine needs keys for the clients', async () => {
    const { code, stderr } = await runProgram({ HOST: '0.0.0.0', PORT: '0' })
    expect(code).toBe(2)
    expect(stderr).toContain('SERVER_API_KEYS is needed')
  })

  test('a port that is taken ends the start with a clear word and status 1', async () => {
    const { code, stdout, stderr } = await runProgram({ PORT: portOf(server), DATA_DIR: '/nonexistent' })
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toStartWith(`PORT: 127.0.0.1:${portOf(server)} is taken by another program`)
  })

  test('--version and --help print and end, whatever the settings are', async () => {
    const broken = { PORT: 'x' }
    for (const argument of ['--version', '-v', 'version'])
      expect(await runProgram(broken, [argument])).toEqual({
        code: 0,
        stdout: expect.stringMatching(
          new RegExp(`^openrouter-anthropic-server ${version} \\(.+; Bun [\\d.]+, \\w+ \\w+\\)\\n$`),
        ),
        stderr: '',
      })
    const help = await runProgram(broken, ['--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    for (const { name } of Object.values(SETTINGS)) expect(help.stdout).toContain(name)
  })

  test('healthcheck ends with 0 where a server is well, and with 1 where there is none', async () => {
    const settings = { DATA_DIR: '/nonexistent' }
    expect((await runProgram({ ...settings, PORT: portOf(server) }, ['healthcheck'])).code).toBe(0)
    expect((await runProgram({ ...settings, PORT: '9' }, ['healthcheck'])).code).toBe(1)
  })
})

describe('stopping', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: takes no new connection, finishes the running stream, ends with 0',
    async (signal) => {
      await using own = await start()
      const { following, finish } = await openStream(own)
      const stopped = own.stop(signal)
      await until('the closed door', async () => refusesConnections(own))
      finish()
      await following.ended
      checkOrder(following.events)
      expect(textOf(following.events)).toBe('Once upon a time')
      expect(await stopped).toBe(0)
      expect(logOf(own).map(({ event }) => event)).toEqual(['stopping', 'request', 'stopped'])
      expect(own.stdout()).toEndWith(`listening on ${own.url}\n`)
    },
  )

  test('a server without work stops at once, idle connections or not', async () => {
    await using own = await start()
    const idle = await connect(own.url)
    idle.send(toRequest('GET', '/health'))
    await until('the answer', () => idle.text().includes('healthy'))
    const startedAtMs = performance.now()
    expect(await own.stop()).toBe(0)
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })

  test('SHUTDOWN_TIMEOUT bounds it: a stream that does not end is cut, and never called complete', async () => {
    await using own = await start({ SHUTDOWN_TIMEOUT: '0.5' })
    const { following, model: slow } = await openStream(own)
    const broken = following.ended.catch(() => undefined)
    const startedAtMs = performance.now()
    expect(await own.stop()).toBe(0)
    const tookMs = performance.now() - startedAtMs
    expect(tookMs).toBeGreaterThan(400)
    expect(tookMs).toBeLessThan(4000)
    await broken
    expect(following.types()).not.toContain('message_stop')
    await until('the end of the upstream call', () => slow.call().abortedAtMs !== undefined)
    expect(own.output()).toContain('"event":"stopping-cuts"')
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('a second signal (%s) ends it at once', async (second) => {
    await using own = await start({ SHUTDOWN_TIMEOUT: '600' })
    const { following } = await openStream(own)
    const broken = following.ended.catch(() => undefined)
    process.kill(own.pid, 'SIGTERM')
    await until('the first signal to be taken', async () => refusesConnections(own))
    const startedAtMs = performance.now()
    expect(await own.stop(second)).toBe(1)
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
    await broken
  })
})

describe('the log', () => {
  test('has one JSON entry for each request, with the request-id of its answer and nothing private', async () => {
    await using own = await start({
      SERVER_API_KEYS: 'client-secret',
      OPENROUTER_API_KEY: 'sk-or-upstream-secret',
    })
    const headers = { authorization: 'Bearer client-secret' }
    const body = message({ model: hello.name, messages: [{ role: 'user', content: 'a private prompt' }] })
    const responses = [
      await post(own, body, { headers }),
      await post(own, { ...body, stream: true }, { headers }),
      await post(own, { ...body, max_tokens: -1 }, { headers }),
      await post(own, body, { headers: { 'x-api-key': 'wrong-secret' } }),
      await post(own, body, { headers, path: '/v1/messages/count_tokens?key=query-secret' }),
      await fetch(`${own.url}/nowhere?key=query-secret`),
    ]
    for (const response of responses) await response.text()
    await until('all entries', () => logOf(own).length === responses.length)
    expect(logOf(own).map(({ event, request_id, status }) => [event, request_id, status])).toEqual(
      responses.map(({ headers: received, status }) => ['request', received.get('request-id'), status]),
    )
    expect(own.output()).not.toMatch(/a private prompt|-secret/)
  })

  test('calls a client that hung up cancelled, not an error', async () => {
    await using own = await start()
    const silent = model(async () => new Promise<Response>(() => {}))
    for (const stream of [true, false]) {
      const calls = silent.calls.length
      const wire = await connect(own.url)
      wire.send(toRequest('POST', '/v1/messages', JSON.stringify(message({ model: silent.name, stream }))))
      await until('the upstream call', () => silent.calls.length > calls)
      wire.drop()
    }
    await until('both entries', () => logOf(own).length === 2)
    expect(logOf(own)).toMatchObject([
      { level: 'info', event: 'request', outcome: 'cancelled', status: 499 },
      { level: 'info', event: 'request', outcome: 'cancelled', status: 499 },
    ])
  })
})

describe('many at once', () => {
  test('600 upstream calls are open at the same time', async () => {
    await using own = await start()
    const silent = model(async () => new Promise<Response>(() => {}))
    const body = JSON.stringify(message({ model: silent.name, stream: true }))
    const wires = await Promise.all(Array.from({ length: 600 }, async () => connect(own.url)))
    for (const wire of wires) wire.send(toRequest('POST', '/v1/messages', body))
    await until('all calls', () => silent.calls.length === 600, 10_000)
    expect(silent.calls.filter(({ abortedAtMs }) => abortedAtMs !== undefined)).toEqual([])
    for (const wire of wires) wire.drop()
    await until('their end', () => silent.calls.every(({ abortedAtMs }) => abortedAtMs !== undefined), 10_000)
    expect((await post(own, message({ model: hello.name }))).status).toBe(200)
  })

  test('3,000 aborted streams leave no memory behind', async () => {
    await using own = await start({ LOG_LEVEL: 'error' })
    const feeds = model(() => {
      const feed = openFeed()
      feed.send(textChunk('Once upon'))
      return feed.response
    })
    const body = JSON.stringify(message({ model: feeds.name, stream: true }))
    const abortHundred = async (): Promise<void> => {
      const wires = await Promise.all(
        Array.from({ length: 100 }, async (): Promise<Wire> => connect(own.url)),
      )
      for (const wire of wires) wire.send(toRequest('POST', '/v1/messages', body))
      for (const wire of wires)
        await until('the first words', () => wire.text().includes('Once upon'), 10_000)
      for (const wire of wires) wire.drop()
    }
    for (let batch = 0; batch < 10; batch++) await abortHundred()
    const before = await memoryOf(own)
    for (let batch = 0; batch < 20; batch++) await abortHundred()
    expect((await memoryOf(own)) - before).toBeLessThan(40 * MEGABYTE)
    await until('the end of all calls', () =>
      feeds.calls.every(({ abortedAtMs }) => abortedAtMs !== undefined),
    )
    expect(own.output()).not.toContain('"level":"error"')
  })
})

describe('bodies that are too large', () => {
  const TOO_LARGE = { status: 413, type: 'request_too_large' }
  const spaces = (bytes: number) => new Uint8Array(bytes).fill(32)

  const endless = (megabytes: number): ReadableStream<Uint8Array> => {
    let left = megabytes * 16
    return new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(spaces(MEGABYTE / 16))
        else controller.close()
      },
    })
  }

  test('by content-length, before any of it is sent', async () => {
    for (const bytes of [MEGABYTE + 1, 50 * MEGABYTE, 2 ** 40]) {
      const wire = await connect(server.url)
      wire.send(`POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`)
      await until('the answer', () => wire.text().includes('request_too_large'))
      expect(wire.text()).toStartWith('HTTP/1.1 413')
      wire.drop()
    }
  })

  test.each([2, 40])('of %d MB, in chunks of unknown number', async (megabytes) => {
    const response = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: endless(megabytes) })
    expect(await refusalOf(response)).toMatchObject(TOO_LARGE)
  })

  test.each(['gzip', 'deflate'] as const)('in %s: a bomb of 200 MB is not unpacked', async (encoding) => {
    const before = await memoryOf(server)
    const packed = endless(200).pipeThrough(new CompressionStream(encoding) as ReadableWritablePair)
    const bomb = await new Response(packed).bytes()
    expect(bomb.length).toBeLessThan(MEGABYTE)
    const headers = { 'content-encoding': encoding }
    expect(await refusal(server, bomb, { headers })).toMatchObject(TOO_LARGE)
    expect((await memoryOf(server)) - before).toBeLessThan(80 * MEGABYTE)
  })

  test.each(['[', '{"a":'])('JSON that is nested too deeply is a 400, and no work: %s', async (opening) => {
    const deep = `${opening.repeat(100_000)}1${(opening === '[' ? ']' : '}').repeat(100_000)}`
    const startedAtMs = performance.now()
    expect(await refusal(server, deep)).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: 'The request body is nested too deeply; at most 1000 levels are read',
    })
    expect(performance.now() - startedAtMs).toBeLessThan(1000)
  })

  test('JSON of 1000 levels passes', async () => {
    const { metadata, ...body } = message({ model: hello.name, metadata: 'HERE' })
    const deep = `${'['.repeat(999)}${']'.repeat(999)}`
    const text = JSON.stringify({ ...body, extra: metadata }).replace('"HERE"', deep)
    expect((await post(server, text)).status).toBe(200)
  })

  test('after all of it, the server goes on', async () => {
    expect((await post(server, message({ model: hello.name }))).status).toBe(200)
    expect(await memoryOf(server)).toBeLessThan(300 * MEGABYTE)
  })
})
