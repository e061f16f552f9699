import type { ChatError } from '../openrouter/chunk.ts'

/**
 * What we read of an answer that is relayed: an event of a stream, or a whole message. Everything may be missing, and
 * what is not named here is carried along: types for reading, never a gate.
 */
export interface RelayedEvent {
  readonly type: string
  readonly error?: ChatError | string | null
  /** In `message_start`. */
  readonly message?: RelayedMessage | null
  /** In `message_delta`, and in a whole message. */
  readonly usage?: RelayedUsage | null
  /** OpenRouter's, as are `cost` and the message's `provider`. */
  readonly provider?: string | null
  readonly [field: string]: unknown
}

export interface RelayedMessage {
  readonly id?: string | null
  readonly model?: string | null
  readonly usage?: RelayedUsage | null
  readonly provider?: string | null
  readonly [field: string]: unknown
}

/** `input_tokens` is what neither came from a cache nor went into one. */
export interface RelayedUsage {
  readonly input_tokens?: number | null
  readonly cache_creation_input_tokens?: number | null
  readonly cache_read_input_tokens?: number | null
  readonly output_tokens?: number | null
  /** USD. */
  readonly cost?: number | null
  readonly [field: string]: unknown
}
