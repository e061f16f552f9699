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

const BY_FINISH: Readonly<Record<string, StopReason>> = {
  stop: 'end_turn',
  tool_calls: 'end_turn',
  function_call: 'end_turn',
  length: 'max_tokens',
  content_filter: 'refusal',
}

/** Providers' own words that say more than `finish_reason` does; compared in lower case. */
const BY_NATIVE: Readonly<Record<string, StopReason>> = {
  pause_turn: 'pause_turn',
  refusal: 'refusal',
  safety: 'refusal',
  recitation: 'refusal',
  prohibited_content: 'refusal',
  blocklist: 'refusal',
  spii: 'refusal',
  image_safety: 'refusal',
  model_context_window_exceeded: 'model_context_window_exceeded',
  stop_sequence: 'stop_sequence',
}

/** Providers' words for a turn that failed although the stream ended normally. */
export const isFailedTurn = (native: string | undefined): boolean =>
  native !== undefined && native.toLowerCase() === 'malformed_function_call'

/** finish_reason → stop_reason, and what belongs to it (openrouter §7.7). A tool call always means `tool_use`. */
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

function stopReason(ending: Ending): StopReason {
  if (ending.stopSequence !== undefined) return 'stop_sequence'
  const byFinish = BY_FINISH[ending.finish ?? 'stop'] ?? 'end_turn'
  const byNative = BY_NATIVE[ending.native?.toLowerCase() ?? '']
  if (byFinish === 'max_tokens') return byNative === 'model_context_window_exceeded' ? byNative : 'max_tokens'
  if (byFinish === 'refusal' || ending.refusal !== undefined) return 'refusal'
  if (ending.hasToolCall) return 'tool_use'
  return byNative ?? byFinish
}

/** The upstream strips the matched text, so only a single requested sequence is certain. */
const matchedSequence = ({ stopSequence, requestedStops }: Ending): string | null =>
  stopSequence ?? (requestedStops.length === 1 ? (requestedStops[0] ?? null) : null)
