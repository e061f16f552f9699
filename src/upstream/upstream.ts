import type { Chunk } from '../wire/openrouter/chunk.ts'

/** What chat completions send, piece by piece. */
export type ChatItem = Chunk | '[DONE]'

/** What one network read brought. */
export type Batch<Item = ChatItem> = readonly Item[]

/** One request, ready to be sent. */
export interface UpstreamCall {
  /** The model as the client named it, for error messages. */
  readonly model: string
  /** The model as the upstream knows it; what one model does is not held against another. */
  readonly upstreamModel?: string
  /** Whether the body asks for a stream. */
  readonly stream: boolean
  /** The JSON text. */
  readonly body: string
  /** Extra request headers, e.g. `x-anthropic-beta`. */
  readonly headers: Readonly<Record<string, string>>
  /** Told how often it has been tried again. */
  readonly onRetry?: (retries: number) => void
}

/** An answer as it is read: one batch a network read. Giving it up with `return` stops the upstream's work at once. */
export interface BatchStream<Item = ChatItem> extends AsyncIterableIterator<Batch<Item>, undefined> {
  next(): Promise<IteratorResult<Batch<Item>, undefined>>
  return(): Promise<IteratorResult<Batch<Item>, undefined>>
}

/** Where the answers come from: from chat completions, unless `Item` says otherwise. */
export interface Upstream<Item = ChatItem> {
  /**
   * Sends one request, at the first `next`. Throws a `Failure` for whatever the upstream refuses or breaks, also
   * in the middle. Ends when `signal` fires.
   */
  stream(call: UpstreamCall, signal: AbortSignal): BatchStream<Item>
}
