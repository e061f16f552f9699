import type { Database } from 'bun:sqlite'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { isDamaged } from '../store/database.ts'
import { type AnswerRows, openAnswerRows, pack, type Which } from './rows.ts'
import type { CacheTier } from './tier.ts'

export interface DiskOptions {
  /** Opens the file; called again when it was found damaged, or could not be opened before. */
  readonly open: () => Database
  readonly maxBytes: number
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

export interface DiskTier extends CacheTier {
  /** The secret part of every key of this data folder; it outlives the process, and so do keys. */
  readonly salt: string
}

/** Rows removed at a time, so that no request waits for a long one. */
const SLICE = 100
/** How exactly it is known when an answer was last used: a hit shall not cost a write. */
const TOUCH_EVERY_MS = 60_000

const LEAST_USED: Which = { where: 'true ORDER BY used_at_ms', values: [] }

/** The tier on this machine's disk; it outlives the process. A failing disk is a miss, never a failed request. */
export function createDiskTier({ open, maxBytes, clock, log }: DiskOptions): DiskTier {
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0 }
  /** While nothing can be opened, keys hold as long as the process. */
  const ownSalt = crypto.randomUUID()
  let database: Database | undefined
  let rows: AnswerRows | undefined
  let salt: string | undefined
  let isTold = false

  /** Says it once, and not with every request. */
  const complain = (error: unknown): void => {
    if (!isTold) log.warn('cache-disk-failed', { error })
    isTold = true
  }
  const close = (): void => {
    database?.close()
    database = undefined
    rows = undefined
  }
  const reopen = (): void => {
    close()
    try {
      database = open()
      rows = openAnswerRows(database)
      salt = rows.salt()
    } catch (error) {
      complain(error)
      // Where only writing fails, what is there can still be read.
      if (!rows) close()
    }
  }
  const guard = <Result>(run: (rows: AnswerRows) => Result, otherwise: Result): Result => {
    if (!rows) return otherwise
    try {
      return run(rows)
    } catch (error) {
      complain(error)
      if (isDamaged(error)) reopen()
      return otherwise
    }
  }
  const makeRoom = (table: AnswerRows, bytes: number): void => {
    while (table.total.bytes + bytes > maxBytes && table.total.entries > 0)
      counts.evictions += table.remove(LEAST_USED, Math.max(1, Math.min(SLICE, table.total.entries >> 4)))
  }
  /** Removes slice by slice, with everybody else's turn in between. */
  const removeAll = async (which: Which): Promise<number> => {
    let removed = 0
    for (;;) {
      const count = guard((table) => table.remove(which, SLICE), 0)
      removed += count
      if (count < SLICE) return removed
      await nextTurn()
    }
  }

  reopen()
  return {
    name: 'disk',
    get salt() {
      return salt ?? ownSalt
    },
    async get(key) {
      const nowMs = clock.now()
      const found = guard((table) => table.find(key, nowMs), undefined)
      if (!found) {
        counts.misses++
        return undefined
      }
      counts.hits++
      if (nowMs - found.usedAtMs >= TOUCH_EVERY_MS) guard((table) => table.touch(key, nowMs), undefined)
      return found.answer
    },
    async set(key, answer) {
      guard((table) => {
        const packed = pack(key, answer)
        if (packed.bytes > maxBytes) return
        makeRoom(table, packed.bytes)
        table.insert(key, packed, clock.now())
        isTold = false
      }, undefined)
    },
    async clear(owner) {
      const newest = guard((table) => table.newest(), 0)
      const upTo: Which = { where: 'rowid <= ?', values: [newest] }
      if (owner === undefined) return removeAll(upTo)
      return removeAll({ where: `owner = ? AND ${upTo.where}`, values: [owner, newest] })
    },
    async removeExpired() {
      if (!rows || salt === undefined) reopen()
      const removed = await removeAll({ where: 'expires_at_ms <= ?', values: [clock.now()] })
      counts.expired += removed
      return removed
    },
    async stats() {
      return { name: 'disk', ...(rows?.total ?? { entries: 0, bytes: 0 }), maxBytes, ...counts }
    },
    close,
  }
}

const nextTurn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
