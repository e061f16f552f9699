import type { Database } from 'bun:sqlite'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { isDamaged } from '../store/database.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'
import type { CachedAnswer } from './answer.ts'
import type { CacheTier } from './tier.ts'

export const DISK_MIGRATIONS = [
  `CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    stored_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    bytes INTEGER NOT NULL,
    packed INTEGER NOT NULL,
    message BLOB NOT NULL
  );
  CREATE INDEX answers_by_expiry ON answers (expires_at_ms);
  CREATE INDEX answers_by_use ON answers (used_at_ms);
  CREATE TABLE salt (value TEXT NOT NULL);`,
]

export interface DiskOptions {
  /** Opens the file; called again when it was found damaged. */
  readonly open: () => Database
  readonly maxBytes: number
  readonly clock: Clock
  readonly log: Logger
}

interface Row {
  readonly model: string
  readonly stored_at_ms: number
  readonly expires_at_ms: number
  readonly cost_usd: number
  readonly packed: number
  readonly message: Uint8Array
}

/** What a row costs beside its answer: key, times, two indexes. */
const BYTES_A_ROW = 300
/** Smaller answers are not worth the time. */
const LEAST_PACKED_BYTES = 2048
/** Rows removed at a time, so that no request waits for a long one. */
const SLICE = 100

export interface DiskTier extends CacheTier {
  /** The secret part of every key of this data folder; made once, so that keys outlive the process. */
  readonly salt: string
}

/** The tier on this machine's disk; it outlives the process. A failing disk is a miss, never a failed request. */
export function createDiskTier(options: DiskOptions): DiskTier {
  const { maxBytes, clock, log } = options
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0 }
  let database = options.open()
  let total = sumOf(database)

  const guard = <Result>(run: () => Result, otherwise: Result): Result => {
    try {
      return run()
    } catch (error) {
      log.warn('cache-disk-failed', { error })
      if (isDamaged(error)) reopen()
      return otherwise
    }
  }
  const reopen = (): void => {
    database.close()
    database = options.open()
    total = sumOf(database)
  }
  const remove = (where: string, ...values: ReadonlyArray<string | number>): number => {
    const { count, bytes } = database
      .query<{ count: number; bytes: number | null }, Array<string | number>>(
        `SELECT count(*) AS count, sum(bytes) AS bytes FROM answers WHERE ${where}`,
      )
      .get(...values) ?? { count: 0, bytes: 0 }
    if (count > 0) database.query(`DELETE FROM answers WHERE ${where}`).run(...values)
    total.bytes -= bytes ?? 0
    total.entries -= count
    return count
  }
  const makeRoom = (bytes: number): void => {
    while (total.bytes + bytes > maxBytes && total.entries > 0)
      counts.evictions += remove(
        `key IN (SELECT key FROM answers ORDER BY used_at_ms LIMIT ${Math.max(1, Math.min(SLICE, total.entries >> 4))})`,
      )
  }
  const removeExpired = (): number => {
    let removed = 0
    for (;;) {
      const count = remove(
        `key IN (SELECT key FROM answers WHERE expires_at_ms <= ? LIMIT ${SLICE})`,
        clock.now(),
      )
      removed += count
      if (count < SLICE) break
    }
    counts.expired += removed
    return removed
  }
  const find = (key: string): CachedAnswer | undefined => {
    const row = database
      .query<Row, [string, number]>(
        `SELECT model, stored_at_ms, expires_at_ms, cost_usd, packed, message FROM answers
         WHERE key = ? AND expires_at_ms > ?`,
      )
      .get(key, clock.now())
    if (!row) return undefined
    database.query('UPDATE answers SET used_at_ms = ? WHERE key = ?').run(clock.now(), key)
    return toAnswer(row)
  }
  const insert = (key: string, answer: CachedAnswer): void => {
    const text = new TextEncoder().encode(JSON.stringify(answer.message))
    const packed = text.byteLength >= LEAST_PACKED_BYTES
    const message = packed ? Bun.zstdCompressSync(text, { level: 3 }) : text
    const bytes = message.byteLength + key.length + BYTES_A_ROW
    if (bytes > maxBytes) return
    remove('key = ?', key)
    makeRoom(bytes)
    database
      .query('INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        key,
        answer.model,
        answer.storedAtMs,
        answer.expiresAtMs,
        clock.now(),
        answer.costUsd,
        bytes,
        packed ? 1 : 0,
        message,
      )
    total.bytes += bytes
    total.entries++
  }

  return {
    name: 'disk',
    // Without a file that can be written, keys hold as long as the process.
    salt: guard(() => saltOf(database), crypto.randomUUID()),
    async get(key) {
      const found = guard(() => find(key), undefined)
      if (found) counts.hits++
      else counts.misses++
      return found
    },
    async set(key, answer) {
      guard(() => insert(key, answer), undefined)
    },
    async clear() {
      return guard(() => {
        const { entries } = total
        while (total.entries > 0 && remove(`key IN (SELECT key FROM answers LIMIT ${SLICE})`) > 0);
        return entries
      }, 0)
    },
    async removeExpired() {
      return guard(removeExpired, 0)
    },
    async stats() {
      return { name: 'disk', ...total, maxBytes, ...counts }
    },
    close() {
      database.close()
    },
  }
}

const sumOf = (database: Database): { entries: number; bytes: number } =>
  database
    .query<{ entries: number; bytes: number }, []>(
      'SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM answers',
    )
    .get() ?? { entries: 0, bytes: 0 }

function toAnswer(row: Row): CachedAnswer {
  const bytes = row.packed === 1 ? Bun.zstdDecompressSync(row.message) : row.message
  return {
    message: JSON.parse(new TextDecoder().decode(bytes)) as MessageResponse,
    model: row.model,
    storedAtMs: row.stored_at_ms,
    expiresAtMs: row.expires_at_ms,
    costUsd: row.cost_usd,
  }
}

function saltOf(database: Database): string {
  const known = database.query<{ value: string }, []>('SELECT value FROM salt').get()
  if (known) return known.value
  const value = crypto.randomUUID()
  database.query('INSERT INTO salt VALUES (?)').run(value)
  return value
}
