import type { Clock } from '../core/clock.ts'

/** A limit that was met. */
export interface LimitMet {
  readonly limit: number
  readonly windowMs: number
  readonly retryAfterMs: number
}

/** How often something may happen. */
export interface RateLimit {
  readonly limit: number
  readonly windowMs: number
}

export interface RateLimiter {
  /** Counts one run against all limits that hold for it, or none where one of them is met. */
  take(limits: ReadonlyArray<RateLimit & { readonly key: string }>): LimitMet | undefined
}

/** Keys that are remembered; the one silent for longest goes first. */
const MAX_KEYS = 10_000

/** Sliding windows in memory: exact, a number per run. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const windows = new Map<string, number[]>()
  const timesOf = (key: string, windowMs: number): number[] => {
    const since = clock.now() - windowMs
    const times = (windows.get(key) ?? []).filter((time) => time > since)
    windows.delete(key)
    windows.set(key, times)
    const [oldest] = windows.keys()
    if (windows.size > MAX_KEYS && oldest !== undefined) windows.delete(oldest)
    return times
  }
  return {
    take(limits) {
      const counted = limits.map((limit) => ({ ...limit, times: timesOf(limit.key, limit.windowMs) }))
      const met = counted.find(({ times, limit }) => times.length >= limit)
      if (met) {
        const { limit, windowMs } = met
        // The run that has to leave the window before there is room for one more.
        const blocking = met.times.at(-limit) ?? clock.now()
        return { limit, windowMs, retryAfterMs: Math.max(1, blocking + windowMs - clock.now()) }
      }
      for (const { times } of counted) times.push(clock.now())
      return undefined
    },
  }
}
