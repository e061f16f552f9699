import type { MessageBatchResult } from '../wire/anthropic/batches.ts'
import type { ShortBatchProgress, ShortResult } from '../wire/server/batches.ts'
import { type BatchRecord, processedOf, type ResultRow } from './batch.ts'
import type { RowFormat } from './results.ts'

/** How far a batch is, in the words of the short batch API. */
export function toProgress(batch: BatchRecord, nowMs: number): ShortBatchProgress {
  const { total, counts, createdAtMs, endedAtMs } = batch
  const processed = processedOf(batch)
  const seconds = Math.max(0, (endedAtMs ?? nowMs) - createdAtMs) / 1000
  return {
    batch_id: batch.id,
    status: statusOf(batch),
    total_messages: total,
    processed_messages: processed,
    successful_messages: counts.succeeded,
    failed_messages: processed - counts.succeeded,
    success_rate: processed === 0 ? 0 : round((100 * counts.succeeded) / processed),
    progress: total === 0 ? 1 : round(processed / total, 4),
    messages_per_second: seconds === 0 ? 0 : round(processed / seconds),
    completion_time: seconds,
    created_at: new Date(createdAtMs).toISOString(),
    ended_at: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(),
  }
}

function statusOf({ state, counts }: BatchRecord): ShortBatchProgress['status'] {
  if (state !== 'ended') return 'processing'
  if (counts.canceled > 0) return 'canceled'
  return counts.expired > 0 ? 'expired' : 'completed'
}

const round = (value: number, digits = 2): number => Number(value.toFixed(digits))

/** The record of an ended batch with its results, as one JSON object that is never there as a whole. */
export const withResults = (progress: ShortBatchProgress): RowFormat => ({
  head: `${JSON.stringify(progress).slice(0, -1)},"results":[`,
  row: (row, index) => `${index === 0 ? '' : ','}${JSON.stringify(toShortResult(row))}`,
  tail: ']}',
})

function toShortResult({ customId, result }: ResultRow): ShortResult {
  const outcome = JSON.parse(result) as MessageBatchResult
  const succeeded = outcome.type === 'succeeded'
  return {
    custom_id: customId,
    success: succeeded,
    message: succeeded ? outcome.message : null,
    error: succeeded ? null : toError(outcome),
  }
}

function toError(outcome: Exclude<MessageBatchResult, { type: 'succeeded' }>): ShortResult['error'] {
  if (outcome.type === 'errored') return outcome.error.error
  const { type } = outcome
  return {
    type,
    message: type === 'canceled' ? 'The batch was canceled' : 'The batch expired before its turn came',
  }
}
