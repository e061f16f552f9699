import { type CachedAnswer, tokensOf } from '../cache/answer.ts'
import { cacheKey } from '../cache/key.ts'
import type { RequestContext } from '../core/context.ts'
import { Failure } from '../core/errors.ts'
import { begin, START } from '../translate/answer-state.ts'
import { foldEvents } from '../translate/fold.ts'
import { toPieces } from '../translate/pieces.ts'
import { unfoldMessage } from '../translate/unfold.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'
import type { ResponseCacheMark } from '../wire/server/cache.ts'
import type { CacheWish } from './cache-wish.ts'
import type { AnswerStream } from './converse.ts'
import type { Prepared } from './convert.ts'
import { type Passage, takeOff } from './flight.ts'
import type { PreparedRelay } from './relay.ts'
import type { Services } from './services.ts'

/** One question as the cache sees it. */
export interface Question {
  readonly key: string
  /** The upstream's model. */
  readonly model: string
  /** What the client's message is called, whoever gave the answer first. */
  readonly label: Pick<MessageResponse, 'id' | 'model'>
  /** `message_start`, for a client that must see life while the cache is looked into. */
  readonly opening: () => readonly StreamEvent[]
}

/**
 * The question that a chat request asks, for one owner. All that shapes its answer counts, but not what the answer is
 * called, what was guessed of its prompt, and what the conversation, which counts itself, holds.
 */
export function chatQuestion(prepared: Prepared, salt: string, { owner }: RequestContext): Question {
  const {
    id: _id,
    model: _model,
    inputTokens: _guess,
    takenToolIds: _taken,
    toolNames,
    toolInputs,
    ...shape
  } = prepared.terms
  return toQuestion(prepared, { ...shape, names: [...toolNames], inputs: [...toolInputs] }, salt, owner)
}

/** The question of a request that goes upstream as it is. */
export function relayedQuestion(
  prepared: PreparedRelay,
  salt: string,
  { owner, protocol }: RequestContext,
): Question {
  return toQuestion(prepared, { betas: protocol.betas, version: protocol.version }, salt, owner)
}

function toQuestion(
  { body, terms, target }: Prepared | PreparedRelay,
  shape: unknown,
  salt: string,
  owner: string,
): Question {
  return {
    key: cacheKey({ owner, upstream: target.upstream, wire: target.wire, body, shape }, salt),
    model: target.model,
    label: { id: terms.id, model: terms.model },
    opening() {
      const out: StreamEvent[] = []
      begin(START, terms, out)
      return out
    },
  }
}

type Remembering = Pick<Services, 'clock' | 'flights'> & { readonly cache: NonNullable<Services['cache']> }

interface Asking {
  readonly ask: (context: RequestContext) => AnswerStream
  /** Hears of an answer that this request did not have to ask for. */
  readonly onSaved: (answer: CachedAnswer) => void
}

/**
 * Answers from the cache, or from what another client is being told about the same question, or by asking; then the
 * finished answer is remembered.
 */
export function answerOnce(
  question: Question,
  wish: CacheWish,
  { ask, onSaved }: Asking,
  { cache, flights, clock }: Remembering,
  context: RequestContext,
): AnswerStream {
  const { key, label } = question
  const { trace } = context
  let source: AnswerStream | undefined
  /** The client has its `message_start`, and no other one may follow. */
  let opened = false
  /** It has more than that, so that no other answer may follow. */
  let begun = false
  let secondChance = false
  let cancelled = false

  const replay = (answer: CachedAnswer): AnswerStream => {
    const age = Math.max(0, Math.floor((clock.now() - answer.storedAtMs) / 1000))
    noteResult('hit', context)
    trace.note('cache_age_s', age)
    noteSavings(answer, context)
    onSaved(answer)
    const events = toPieces(unfoldMessage(answer.message))
    return streamOf(relabel(events, label, { status: 'hit', age }))
  }
  const readAlong = (passage: Passage): AnswerStream => ({
    open: () => relabel(passage.open(), label),
    async read() {
      const events = await passage.read()
      if (events) return relabel(events, label, passage.pays() ? undefined : SHARED)
      const answer = passage.landed()
      if (answer && !passage.pays()) {
        noteSavings(answer, context)
        cache.countCoalesced(answer)
        onSaved(answer)
      }
      return undefined
    },
    cancel: async () => passage.cancel(),
  })
  const find = async (): Promise<AnswerStream> => {
    const before = flights.get(key)
    const endStep = trace.open('cache')
    const known = wish.maxAgeMs > 0 ? await cache.find(key, context.owner, wish.maxAgeMs) : undefined
    endStep('ok')
    if (known) return replay(known)
    if (wish.onlyIfCached) throw notCached()
    // One that landed while the cache was looked into has it all the same.
    const flight = wish.maxAgeMs > 0 ? (flights.get(key) ?? before) : undefined
    if (flight) {
      noteResult('shared', context)
      trace.note('cost_usd', 0)
      secondChance = true
      return readAlong(flight.board(context))
    }
    noteResult('miss', context)
    if (!wish.store) return ask(context)
    return readAlong(takeOff(key, { ask, land }, flights, context).board(context))
  }
  const land = async (
    events: readonly StreamEvent[],
    payer: RequestContext,
  ): Promise<CachedAnswer | undefined> => {
    const message = foldEvents(events)
    if (!isWorthKeeping(message)) return undefined
    const storedAtMs = clock.now()
    const cost = payer.trace.noted('cost_usd')
    const answer: CachedAnswer = {
      message,
      owner: context.owner,
      model: question.model,
      storedAtMs,
      expiresAtMs: storedAtMs + cache.ttlMs,
      costUsd: typeof cost === 'number' ? cost : 0,
    }
    await cache.store(key, answer)
    return answer
  }
  const settle = async (): Promise<AnswerStream> => {
    const found = await find()
    if (cancelled) await found.cancel()
    if (opened) found.open()
    return found
  }
  const readOn = async (stream: AnswerStream): Promise<readonly StreamEvent[] | undefined> => {
    const events = await stream.read()
    opened ||= events?.some(isStart) ?? false
    begun ||= events?.some((event) => !isStart(event)) ?? true
    return events
  }

  return {
    open() {
      const isFirst = !opened
      opened = true
      if (!isFirst) return []
      return source ? source.open() : question.opening()
    },
    async read() {
      source ??= await settle()
      try {
        return await readOn(source)
      } catch (error) {
        // What went wrong for the one who asked need not go wrong again; but not everybody may find that out alone.
        if (begun || !secondChance || !isPassing(error)) throw error
        source = await settle()
        secondChance = false
        return readOn(source)
      }
    },
    async cancel() {
      cancelled = true
      await source?.cancel()
    },
  }
}

const isStart = ({ type }: StreamEvent): boolean => type === 'message_start'

const isPassing = (error: unknown): boolean => error instanceof Failure && error.retryable

/** RFC 9111, 5.2.1.7. */
export const notCached = (): Failure =>
  new Failure('timeout_error', 'only-if-cached: this request has no stored answer; ask without it', {
    retryable: false,
    details: { error_code: 'response_not_cached' },
  })

function noteResult(result: 'hit' | 'shared' | 'miss', { trace }: RequestContext): void {
  trace.note('cache', result)
  trace.describe('cache', 'result', result)
}

/** What another call would have taken. None of it was used now, so nothing counts it as used. */
function noteSavings(answer: CachedAnswer, { trace }: RequestContext): void {
  const { output_tokens } = answer.message.usage
  trace.note('cost_usd', 0)
  trace.note('cache_saved_usd', answer.costUsd)
  trace.note('cache_saved_input_tokens', tokensOf(answer) - output_tokens)
  trace.note('cache_saved_output_tokens', output_tokens)
}

/** How an answer was come by; its own end tells what it has cost. */
type Origin = Pick<ResponseCacheMark, 'status' | 'age'>

const SHARED: Origin = { status: 'shared', age: 0 }

/** The same events under the client's own names; where it asked for details, with how they were come by. */
function relabel(
  events: readonly StreamEvent[],
  label: Question['label'],
  origin?: Origin,
): readonly StreamEvent[] {
  if (!events.some(({ type }) => type === 'message_start' || type === 'message_delta')) return events
  return events.map((event) => {
    if (event.type === 'message_start') return { ...event, message: { ...event.message, ...label } }
    if (event.type !== 'message_delta' || !event.openrouter || !origin) return event
    const { cost = 0, cost_details: _spent, ...details } = event.openrouter
    return { ...event, openrouter: { ...details, cost: 0, response_cache: { ...origin, saved_cost: cost } } }
  })
}

/** Events that are there already, all in one read. */
function streamOf(events: readonly StreamEvent[]): AnswerStream {
  let rest: readonly StreamEvent[] | undefined = events
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

const GOOD_ENDS: ReadonlySet<string | null> = new Set(['end_turn', 'stop_sequence', 'tool_use', 'max_tokens'])

/** Only complete answers, and none that a tool of the server had a part in: it may have changed something. */
const isWorthKeeping = ({ stop_reason, content, usage }: MessageResponse): boolean =>
  GOOD_ENDS.has(stop_reason) &&
  content.length > 0 &&
  content.every(({ type }) => !/^server_tool_use$|^mcp_tool_use$|_tool_result$/.test(type)) &&
  !Object.values(usage.server_tool_use ?? {}).some((count) => Number(count) > 0)
