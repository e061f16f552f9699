import type { BatchRecord, ClaimedItem, Creator, NewItem, ResultRow } from './batch.ts'
import type { RemoteCall } from './remote/call.ts'
import type { Outcome } from './states.ts'

export interface PageRequest {
  readonly limit: number
  /** Newest first: what is older than this batch, or what is newer. */
  readonly cursor: { readonly id: string; readonly side: 'after' | 'before' } | undefined
}

/** Sums over all batches, for the metrics. */
export interface BatchTotals {
  readonly batches: Readonly<Record<'in_progress' | 'canceling' | 'ended', number>>
  readonly items: Readonly<Record<'pending' | 'running' | Outcome, number>>
}

/**
 * Where batches are kept, as those who ask about them see it. Every method is one change or none; each throws a
 * `Failure` where the disk or another program is in the way.
 */
export interface BatchStore {
  /** Begins a batch that nobody sees yet; resolves to its number. */
  begin(id: string, creator: Creator): Promise<number>
  /** Adds requests to it. Throws a `Failure` for a `custom_id` that it has already. */
  add(batch: number, items: readonly NewItem[]): Promise<void>
  /** Shows it and lets it run. */
  publish(batch: number, createdAtMs: number): Promise<BatchRecord>
  find(id: string, owner: string): Promise<BatchRecord | undefined>
  /** Undefined where the cursor's batch does not exist. */
  page(owner: string, request: PageRequest): Promise<{ batches: BatchRecord[]; hasMore: boolean } | undefined>
  /** Marks a running batch as canceling; false where it has left that state. */
  cancel(batch: number, nowMs: number): Promise<boolean>
  /** Hides a batch that has ended or was never shown; its rows are removed by and by. */
  remove(batch: number): Promise<boolean>
  /** The next rows of the results, in the order of the requests. */
  results(batch: number, afterSeq: number, limit: number): Promise<readonly ResultRow[]>
  /** The newest, whoever created them. */
  recent(limit: number): Promise<readonly BatchRecord[]>
  totals(): Promise<BatchTotals>
  close(): void
}

/** A batch with work to do. */
export interface OpenBatch extends BatchRecord {
  readonly state: 'in_progress' | 'canceling'
}

/** The same place as the worker sees it. */
export interface BatchQueue {
  /** After a crash: what ran waits again, what was never finished being created is removed, but for the given ones. */
  recover(creating: ReadonlySet<number>): Promise<void>
  /** All batches with work to do, oldest first. */
  open(): Promise<readonly OpenBatch[]>
  /** Takes the next request whose time has come. */
  claim(batch: number, nowMs: number): Promise<ClaimedItem | undefined>
  /** When the next one that waits may run; undefined where none waits. */
  nextDueMs(batch: number): Promise<number | undefined>
  /** Gives one back that did not come to an end; `failed` counts it as a failed try. */
  putBack(item: number, dueAtMs: number, failed: boolean): Promise<void>
  /** Lets one wait until its call was handed over and answered. */
  defer(item: number, call: RemoteCall, nowMs: number): Promise<void>
  /** Ends one; resolves to whether that ended the batch. */
  finish(batch: number, item: number, outcome: Outcome, result: string, nowMs: number): Promise<boolean>
  /** Ends up to `limit` of those that wait; resolves to how many they were and whether that ended the batch. */
  finishWaiting(
    batch: number,
    outcome: Outcome,
    limit: number,
    nowMs: number,
  ): Promise<{ readonly items: number; readonly ended: boolean }>
  /** Removes up to `limit` rows of what is hidden or too old; resolves to how many they were. */
  purge(createdBeforeMs: number, limit: number): Promise<number>
}
