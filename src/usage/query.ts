import type { Database } from 'bun:sqlite'

/** What usage can be sorted by, and the column that says it. */
export const DIMENSIONS = {
  day: 'day',
  key: 'owner',
  model: 'model',
  requested_model: 'asked',
  upstream: 'upstream',
  conversation: 'conversation',
  agent: 'agent',
  outcome: 'outcome',
  request: 'request_id',
} as const
export type Dimension = keyof typeof DIMENSIONS

export interface UsageQuery {
  /** Whose; undefined for everybody's. */
  readonly owner: string | undefined
  readonly fromMs: number
  /** Not itself included. */
  readonly toMs: number
  readonly groupBy: readonly Dimension[]
  /** The most rows that are told. */
  readonly limit: number
}

/** Sums of one group of calls. */
export interface UsageRow extends Readonly<Partial<Record<Dimension, string | null>>> {
  readonly requests: number
  readonly calls: number
  readonly input_tokens: number
  readonly cached_tokens: number
  readonly cache_write_tokens: number
  readonly output_tokens: number
  readonly cost_usd: number
  /** The part of the cost that no upstream has named. */
  readonly estimated_cost_usd: number
  readonly saved_usd: number
}

/** Ten decimals are finer than any price, and hide what floating point makes of sums. */
const SUMS = `count(DISTINCT request_id) AS requests,
  count(*) AS calls,
  coalesce(sum(input_tokens), 0) AS input_tokens,
  coalesce(sum(cached_tokens), 0) AS cached_tokens,
  coalesce(sum(cache_write_tokens), 0) AS cache_write_tokens,
  coalesce(sum(output_tokens), 0) AS output_tokens,
  round(coalesce(sum(cost_usd), 0), 10) AS cost_usd,
  round(coalesce(sum(cost_usd * estimated), 0), 10) AS estimated_cost_usd,
  round(coalesce(sum(saved_usd), 0), 10) AS saved_usd`

/** The sums of calls, a row for each group in the groups' order. */
export function queryUsage(database: Database, query: UsageQuery): readonly UsageRow[] {
  const columns = query.groupBy.map((dimension) => `${DIMENSIONS[dimension]} AS ${dimension}`)
  const names = query.groupBy.map((dimension) => DIMENSIONS[dimension]).join(', ')
  const order = names === '' ? '' : `GROUP BY ${names} ORDER BY ${names}`
  const sql = `SELECT ${[...columns, SUMS].join(', ')} FROM calls
    WHERE at_ms >= ?1 AND at_ms < ?2 AND (?3 IS NULL OR owner = ?3) ${order} LIMIT ?4`
  return database
    .query<UsageRow, [number, number, string | null, number]>(sql)
    .all(query.fromMs, query.toMs, query.owner ?? null, query.limit)
}
