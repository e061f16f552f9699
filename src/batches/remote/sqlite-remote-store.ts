import type { Database } from 'bun:sqlite'

import { unpack } from '../pack.ts'
import { attempt, inTransaction } from '../sqlite-store.ts'
import type { CallGroup, Errand, RemoteStore } from './ports.ts'

/** One batch at the upstream holds no more: its results come in one piece. */
const MOST_CALLS = 1000
const MOST_BYTES = 16 * 1024 * 1024
/** How long calls wait for others of the same batch that are not ready yet. */
const GATHER_MS = 30_000
const FIRST_LOOK_AFTER_MS = 2000

/** The calls in the same database file, beside the requests that they belong to. */
export const createSqliteRemoteStore = (database: Database): RemoteStore => ({
  nextGroup: async (nowMs) => attempt(() => nextGroup(database, nowMs)),
  sent: async ({ batch, upstream, calls }, remoteId, nowMs) =>
    attempt(() =>
      inTransaction(database, () => {
        const { lastInsertRowid } = database
          .query(
            'INSERT INTO errands (batch, upstream, remote_id, sent_at_ms, ask_at_ms) VALUES (?, ?, ?, ?, ?)',
          )
          .run(batch, upstream, remoteId, nowMs, nowMs + FIRST_LOOK_AFTER_MS)
        const update = database.query(
          `UPDATE items SET errand = ?, call = NULL WHERE seq = ? AND state = 'waiting'`,
        )
        for (const { item } of calls) update.run(Number(lastInsertRowid), item)
      }),
    ),
  refused: async ({ calls }) =>
    attempt(() =>
      inTransaction(database, () => {
        const update = database.query(
          `UPDATE items SET state = 'pending', due_at_ms = 0, call = NULL, refused = 1
           WHERE seq = ? AND state = 'waiting'`,
        )
        for (const { item } of calls) update.run(item)
      }),
    ),
  due: async (nowMs) =>
    attempt(() =>
      database
        .query<ErrandRow, [number]>(
          `SELECT errands.seq, upstream, remote_id, sent_at_ms, batches.state
           FROM errands JOIN batches ON batches.seq = errands.batch
           WHERE ask_at_ms <= ? OR batches.state <> 'in_progress'`,
        )
        .all(nowMs)
        .map(toErrand),
    ),
  askAgain: async (errand, atMs) =>
    attempt(() => void database.query('UPDATE errands SET ask_at_ms = ? WHERE seq = ?').run(atMs, errand)),
  settle: async (errand, completions) =>
    attempt(() => inTransaction(database, () => settle(database, errand, completions))),
})

interface ErrandRow {
  readonly seq: number
  readonly upstream: string
  readonly remote_id: string
  readonly sent_at_ms: number
  readonly state: string
}

const toErrand = (row: ErrandRow): Errand => ({
  seq: row.seq,
  upstream: row.upstream,
  remoteId: row.remote_id,
  sentAtMs: row.sent_at_ms,
  isWanted: row.state === 'in_progress',
})

interface GroupRow {
  readonly batch: number
  readonly upstream: string
  readonly model: string
}

/** A group is ready when it is full, when nothing else of its batch is on its way, or when it has waited long enough. */
function nextGroup(database: Database, nowMs: number): CallGroup | undefined {
  const group = database
    .query<GroupRow, [number, number]>(
      `SELECT batch, upstream, model FROM items
       WHERE state = 'waiting' AND errand IS NULL GROUP BY batch, upstream, model
       HAVING count(*) >= ? OR min(due_at_ms) <= ?
       OR NOT EXISTS (SELECT 1 FROM items AS other WHERE other.batch = items.batch AND other.state = 'pending')
       AND NOT EXISTS (SELECT 1 FROM items AS other WHERE other.batch = items.batch AND other.state = 'running')
       LIMIT 1`,
    )
    .get(MOST_CALLS, nowMs - GATHER_MS)
  if (!group) return undefined
  const rows = database
    .query<{ seq: number; call: Uint8Array }, [number, string, string, number]>(
      `SELECT seq, call FROM items
       WHERE state = 'waiting' AND errand IS NULL AND batch = ? AND upstream = ? AND model = ? LIMIT ?`,
    )
    .iterate(group.batch, group.upstream, group.model, MOST_CALLS)
  const calls: Array<{ item: number; body: string }> = []
  let bytes = 0
  for (const { seq, call } of rows) {
    const body = Buffer.from(unpack(call)).toString()
    bytes += body.length
    if (bytes > MOST_BYTES && calls.length > 0) break
    calls.push({ item: seq, body })
  }
  return { ...group, calls }
}

function settle(
  database: Database,
  errand: number,
  completions: ReadonlyMap<number, string>,
): number | undefined {
  const batch = database
    .query<{ batch: number }, [number]>('SELECT batch FROM errands WHERE seq = ?')
    .get(errand)?.batch
  const items = database
    .query<{ seq: number }, [number]>(`SELECT seq FROM items WHERE errand = ? AND state = 'waiting'`)
    .all(errand)
  const update = database.query(
    `UPDATE items SET state = 'pending', due_at_ms = 0, errand = NULL, completion = ?, refused = ? WHERE seq = ?`,
  )
  for (const { seq } of items) {
    const completion = completions.get(seq)
    update.run(
      completion === undefined ? null : Buffer.from(completion),
      completion === undefined ? 1 : 0,
      seq,
    )
  }
  database.query('DELETE FROM errands WHERE seq = ?').run(errand)
  return batch
}
