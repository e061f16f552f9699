import type { Caller } from '../core/caller.ts'
import type { ClientProtocol } from '../core/context.ts'
import type { RemoteOutcome } from './remote/call.ts'
import type { BatchState, Outcome } from './states.ts'

const HOUR_MS = 3_600_000
/** What has not run by then expires (Anthropic API, §7). */
export const LIFETIME_MS = 24 * HOUR_MS
/** Results are kept this long after the creation (Anthropic API, §7). */
export const RETENTION_MS = 29 * 24 * HOUR_MS

/** The states in which a batch is shown. */
export type ShownState = Exclude<BatchState, 'creating' | 'removing'>

/** Who created a batch, and what the headers said; both govern all its requests. A caller's secret is never stored. */
export interface Creator {
  readonly caller: Caller
  readonly protocol: ClientProtocol
}

/** A batch as it is stored. Times are milliseconds since the epoch. */
export interface BatchRecord extends Creator {
  /** Its number in the store, in the order of creation. */
  readonly seq: number
  /** `msgbatch_…` */
  readonly id: string
  readonly state: ShownState
  readonly total: number
  /** How many have come to which end by now. */
  readonly counts: Readonly<Record<Outcome, number>>
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly endedAtMs: number | undefined
  readonly cancelInitiatedAtMs: number | undefined
}

/** One request that is to be stored. */
export interface NewItem {
  readonly customId: string
  /** The JSON text that it came as: an object with `custom_id` and `params`. */
  readonly text: Uint8Array
}

/** One request whose turn has come. */
export interface ClaimedItem {
  readonly seq: number
  readonly customId: string
  readonly text: Uint8Array
  /** How often it has failed before, in a way that was worth another try. */
  readonly failures: number
  /** What became of its call, where that was handed over. */
  readonly outcome: RemoteOutcome | undefined
}

/** One line of the results. */
export interface ResultRow {
  readonly seq: number
  readonly customId: string
  /** The JSON text of a `MessageBatchResult`. */
  readonly result: string
}

/** How many of a batch's requests have come to an end. */
export const processedOf = ({ counts }: Pick<BatchRecord, 'counts'>): number =>
  counts.succeeded + counts.errored + counts.canceled + counts.expired

/** When the results of an ended batch were given up; undefined while they are there. */
export function archivedAtMs({ state, createdAtMs }: BatchRecord, nowMs: number): number | undefined {
  const archiveAtMs = createdAtMs + RETENTION_MS
  return state === 'ended' && nowMs >= archiveAtMs ? archiveAtMs : undefined
}
