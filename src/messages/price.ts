import type { ModelRecord } from '../wire/openrouter/models.ts'

export interface TokenCounts {
  /** The whole prompt, cached or not. */
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number
}

/** What a call costs by the catalogue's prices; undefined where it names none. */
export function priceOf(record: ModelRecord | undefined, counts: TokenCounts): number | undefined {
  const { pricing } = record ?? {}
  const prompt = toPrice(pricing?.prompt)
  const completion = toPrice(pricing?.completion)
  if (prompt === undefined || completion === undefined) return undefined
  const { inputTokens, cachedTokens, cacheWriteTokens, outputTokens } = counts
  const fresh = Math.max(0, inputTokens - cachedTokens - cacheWriteTokens)
  return (
    fresh * prompt +
    cachedTokens * (toPrice(pricing?.input_cache_read) ?? prompt) +
    cacheWriteTokens * (toPrice(pricing?.input_cache_write) ?? prompt) +
    outputTokens * completion +
    (toPrice(pricing?.request) ?? 0)
  )
}

/** Prices are texts; negative ones stand for "it depends". */
function toPrice(text: string | null | undefined): number | undefined {
  const price = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  return price >= 0 ? price : undefined
}
