import { Failure } from '../../core/errors.ts'
import type { StreamEvent } from '../../wire/anthropic/events.ts'
import type { RelayedEvent, RelayedMessage, RelayedUsage } from '../../wire/anthropic/relayed.ts'
import type { MessageResponse } from '../../wire/anthropic/response.ts'
import { begin, START } from '../answer-state.ts'
import type { Machine } from '../machine.ts'
import type { AnswerTerms } from '../terms.ts'
import { unfoldMessage } from '../unfold.ts'
import { estimatedUsage } from '../usage.ts'

export type RelayTerms = Pick<AnswerTerms, 'id' | 'model' | 'inputTokens'>

/** A relayed answer on its way. */
export interface RelayState {
  /** `message_start` is out. */
  readonly begun: boolean
  /** It was our own, as the upstream kept silent too long: what its own tells of usage is missing. */
  readonly isOwnStart: boolean
  /** The upstream's id of the answer. */
  readonly upstreamId: string | undefined
  readonly provider: string | undefined
  /** All that was told of usage so far. */
  readonly usage: RelayedUsage | undefined
  /** `message_delta` is out: how the answer ended, and what it took. */
  readonly concluded: boolean
  /** `message_stop` is out. */
  readonly ended: boolean
}

const UNBEGUN: RelayState = {
  begun: false,
  isOwnStart: false,
  upstreamId: undefined,
  provider: undefined,
  usage: undefined,
  concluded: false,
  ended: false,
}

/**
 * Anthropic events in, the same events out: known, unknown and to the last field, but with the model's name as the
 * client knows it and without pings, which are the server's own affair. A whole message becomes its events. Throws a
 * `Failure` where the upstream broke off.
 */
export const relayMachine = (terms: RelayTerms): Machine<RelayState, RelayedEvent, StreamEvent> => ({
  start: () => UNBEGUN,
  step: (state, event, out) => (state.ended ? state : onEvent(state, event, terms, out)),
  end(state) {
    if (!state.ended) throw broken('ended the stream early')
  },
})

const broken = (what: string): Failure => new Failure('api_error', `the upstream ${what}`, { status: 502 })

/** `message_start` for a stream that must show life before the upstream has said anything. Idempotent. */
export function openRelay(state: RelayState, terms: RelayTerms, out: StreamEvent[]): RelayState {
  if (state.begun) return state
  begin(START, terms, out)
  return { ...state, begun: true, isOwnStart: true }
}

function onEvent(state: RelayState, event: RelayedEvent, terms: RelayTerms, out: StreamEvent[]): RelayState {
  switch (event.type) {
    case 'message_start':
      return onStart(state, event, terms, out)
    case 'message_delta':
      return onEnd(openRelay(state, terms, out), event, terms, out)
    case 'message_stop':
      if (!state.concluded) throw broken('ended the stream without a message_delta')
      out.push(event as unknown as StreamEvent)
      return { ...state, ended: true }
    case 'message':
      return onWhole(state, event, terms, out)
    case 'ping':
    case '[DONE]':
      return state
    default: {
      checkParts(event)
      const ready = state.begun ? state : openRelay(state, terms, out)
      out.push(event as unknown as StreamEvent)
      return ready
    }
  }
}

/** What an event must hold; whoever reads it, here or in a client, relies on it. */
const PARTS: Readonly<Record<string, string>> = {
  content_block_start: 'content_block',
  content_block_delta: 'delta',
  message_delta: 'delta',
}

function checkParts(event: RelayedEvent): void {
  const part = Object.hasOwn(PARTS, event.type) ? PARTS[event.type] : undefined
  if (part !== undefined && !isObject(event[part])) throw broken(`sent a ${event.type} without its ${part}`)
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

function onStart(before: RelayState, event: RelayedEvent, terms: RelayTerms, out: StreamEvent[]): RelayState {
  const message = event.message ?? {}
  const state = {
    ...before,
    begun: true,
    upstreamId: message.id ?? before.upstreamId,
    provider: message.provider ?? event.provider ?? before.provider,
    usage: message.usage ?? before.usage,
  }
  if (!before.begun)
    out.push({ ...event, message: { ...message, model: terms.model } } as unknown as StreamEvent)
  return state
}

/** Clients read the usage of every `message_delta` (Anthropic API, 4.3). */
function onEnd(before: RelayState, event: RelayedEvent, terms: RelayTerms, out: StreamEvent[]): RelayState {
  checkParts(event)
  const usage = withUsage(before.usage, event.usage)
  const isComplete = event.usage && !before.isOwnStart
  const told = isComplete ? event : { ...event, usage: usage ?? estimatedUsage(terms.inputTokens, 0) }
  out.push(told as unknown as StreamEvent)
  return { ...before, usage, provider: event.provider ?? before.provider, concluded: true }
}

/** Totals, each replaced by what comes later. */
const withUsage = (
  before: RelayedUsage | undefined,
  after: RelayedUsage | null | undefined,
): RelayedUsage | undefined => {
  if (!before || !after) return after ?? before
  const told = Object.entries(after).filter(([, value]) => value !== null && value !== undefined)
  return { ...before, ...Object.fromEntries(told) }
}

function onWhole(
  state: RelayState,
  message: RelayedMessage,
  terms: RelayTerms,
  out: StreamEvent[],
): RelayState {
  const { content } = message
  if (!Array.isArray(content) || !content.every(isObject)) throw broken('sent a message without its content')
  return unfoldMessage(message as unknown as MessageResponse).reduce(
    (known, event) => onEvent(known, event as unknown as RelayedEvent, terms, out),
    state,
  )
}

/** The whole prompt in tokens, cached or not; undefined where the upstream does not tell. */
export function promptTokensOf(usage: RelayedUsage | undefined): number | undefined {
  const counts = [usage?.input_tokens, usage?.cache_creation_input_tokens, usage?.cache_read_input_tokens]
  const known = counts.filter((count): count is number => typeof count === 'number')
  return known.length > 0 ? known.reduce((total, count) => total + count, 0) : undefined
}
