import type { Clock } from '../../src/core/clock.ts'

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /** Lets time pass and tells everyone who watches. */
  readonly advance: (ms: number) => void
  readonly watchers: () => number
}

export function createTestClock(startMs = Date.UTC(2026, 10, 22, 12)): TestClock {
  let nowMs = startMs
  const watchers = new Set<(nowMs: number) => void>()
  return {
    now: () => nowMs,
    watch(tick) {
      watchers.add(tick)
      return () => watchers.delete(tick)
    },
    advance(ms) {
      nowMs += ms
      for (const tick of watchers) tick(nowMs)
    },
    watchers: () => watchers.size,
  }
}
