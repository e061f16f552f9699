import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, type Place, post, refusalOf } from '../support/api.ts'
import { checkOrder, eventsOf, type Following, follow, textOf, typesOf } from '../support/events.ts'
import { DONE, type Feed, openFeed, toSse } from '../support/feed.ts'
import { modelsOf, type TestModel } from '../support/models.ts'
import { memoryOf, startServer, type TestServer } from '../support/server.ts'
import { finishChunk, sseAnswer, startUpstream, textChunk } from '../support/upstream.ts'
import { until } from '../support/wait.ts'
import { connect, toRequest, unchunk } from '../support/wire.ts'

setDefaultTimeout(30_000)

// Streams never lie: they show life, end only when the answer is complete, and stop the upstream when nobody listens.

const upstream = startUpstream()
const model = modelsOf(upstream)

/** Begins every stream soon, and shows life often. */
let lively: TestServer
/** Waits for the upstream's first word. */
let patient: TestServer
/** Tries again and again. */
let stubborn: TestServer
/** Begins soon, and then stays silent for as long as the upstream does. */
let quiet: TestServer
/** Gives the upstream little time for everything. */
let hasty: TestServer
/** The same, but begins its streams before the upstream speaks. */
let hastyLively: TestServer
/** Nobody listens where its upstream should be. */
let alone: TestServer
/** The connections to its upstream break. */
let severed: TestServer

beforeAll(async () => {
  const start = async (settings: Readonly<Record<string, string>>): Promise<TestServer> =>
    startServer({
      OPENROUTER_BASE_URL: upstream.baseUrl,
      UPSTREAM_RETRIES: '0',
      LOG_LEVEL: 'warn',
      STREAM_START_AFTER: '60',
      ...settings,
    })
  const tight = { FIRST_BYTE_TIMEOUT: '0.8', IDLE_TIMEOUT: '0.6', REQUEST_TIMEOUT: '2' }
  ;[lively, patient, stubborn, quiet, hasty, hastyLively, alone, severed] = await Promise.all([
    start({ STREAM_START_AFTER: '0.1', PING_INTERVAL: '0.3' }),
    start({}),
    start({ UPSTREAM_RETRIES: '5' }),
    start({ STREAM_START_AFTER: '0.1', PING_INTERVAL: '300' }),
    start(tight),
    start({ ...tight, STREAM_START_AFTER: '0.1' }),
    start({ OPENROUTER_BASE_URL: 'http://127.0.0.1:9/v1' }),
    start({ OPENROUTER_BASE_URL: `http://127.0.0.1:${cutter.port}/v1` }),
  ])
})

afterAll(async () => {
  const servers = [lively, patient, stubborn, quiet, hasty, hastyLively, alone, severed]
  await Promise.all(servers.map(async (server) => server.stop()))
  cutter.stop(true)
  await upstream[Symbol.asyncDispose]()
})

const ask = async (place: Place, { name }: TestModel, fields: object = {}): Promise<Response> =>
  post(place, message({ model: name, stream: true, ...fields }))

/** A model that says what the test feeds it. */
function fed(): { readonly model: TestModel; readonly feed: Feed } {
  const feed = openFeed()
  return { model: model(() => feed.response), feed }
}

const silence = async (): Promise<Response> => new Promise(() => {})
const count = ({ types }: Following, type: string): number => types().filter((found) => found === type).length
const finish = ({ send, end }: Feed): void => {
  send(finishChunk('stop', { prompt_tokens: 321, completion_tokens: 12 }), DONE)
  end()
}

describe.concurrent('life', () => {
  test('a stream begins, and pings, before the upstream has said anything', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const late = model(async () => promise)
    const following = follow(await ask(lively, late))
    await until('two pings', () => count(following, 'ping') >= 2)
    expect(following.types().slice(0, 3)).toEqual(['message_start', 'ping', 'ping'])
    resolve(sseAnswer([textChunk('Sorry for the delay.'), finishChunk('stop')]))
    await following.ended
    checkOrder(following.events)
    expect(textOf(following.events)).toBe('Sorry for the delay.')
  })

  test('a failure after that is an error event, and no message_stop', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const late = model(async () => promise)
    const following = follow(await ask(lively, late))
    await until('the start', () => count(following, 'message_start') === 1)
    resolve(Response.json({ error: { message: 'too busy' } }, { status: 503 }))
    await following.ended
    expect(following.types().filter((type) => type !== 'ping')).toEqual(['message_start', 'error'])
    expect(following.events.at(-1)?.data.error).toEqual({ type: 'overloaded_error', message: 'too busy' })
  })

  test('pings come in every silence: before the first word, between words and before the end', async () => {
    const { model: slow, feed } = fed()
    const following = follow(await ask(lively, slow))
    for (const step of [textChunk('one '), textChunk('two'), undefined]) {
      const pings = count(following, 'ping')
      await until('a ping', () => count(following, 'ping') > pings)
      if (step) feed.send(step)
    }
    finish(feed)
    await following.ended
    checkOrder(following.events)
    expect(textOf(following.events)).toBe('one two')
    expect(count(following, 'ping')).toBeGreaterThanOrEqual(3)
  })

  test('a stream whose upstream speaks needs no pings', async () => {
    const { model: steady, feed } = fed()
    const response = ask(lively, steady)
    feed.send(textChunk('word '))
    const following = follow(await response)
    for (let said = 1; said < 15; said++) {
      feed.send(textChunk('word '))
      await until('the word', () => textOf(following.events).length === 5 * (said + 1))
      await Bun.sleep(50)
    }
    finish(feed)
    await following.ended
    expect(following.types()).not.toContain('ping')
  })

  test('the guess of an early start gives way to the true usage at the end', async () => {
    const { model: slow, feed } = fed()
    const following = follow(await ask(lively, slow))
    await until('the start', () => following.events.length > 0)
    feed.send(textChunk('Hi'))
    finish(feed)
    await following.ended
    const ends = following.events.find(({ type }) => type === 'message_delta')
    expect(following.events[0]?.data.message.usage.input_tokens).not.toBe(321)
    expect(ends?.data.usage).toMatchObject({ input_tokens: 321, output_tokens: 12 })
  })

  test('a stream that is silent for 15 s is not cut', async () => {
    const { model: slow, feed } = fed()
    const following = follow(await ask(quiet, slow))
    await until('the start', () => following.events.length > 0)
    await Bun.sleep(15_000)
    expect(following.types()).toEqual(['message_start'])
    feed.send(textChunk('Still here.'))
    finish(feed)
    await following.ended
    checkOrder(following.events)
    expect(textOf(following.events)).toBe('Still here.')
  })
})

describe.concurrent('upstreams that fail', () => {
  const json = (body: object, status = 200) => Response.json(body, { status })
  const html = (status: number) =>
    new Response('<html><head><title>Bad gateway</title></head><body>nginx</body></html>', {
      status,
      headers: { 'content-type': 'text/html' },
    })
  const FAILURES: ReadonlyArray<readonly [string, () => Response, number, string, string]> = [
    [
      'a rate limit',
      () => json({ error: { message: 'slow down' } }, 429),
      429,
      'rate_limit_error',
      'slow down',
    ],
    ['an inner error', () => json({ error: { message: 'oops' } }, 500), 500, 'api_error', 'oops'],
    ['an HTML error page', () => html(502), 502, 'api_error', 'Bad gateway'],
    ['HTML with status 200', () => html(200), 502, 'api_error', 'not JSON'],
    ['an empty body', () => new Response(''), 502, 'api_error', 'not JSON'],
    ['an empty stream', () => sseAnswer([], ''), 502, 'api_error', 'upstream sent an empty answer'],
    [
      'comments and then the end',
      () => sseAnswer([': OPENROUTER PROCESSING\n\n'], ''),
      502,
      'api_error',
      'empty answer',
    ],
    ['nothing but the end mark', () => sseAnswer([]), 502, 'api_error', 'upstream sent an empty answer'],
    [
      'a JSON error with status 200',
      () => json({ error: { code: 429, message: 'slow down' } }),
      429,
      'rate_limit_error',
      'slow down',
    ],
    [
      'an error as first event',
      () => sseAnswer([{ error: { code: 503, message: 'no instances' } }], ''),
      529,
      'overloaded_error',
      'no instances',
    ],
    [
      'an event that is not JSON',
      () => sseAnswer(['data: {"choices":\n\n']),
      502,
      'api_error',
      'not a JSON object',
    ],
  ]

  test.each(FAILURES)('%s, before anything is said, is a status', async (_, answer, status, type, words) => {
    const found = await refusalOf(await ask(patient, model(answer)))
    expect(found).toMatchObject({ status, type })
    expect(found.message).toContain(words)
  })

  test.each(FAILURES)(
    '%s, after an early start, is an error event',
    async (_, answer, _status, type, words) => {
      const { promise, resolve } = Promise.withResolvers<Response>()
      const following = follow(
        await ask(
          lively,
          model(async () => promise),
        ),
      )
      await until('the start', () => following.events.length > 0)
      resolve(answer())
      await following.ended
      expect(following.types().filter((found) => found !== 'ping')).toEqual(['message_start', 'error'])
      expect(following.events.at(-1)?.data.error.type).toBe(type)
      expect(following.events.at(-1)?.data.error.message).toContain(words)
    },
  )

  test.each(FAILURES)('%s is the same status for a whole answer', async (_, answer, status, type, words) => {
    const found = await refusalOf(await ask(patient, model(answer), { stream: false }))
    expect(found).toMatchObject({ status, type })
    expect(found.message).toContain(words)
  })

  test('an upstream that nobody listens for is a 502 that names the host', async () => {
    const nobody = model(() => sseAnswer([]))
    for (const stream of [true, false]) {
      const found = await refusalOf(await ask(alone, nobody, { stream }))
      expect(found).toMatchObject({ status: 502, type: 'api_error' })
      expect(found.message).toStartWith('the connection to the upstream 127.0.0.1:9 failed')
    }
  })

  const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
  const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
  const SAID = toSse(textChunk('Once upon'))
  const CUTS: ReadonlyArray<readonly [string, string]> = [
    ['before its headers', ''],
    ['after its headers', `${HEAD}transfer-encoding: chunked\r\n\r\n`],
    ['in the middle of a chunked body', `${HEAD}transfer-encoding: chunked\r\n\r\n${chunked(SAID)}`],
    [
      'in the middle of an event',
      `${HEAD}transfer-encoding: chunked\r\n\r\n${chunked(SAID + SAID.slice(0, 20))}`,
    ],
    ['in a body of known length', `${HEAD}content-length: 9999\r\n\r\n${SAID}`],
    ['in a body that ends with its connection', `${HEAD}connection: close\r\n\r\n${SAID}`],
  ]
  test.each(
    CUTS.flatMap(([where, bytes]) => [[where, 'closed', bytes] as const, [where, 'reset', bytes] as const]),
  )('a connection that breaks %s, %s, is no success', async (_, end, bytes) => {
    const response = await post(severed, message({ stream: true, model: cutting(bytes, end) }))
    if (!bytes.includes(SAID)) {
      expect(await refusalOf(response)).toMatchObject({ status: 502, type: 'api_error' })
      return
    }
    const events = await eventsOf(response)
    expect(textOf(events)).toBe('Once upon')
    expect(typesOf(events)).not.toContain('message_stop')
    expect(events.at(-1)?.data.error.type).toBe('api_error')
  })
})

/** Models whose connections break: what they say before, and how they end. */
const cuts: Array<{ readonly bytes: string; readonly end: 'closed' | 'reset' }> = []
const cutting = (bytes: string, end: 'closed' | 'reset'): string => `cut-${cuts.push({ bytes, end }) - 1}`

/** Answers with the bytes of the model that is asked for, and breaks the connection once they have arrived. */
const cutter = Bun.listen<undefined>({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    async data(socket, bytes) {
      const cut = cuts[Number(/"model":"cut-(\d+)"/.exec(bytes.toString())?.[1])]
      if (!cut) return
      socket.write(cut.bytes)
      socket.flush()
      await Bun.sleep(100)
      if (cut.end === 'closed') socket.end()
      else socket.terminate()
    },
  },
})

describe('clients that hang up', () => {
  /** How far the upstream is when the client goes, by what it answers and what the client has by then. */
  const PHASES: ReadonlyArray<readonly [string, () => TestModel, (text: string) => boolean]> = [
    ['before the upstream sends headers', () => model(silence), () => true],
    [
      'after the headers, before the first chunk',
      () => {
        const { model: own, feed } = fed()
        feed.send(': OPENROUTER PROCESSING\n\n')
        return own
      },
      () => true,
    ],
    [
      'in a silence in mid-stream',
      () => {
        const { model: own, feed } = fed()
        feed.send(textChunk('Once upon'))
        return own
      },
      (text) => text.includes('Once upon'),
    ],
  ]

  /** Sends a request, waits until the upstream has it and the client what it can have, and drops the connection. */
  async function hangUp(place: Place, asked: TestModel, fields: object, isReady: (text: string) => boolean) {
    const wire = await connect(place.url)
    wire.send(toRequest('POST', '/v1/messages', JSON.stringify(message({ model: asked.name, ...fields }))))
    await until('the upstream call', () => asked.calls.length === 1)
    await until('what the client can have', () => isReady(wire.text()))
    const goneAtMs = performance.now()
    wire.drop()
    await until('the end of the upstream call', () => asked.call().abortedAtMs !== undefined, 2000)
    return (asked.call().abortedAtMs ?? Infinity) - goneAtMs
  }

  test.each(PHASES)('C141 %s, the upstream call ends within 100 ms', async (_, open, isReady) => {
    expect(await hangUp(patient, open(), { stream: true }, isReady)).toBeLessThan(100)
  })

  test.each(PHASES)('C141 %s, in a stream that began early, it ends as fast', async (_, open, isReady) => {
    const began = (text: string) => text.includes('message_start') && isReady(text)
    expect(await hangUp(lively, open(), { stream: true }, began)).toBeLessThan(100)
  })

  test.each(PHASES)('C53 %s, for a whole answer, it ends as fast', async (_, open) => {
    expect(await hangUp(patient, open(), { stream: false }, () => true)).toBeLessThan(100)
  })

  test('a call that waits for its next try is not tried again', async () => {
    const failing = model(() => Response.json({ error: { message: 'no' } }, { status: 500 }))
    const controller = new AbortController()
    const asked = post(stubborn, message({ model: failing.name }), { signal: controller.signal })
    const outcome = asked.catch((error: Error) => error.name)
    await until('the third try', () => failing.calls.length >= 3)
    controller.abort()
    expect(await outcome).toBe('AbortError')
    const tries = failing.calls.length
    // The fourth try would come after 1.2 s at the latest.
    await Bun.sleep(1500)
    expect(failing.calls).toHaveLength(tries)
  })

  test('a client that closes its half of the connection counts as gone (documented)', async () => {
    const { model: slow, feed } = fed()
    feed.send(textChunk('Once upon'))
    const wire = await connect(patient.url)
    wire.send(toRequest('POST', '/v1/messages', JSON.stringify(message({ model: slow.name, stream: true }))))
    await until('the first words', () => wire.text().includes('Once upon'))
    wire.halfClose()
    await until('the end of the upstream call', () => slow.call().abortedAtMs !== undefined)
    await until('the end of the connection', wire.isClosed)
    expect(wire.text()).not.toContain('message_stop')
  })

  test('a stop sequence that the upstream ignores ends its call, too', async () => {
    const { model: endless, feed } = fed()
    feed.send(textChunk('one, two, three'))
    const following = follow(await ask(patient, endless, { stop_sequences: ['two'] }))
    await following.ended
    checkOrder(following.events)
    expect(textOf(following.events)).toBe('one, ')
    await until('the end of the upstream call', () => endless.call().abortedAtMs !== undefined)
  })
})

describe.concurrent('time limits', () => {
  test('an upstream that does not begin: 504 before the stream began', async () => {
    const silent = model(silence)
    const found = await refusalOf(await ask(hasty, silent))
    expect(found).toMatchObject({
      status: 504,
      type: 'timeout_error',
      message: 'the upstream did not begin to answer within 0.8 s',
    })
    await until('the end of the upstream call', () => silent.call().abortedAtMs !== undefined)
  })

  test('an upstream that only sends comments does not begin either', async () => {
    const { model: busy, feed } = fed()
    feed.send(': OPENROUTER PROCESSING\n\n')
    const found = await refusalOf(await ask(hasty, busy))
    expect(found.message).toBe('the upstream did not begin to answer within 0.8 s')
  })

  test('an upstream that does not begin: an error event after the stream began', async () => {
    const silent = model(silence)
    const events = await eventsOf(await ask(hastyLively, silent))
    expect(typesOf(events)).toEqual(['message_start', 'error'])
    expect(events.at(-1)?.data.error).toEqual({
      type: 'timeout_error',
      message: 'the upstream did not begin to answer within 0.8 s',
    })
    await until('the end of the upstream call', () => silent.call().abortedAtMs !== undefined)
  })

  test('an upstream that falls silent: an error event', async () => {
    const { model: faint, feed } = fed()
    feed.send(textChunk('Once upon'))
    const events = await eventsOf(await ask(hasty, faint))
    expect(textOf(events)).toBe('Once upon')
    expect(events.at(-1)?.data.error).toEqual({
      type: 'timeout_error',
      message: 'the upstream did not send anything more within 0.6 s',
    })
    await until('the end of the upstream call', () => faint.call().abortedAtMs !== undefined)
  })

  test('an upstream that speaks on and on: an error event when the whole takes too long', async () => {
    const { model: endless, feed } = fed()
    const talk = setInterval(() => feed.send(textChunk('word ')), 100)
    const events = await eventsOf(await ask(hasty, endless))
    clearInterval(talk)
    expect(textOf(events)).toStartWith('word word word ')
    expect(events.at(-1)?.data.error).toEqual({
      type: 'timeout_error',
      message: 'the upstream did not finish within 2 s',
    })
    expect(events.at(-1)?.atMs).toBeGreaterThan(1500)
    expect(events.at(-1)?.atMs).toBeLessThan(3500)
  })
})

describe('slow readers', () => {
  const MEGABYTE = 1024 * 1024
  const PIECE = 'x'.repeat(64 * 1024)
  const PIECES = 3200
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

  test('C146 a client that does not read holds the upstream back, and then gets everything', async () => {
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        if (sent < PIECES) return controller.enqueue(encode(toSse(textChunk(`<${sent++}>${PIECE}`))))
        controller.enqueue(encode(toSse(finishChunk('stop')) + DONE))
        return controller.close()
      },
    })
    const endless = model(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
    const growth = await memoryGrowth(patient)
    const read = startReading()
    const wire = await connect(patient.url, { take: unchunk((text) => read.take(text)) })
    wire.send(
      toRequest('POST', '/v1/messages', JSON.stringify(message({ model: endless.name, stream: true }))),
    )
    await until('the first words', () => read.texts() > 0)

    wire.pause()
    await until('the upstream to be held back', async () => {
      const before = sent
      await Bun.sleep(400)
      return sent === before
    })
    expect(sent * PIECE.length).toBeLessThan(40 * MEGABYTE)
    expect(await growth()).toBeLessThan(100 * MEGABYTE)

    wire.resume()
    await until('the end', () => read.last() === 'message_stop', 30_000)
    expect(read.texts()).toBe(PIECES)
    expect(await growth()).toBeLessThan(150 * MEGABYTE)
    wire.drop()
  }, 40_000)

  /** Reads events and checks on the way that each piece is the next one and whole; several may come as one text. */
  function startReading() {
    let rest = ''
    let words = ''
    let texts = 0
    let last = ''
    const takeWords = (text: string): void => {
      words += text
      for (let next = `<${texts}>${PIECE}`; words.startsWith(next); next = `<${texts}>${PIECE}`) {
        words = words.slice(next.length)
        texts++
      }
      if (!`<${texts}>${PIECE}`.startsWith(words)) throw new Error(`text ${texts} is not what was sent`)
    }
    const takeFrame = (frame: string): void => {
      const data = JSON.parse(frame.slice(frame.indexOf('data: ') + 'data: '.length))
      last = data.type
      if (data.delta?.type === 'text_delta') takeWords(data.delta.text)
    }
    return {
      take(text: string) {
        const frames = (rest + text).split('\n\n')
        rest = frames.pop() ?? ''
        frames.forEach(takeFrame)
      },
      texts: () => texts,
      last: () => last,
    }
  }
})

/** How much the memory of a process has grown since now, in bytes. */
async function memoryGrowth(server: TestServer): Promise<() => Promise<number>> {
  const before = await memoryOf(server)
  return async () => (await memoryOf(server)) - before
}
