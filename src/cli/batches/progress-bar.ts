import type { ShortBatchProgress } from '../../wire/server/batches.ts'

const WIDTH = 30

/** One line that says how far a batch is: a bar, and beside it what the bar cannot show. */
export function renderProgress(batch: ShortBatchProgress): string {
  const { progress, total_messages: total, processed_messages: done, failed_messages: failed } = batch
  const filled = Math.floor(progress * WIDTH)
  const parts = [
    `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${String(Math.floor(progress * 100)).padStart(3)} %`,
    `${count(done)} of ${count(total)}`,
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(batch.status === 'processing'
      ? pace(batch)
      : [`${batch.status} in ${duration(batch.completion_time)}`]),
  ]
  return parts.join('  ')
}

function pace(batch: ShortBatchProgress): readonly string[] {
  const rate = batch.messages_per_second
  if (rate === 0) return ['waiting']
  const left = (batch.total_messages - batch.processed_messages) / rate
  return [`${rate.toFixed(1)}/s`, `${duration(left)} left`]
}

const count = (value: number): string => value.toLocaleString('en')

/** A time in seconds, as people say it: `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
