import type { Database } from 'bun:sqlite'

import type { StoredFile } from './store.ts'

/**
 * `loose` names the contents of which no row of `files` says that they are there: they are just arriving, or just
 * leaving. What is still loose when the program starts was left behind by a crash. Contents that neither table knows
 * are never touched, so that a lost database does not take the files with it.
 */
export const FILE_MIGRATIONS = [
  `CREATE TABLE files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    filename TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    downloadable INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    has_content INTEGER NOT NULL
  );
  CREATE INDEX files_by_owner ON files (owner, seq);
  CREATE INDEX files_by_expiry ON files (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
  CREATE TABLE loose (id TEXT PRIMARY KEY);`,
]

interface Row {
  readonly seq: number
  readonly id: string
  readonly filename: string
  readonly mime_type: string
  readonly size_bytes: number
  readonly downloadable: number
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
}

/** What the database says of files. Each function is one transaction. */
export interface FileRows {
  /** Writes down that the content of this id begins to arrive. */
  announce(id: string): void
  /** Makes a file of an announced content. */
  keep(owner: string, file: StoredFile): void
  find(owner: string, id: string): StoredFile | undefined
  /** Newest first; `before` is where the page before ended. */
  page(owner: string, limit: number, before: number | undefined): readonly Placed[]
  among(owner: string, ids: readonly string[]): readonly StoredFile[]
  /** Forgets a file; its content is loose from then on. */
  forget(owner: string, id: string): void
  /** Loosens the contents of up to that many files whose time was over; tells how many. */
  expire(nowMs: number, limit: number): number
  /** Forgets up to that many files that had expired by then; tells how many. */
  forgetExpired(untilMs: number, limit: number): number
  loose(): readonly string[]
  /** The loose content of this id is gone. */
  settle(id: string): void
  /** What the contents of an owner's files take. */
  bytesOf(owner: string): number
}

/** A file with its place in the list. */
export interface Placed {
  readonly file: StoredFile
  readonly place: number
}

const COLUMNS = 'seq, id, filename, mime_type, size_bytes, downloadable, created_at_ms, expires_at_ms'

export function openRows(database: Database): FileRows {
  // Uploads are rare, and one that was answered must outlive a power cut.
  database.run('PRAGMA synchronous = FULL')

  const keep = database.transaction((owner: string, file: StoredFile) => {
    database
      .query(
        `INSERT INTO files (id, owner, filename, mime_type, size_bytes, downloadable, created_at_ms, expires_at_ms,
         has_content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)`,
      )
      .run(
        file.id,
        owner,
        file.filename,
        file.mimeType,
        file.sizeBytes,
        file.downloadable ? 1 : 0,
        file.createdAtMs,
        file.expiresAtMs ?? null,
      )
    database.query('DELETE FROM loose WHERE id = ?').run(file.id)
  })
  const forget = database.transaction((owner: string, id: string): void => {
    const { changes } = database.query('DELETE FROM files WHERE owner = ? AND id = ?').run(owner, id)
    if (changes > 0) database.query('INSERT OR IGNORE INTO loose VALUES (?)').run(id)
  })
  const expire = database.transaction((nowMs: number, limit: number): number => {
    const rows = database
      .query<{ id: string }, [number, number]>(
        'SELECT id FROM files WHERE expires_at_ms <= ? AND has_content = 1 LIMIT ?',
      )
      .all(nowMs, limit)
    for (const { id } of rows) {
      database.query('UPDATE files SET has_content = 0 WHERE id = ?').run(id)
      database.query('INSERT OR IGNORE INTO loose VALUES (?)').run(id)
    }
    return rows.length
  })

  return {
    announce(id) {
      database.query('INSERT INTO loose VALUES (?)').run(id)
    },
    keep,
    find(owner, id) {
      const row = database
        .query<Row, [string, string]>(`SELECT ${COLUMNS} FROM files WHERE owner = ? AND id = ?`)
        .get(owner, id)
      return row ? toFile(row) : undefined
    },
    page(owner, limit, before) {
      return database
        .query<Row, [string, number, number]>(
          `SELECT ${COLUMNS} FROM files WHERE owner = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
        )
        .all(owner, before ?? Number.MAX_SAFE_INTEGER, limit)
        .map((row) => ({ file: toFile(row), place: row.seq }))
    },
    among(owner, ids) {
      return database
        .query<Row, string[]>(
          `SELECT ${COLUMNS} FROM files WHERE owner = ? AND id IN (${ids.map(() => '?').join(', ')})
           ORDER BY seq DESC`,
        )
        .all(owner, ...ids)
        .map(toFile)
    },
    forget,
    expire,
    forgetExpired(untilMs, limit) {
      return database
        .query(
          `DELETE FROM files WHERE seq IN
           (SELECT seq FROM files WHERE expires_at_ms <= ? AND has_content = 0 LIMIT ?)`,
        )
        .run(untilMs, limit).changes
    },
    loose() {
      return database
        .query<{ id: string }, []>('SELECT id FROM loose')
        .all()
        .map(({ id }) => id)
    },
    settle(id) {
      database.query('DELETE FROM loose WHERE id = ?').run(id)
    },
    bytesOf(owner) {
      const row = database
        .query<{ bytes: number }, [string]>(
          'SELECT coalesce(sum(size_bytes), 0) AS bytes FROM files WHERE owner = ? AND has_content = 1',
        )
        .get(owner)
      return row?.bytes ?? 0
    },
  }
}

const toFile = (row: Row): StoredFile => ({
  id: row.id,
  filename: row.filename,
  mimeType: row.mime_type,
  sizeBytes: row.size_bytes,
  downloadable: row.downloadable === 1,
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms ?? undefined,
})
