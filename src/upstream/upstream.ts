import type { Chunk } from '../wire/openrouter/chunk.ts'

/** What one network read brought. */
export type Batch = ReadonlyArray<Chunk | '[DONE]'>

/** One chat request, ready to be sent. */
export interface UpstreamCall {
  /** The model's slug, for error messages. */
  readonly model: string
  /** Whether the body asks for a stream. */
  readonly stream: boolean
  /** The JSON text. */
  readonly body: string
  /** Extra request headers, e.g. `x-anthropic-beta`. */
  readonly headers: Readonly<Record<string, string>>
}

/** Where the answers come from. */
export interface Upstream {
  /**
   * Sends one chat request and yields its chunks, one batch a network read. Throws a `Failure` for whatever the
   * upstream refuses or breaks, also in the middle. Stops the upstream's work when `signal` fires or the iteration
   * is given up.
   */
  stream(call: UpstreamCall, signal: AbortSignal): AsyncGenerator<Batch>
}
