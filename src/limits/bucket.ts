/**
 * A token bucket, as Anthropic's limits are: it empties by use and fills again all the time, so that no minute's end
 * lets twice as much through. It holds what is used, not what is left, and so outlives a change of its limit. What a
 * call took may only be known afterwards; then more can be used than there is, and the next ones wait longer.
 */
export interface Bucket {
  used: number
  atMs: number
}

export const newBucket = (nowMs: number): Bucket => ({ used: 0, atMs: nowMs })

const MINUTE_MS = 60_000

/** Brings a bucket to the present; tells how much is left. */
export function refill(bucket: Bucket, perMinute: number, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs)
  bucket.used = Math.max(0, bucket.used - (elapsedMs * perMinute) / MINUTE_MS)
  bucket.atMs = nowMs
  return perMinute - bucket.used
}

/** Rounding must not keep a full bucket from being full. */
const ROUNDING = 1e-6

/** How long to wait until `amount` is there; 0 when it is. What is more than a bucket holds has to find it full. */
export function waitMs(bucket: Bucket, amount: number, perMinute: number, nowMs: number): number {
  const missing = Math.min(amount, perMinute) - refill(bucket, perMinute, nowMs)
  return missing > ROUNDING ? (missing / perMinute) * MINUTE_MS : 0
}

/** When a bucket is full again, if nothing more is taken. */
export const fullAtMs = (bucket: Bucket, perMinute: number, nowMs: number): number => {
  refill(bucket, perMinute, nowMs)
  return nowMs + (bucket.used / perMinute) * MINUTE_MS
}
