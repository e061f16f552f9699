import type { Database } from 'bun:sqlite'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { isDamaged, toStoreFailure } from '../store/database.ts'
import type { Run, RunList, RunRecording, RunSummary } from '../wire/server/runs.ts'
import { findRun, listRuns, type RunPage } from './query.ts'
import { INSERT_RUN, toRow } from './rows.ts'
import type { NewRun } from './run.ts'
import { summarise, type SummaryQuery } from './summary.ts'

export interface RunStoreOptions {
  /** Opens the file; called at the first use, and again when it was found damaged. */
  readonly open: () => Database
  /** How many runs are kept; the oldest go first. */
  readonly maxRuns: number
  readonly maxAgeMs: number
  /** What recordings may take together. */
  readonly maxRecordedBytes: number
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

/** A run that is to be stored, and what was said in it, where that is to be kept. */
export interface NewEntry {
  readonly run: NewRun
  readonly recording?: RunRecording | undefined
}

/** The runs that ended, on this machine's disk. Writing never throws; reading throws a `Failure`. */
export interface RunStore {
  /** Stores runs in one transaction and says where they stand. Undefined where the disk is in the way. */
  add(entries: readonly NewEntry[]): readonly Run[] | undefined
  list(page: RunPage): RunList
  find(id: string): Run | undefined
  recording(id: string): RunRecording | undefined
  summarise(query: SummaryQuery): RunSummary
  /** Throws where the file cannot be read. */
  check(): void
  close(): void
}

const COMPLAIN_EVERY_MS = 60_000

export function createRunStore(options: RunStoreOptions): RunStore {
  const { clock, log } = options
  let opened: Database | undefined
  const database = (): Database => (opened ??= options.open())

  let complainedAtMs = -Infinity

  /** A full disk fails every time; it is said now and then. */
  const complain = (runs: number, reason: string): void => {
    if (clock.now() - complainedAtMs < COMPLAIN_EVERY_MS) return
    complainedAtMs = clock.now()
    log.warn('runs-not-stored', { runs, error: reason })
  }
  const closeDamaged = (error: unknown): void => {
    if (!isDamaged(error)) return
    opened?.close()
    opened = undefined
  }
  const reading = <Result>(read: (database: Database) => Result): Result => {
    try {
      return read(database())
    } catch (error) {
      closeDamaged(error)
      throw toStoreFailure(error)
    }
  }
  const insert = (db: Database, entries: readonly NewEntry[]): Run[] => {
    const statement = db.query(INSERT_RUN)
    return entries.map(({ run, recording }) => {
      const seq = Number(statement.run(...toRow(run)).lastInsertRowid)
      if (recording) insertRecording(db, seq, recording)
      return { ...run, seq, recorded: recording !== undefined }
    })
  }
  const store = (db: Database, entries: readonly NewEntry[]): readonly Run[] => {
    const runs = insert(db, entries)
    removeOld(db, (runs.at(-1)?.seq ?? 0) - options.maxRuns, clock.now() - options.maxAgeMs)
    if (runs.some(({ recorded }) => recorded)) trimRecordings(db, options.maxRecordedBytes)
    return runs
  }

  return {
    add(entries) {
      try {
        const db = database()
        return db.transaction(() => store(db, entries)).immediate()
      } catch (error) {
        closeDamaged(error)
        complain(entries.length, toStoreFailure(error).message)
        return undefined
      }
    },
    list: (page) => reading((db) => listRuns(db, page)),
    find: (id) => reading((db) => findRun(db, id)),
    recording: (id) => reading((db) => findRecording(db, id)),
    summarise: (query) => reading((db) => summarise(db, query)),
    check: () => reading((db) => void db.query('SELECT 1 FROM runs LIMIT 1').get()),
    close: () => opened?.close(),
  }
}

function insertRecording(database: Database, seq: number, recording: RunRecording): void {
  const packed = Bun.zstdCompressSync(new TextEncoder().encode(JSON.stringify(recording)), { level: 3 })
  database.query('INSERT INTO recordings VALUES (?, ?, ?)').run(seq, packed.byteLength, packed)
}

function findRecording(database: Database, id: string): RunRecording | undefined {
  const row = database
    .query<{ packed: Uint8Array }, [string]>(
      'SELECT packed FROM recordings JOIN runs USING (seq) WHERE runs.id = ? ORDER BY seq DESC LIMIT 1',
    )
    .get(id)
  if (!row) return undefined
  return JSON.parse(new TextDecoder().decode(Bun.zstdDecompressSync(row.packed))) as RunRecording
}

/** Removed at a time, so that no request waits for a long one; the rest goes with the next runs. */
const SLICE = 500

function removeOld(database: Database, seq: number, beforeMs: number): void {
  const remove = (where: string, value: number): unknown =>
    database
      .query(`DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE ${where} LIMIT ${SLICE})`)
      .run(value)
  remove('seq <= ? ORDER BY seq', seq)
  remove('started_at_ms < ? ORDER BY started_at_ms', beforeMs)
}

function trimRecordings(database: Database, maxBytes: number): void {
  const oldest = database
    .query<{ seq: number }, [number]>(
      `SELECT seq FROM (SELECT seq, sum(bytes) OVER (ORDER BY seq DESC) AS sum FROM recordings)
       WHERE sum > ? ORDER BY seq DESC LIMIT 1`,
    )
    .get(maxBytes)
  if (oldest) database.query('DELETE FROM recordings WHERE seq <= ?').run(oldest.seq)
}
