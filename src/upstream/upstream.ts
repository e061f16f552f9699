import type { Chunk } from '../wire/openrouter/chunk.ts'

/** What one network read brought. */
export type Batch = ReadonlyArray<Chunk | '[DONE]'>

/** One chat request, ready to be sent. */
export interface UpstreamCall {
  /** The model as the client named it, for error messages. */
  readonly model: string
  /** Whether the body asks for a stream. */
  readonly stream: boolean
  /** The JSON text. */
  readonly body: string
  /** Extra request headers, e.g. `x-anthropic-beta`. */
  readonly headers: Readonly<Record<string, string>>
}

/** An answer as it is read: one batch a network read. Giving it up with `return` stops the upstream's work at once. */
export interface BatchStream extends AsyncIterableIterator<Batch, undefined> {
  next(): Promise<IteratorResult<Batch, undefined>>
  return(): Promise<IteratorResult<Batch, undefined>>
}

/** Where the answers come from. */
export interface Upstream {
  /**
   * Sends one chat request, at the first `next`. Throws a `Failure` for whatever the upstream refuses or breaks, also
   * in the middle. Ends when `signal` fires.
   */
  stream(call: UpstreamCall, signal: AbortSignal): BatchStream
}
