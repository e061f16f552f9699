import type { Database } from 'bun:sqlite'

import type { CachedAnswer } from './answer.ts'
import { type PackedAnswer, unpack } from './packed.ts'

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
  // Answers of before know no owner, so nobody could ever remove them.
  `DELETE FROM answers;
  ALTER TABLE answers ADD COLUMN owner TEXT NOT NULL DEFAULT '';
  CREATE INDEX answers_by_owner ON answers (owner);`,
]

interface Row {
  readonly owner: string
  readonly model: string
  readonly stored_at_ms: number
  readonly expires_at_ms: number
  readonly used_at_ms: number
  readonly cost_usd: number
  readonly packed: number
  readonly message: Uint8Array
}

/** Which answers: SQL behind WHERE, with an order where that matters; `values` fill its question marks. */
export interface Which {
  readonly where: string
  readonly values: ReadonlyArray<string | number>
}

export interface Total {
  readonly entries: number
  readonly bytes: number
}

/** The table of answers. */
export interface AnswerRows {
  readonly total: Total
  /** The answer that is not too old, and when it was last used. */
  find(key: string, nowMs: number): { readonly answer: CachedAnswer; readonly usedAtMs: number } | undefined
  touch(key: string, nowMs: number): void
  /**
   * Puts answers in the place of others of the same keys, all in one transaction. What was used longest ago goes for
   * them, so that all together take at most `maxBytes`; tells how many had to go.
   */
  insert(answers: readonly PackedAnswer[], nowMs: number, maxBytes: number): number
  /** Removes up to that many; tells how many. */
  remove(which: Which, limit: number): number
  /** The number that the newest answer has. */
  newest(): number
  /** The secret part of every key; made once. */
  salt(): string
}

/** Rows removed at a time to make room. */
const SLICE = 100

const LEAST_USED: Which = { where: 'true ORDER BY used_at_ms', values: [] }

export function openAnswerRows(database: Database): AnswerRows {
  const total = sumOf(database)

  const remove = ({ where, values }: Which, limit: number): number => {
    const removed = database
      .query<{ bytes: number }, Array<string | number>>(
        `DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE ${where} LIMIT ${limit}) RETURNING bytes`,
      )
      .all(...values)
    total.bytes -= removed.reduce((sum, { bytes }) => sum + bytes, 0)
    total.entries -= removed.length
    return removed.length
  }
  const makeRoom = (bytes: number, maxBytes: number): number => {
    let removed = 0
    while (total.bytes + bytes > maxBytes && total.entries > 0)
      removed += remove(LEAST_USED, Math.max(1, Math.min(SLICE, total.entries >> 4)))
    return removed
  }
  const insertOne = (answer: PackedAnswer, nowMs: number): void => {
    const { key, bytes } = answer
    const old = database
      .query<{ bytes: number }, [string]>('SELECT bytes FROM answers WHERE key = ?')
      .get(key)
    database
      .query(
        `INSERT OR REPLACE INTO answers (key, owner, model, stored_at_ms, expires_at_ms, used_at_ms, cost_usd, bytes, packed,
         message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        key,
        answer.owner,
        answer.model,
        answer.storedAtMs,
        answer.expiresAtMs,
        nowMs,
        answer.costUsd,
        bytes,
        answer.isPacked ? 1 : 0,
        answer.message,
      )
    total.bytes += bytes - (old?.bytes ?? 0)
    total.entries += old ? 0 : 1
  }
  const insertAll = database.transaction(
    (answers: readonly PackedAnswer[], nowMs: number, maxBytes: number): number => {
      let removed = 0
      for (const answer of answers) {
        removed += makeRoom(answer.bytes, maxBytes)
        insertOne(answer, nowMs)
      }
      return removed
    },
  )

  return {
    total,
    find(key, nowMs) {
      const row = database
        .query<Row, [string, number]>('SELECT * FROM answers WHERE key = ? AND expires_at_ms > ?')
        .get(key, nowMs)
      return row ? { answer: toAnswer(row), usedAtMs: row.used_at_ms } : undefined
    },
    touch(key, nowMs) {
      database.query('UPDATE answers SET used_at_ms = ? WHERE key = ?').run(nowMs, key)
    },
    insert(answers, nowMs, maxBytes) {
      const before = { ...total }
      try {
        return insertAll.immediate(answers, nowMs, maxBytes)
      } catch (error) {
        Object.assign(total, before)
        throw error
      }
    },
    remove,
    newest: () =>
      database.query<{ newest: number | null }, []>('SELECT max(rowid) AS newest FROM answers').get()
        ?.newest ?? 0,
    salt() {
      const known = database.query<{ value: string }, []>('SELECT value FROM salt').get()
      if (known) return known.value
      const value = crypto.randomUUID()
      database.query('INSERT INTO salt VALUES (?)').run(value)
      return value
    },
  }
}

const sumOf = (database: Database): { entries: number; bytes: number } =>
  database
    .query<{ entries: number; bytes: number }, []>(
      'SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM answers',
    )
    .get() ?? { entries: 0, bytes: 0 }

const toAnswer = (row: Row): CachedAnswer =>
  unpack({
    owner: row.owner,
    model: row.model,
    storedAtMs: row.stored_at_ms,
    expiresAtMs: row.expires_at_ms,
    costUsd: row.cost_usd,
    isPacked: row.packed === 1,
    message: row.message,
  })
