import { describe, expect, test } from 'bun:test'

import { createCache } from '../../src/cache/cache.ts'
import { createMemoryTier } from '../../src/cache/memory.ts'
import type { RequestContext } from '../../src/core/context.ts'
import { Failure } from '../../src/core/errors.ts'
import { type CacheWish, readCacheControl } from '../../src/messages/cache-wish.ts'
import type { AnswerStream } from '../../src/messages/converse.ts'
import type { Flights } from '../../src/messages/flight.ts'
import { answerOnce } from '../../src/messages/remember.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { unfoldMessage } from '../../src/translate/unfold.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import type { MessageResponse } from '../../src/wire/anthropic/response.ts'

const TEXT = 'A text that is long enough to come in several pieces, as it would from a model that speaks.'

const messageOf = (stop_reason: string, ...content: readonly object[]): MessageResponse =>
  ({
    id: 'msg_first',
    type: 'message',
    role: 'assistant',
    model: 'asked',
    content,
    stop_reason,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: { input_tokens: 10, output_tokens: 4, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
  }) as unknown as MessageResponse

const WHOLE = messageOf('end_turn', { type: 'text', text: TEXT, citations: null })

const quiet = (): void => {}

interface Upstream {
  readonly stream: AnswerStream
  readonly say: (...events: readonly StreamEvent[]) => void
  readonly end: () => void
  readonly fail: (failure: Failure) => void
  readonly isCancelled: () => boolean
}

/** An upstream that says what the test wants; in the end it has cost half a dollar. */
function openUpstream(context: RequestContext): Upstream {
  const { signal } = context
  const waiting: Array<readonly StreamEvent[] | Failure | undefined> = []
  let wake = (): void => {}
  let opened = false
  let cancelled = false
  const put = (what: readonly StreamEvent[] | Failure | undefined): void => {
    waiting.push(what)
    wake()
  }
  return {
    stream: {
      open() {
        opened = true
        return unfoldMessage(WHOLE).slice(0, 1)
      },
      async read() {
        while (waiting.length === 0) {
          const { promise, resolve } = Promise.withResolvers<void>()
          wake = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
          await promise
          signal.throwIfAborted()
        }
        const next = waiting.shift()
        if (next instanceof Failure) throw next
        if (next === undefined) {
          context.trace.note('cost_usd', 0.5)
          return undefined
        }
        return opened ? next.filter(({ type }) => type !== 'message_start') : next
      },
      async cancel() {
        cancelled = true
      },
    },
    say: (...events) => put(events),
    end: () => put(undefined),
    fail: put,
    isCancelled: () => cancelled,
  }
}

/** A server with a cache and an upstream that counts; time stands where it is put. */
function serverOf(message = WHOLE) {
  let nowMs = 1000
  const clock = { now: () => nowMs, watch: () => quiet }
  const cache = createCache({
    tiers: [createMemoryTier({ maxBytes: 1e6, clock })],
    ttlMs: 10_000,
    salt: () => 's',
    clock,
  })
  const upstreams: Upstream[] = []
  const saved: string[] = []
  /** The one that was asked last. */
  const latest = (): Upstream => {
    const upstream = upstreams.at(-1)
    if (!upstream) throw new Error('nobody was asked')
    return upstream
  }
  const flights: Flights = new Map()
  const ask = (id: string, wish: CacheWish = readCacheControl('').wish) => {
    const trace = createTrace(() => 0)
    const client = new AbortController()
    const context = { trace, signal: client.signal, owner: 'ann' } as unknown as RequestContext
    const stream = answerOnce(
      {
        key: 'k',
        model: 'a/b',
        label: { id, model: 'as-asked' },
        opening: () => unfoldMessage({ ...message, id }).slice(0, 1),
      },
      wish,
      {
        ask(payer) {
          const upstream = openUpstream(payer)
          upstreams.push(upstream)
          return upstream.stream
        },
        onSaved: () => saved.push(id),
      },
      { cache, flights, clock },
      context,
    )
    return { stream, trace, client }
  }
  return {
    cache,
    ask,
    flights,
    /** Those who were told that they did not have to ask. */
    saved,
    calls: () => upstreams.length,
    latest,
    /** Lets the upstream say its whole answer. */
    open: () => {
      latest().say(...unfoldMessage(message))
      latest().end()
    },
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

type Client = ReturnType<ReturnType<typeof serverOf>['ask']>

async function readAll(stream: AnswerStream): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = []
  for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
  return events
}

const failureOf = async (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : error),
  )

/** Lets everything that can go on go on. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('an answer that is known', () => {
  test('is given again without a call, under the names of the new request', async () => {
    const server = serverOf()
    const first = server.ask('msg_1')
    const reading = readAll(first.stream)
    await settle()
    server.open()
    await reading
    server.pass(3500)
    const again = server.ask('msg_2')
    const message = foldEvents(await readAll(again.stream))
    expect(message).toEqual({ ...WHOLE, id: 'msg_2', model: 'as-asked' })
    expect(server.calls()).toBe(1)
    expect(first.trace.noted('cache')).toBe('miss')
    expect(again.trace.notes()).toMatchObject({
      cache: 'hit',
      cache_age_s: 3,
      cache_saved_usd: 0.5,
      cost_usd: 0,
    })
  })

  test('comes in pieces, as a model would say it', async () => {
    const server = serverOf()
    const reading = readAll(server.ask('msg_1').stream)
    await settle()
    server.open()
    await reading
    const events = await readAll(server.ask('msg_2').stream)
    const pieces = events.flatMap((event) =>
      event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? [event.delta.text] : [],
    )
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.join('')).toBe(TEXT)
  })

  test.each([
    ['no-cache', 2],
    ['no-store', 2],
    ['max-age=1', 2],
    ['max-age=5', 1],
    ['max-age=soon', 2],
    ['max-age', 2],
    ['min-fresh=1, x="y"', 1],
    ['private', 1],
  ])('with cache-control %s takes %d calls for two questions', async (header, calls) => {
    const server = serverOf()
    const first = readAll(server.ask('msg_1').stream)
    await settle()
    server.open()
    await first
    server.pass(2000)
    const second = readAll(server.ask('msg_2', readCacheControl(header).wish).stream)
    await settle()
    if (server.calls() > 1) server.open()
    await second
    expect(server.calls()).toBe(calls)
  })

  test('is not remembered for those who forbid it', async () => {
    const server = serverOf()
    const first = readAll(server.ask('msg_1', readCacheControl('no-store').wish).stream)
    await settle()
    server.open()
    await first
    expect((await server.cache.stats(undefined)).stored).toBe(0)
  })
})

describe('an answer that is being made', () => {
  const BUSY = new Failure('overloaded_error', 'busy')
  const [START, ...REST] = unfoldMessage(WHOLE)
  if (!START) throw new Error('a message begins')

  test('is read along by everyone who asks the same, each under its own name', async () => {
    const server = serverOf()
    const clients = ['msg_1', 'msg_2', 'msg_3'].map((id) => server.ask(id))
    const readings = clients.map(async ({ stream }) => readAll(stream))
    await settle()
    server.open()
    const messages = (await Promise.all(readings)).map((events) => foldEvents(events))
    expect(server.calls()).toBe(1)
    expect(messages.map(({ id }) => id)).toEqual(['msg_1', 'msg_2', 'msg_3'])
    expect(messages.map(({ content }) => content)).toEqual([WHOLE.content, WHOLE.content, WHOLE.content])
    expect(await server.cache.stats(undefined)).toMatchObject({ coalesced: 2, stored: 1, costSavedUsd: 1 })
    expect(clients.map(({ trace }) => trace.noted('cache'))).toEqual(['miss', 'shared', 'shared'])
    expect(clients.map(({ trace }) => trace.noted('cost_usd'))).toEqual([0.5, 0, 0])
    expect(clients[1]?.trace.notes()).toMatchObject({
      cache_saved_usd: 0.5,
      cache_saved_input_tokens: 10,
      cache_saved_output_tokens: 4,
    })
    expect(server.saved).toEqual(['msg_2', 'msg_3'])
    expect(server.flights.size).toBe(0)
  })

  test('comes to all of them while it is being said, also to one who comes later', async () => {
    const server = serverOf()
    const first = server.ask('msg_1').stream
    const reading = first.read()
    await settle()
    server.latest().say(START, ...REST.slice(0, 2))
    await reading
    const late = server.ask('msg_2').stream
    const soFar = await late.read()
    expect(soFar?.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
    ])
    server.latest().say(...REST.slice(2))
    server.latest().end()
    expect(foldEvents([...(soFar ?? []), ...(await readAll(late))]).content).toEqual(WHOLE.content)
  })

  test('does not wait for the slowest of them', async () => {
    const server = serverOf()
    const slow = server.ask('msg_1').stream
    const begun = slow.read()
    await settle()
    server.latest().say(START)
    await begun
    // From here on the one who asked takes nothing.
    const quick = readAll(server.ask('msg_2').stream)
    server.latest().say(...REST)
    server.latest().end()
    expect(foldEvents(await quick).content).toEqual(WHOLE.content)
    expect((await readAll(slow)).map(({ type }) => type)).toEqual(REST.map(({ type }) => type))
  })

  test.each([
    ['hangs up', async (client: Client) => client.client.abort()],
    ['gives it up', async (client: Client) => client.stream.cancel()],
  ])('goes on for the others when the one who asked %s, and one of them pays', async (_how, leave) => {
    const server = serverOf()
    const first = server.ask('msg_1')
    const reading = failureOf(readAll(first.stream))
    await settle()
    const others = [server.ask('msg_2'), server.ask('msg_3')]
    const readings = others.map(async ({ stream }) => readAll(stream))
    await settle()
    await leave(first)
    await reading
    server.open()
    const messages = (await Promise.all(readings)).map((events) => foldEvents(events))
    expect(messages.map(({ content }) => content)).toEqual([WHOLE.content, WHOLE.content])
    expect(server.calls()).toBe(1)
    expect(others.map(({ trace }) => trace.noted('cache'))).toEqual(['miss', 'shared'])
    expect(others.map(({ trace }) => trace.noted('cost_usd'))).toEqual([0.5, 0])
    expect((await server.cache.stats(undefined)).stored).toBe(1)
  })

  test('is given up when the last of them has gone', async () => {
    const server = serverOf()
    const clients = [server.ask('msg_1'), server.ask('msg_2')]
    const readings = clients.map(async ({ stream }) => failureOf(readAll(stream)))
    await settle()
    clients[0]?.client.abort()
    await settle()
    expect(server.latest().isCancelled()).toBe(false)
    clients[1]?.client.abort()
    await Promise.all(readings)
    expect(server.latest().isCancelled()).toBe(true)
    expect(server.flights.size).toBe(0)
    // Who comes then asks anew.
    const next = readAll(server.ask('msg_3').stream)
    await settle()
    server.open()
    expect(foldEvents(await next).content).toEqual(WHOLE.content)
    expect(server.calls()).toBe(2)
  })

  test('is asked for once more by those who wait when it fails', async () => {
    const server = serverOf()
    const first = failureOf(readAll(server.ask('msg_1').stream))
    await settle()
    const others = ['msg_2', 'msg_3'].map(async (id) => readAll(server.ask(id).stream))
    await settle()
    server.latest().fail(BUSY)
    expect(await first).toBe('busy')
    await settle()
    expect(server.calls()).toBe(2)
    server.open()
    expect((await Promise.all(others)).map((events) => foldEvents(events).content)).toEqual([
      WHOLE.content,
      WHOLE.content,
    ])
    expect(server.calls()).toBe(2)
  })

  test('is not asked for again and again when it keeps failing', async () => {
    const server = serverOf()
    const readings = ['msg_1', 'msg_2', 'msg_3', 'msg_4'].map(async (id) =>
      failureOf(readAll(server.ask(id).stream)),
    )
    await settle()
    server.latest().fail(BUSY)
    await settle()
    server.latest().fail(BUSY)
    expect(await Promise.all(readings)).toEqual(['busy', 'busy', 'busy', 'busy'])
    expect(server.calls()).toBe(2)
  })

  test('fails for all where the request itself is at fault', async () => {
    const server = serverOf()
    const readings = ['msg_1', 'msg_2'].map(async (id) => failureOf(readAll(server.ask(id).stream)))
    await settle()
    server.latest().fail(new Failure('invalid_request_error', 'wrong'))
    expect(await Promise.all(readings)).toEqual(['wrong', 'wrong'])
    expect(server.calls()).toBe(1)
  })

  test('fails for all in its midst, as nobody can be told another one then', async () => {
    const server = serverOf()
    const streams = ['msg_1', 'msg_2'].map((id) => server.ask(id).stream)
    const beginnings = streams.map(async (stream) => stream.read())
    await settle()
    server.latest().say(START, ...REST.slice(0, 2))
    await Promise.all(beginnings)
    const ends = streams.map(async (stream) => failureOf(stream.read()))
    server.latest().fail(BUSY)
    expect(await Promise.all(ends)).toEqual(['busy', 'busy'])
    expect(server.calls()).toBe(1)
    expect((await server.cache.stats(undefined)).stored).toBe(0)
  })

  test('begins once for clients that had to be shown life', async () => {
    const server = serverOf()
    const streams = ['msg_1', 'msg_2', 'msg_3'].map((id) => server.ask(id).stream)
    const readings = streams.map(async (stream) => readAll(stream))
    await settle()
    const openings = streams.slice(0, 2).map((stream) => stream.open())
    server.open()
    const all = await Promise.all(readings)
    for (const [at, events] of all.entries()) {
      const seen = [...(openings[at] ?? []), ...events]
      expect(seen.filter(({ type }) => type === 'message_start')).toHaveLength(1)
      expect(foldEvents(seen)).toMatchObject({ id: `msg_${at + 1}`, content: WHOLE.content })
    }
  })

  test('begins once for a client that was shown life before the first one failed', async () => {
    const server = serverOf()
    const first = failureOf(readAll(server.ask('msg_1').stream))
    await settle()
    const second = server.ask('msg_2').stream
    const reading = readAll(second)
    await settle()
    const opening = second.open()
    server.latest().fail(BUSY)
    await first
    await settle()
    server.open()
    const events = [...opening, ...(await reading)]
    expect(events.filter(({ type }) => type === 'message_start')).toHaveLength(1)
    expect(foldEvents(events).content).toEqual(WHOLE.content)
  })
})

describe('only-if-cached', () => {
  const wish = readCacheControl('only-if-cached').wish

  test('asks nobody, not even for an answer that is on its way', async () => {
    const server = serverOf()
    expect(await failureOf(readAll(server.ask('msg_1', wish).stream))).toStartWith('only-if-cached: ')
    expect(server.calls()).toBe(0)
    const reading = readAll(server.ask('msg_2').stream)
    await settle()
    expect(await failureOf(readAll(server.ask('msg_3', wish).stream))).toStartWith('only-if-cached: ')
    server.open()
    await reading
    expect(foldEvents(await readAll(server.ask('msg_4', wish).stream)).content).toEqual(WHOLE.content)
    expect(server.calls()).toBe(1)
  })
})

describe('a client that asked for details', () => {
  const detailed = { ...WHOLE, openrouter: { provider: 'P', cost: 0.5, cost_details: { upstream: 0.4 } } }

  test('is told how the answer was come by, and that it has cost nothing', async () => {
    const server = serverOf(detailed)
    const readings = ['msg_1', 'msg_2'].map(async (id) => readAll(server.ask(id).stream))
    await settle()
    server.open()
    const [first, shared] = (await Promise.all(readings)).map((events) => foldEvents(events).openrouter)
    expect(first).toEqual(detailed.openrouter)
    expect(shared).toEqual({
      provider: 'P',
      cost: 0,
      response_cache: { status: 'shared', age: 0, saved_cost: 0.5 },
    })
    server.pass(2000)
    const again = await readAll(server.ask('msg_3').stream)
    expect(foldEvents(again).openrouter).toEqual({
      provider: 'P',
      cost: 0,
      response_cache: { status: 'hit', age: 2, saved_cost: 0.5 },
    })
    expect(again[0]).not.toHaveProperty('message.openrouter')
  })
})

describe('an answer is not remembered', () => {
  test.each([
    ['that was refused', messageOf('refusal', { type: 'text', text: 'no', citations: null })],
    ['that pauses', messageOf('pause_turn', { type: 'text', text: 'wait', citations: null })],
    ['that is empty', messageOf('end_turn')],
    [
      'in which the server used a tool',
      messageOf('end_turn', { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
    ],
  ])('%s', async (_what, message) => {
    const server = serverOf(message)
    const reading = readAll(server.ask('msg_1').stream)
    await settle()
    server.open()
    await reading
    expect((await server.cache.stats(undefined)).stored).toBe(0)
  })
})
