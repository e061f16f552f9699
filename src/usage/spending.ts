import { dayOf } from './tables.ts'

/** Money spent since the beginning of the day and of the month, in UTC. */
export interface Spent {
  readonly dayUsd: number
  readonly monthUsd: number
}

/** Adds up what each owner spends, in memory: budgets are asked about with every request. */
export interface Spending {
  add(owner: string, day: string, costUsd: number): void
  /** What one owner has spent, or all of them. */
  of(owner: string | undefined, nowMs: number): Spent
}

const monthOf = (day: string): string => day.slice(0, 'YYYY-MM'.length)

interface Sums {
  day: string
  dayUsd: number
  month: string
  monthUsd: number
}

/** Stands for all owners together; no mark of a key looks like it. */
const ALL = '*'
const NOTHING: Spent = { dayUsd: 0, monthUsd: 0 }

export function createSpending(): Spending {
  const byOwner = new Map<string, Sums>()
  const addTo = (owner: string, day: string, costUsd: number): void => {
    const month = monthOf(day)
    const sums = byOwner.get(owner) ?? { day, dayUsd: 0, month, monthUsd: 0 }
    byOwner.set(owner, sums)
    if (month > sums.month) Object.assign(sums, { month, monthUsd: 0 })
    if (day > sums.day) Object.assign(sums, { day, dayUsd: 0 })
    if (month === sums.month) sums.monthUsd += costUsd
    if (day === sums.day) sums.dayUsd += costUsd
  }
  return {
    add(owner, day, costUsd) {
      addTo(owner, day, costUsd)
      addTo(ALL, day, costUsd)
    },
    of(owner, nowMs) {
      const sums = byOwner.get(owner ?? ALL)
      if (!sums) return NOTHING
      const day = dayOf(nowMs)
      return {
        dayUsd: sums.day === day ? sums.dayUsd : 0,
        monthUsd: sums.month === monthOf(day) ? sums.monthUsd : 0,
      }
    },
  }
}

/** The first day of the month that a moment is in. */
export const monthStartOf = (ms: number): string => `${monthOf(dayOf(ms))}-01`
