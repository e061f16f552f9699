import type { Database } from 'bun:sqlite'

import type { ClaimedItem } from './batch.ts'
import { pack, unpack } from './pack.ts'
import type { RemoteOutcome } from './remote/call.ts'
import { attempt, type BatchRow, inStates, inTransaction, moveBatch, toRecord } from './sqlite-store.ts'
import { itemSourcesOf, type Outcome } from './states.ts'
import type { BatchQueue, OpenBatch } from './store.ts'

/** The worker's side of the same database file. Each method is one transaction. */
export const createSqliteQueue = (database: Database): BatchQueue => ({
  recover: async (creating) =>
    attempt(() =>
      inTransaction(database, () => {
        database.run(`UPDATE items SET state = 'pending' WHERE state = 'running'`)
        const others = `seq NOT IN (${[...creating].join(', ')})`
        database.run(`UPDATE batches SET state = 'removing' WHERE state = 'creating' AND ${others}`)
      }),
    ),
  open: async () =>
    attempt(() =>
      database
        .query<BatchRow, []>(
          `SELECT * FROM batches WHERE state IN ${inStates(['in_progress', 'canceling'])} ORDER BY seq`,
        )
        .all()
        .map((row) => toRecord(row) as OpenBatch),
    ),
  claim: async (batch, nowMs) => attempt(() => inTransaction(database, () => claim(database, batch, nowMs))),
  nextDueMs: async (batch) =>
    attempt(
      () =>
        database
          .query<{ due_at_ms: number | null }, [number]>(
            `SELECT min(due_at_ms) AS due_at_ms FROM items WHERE batch = ? AND state = 'pending'`,
          )
          .get(batch)?.due_at_ms ?? undefined,
    ),
  putBack: async (item, dueAtMs, failed) =>
    attempt(() => {
      database
        .query(
          `UPDATE items SET state = 'pending', due_at_ms = ?, failures = failures + ?
           WHERE seq = ? AND state IN ${inStates(itemSourcesOf('pending'))}`,
        )
        .run(dueAtMs, failed ? 1 : 0, item)
    }),
  defer: async (item, { upstream, model, body }, nowMs) =>
    attempt(() => {
      database
        .query(
          `UPDATE items SET state = 'waiting', due_at_ms = ?, upstream = ?, model = ?, call = ?
           WHERE seq = ? AND state IN ${inStates(itemSourcesOf('waiting'))}`,
        )
        .run(nowMs, upstream, model, pack(Buffer.from(body)), item)
    }),
  finish: async (batch, item, outcome, result, nowMs) =>
    attempt(() =>
      inTransaction(database, () => {
        const { changes } = database
          .query(
            `UPDATE items SET state = '${outcome}', request = NULL, completion = NULL, result = ?
             WHERE seq = ? AND state = 'running'`,
          )
          .run(pack(Buffer.from(result)), item)
        return count(database, batch, outcome, changes, nowMs)
      }),
    ),
  finishWaiting: async (batch, outcome, limit, nowMs) =>
    attempt(() =>
      inTransaction(database, () => {
        const { changes } = database
          .query(
            `UPDATE items SET state = '${outcome}', request = NULL, call = NULL, completion = NULL WHERE seq IN
             (SELECT seq FROM items WHERE batch = ? AND state IN ('pending', 'waiting') LIMIT ?)`,
          )
          .run(batch, limit)
        return { items: changes, ended: count(database, batch, outcome, changes, nowMs) }
      }),
    ),
  purge: async (createdBeforeMs, limit) =>
    attempt(() => inTransaction(database, () => purge(database, createdBeforeMs, limit))),
})

interface WaitingRow {
  readonly seq: number
  readonly custom_id: string
  readonly failures: number
  readonly request: Uint8Array
  readonly completion: Uint8Array | null
  readonly refused: number
}

function claim(database: Database, batch: number, nowMs: number): ClaimedItem | undefined {
  const row = database
    .query<WaitingRow, [number, number]>(
      `SELECT seq, custom_id, failures, request, completion, refused FROM items
       WHERE batch = ? AND state = 'pending' AND due_at_ms <= ? ORDER BY due_at_ms, seq LIMIT 1`,
    )
    .get(batch, nowMs)
  if (!row) return undefined
  database.query(`UPDATE items SET state = 'running' WHERE seq = ?`).run(row.seq)
  return {
    seq: row.seq,
    customId: row.custom_id,
    failures: row.failures,
    text: unpack(row.request),
    outcome: outcomeOf(row),
  }
}

function outcomeOf({ completion, refused }: WaitingRow): RemoteOutcome | undefined {
  if (completion) return { type: 'answered', completion: Buffer.from(completion).toString() }
  return refused === 1 ? { type: 'refused' } : undefined
}

/** Counts ends, and ends the batch with its last one. */
function count(database: Database, batch: number, outcome: Outcome, items: number, nowMs: number): boolean {
  if (items > 0)
    database.query(`UPDATE batches SET ${outcome} = ${outcome} + ? WHERE seq = ?`).run(items, batch)
  const isDone = database
    .query<{ done: number }, [number]>(
      'SELECT succeeded + errored + canceled + expired >= total AS done FROM batches WHERE seq = ?',
    )
    .get(batch)?.done
  return isDone === 1 && moveBatch(database, batch, 'ended', 'ended_at_ms = ?', nowMs)
}

function purge(database: Database, createdBeforeMs: number, limit: number): number {
  const batch = database
    .query<{ seq: number; state: string }, [number]>(
      `SELECT seq, state FROM batches WHERE state = 'removing'
       UNION ALL SELECT seq, state FROM batches WHERE state = 'ended' AND purged = 0 AND created_at_ms <= ? LIMIT 1`,
    )
    .get(createdBeforeMs)
  if (!batch) return 0
  const { changes } = database
    .query('DELETE FROM items WHERE seq IN (SELECT seq FROM items WHERE batch = ? LIMIT ?)')
    .run(batch.seq, limit)
  if (changes >= limit) return changes
  const last =
    batch.state === 'removing'
      ? 'DELETE FROM batches WHERE seq = ?'
      : 'UPDATE batches SET purged = 1 WHERE seq = ?'
  database.query(last).run(batch.seq)
  return changes + 1
}
