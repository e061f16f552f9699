/** What one upstream call took, or what the cache saved in its place. */
export interface UsageEntry {
  readonly atMs: number
  /** The client's request; one request may need several calls. */
  readonly requestId: string
  /** The mark of the key that asked. */
  readonly owner: string
  /** Claude Code's session, or another client's name for a conversation. */
  readonly conversation: string | undefined
  /** Claude Code's sub-agent. */
  readonly agent: string | undefined
  /** The model in the client's words. */
  readonly asked: string
  /** The model that the upstream was asked for. */
  readonly model: string
  readonly upstream: string
  readonly inputTokens: number
  /** Of these, read from the prompt cache. */
  readonly cachedTokens: number
  /** Of these, written to the prompt cache. */
  readonly cacheWriteTokens: number
  readonly outputTokens: number
  /** US dollars. */
  readonly costUsd: number
  /** The upstream named no price, or broke off before it could: cost or counts are our own reckoning. */
  readonly isEstimate: boolean
  /** What an answer from the response cache would have cost. */
  readonly savedUsd: number
  /** `ok`, `error` (broken off), `cancelled` (the client hung up) or `cached`. */
  readonly outcome: 'ok' | 'error' | 'cancelled' | 'cached'
}
