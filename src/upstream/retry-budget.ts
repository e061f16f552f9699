import type { Clock } from '../core/clock.ts'
import { createWindow } from './window.ts'

/** Bounds the retries of one upstream to a part of its calls, so that they cannot keep it down. */
export interface RetryBudget {
  /** A call is made. */
  call(): void
  /** Whether one more retry may be made; if so, it is counted. */
  spend(): boolean
  stats(): RetryStats
}

export interface RetryStats {
  readonly calls: number
  readonly retries: number
  /** Retries that the budget did not allow. */
  readonly refused: number
}

/** The budgets of all upstreams, by their names. */
export interface RetryBudgets {
  of(upstream: string): RetryBudget
  configure(percent: number): void
  stats(): Readonly<Record<string, RetryStats>>
}

const WINDOW_MS = 10_000
/** Where there are few calls, a part of them would be none. */
const ALWAYS_ALLOWED = 3

export function createRetryBudgets(start: number, clock: Clock): RetryBudgets {
  let percent = start
  const budgets = new Map<string, RetryBudget>()
  return {
    of(upstream) {
      const budget = budgets.get(upstream) ?? createRetryBudget(clock, () => percent)
      budgets.set(upstream, budget)
      return budget
    },
    configure(next) {
      percent = next
    },
    stats: () => Object.fromEntries([...budgets].map(([name, budget]) => [name, budget.stats()])),
  }
}

function createRetryBudget(clock: Clock, percent: () => number): RetryBudget {
  const window = createWindow(WINDOW_MS)
  const counts = { calls: 0, retries: 0, refused: 0 }
  return {
    call() {
      counts.calls++
      window.add('good', clock.now())
    },
    spend() {
      const nowMs = clock.now()
      const { good: calls, bad: retries } = window.sums(nowMs)
      if (retries >= Math.max(ALWAYS_ALLOWED, (calls * percent()) / 100)) {
        counts.refused++
        return false
      }
      counts.retries++
      window.add('bad', nowMs)
      return true
    },
    stats: () => ({ ...counts }),
  }
}
