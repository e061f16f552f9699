import type { MessageBatch } from '../wire/anthropic/batches.ts'
import { archivedAtMs, type BatchRecord, processedOf } from './batch.ts'

/** A batch in Anthropic's form (§7). How its requests ended is only counted when all have. */
export function toMessageBatch(batch: BatchRecord, nowMs: number, resultsUrl: string): MessageBatch {
  const archived = archivedAtMs(batch, nowMs)
  const hasEnded = batch.state === 'ended'
  return {
    id: batch.id,
    type: 'message_batch',
    processing_status: batch.state,
    request_counts: hasEnded
      ? { processing: batch.total - processedOf(batch), ...batch.counts }
      : { processing: batch.total, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    created_at: toTime(batch.createdAtMs),
    expires_at: toTime(batch.expiresAtMs),
    ended_at: toTimeOrNull(batch.endedAtMs),
    cancel_initiated_at: toTimeOrNull(batch.cancelInitiatedAtMs),
    archived_at: toTimeOrNull(archived),
    results_url: hasEnded && archived === undefined ? resultsUrl : null,
  }
}

const toTime = (ms: number): string => new Date(ms).toISOString()

const toTimeOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : toTime(ms))
