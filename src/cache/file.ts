import type { Database } from 'bun:sqlite'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { hasMoved, isDamaged } from '../store/database.ts'
import { type AnswerRows, openAnswerRows } from './rows.ts'

export interface FileOptions {
  /** Opens the file, or sets it aside for `damage` that was met in it and begins another one. */
  readonly open: (damage?: unknown) => Database
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

/** The file of answers, which may fail at any time; nothing here throws. */
export interface AnswerFile {
  /** The secret part of every key of this data folder; it outlives the process, and so do keys. */
  readonly salt: string
  isOpen(): boolean
  /** What the file gives, or something else where it fails. */
  read<Result>(run: (rows: AnswerRows) => Result, otherwise: Result): Result
  /** Changes what is there; whether that worked. */
  write(run: (rows: AnswerRows) => void): boolean
  /** Opens it again, where that failed. */
  retry(): void
  close(): void
}

/** A disk that has worked for that long is in order again; a full one takes something now and then. */
const WELL_AFTER_MS = 600_000

/** Opens the file. What goes wrong is said once, and again when it comes back after all was well. */
export function openAnswerFile({ open, clock, log }: FileOptions): AnswerFile {
  /** While nothing can be opened, keys hold as long as the process. */
  const ownSalt = crypto.randomUUID()
  let database: Database | undefined
  let rows: AnswerRows | undefined
  let salt: string | undefined
  let isTold = false
  let failedAtMs = Number.NEGATIVE_INFINITY

  const complain = (error: unknown): void => {
    if (!isTold) log.warn('cache-disk-failed', { error })
    isTold = true
    failedAtMs = clock.now()
  }
  const close = (): void => {
    database?.close()
    database = undefined
    rows = undefined
  }
  const reopen = (damage?: unknown): void => {
    close()
    try {
      database = open(damage)
      rows = openAnswerRows(database)
      salt = rows.salt()
    } catch (error) {
      complain(error)
      // Where only writing fails, what is there can still be read.
      if (!rows) close()
      if (isDamaged(error) && damage === undefined) reopen(error)
    }
  }
  /** Where another process has begun anew already, opening that file is enough. */
  const recover = (damage: unknown): void => reopen(database && hasMoved(database) ? undefined : damage)
  const read = <Result>(run: (rows: AnswerRows) => Result, otherwise: Result): Result => {
    if (!rows) return otherwise
    try {
      return run(rows)
    } catch (error) {
      complain(error)
      if (isDamaged(error)) recover(error)
      return otherwise
    }
  }

  reopen()
  return {
    get salt() {
      return salt ?? ownSalt
    },
    isOpen: () => rows !== undefined,
    read,
    write(run) {
      const worked = read((table) => {
        run(table)
        return true
      }, false)
      if (worked && clock.now() - failedAtMs >= WELL_AFTER_MS) isTold = false
      return worked
    },
    retry() {
      if (!rows || salt === undefined) reopen()
    },
    close,
  }
}
