import type { MessageResponse } from '../wire/anthropic/response.ts'

/** A finished answer as it is remembered. */
export interface CachedAnswer {
  readonly message: MessageResponse
  /** Whose it is. */
  readonly owner: string
  /** The upstream's model that gave it. */
  readonly model: string
  readonly storedAtMs: number
  readonly expiresAtMs: number
  /** What another call would have cost; 0 where the upstream did not say. */
  readonly costUsd: number
}

/** What an answer's tokens were, in and out, cached ones included. */
export function tokensOf({ message: { usage } }: CachedAnswer): number {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage
  return input_tokens + output_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0)
}
