import type { ChatError, Chunk } from './chunk.ts'

/** A batch of OpenRouter's Batch API (openrouter §1.4), as far as it is read here; every field may be missing. */
export interface RemoteBatch {
  readonly id?: string | null
  /** validating, in_progress, finalizing, cancelling; then completed, failed, expired or cancelled. */
  readonly status?: string | null
  readonly error?: ChatError | null
  /** Only there at the end. */
  readonly results?: ReadonlyArray<RemoteResult | null> | null
}

/** What became of one request: a response or an error. */
export interface RemoteResult {
  readonly custom_id?: string | null
  readonly response?: { readonly status_code?: number | null; readonly body?: Chunk | null } | null
  readonly error?: ChatError | null
}
