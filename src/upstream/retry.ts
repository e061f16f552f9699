import { Failure } from '../core/errors.ts'
import type { Batch, Upstream } from './upstream.ts'

export interface RetryOptions {
  /** Further tries after the first one. */
  readonly retries: number
  /** Waits; rejects when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** 0 … 1, for jitter. */
  readonly random: () => number
  readonly onRetry: (failure: Failure, attempt: number) => void
}

const BASE_DELAY_MS = 300

/** Half to all of 300 ms, 600 ms, 1200 ms …: spreads the tries of many requests that failed together. */
const retryDelayMs = (attempt: number, random: number): number =>
  BASE_DELAY_MS * 2 ** (attempt - 1) * (0.5 + random / 2)

/**
 * Tries again when the upstream fails before its first chunk. Never after it: the client has part of the answer
 * then. Rate limits are left to the client, who is told how long to wait.
 */
export const withRetries = <Item>(upstream: Upstream<Item>, options: RetryOptions): Upstream<Item> => ({
  stream(call, signal) {
    let stream = upstream.stream(call, signal)
    let begun = false

    const begin = async (): Promise<IteratorResult<Batch<Item>, undefined>> => {
      for (let attempt = 1; ; attempt++) {
        try {
          const first = await stream.next()
          begun = true
          return first
        } catch (error) {
          if (signal.aborted || attempt > options.retries || !isWorthATry(error)) throw error
          options.onRetry(error, attempt)
          await options.sleep(retryDelayMs(attempt, options.random()), signal)
          stream = upstream.stream(call, signal)
        }
      }
    }
    return {
      next: async () => (begun ? stream.next() : begin()),
      return: async () => stream.return(),
      [Symbol.asyncIterator]() {
        return this
      },
    }
  },
})

const isWorthATry = (error: unknown): error is Failure =>
  error instanceof Failure &&
  error.retryable &&
  error.kind !== 'rate_limit_error' &&
  error.kind !== 'timeout_error'
