import { Failure } from '../core/errors.ts'
import { FirstRead } from './first-read.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Upstream } from './upstream.ts'

export interface RetryOptions {
  /** Further tries after the first one. */
  readonly retries: number
  /** Waits; rejects when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** 0 … 1, for jitter. */
  readonly random: () => number
  readonly onRetry: (failure: Failure, attempt: number) => void
  /** Shared by all calls of an upstream; without one, retries are not bounded. */
  readonly budget?: RetryBudget
}

const BASE_DELAY_MS = 300
const MAX_DELAY_MS = 10_000
/** Longer, and the failure could not be told as a status any more; the client can wait as well. */
const MAX_RETRY_AFTER_MS = 2000

/**
 * Anything up to 300 ms, 600 ms, 1200 ms …: spreads the tries of many requests that failed together as far as it goes.
 * An upstream that names a time is given it.
 */
function retryDelayMs(attempt: number, random: number, retryAfterMs: number | undefined): number {
  const backoffMs = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempt - 1)) * random
  return retryAfterMs === undefined ? backoffMs : retryAfterMs + backoffMs
}

/**
 * Tries again when the upstream fails before its first chunk. Never after it: the client has part of the answer
 * then. Rate limits are left to the client, who is told how long to wait; and so are other failures for which the
 * upstream names a long time.
 */
export const withRetries = <Item>(upstream: Upstream<Item>, options: RetryOptions): Upstream<Item> => ({
  stream: (call, signal) =>
    new FirstRead(upstream.stream(call, signal), async (attempt) => {
      options.budget?.call()
      for (let nth = 1; ; nth++) {
        try {
          return await attempt.stream.next()
        } catch (error) {
          if (signal.aborted || nth > options.retries || !isWorthATry(error)) throw error
          if (options.budget?.spend() === false) throw error
          options.onRetry(error, nth)
          call.onRetry?.(nth)
          await options.sleep(retryDelayMs(nth, options.random(), error.retryAfterMs), signal)
          attempt.stream = upstream.stream(call, signal)
        }
      }
    }),
})

const isWorthATry = (error: unknown): error is Failure =>
  error instanceof Failure &&
  error.retryable &&
  error.kind !== 'rate_limit_error' &&
  error.kind !== 'timeout_error' &&
  (error.retryAfterMs ?? 0) <= MAX_RETRY_AFTER_MS
