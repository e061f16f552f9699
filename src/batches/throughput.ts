/** Counts what was done lately. */
export interface Throughput {
  add(nowMs: number): void
  /** Of the last minute, or of the time since the first one where that is shorter. */
  perSecond(nowMs: number): number
}

const BUCKET_MS = 5000
const BUCKETS = 12

export function createThroughput(): Throughput {
  let firstMs: number | undefined
  let buckets: Array<{ readonly index: number; count: number }> = []
  const recent = (nowMs: number) =>
    buckets.filter(({ index }) => index > Math.floor(nowMs / BUCKET_MS) - BUCKETS)
  return {
    add(nowMs) {
      firstMs ??= nowMs
      const index = Math.floor(nowMs / BUCKET_MS)
      const last = buckets.at(-1)
      if (last?.index === index) last.count++
      else buckets = [...recent(nowMs), { index, count: 1 }]
    },
    perSecond(nowMs) {
      const count = recent(nowMs).reduce((sum, bucket) => sum + bucket.count, 0)
      const sinceMs = Math.min(nowMs - (firstMs ?? nowMs), BUCKET_MS * BUCKETS)
      return count === 0 ? 0 : count / Math.max(1, sinceMs / 1000)
    },
  }
}
