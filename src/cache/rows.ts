import type { Database } from 'bun:sqlite'

import type { MessageResponse } from '../wire/anthropic/response.ts'
import type { CachedAnswer } from './answer.ts'

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
  /** Takes the place of an answer of the same key. */
  insert(key: string, answer: Packed, nowMs: number): void
  /** Removes up to that many; tells how many. */
  remove(which: Which, limit: number): number
  /** The number that the newest answer has. */
  newest(): number
  /** The secret part of every key; made once. */
  salt(): string
}

/** What a row costs beside its answer: key, times, indexes. */
const BYTES_A_ROW = 300
/** Smaller answers are not worth the time. */
const LEAST_PACKED_BYTES = 2048

/** An answer as it is written. */
export interface Packed {
  readonly answer: CachedAnswer
  readonly message: Uint8Array
  readonly isPacked: boolean
  readonly bytes: number
}

export function pack(key: string, answer: CachedAnswer): Packed {
  const text = new TextEncoder().encode(JSON.stringify(answer.message))
  const isPacked = text.byteLength >= LEAST_PACKED_BYTES
  const message = isPacked ? Bun.zstdCompressSync(text, { level: 3 }) : text
  return { answer, message, isPacked, bytes: message.byteLength + key.length + BYTES_A_ROW }
}

export function openAnswerRows(database: Database): AnswerRows {
  const total = sumOf(database)

  const remove = database.transaction(({ where, values }: Which, limit: number): number => {
    const keys = `key IN (SELECT key FROM answers WHERE ${where} LIMIT ${limit})`
    const { count, bytes } = database
      .query<{ count: number; bytes: number | null }, Array<string | number>>(
        `SELECT count(*) AS count, sum(bytes) AS bytes FROM answers WHERE ${keys}`,
      )
      .get(...values) ?? { count: 0, bytes: 0 }
    if (count > 0) database.query(`DELETE FROM answers WHERE ${keys}`).run(...values)
    total.bytes -= bytes ?? 0
    total.entries -= count
    return count
  })

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
    insert(key, { answer, message, isPacked, bytes }, nowMs) {
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
          isPacked ? 1 : 0,
          message,
        )
      total.bytes += bytes - (old?.bytes ?? 0)
      total.entries += old ? 0 : 1
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

function toAnswer(row: Row): CachedAnswer {
  const bytes = row.packed === 1 ? Bun.zstdDecompressSync(row.message) : row.message
  return {
    message: JSON.parse(new TextDecoder().decode(bytes)) as MessageResponse,
    owner: row.owner,
    model: row.model,
    storedAtMs: row.stored_at_ms,
    expiresAtMs: row.expires_at_ms,
    costUsd: row.cost_usd,
  }
}
