import { type FileOptions, openAnswerFile } from './file.ts'
import { pack, unpack } from './packed.ts'
import type { Which } from './rows.ts'
import type { CacheTier } from './tier.ts'
import { createWaiting } from './waiting.ts'

export interface DiskOptions extends FileOptions {
  readonly maxBytes: number
  /** How long answers wait to be written together. */
  readonly flushEveryMs?: number
}

export interface DiskTier extends CacheTier {
  /** The secret part of every key of this data folder. */
  readonly salt: string
}

/** Rows removed at a time, so that no request waits for a long one. */
const SLICE = 100
/** How exactly it is known when an answer was last used: a hit shall not cost a write. */
const TOUCH_EVERY_MS = 60_000
/** Waiting answers that are as large together are written at once. */
const MOST_WAITING_BYTES = 1024 * 1024

/**
 * The tier on this machine's disk; it outlives the process. Answers are written behind the requests' backs, many in one
 * transaction; those that wait count as stored. A failing disk is a miss, never a failed request.
 */
export function createDiskTier({ maxBytes, flushEveryMs = 250, ...options }: DiskOptions): DiskTier {
  const { clock } = options
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0 }
  const file = openAnswerFile(options)
  // A small file would lose much of what it has to so many at once.
  const waiting = createWaiting(Math.min(MOST_WAITING_BYTES, maxBytes >> 4))
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Writes what waits. What the disk does not take is given up: it would not get better, but more and more. */
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const answers = waiting.take()
    if (answers.length === 0) return
    file.write((rows) => {
      counts.evictions += rows.insert(answers, clock.now(), maxBytes)
    })
  }
  const schedule = (): void => {
    if (waiting.isFull()) flush()
    else timer ??= setTimeout(flush, flushEveryMs).unref()
  }
  /** Removes slice by slice, with everybody else's turn in between. */
  const removeAll = async (which: Which): Promise<number> => {
    let removed = 0
    for (;;) {
      const count = file.read((rows) => rows.remove(which, SLICE), 0)
      removed += count
      if (count < SLICE) return removed
      await nextTurn()
    }
  }
  const find = (key: string, nowMs: number) => {
    const fresh = waiting.get(key)
    if (fresh) return fresh.expiresAtMs > nowMs ? { answer: unpack(fresh), usedAtMs: nowMs } : undefined
    return file.read((rows) => rows.find(key, nowMs), undefined)
  }

  return {
    name: 'disk',
    get salt() {
      return file.salt
    },
    async get(key) {
      const nowMs = clock.now()
      const found = find(key, nowMs)
      if (!found) {
        counts.misses++
        return undefined
      }
      counts.hits++
      if (nowMs - found.usedAtMs >= TOUCH_EVERY_MS) file.read((rows) => rows.touch(key, nowMs), undefined)
      return found.answer
    },
    async set(key, answer) {
      if (!file.isOpen()) return
      const packed = pack(key, answer)
      if (packed.bytes > maxBytes) return
      waiting.add(packed)
      schedule()
    },
    async clear(owner) {
      // What waits is written before, so that it is counted once and cannot come back.
      flush()
      const newest = file.read((rows) => rows.newest(), 0)
      const upTo: Which = { where: 'rowid <= ?', values: [newest] }
      if (owner === undefined) return removeAll(upTo)
      return removeAll({ where: `owner = ? AND ${upTo.where}`, values: [owner, newest] })
    },
    async removeExpired() {
      file.retry()
      flush()
      const removed = await removeAll({ where: 'expires_at_ms <= ?', values: [clock.now()] })
      counts.expired += removed
      return removed
    },
    async stats() {
      flush()
      const total = file.read(({ total: { entries, bytes } }) => ({ entries, bytes }), {
        entries: 0,
        bytes: 0,
      })
      return { name: 'disk', ...total, maxBytes, ...counts }
    },
    close() {
      flush()
      file.close()
    },
  }
}

const nextTurn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
