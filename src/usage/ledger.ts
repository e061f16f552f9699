import type { Database } from 'bun:sqlite'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { toStoreFailure } from '../store/database.ts'
import type { UsageEntry } from './entry.ts'
import { queryUsage, type UsageQuery, type UsageRow } from './query.ts'
import { createSpending, monthStartOf, type Spent } from './spending.ts'
import { dayOf, insertCalls, readSpent, removeCalls } from './tables.ts'

export interface LedgerOptions {
  /** Opens the file; undefined keeps nothing on disk. */
  readonly open: (() => Database) | undefined
  /** How long calls are kept. What was spent on each day is kept for good. */
  readonly retentionMs: number
  readonly clock: Clock
  readonly log: Logger
}

export interface LedgerStats {
  readonly recorded: number
  readonly costUsd: number
  readonly savedUsd: number
  /** Not on disk yet. */
  readonly pending: number
  /** Given up, because the disk did not take them. */
  readonly lost: number
}

/** What every call took, by key, model, conversation and day. */
export interface Ledger {
  /** Takes an entry down. Never waits and never fails: the answer is worth more than its account. */
  record(entry: UsageEntry): void
  /** What one owner has spent, or all of them. */
  spentBy(owner: string | undefined): Spent
  /** Adds up what was stored; throws a `Failure` where the disk fails. */
  query(query: UsageQuery): readonly UsageRow[]
  stats(): LedgerStats
  /** Stores what is pending. */
  flush(): void
  close(): void
}

/** How long entries wait to be stored together. */
const FLUSH_AFTER_MS = 250
const MOST_AT_ONCE = 100
/** What is kept in memory while the disk fails; the oldest are given up then. */
const MOST_PENDING = 10_000
const CLEAN_EVERY_MS = 3_600_000

/** Keeps sums in memory, and writes entries behind the requests' backs, many in one transaction. */
export function createLedger({ open, retentionMs, clock, log }: LedgerOptions): Ledger {
  const spending = createSpending()
  const counts = { recorded: 0, costUsd: 0, savedUsd: 0, lost: 0 }
  let database: Database | undefined
  let isLoaded = open === undefined
  let pending: UsageEntry[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let cleanedAtMs = Number.NEGATIVE_INFINITY

  const opened = (): Database => {
    if (!open) throw new Error('nothing is kept on disk')
    return (database ??= open())
  }
  /** What was spent before this process began; read once, when it is first asked for. */
  const load = (): void => {
    if (isLoaded) return
    try {
      for (const { owner, day, cost_usd } of readSpent(opened(), monthStartOf(clock.now())))
        spending.add(owner, day, cost_usd)
      isLoaded = true
    } catch (error) {
      log.error('usage-unreadable', { error })
    }
  }
  const store = (): void => {
    while (pending.length > 0) {
      insertCalls(opened(), pending.slice(0, MOST_AT_ONCE))
      pending = pending.slice(MOST_AT_ONCE)
    }
  }
  const clean = (): void => {
    const nowMs = clock.now()
    if (nowMs - cleanedAtMs < CLEAN_EVERY_MS) return
    // A slice with every write, until there is nothing left.
    if (!removeCalls(opened(), nowMs - retentionMs)) cleanedAtMs = nowMs
  }
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (!open || pending.length === 0) return
    try {
      store()
      clean()
    } catch (error) {
      const excess = Math.max(0, pending.length - MOST_PENDING)
      pending.splice(0, excess)
      counts.lost += excess
      log.error('usage-not-stored', { pending: pending.length, lost: counts.lost, error })
    }
  }

  return {
    record(entry) {
      load()
      counts.recorded++
      counts.costUsd += entry.costUsd
      counts.savedUsd += entry.savedUsd
      if (entry.costUsd > 0) spending.add(entry.owner, dayOf(entry.atMs), entry.costUsd)
      if (!open) return
      pending.push(entry)
      timer ??= setTimeout(flush, FLUSH_AFTER_MS).unref()
    },
    spentBy(owner) {
      load()
      return spending.of(owner, clock.now())
    },
    query(query) {
      if (!open) return []
      try {
        store()
        return queryUsage(opened(), query)
      } catch (error) {
        throw toStoreFailure(error)
      }
    },
    stats: () => ({ ...counts, pending: pending.length }),
    flush,
    close() {
      flush()
      database?.close()
      database = undefined
    },
  }
}
