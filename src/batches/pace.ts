/** How fast one batch may ask, judged by what its upstream said of it. */
export interface Pace {
  /** Calls that may run at once. */
  readonly width: number
  /** No call may begin before. */
  readonly pausedUntilMs: number
  /** When the pause was called that is the last so far. */
  readonly pausedAtMs: number
  /** Refusals since the last success. */
  readonly strikes: number
}

const BASE_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
const MOST_DOUBLINGS = 6

export const fullPace = (width: number): Pace => ({
  width,
  pausedUntilMs: 0,
  pausedAtMs: -Infinity,
  strikes: 0,
})

/** What an upstream said that had no room. */
export interface Refusal {
  /** When the refused call began: calls that were under way together count as one. */
  readonly startedAtMs: number
  readonly nowMs: number
  /** How long the upstream asked to wait. */
  readonly retryAfterMs: number | undefined
  /** 0 … 1 */
  readonly random: number
}

/** Half as many at once, after a pause: as long as was asked for, and at random up to 1 s, 2 s, 4 s … 60 s. */
export function slowDown(pace: Pace, { startedAtMs, nowMs, retryAfterMs = 0, random }: Refusal): Pace {
  const isNews = startedAtMs >= pace.pausedAtMs
  const strikes = isNews ? pace.strikes + 1 : pace.strikes
  const doublings = Math.min(Math.max(strikes - 1, 0), MOST_DOUBLINGS)
  const jitterMs = random * Math.min(BASE_PAUSE_MS * 2 ** doublings, LONGEST_PAUSE_MS)
  const pauseMs = retryAfterMs + (isNews ? jitterMs : 0)
  return {
    width: isNews ? Math.max(1, Math.floor(pace.width / 2)) : pace.width,
    pausedUntilMs: Math.max(pace.pausedUntilMs, nowMs + pauseMs),
    pausedAtMs: isNews ? nowMs : pace.pausedAtMs,
    strikes,
  }
}

/** One more at once for every answer, up to `most`. */
export const speedUp = (pace: Pace, most: number): Pace =>
  pace.strikes === 0 && pace.width >= most
    ? pace
    : { ...pace, strikes: 0, width: Math.min(most, pace.width + 1) }

const RETRY_BASE_MS = 500

/** How long a request waits that failed for a reason of its own: at random up to 0.5 s, 1 s, 2 s … */
export const retryDelayMs = (failures: number, random: number): number =>
  random * Math.min(RETRY_BASE_MS * 2 ** failures, LONGEST_PAUSE_MS)
