import type { CachedAnswer } from '../cache/answer.ts'
import type { ResponseCache } from '../cache/cache.ts'
import { cacheKey } from '../cache/key.ts'
import type { Clock } from '../core/clock.ts'
import type { RequestContext } from '../core/context.ts'
import { begin, START } from '../translate/answer-state.ts'
import { foldEvents } from '../translate/fold.ts'
import { toPieces } from '../translate/pieces.ts'
import { unfoldMessage } from '../translate/unfold.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'
import { type CacheWish, readCacheControl } from './cache-wish.ts'
import type { AnswerStream } from './converse.ts'
import type { Prepared } from './convert.ts'
import type { PreparedRelay } from './relay.ts'

/** The question that a chat request asks, for one owner. */
export function chatQuestion(
  { body, terms, target }: Prepared,
  salt: string,
  { owner, protocol }: RequestContext,
): Question {
  const { family, stopSequences, toolNames, hideThinking, singleCall, asksContextEdits, details, usage } =
    terms
  const names = [...toolNames]
  const shape = { family, stopSequences, names, hideThinking, singleCall, asksContextEdits, details, usage }
  return {
    key: cacheKey({ owner, upstream: target.upstream, wire: target.wire, body, shape }, salt),
    wish: readCacheControl(protocol.cacheControl),
    model: target.model,
    label: { id: terms.id, model: terms.model },
    opening() {
      const out: StreamEvent[] = []
      begin(START, terms, out)
      return out
    },
  }
}

/** The question of a request that goes upstream as it is. */
export function relayedQuestion(
  { body, terms, target }: PreparedRelay,
  salt: string,
  { owner, protocol }: RequestContext,
): Question {
  const shape = { betas: protocol.betas, version: protocol.version }
  return {
    key: cacheKey({ owner, upstream: target.upstream, wire: target.wire, body, shape }, salt),
    wish: readCacheControl(protocol.cacheControl),
    model: target.model,
    label: { id: terms.id, model: terms.model },
    opening() {
      const out: StreamEvent[] = []
      begin(START, terms, out)
      return out
    },
  }
}

/** One question as the cache sees it. */
export interface Question {
  readonly key: string
  readonly wish: CacheWish
  /** The upstream's model. */
  readonly model: string
  /** What the client's message is called, whoever gave the answer first. */
  readonly label: Pick<MessageResponse, 'id' | 'model'>
  /** `message_start`, for a client that must see life while another one's answer is awaited. */
  readonly opening: () => readonly StreamEvent[]
}

/**
 * Answers from the cache, or from what another client is being told about the same question, or by asking; then the
 * finished answer is remembered.
 */
export function answerOnce(
  question: Question,
  ask: () => AnswerStream,
  cache: ResponseCache,
  clock: Clock,
  context: RequestContext,
  onHit: (answer: CachedAnswer) => void = () => {},
): AnswerStream {
  let source: AnswerStream | undefined
  let opened = false

  const replay = (answer: CachedAnswer, how: 'hit' | 'shared'): AnswerStream => {
    noteHit(answer, how, clock.now(), context)
    onHit(answer)
    const message = { ...answer.message, ...question.label }
    return streamOf(toPieces(unfoldMessage(message)), opened)
  }
  const find = async (): Promise<AnswerStream> => {
    const { key, wish } = question
    const endLookup = context.trace.open('cache')
    const known = wish.maxAgeMs > 0 ? await cache.find(key, wish.maxAgeMs) : undefined
    if (known) {
      endLookup('ok')
      return replay(known, 'hit')
    }
    for (let flight = cache.flight(key); flight && wish.maxAgeMs > 0; flight = cache.flight(key)) {
      const landed = await untilAborted(flight.answer, context.signal)
      if (!landed) continue
      endLookup('ok')
      cache.countCoalesced(landed)
      return replay(landed, 'shared')
    }
    endLookup('ok')
    noteResult('miss', context)
    const stream = ask()
    // The client has its `message_start` already; this one's must not follow it.
    if (opened) stream.open()
    return wish.store ? remembered(stream, question, cache, clock, context) : stream
  }

  return {
    open() {
      opened = true
      return source ? source.open() : question.opening()
    },
    async read() {
      return (source ??= await find()).read()
    },
    async cancel() {
      await source?.cancel()
    },
  }
}

/** The flight's answer, unless the client hangs up before. */
async function untilAborted<Value>(landing: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(new DOMException('The client hung up.', 'AbortError'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([landing, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function noteHit(answer: CachedAnswer, how: 'hit' | 'shared', nowMs: number, context: RequestContext): void {
  const { trace } = context
  noteResult(how, context)
  trace.note('cache_age_s', Math.max(0, Math.floor((nowMs - answer.storedAtMs) / 1000)))
  trace.note('cache_saved_usd', answer.costUsd)
  trace.note('cost_usd', 0)
}

function noteResult(result: 'hit' | 'shared' | 'miss', { trace }: RequestContext): void {
  trace.note('cache', result)
  trace.describe('cache', 'result', result)
}

/** Events that are there already, all in one read. */
function streamOf(events: readonly StreamEvent[], opened: boolean): AnswerStream {
  let rest: readonly StreamEvent[] | undefined = opened ? events.slice(1) : events
  return {
    open: () => {
      const [start, ...others] = rest ?? []
      rest = others
      return start ? [start] : []
    },
    read: async () => {
      const all = rest
      rest = undefined
      return all
    },
    cancel: async () => {
      rest = undefined
    },
  }
}

/** The same stream; its answer is stored when it has come to a good end, and given to those who wait for it. */
function remembered(
  stream: AnswerStream,
  question: Question,
  cache: ResponseCache,
  clock: Clock,
  context: RequestContext,
): AnswerStream {
  const land = cache.takeOff(question.key)
  const seen: StreamEvent[] = []
  return {
    open() {
      const events = stream.open()
      seen.push(...events)
      return events
    },
    async read() {
      try {
        const events = await stream.read()
        if (events) seen.push(...events)
        else await keep()
        return events
      } catch (error) {
        land(undefined)
        throw error
      }
    },
    async cancel() {
      land(undefined)
      await stream.cancel()
    },
  }

  async function keep(): Promise<void> {
    const answer = toAnswer(foldEvents(seen))
    if (answer) await cache.store(question.key, answer)
    land(answer)
  }

  function toAnswer(message: MessageResponse): CachedAnswer | undefined {
    if (!isWorthKeeping(message)) return undefined
    const storedAtMs = clock.now()
    const cost = context.trace.noted('cost_usd')
    return {
      message,
      model: question.model,
      storedAtMs,
      expiresAtMs: storedAtMs + cache.ttlMs,
      costUsd: typeof cost === 'number' ? cost : 0,
    }
  }
}

const GOOD_ENDS: ReadonlySet<string | null> = new Set(['end_turn', 'stop_sequence', 'tool_use', 'max_tokens'])

/** Only complete answers, and none that a tool of the server had a part in: it may have changed something. */
const isWorthKeeping = ({ stop_reason, content }: MessageResponse): boolean =>
  GOOD_ENDS.has(stop_reason) &&
  content.length > 0 &&
  content.every(({ type }) => !/^server_tool_use$|^mcp_tool_use$|_tool_result$/.test(type))
