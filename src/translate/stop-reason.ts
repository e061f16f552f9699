import type { MessageDelta } from '../wire/anthropic/events.ts'
import type { StopReason } from '../wire/anthropic/response.ts'

/** How an answer ended, as far as the upstream told. */
export interface Ending {
  readonly finish: string | undefined
  readonly native: string | undefined
  readonly hasToolCall: boolean
  /** The text that the model gave as its refusal. */
  readonly refusal: string | undefined
  /** The stop sequence that our own scan found. */
  readonly stopSequence: string | undefined
  readonly requestedStops: readonly string[]
}

/** Every other `finish_reason` means that the answer simply ended. */
const BY_FINISH: ReadonlyMap<string | undefined, StopReason> = new Map([
  ['length', 'max_tokens'],
  ['content_filter', 'refusal'],
])

/** Providers' own words that say more than `finish_reason` does, in lower case; all others are ignored. */
const BY_NATIVE: ReadonlyMap<string | undefined, StopReason> = new Map([
  ['pause_turn', 'pause_turn'],
  ['refusal', 'refusal'],
  ['safety', 'refusal'],
  ['recitation', 'refusal'],
  ['prohibited_content', 'refusal'],
  ['blocklist', 'refusal'],
  ['spii', 'refusal'],
  ['image_safety', 'refusal'],
  ['model_context_window_exceeded', 'model_context_window_exceeded'],
  ['stop_sequence', 'stop_sequence'],
])

/** finish_reason → stop_reason, and what belongs to it (openrouter §7.7). */
export function toMessageDelta(ending: Ending): MessageDelta {
  const stop_reason = stopReason(ending)
  return {
    stop_reason,
    stop_sequence: stop_reason === 'stop_sequence' ? matchedSequence(ending) : null,
    stop_details:
      stop_reason === 'refusal'
        ? { type: 'refusal', category: null, explanation: ending.refusal ?? null }
        : null,
    container: null,
  }
}

/** A tool call means `tool_use`, whatever the upstream calls it, unless the answer was cut off or refused. */
function stopReason(ending: Ending): StopReason {
  const { finish, native } = ending
  const byFinish = BY_FINISH.get(finish)
  const byNative = BY_NATIVE.get(native?.toLowerCase())
  if (ending.stopSequence !== undefined) return ending.hasToolCall ? 'tool_use' : 'stop_sequence'
  if (byFinish === 'max_tokens') return byNative === 'model_context_window_exceeded' ? byNative : byFinish
  if (byFinish === 'refusal' || byNative === 'refusal' || ending.refusal !== undefined) return 'refusal'
  if (ending.hasToolCall) return 'tool_use'
  // Nobody asked for one: some provider's own.
  if (byNative === 'stop_sequence' && ending.requestedStops.length === 0) return 'end_turn'
  return byNative ?? 'end_turn'
}

/** The upstream strips the matched text, so only a single requested sequence is certain. */
const matchedSequence = ({ stopSequence, requestedStops }: Ending): string | null =>
  stopSequence ?? (requestedStops.length === 1 ? (requestedStops[0] ?? null) : null)
