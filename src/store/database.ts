import { constants, Database, SQLiteError } from 'bun:sqlite'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'

import type { Logger } from '../core/context.ts'
import { Failure } from '../core/errors.ts'

export interface DatabaseOptions {
  /** The file; `:memory:` for none. */
  readonly path: string
  /** SQL that leads from one version of the tables to the next; only ever appended to. */
  readonly migrations: readonly string[]
  /** Part of the name under which a damaged file is kept, e.g. a time. */
  readonly stamp: () => string
  readonly log: Logger
}

/**
 * Opens a database file and brings its tables up to date. A file that is damaged is set aside, next to where it was,
 * and the server goes on with an empty one; so is one in whose use `damage` was met, an error of the database's. Throws
 * a `Failure` where the disk or another program is in the way, and for tables of a newer version.
 */
export function openDatabase(options: DatabaseOptions, damage?: unknown): Database {
  if (options.path !== IN_MEMORY) mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 })
  try {
    if (damage !== undefined) setAside(options, damage)
    return open(options)
  } catch (error) {
    if (!isDamaged(error)) throw toStoreFailure(error)
    setAside(options, error)
    return open(options)
  }
}

const IN_MEMORY = ':memory:'

function open({ path, migrations }: DatabaseOptions): Database {
  const database = new Database(path, { create: true, strict: true })
  try {
    // Two processes on one file would otherwise fail at once instead of waiting for each other.
    database.run('PRAGMA busy_timeout = 5000')
    database.run('PRAGMA journal_mode = WAL')
    database.run('PRAGMA synchronous = NORMAL')
    database.run('PRAGMA foreign_keys = ON')
    migrate(database, path, migrations)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: Database, path: string, migrations: readonly string[]): void {
  const upgrade = database.transaction(() => {
    const version = versionOf(database)
    if (version > migrations.length)
      throw new Failure(
        'api_error',
        `${path} was written by a newer version of this program (${version} > ${migrations.length}); update the ` +
          'program, or set DATA_DIR to another folder',
      )
    for (const sql of migrations.slice(version)) database.run(sql)
    database.run(`PRAGMA user_version = ${migrations.length}`)
  })
  if (versionOf(database) !== migrations.length) upgrade.immediate()
}

const versionOf = (database: Database): number =>
  database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0

const DAMAGES: ReadonlySet<string | undefined> = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB'])

/** Whether the file itself is broken, so that no further try can succeed. */
export const isDamaged = (error: unknown): boolean =>
  error instanceof SQLiteError && (DAMAGES.has(error.code) || /malformed|not a database/.test(error.message))

/** Whether another file, or none, is now where this one was opened. */
export function hasMoved(database: Database): boolean {
  // SQLite writes one number; Bun takes no smaller buffer.
  const answer = new Int32Array(2)
  database.fileControl(constants.SQLITE_FCNTL_HAS_MOVED, answer)
  return answer[0] === 1
}

/** Whether there was no room to write to. */
export const isFull = (error: unknown): boolean =>
  error instanceof SQLiteError && error.code === 'SQLITE_FULL'

function setAside({ path, stamp, log }: DatabaseOptions, error: unknown): void {
  const kept = `${path}.damaged-${stamp()}`
  log.error('database-damaged', { path, kept_as: kept, error })
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${kept}${suffix}`)
}

/** Reasons that a client or an operator can act on; the server keeps what it had. */
const REASONS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^SQLITE_FULL|disk is full|ENOSPC|EDQUOT/, "the disk of the server's data folder is full"],
  [/^SQLITE_BUSY|^SQLITE_LOCKED|is locked/, "the server's database is locked by another program"],
  [/^SQLITE_READONLY|readonly|EACCES|EPERM|EROFS/, "the server's data folder cannot be written to"],
  [/^SQLITE_CANTOPEN/, "the server's database cannot be opened"],
  [/^SQLITE_IOERR|EIO/, "the disk of the server's data folder failed"],
]

/** What a failed statement is told as: 503, worth another try, nothing half done. */
export function toStoreFailure(error: unknown): Error {
  if (error instanceof Failure || !(error instanceof Error)) return error as Error
  const code = 'code' in error ? String(error.code) : ''
  const reason = REASONS.find(([pattern]) => pattern.test(code) || pattern.test(error.message))?.[1]
  if (reason === undefined) return error
  return new Failure('api_error', `${reason}; nothing was stored`, { status: 503, cause: error })
}
