import { type Database, SQLiteError } from 'bun:sqlite'

import { Failure, invalidRequest } from '../core/errors.ts'
import { toStoreFailure } from '../store/database.ts'
import {
  type BatchRecord,
  type Creator,
  LIFETIME_MS,
  type NewItem,
  type ResultRow,
  type ShownState,
} from './batch.ts'
import { pack, unpack } from './pack.ts'
import { type BatchState, batchSourcesOf } from './states.ts'
import type { BatchStore, BatchTotals, PageRequest } from './store.ts'

/** Batches in a database file with the tables of `BATCH_MIGRATIONS`. */
export function createSqliteStore(database: Database): BatchStore {
  const find = (where: string, ...values: ReadonlyArray<string | number>): BatchRecord | undefined => {
    const row = database
      .query<BatchRow, Array<string | number>>(`SELECT * FROM batches WHERE ${SHOWN} AND ${where}`)
      .get(...values)
    return row ? toRecord(row) : undefined
  }

  return {
    begin: async (id, { caller, protocol }) =>
      attempt(() =>
        Number(
          database
            .query(`INSERT INTO batches (id, owner, state, creator) VALUES (?, ?, 'creating', ?)`)
            .run(id, caller.owner, toText({ caller, protocol })).lastInsertRowid,
        ),
      ),
    add: async (batch, items) =>
      attempt(() => inTransaction(database, () => insertItems(database, batch, items))),
    publish: async (batch, createdAtMs) =>
      attempt(() => {
        // Who is told that a batch exists finds it again, even after a power failure.
        database.run('PRAGMA synchronous = FULL')
        const total = '(SELECT count(*) FROM items WHERE batch = batches.seq)'
        const set = `total = ${total}, created_at_ms = ?, expires_at_ms = ?`
        moveBatch(database, batch, 'in_progress', set, createdAtMs, createdAtMs + LIFETIME_MS)
        database.run('PRAGMA synchronous = NORMAL')
        const record = find('seq = ?', batch)
        if (!record)
          throw new Failure('api_error', 'The batch could not be stored; send it again', { status: 503 })
        return record
      }),
    find: async (id, owner) => attempt(() => find('id = ? AND owner = ?', id, owner)),
    page: async (owner, request) => attempt(() => readPage(database, owner, request)),
    cancel: async (batch, nowMs) =>
      attempt(() => moveBatch(database, batch, 'canceling', 'cancel_initiated_at_ms = ?', nowMs)),
    remove: async (batch) => attempt(() => moveBatch(database, batch, 'removing')),
    results: async (batch, afterSeq, limit) => attempt(() => readResults(database, batch, afterSeq, limit)),
    recent: async (limit) =>
      attempt(() =>
        database
          .query<BatchRow, [number]>(`SELECT * FROM batches WHERE ${SHOWN} ORDER BY seq DESC LIMIT ?`)
          .all(limit)
          .map(toRecord),
      ),
    totals: async () => attempt(() => readTotals(database)),
    close() {
      database.close()
    },
  }
}

/** Runs one change; what goes wrong becomes a failure that says what is in the way. */
export function attempt<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw toStoreFailure(error)
  }
}

/** All of it or nothing; the lock is taken at once, so that two programs wait for each other instead of failing. */
export const inTransaction = <Result>(database: Database, run: () => Result): Result =>
  database.transaction(run).immediate()

/** A list of states in SQL. */
export const inStates = (states: readonly string[]): string =>
  `(${states.map((name) => `'${name}'`).join(', ')})`

const SHOWN = `state IN ${inStates(['in_progress', 'canceling', 'ended'])}`

export interface BatchRow {
  readonly seq: number
  readonly id: string
  readonly owner: string
  readonly state: string
  readonly creator: string
  readonly total: number
  readonly succeeded: number
  readonly errored: number
  readonly canceled: number
  readonly expired: number
  readonly created_at_ms: number
  readonly expires_at_ms: number
  readonly ended_at_ms: number | null
  readonly cancel_initiated_at_ms: number | null
}

/** Without the caller's own upstream key: no secret is ever written to the disk. */
const toText = ({ caller, protocol }: Creator): string =>
  JSON.stringify({ caller: { ...caller, upstreamKey: undefined }, protocol })

export const toRecord = (row: BatchRow): BatchRecord => ({
  seq: row.seq,
  id: row.id,
  state: row.state as ShownState,
  ...(JSON.parse(row.creator) as Creator),
  total: row.total,
  counts: {
    succeeded: row.succeeded,
    errored: row.errored,
    canceled: row.canceled,
    expired: row.expired,
  },
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms,
  endedAtMs: row.ended_at_ms ?? undefined,
  cancelInitiatedAtMs: row.cancel_initiated_at_ms ?? undefined,
})

/** Moves a batch to another state, if the table of moves allows that from where it is. */
export function moveBatch(
  database: Database,
  batch: number,
  to: BatchState,
  set = '',
  ...values: readonly number[]
): boolean {
  const changes = set === '' ? `state = '${to}'` : `state = '${to}', ${set}`
  return (
    database
      .query(`UPDATE batches SET ${changes} WHERE seq = ? AND state IN ${inStates(batchSourcesOf(to))}`)
      .run(...values, batch).changes > 0
  )
}

function insertItems(database: Database, batch: number, items: readonly NewItem[]): void {
  const insert = database.query(
    `INSERT INTO items (batch, custom_id, state, request) VALUES (?, ?, 'pending', ?)`,
  )
  for (const { customId, text } of items) {
    try {
      insert.run(batch, customId, pack(text))
    } catch (error) {
      throw isDuplicate(error) ? duplicate(customId) : error
    }
  }
}

const isDuplicate = (error: unknown): boolean =>
  error instanceof SQLiteError && error.code === 'SQLITE_CONSTRAINT_UNIQUE'

/** Anthropic API, §6.7 V90. */
const duplicate = (customId: string) =>
  invalidRequest(
    `requests: custom_id's must be unique within a batch. Duplicate custom_id found: ${customId}`,
  )

/** Newest first; of the rows next to the cursor, one more than asked for tells whether there are more. */
function readPage(database: Database, owner: string, { limit, cursor }: PageRequest) {
  const isBefore = cursor?.side === 'before'
  const from = cursor ? positionOf(database, owner, cursor.id) : undefined
  if (cursor && !from) return undefined
  const beyond = from ? `AND (created_at_ms, seq) ${isBefore ? '>' : '<'} (?, ?)` : ''
  const order = isBefore ? 'ASC' : 'DESC'
  const rows = database
    .query<BatchRow, Array<string | number>>(
      `SELECT * FROM batches WHERE owner = ? AND ${SHOWN} ${beyond}
       ORDER BY created_at_ms ${order}, seq ${order} LIMIT ?`,
    )
    .all(owner, ...(from ? [from.created_at_ms, from.seq] : []), limit + 1)
  const batches = rows.slice(0, limit).map(toRecord)
  return { batches: isBefore ? batches.toReversed() : batches, hasMore: rows.length > limit }
}

const positionOf = (database: Database, owner: string, id: string) =>
  database
    .query<Pick<BatchRow, 'created_at_ms' | 'seq'>, [string, string]>(
      `SELECT created_at_ms, seq FROM batches WHERE id = ? AND owner = ? AND ${SHOWN}`,
    )
    .get(id, owner) ?? undefined

interface ItemRow {
  readonly seq: number
  readonly custom_id: string
  readonly result: Uint8Array | string
}

const readResults = (database: Database, batch: number, afterSeq: number, limit: number): ResultRow[] =>
  database
    .query<ItemRow, [number, number, number]>(
      `SELECT seq, custom_id, coalesce(result, '{"type":"' || state || '"}') AS result
       FROM items WHERE batch = ? AND seq > ? ORDER BY seq LIMIT ?`,
    )
    .all(batch, afterSeq, limit)
    .map(({ seq, custom_id, result }) => ({ seq, customId: custom_id, result: textOf(result) }))

/** Canceled and expired rows hold no result; SQL makes them a text. */
const textOf = (result: Uint8Array | string): string =>
  typeof result === 'string' ? result : Buffer.from(unpack(result)).toString()

type Summed = 'total' | 'succeeded' | 'errored' | 'canceled' | 'expired'
type TotalsRow = Readonly<Record<Summed | 'batches', number>> & { readonly state: string }

function readTotals(database: Database): BatchTotals {
  const rows = database
    .query<TotalsRow, []>(
      `SELECT state, count(*) AS batches, sum(total) AS total, sum(succeeded) AS succeeded, sum(errored) AS errored,
       sum(canceled) AS canceled, sum(expired) AS expired FROM batches WHERE ${SHOWN} GROUP BY state`,
    )
    .all()
  const running =
    database.query<{ n: number }, []>(`SELECT count(*) AS n FROM items WHERE state = 'running'`).get()?.n ?? 0
  const sum = (field: Summed): number => rows.reduce((total, row) => total + row[field], 0)
  const batchesIn = (state: string): number => rows.find((row) => row.state === state)?.batches ?? 0
  const ends = {
    succeeded: sum('succeeded'),
    errored: sum('errored'),
    canceled: sum('canceled'),
    expired: sum('expired'),
  }
  const ended = Object.values(ends).reduce((total, value) => total + value, 0)
  return {
    batches: {
      in_progress: batchesIn('in_progress'),
      canceling: batchesIn('canceling'),
      ended: batchesIn('ended'),
    },
    items: { pending: sum('total') - ended - running, running, ...ends },
  }
}
