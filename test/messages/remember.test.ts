import { describe, expect, test } from 'bun:test'

import { createCache } from '../../src/cache/cache.ts'
import { createMemoryTier } from '../../src/cache/memory.ts'
import type { RequestContext } from '../../src/core/context.ts'
import { Failure } from '../../src/core/errors.ts'
import { type CacheWish, NO_CACHE, readCacheControl } from '../../src/messages/cache-wish.ts'
import type { AnswerStream } from '../../src/messages/converse.ts'
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

/** A server with a cache and an upstream that counts; time stands where it is put. */
function serverOf(message = WHOLE) {
  let nowMs = 1000
  let calls = 0
  const clock = { now: () => nowMs, watch: () => quiet }
  const cache = createCache({
    tiers: [createMemoryTier({ maxBytes: 1e6, clock })],
    ttlMs: 10_000,
    salt: 's',
    clock,
  })
  const gates: Array<(failure?: Failure) => void> = []

  /** An upstream that says everything in one read, once its gate is opened. */
  const slow = (): AnswerStream => {
    calls++
    const { promise, resolve, reject } = Promise.withResolvers<readonly StreamEvent[]>()
    gates.push((failure) => (failure ? reject(failure) : resolve(unfoldMessage(message))))
    let told = false
    return {
      open: () => unfoldMessage(message).slice(0, 1),
      read: async () => {
        if (told) return undefined
        const events = await promise
        told = true
        return events
      },
      cancel: async () => reject(new Failure('api_error', 'cancelled')),
    }
  }
  const ask = (id: string, wish: CacheWish = readCacheControl(undefined)) => {
    const trace = createTrace(() => 0)
    const client = new AbortController()
    const context = { trace, signal: client.signal } as unknown as RequestContext
    const stream = answerOnce(
      {
        key: 'k',
        wish,
        model: 'a/b',
        label: { id, model: 'as-asked' },
        opening: () => unfoldMessage({ ...message, id }).slice(0, 1),
      },
      () => {
        trace.note('cost_usd', 0.5)
        return slow()
      },
      cache,
      clock,
      context,
    )
    return { stream, trace, client }
  }
  return {
    cache,
    ask,
    calls: () => calls,
    open: (failure?: Failure) => gates.shift()?.(failure),
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

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
    server.open()
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
    ['private', 1],
  ])('with cache-control %s takes %d calls for two questions', async (header, calls) => {
    const server = serverOf()
    const first = readAll(server.ask('msg_1').stream)
    await settle()
    server.open()
    await first
    server.pass(2000)
    const second = readAll(server.ask('msg_2', readCacheControl(header)).stream)
    await settle()
    server.open()
    await second
    expect(server.calls()).toBe(calls)
  })

  test('is not remembered for those who forbid it', async () => {
    const server = serverOf()
    const first = readAll(server.ask('msg_1', NO_CACHE).stream)
    await settle()
    server.open()
    await first
    expect((await server.cache.stats()).stored).toBe(0)
  })
})

describe('an answer that is being made', () => {
  test('is waited for by everyone who asks the same', async () => {
    const server = serverOf()
    const readings = ['msg_1', 'msg_2', 'msg_3'].map(async (id) => readAll(server.ask(id).stream))
    await settle()
    server.open()
    const messages = (await Promise.all(readings)).map((events) => foldEvents(events))
    expect(server.calls()).toBe(1)
    expect(messages.map(({ content }) => content)).toEqual([WHOLE.content, WHOLE.content, WHOLE.content])
    expect((await server.cache.stats()).coalesced).toBe(2)
  })

  test('is asked for by one of those who wait when it fails', async () => {
    const server = serverOf()
    const first = failureOf(readAll(server.ask('msg_1').stream))
    await settle()
    const others = ['msg_2', 'msg_3'].map(async (id) => readAll(server.ask(id).stream))
    await settle()
    server.open(new Failure('overloaded_error', 'busy'))
    expect(await first).toBe('busy')
    await settle()
    expect(server.calls()).toBe(2)
    server.open()
    expect((await Promise.all(others)).length).toBe(2)
    expect(server.calls()).toBe(2)
  })

  test('is asked for by another when its client hangs up', async () => {
    const server = serverOf()
    const first = server.ask('msg_1')
    const reading = failureOf(first.stream.read())
    await settle()
    const second = readAll(server.ask('msg_2').stream)
    await settle()
    await first.stream.cancel()
    await reading
    await settle()
    server.open()
    server.open()
    expect(foldEvents(await second).id).toBe('msg_first')
    expect(server.calls()).toBe(2)
  })

  test('is no longer waited for by a client that hangs up', async () => {
    const server = serverOf()
    const first = readAll(server.ask('msg_1').stream)
    await settle()
    const second = server.ask('msg_2')
    const waiting = failureOf(readAll(second.stream))
    await settle()
    second.client.abort()
    expect(await waiting).toBe('The client hung up.')
    server.open()
    expect((await first).length).toBeGreaterThan(0)
  })

  test('begins once for a client that had to be shown life', async () => {
    const server = serverOf()
    const first = readAll(server.ask('msg_1').stream)
    await settle()
    const second = server.ask('msg_2')
    const reading = readAll(second.stream)
    await settle()
    const opening = second.stream.open()
    server.open()
    await first
    const events = [...opening, ...(await reading)]
    expect(events.filter(({ type }) => type === 'message_start')).toHaveLength(1)
    expect(foldEvents(events).content).toEqual(WHOLE.content)
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
    expect((await server.cache.stats()).stored).toBe(0)
  })
})
