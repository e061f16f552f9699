import type { Database } from 'bun:sqlite'

import type { RunSums, RunSummary } from '../wire/server/runs.ts'
import { conditionOf, type RunFilter } from './query.ts'

/** What runs may have in common; the names are columns. */
export const GROUPINGS = ['model', 'key', 'conversation', 'upstream', 'provider', 'agent'] as const
export type Grouping = (typeof GROUPINGS)[number]

export interface SummaryQuery extends RunFilter {
  readonly fromMs: number
  readonly toMs: number
  readonly by: Grouping
}

const MOST_BUCKETS = 60
const MOST_GROUPS = 8
/** Lengths that a reader can name. */
const BUCKETS_MS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800].map(
  (seconds) => seconds * 1000,
)

const SUMS = `count(*) AS runs,
  coalesce(sum(outcome = 'error'), 0) AS errors,
  coalesce(sum(input_tokens), 0) AS input_tokens,
  coalesce(sum(cached_tokens), 0) AS cached_tokens,
  coalesce(sum(output_tokens), 0) AS output_tokens,
  coalesce(sum(cost_usd), 0) AS cost_usd,
  coalesce(sum(saved_usd), 0) AS saved_usd`

type Cell = string | number

/** What the stored runs of a window add up to, over time and by what they have in common. */
export function summarise(database: Database, query: SummaryQuery): RunSummary {
  const { sql, values } = conditionOf(query)
  const bucketMs = bucketOf(query.toMs - query.fromMs)
  const startMs = Math.floor(query.fromMs / bucketMs) * bucketMs
  const count = Math.ceil((query.toMs - startMs) / bucketMs)
  const all = <Fields extends object>(select: string, rest: string, ...more: readonly Cell[]) =>
    database.query<Fields, Cell[]>(`SELECT ${select} FROM runs WHERE ${sql} ${rest}`).all(...values, ...more)
  const bucket = `CAST((started_at_ms - ${startMs}) / ${bucketMs} AS INTEGER)`
  const name = `coalesce(${query.by === 'model' ? 'coalesce(upstream_model, model)' : query.by}, '')`

  const total = all<RunSums>(SUMS, '')[0] ?? NOTHING
  const buckets = new Map(
    all<RunSums & { bucket: number }>(`${bucket} AS bucket, ${SUMS}`, 'GROUP BY bucket').map((row) => [
      row.bucket,
      row,
    ]),
  )
  const groups = all<RunSums & { name: string }>(
    `${name} AS name, ${SUMS}`,
    `GROUP BY 1 ORDER BY cost_usd DESC, runs DESC LIMIT ${MOST_GROUPS}`,
  )
  const cells = all<{ name: string; bucket: number; cost: number; tokens: number }>(
    `${name} AS name, ${bucket} AS bucket, coalesce(sum(cost_usd), 0) AS cost,
      coalesce(sum(input_tokens), 0) + coalesce(sum(output_tokens), 0) AS tokens`,
    'GROUP BY 1, 2',
  )
  const percentile = (column: string, share: number): number | null => {
    const known = all<{ count: number }>('count(*) AS count', `AND ${column} IS NOT NULL`)[0]?.count ?? 0
    if (known === 0) return null
    const at = Math.min(known - 1, Math.floor(known * share))
    const rest = `AND ${column} IS NOT NULL ORDER BY ${column} LIMIT 1 OFFSET ${at}`
    return all<{ value: number }>(`${column} AS value`, rest)[0]?.value ?? null
  }
  const percentiles = (column: string) => ({ p50: percentile(column, 0.5), p95: percentile(column, 0.95) })
  return {
    from: new Date(startMs).toISOString(),
    to: new Date(query.toMs).toISOString(),
    bucket_ms: bucketMs,
    total,
    latency_ms: percentiles('duration_ms'),
    first_event_ms: percentiles('first_event_ms'),
    series: Array.from({ length: count }, (_, index) => {
      const { bucket: _bucket, ...sums } = buckets.get(index) ?? { bucket: index, ...NOTHING }
      return { start: new Date(startMs + index * bucketMs).toISOString(), ...sums }
    }),
    by: query.by,
    groups: groups.map((group) => {
      const costs = Array.from({ length: count }, () => 0)
      const tokens = [...costs]
      for (const cell of cells) {
        if (cell.name !== group.name) continue
        costs[cell.bucket] = cell.cost
        tokens[cell.bucket] = cell.tokens
      }
      return { ...group, costs, tokens }
    }),
  }
}

const NOTHING: RunSums = {
  runs: 0,
  errors: 0,
  input_tokens: 0,
  cached_tokens: 0,
  output_tokens: 0,
  cost_usd: 0,
  saved_usd: 0,
}

const bucketOf = (windowMs: number): number =>
  BUCKETS_MS.find((bucketMs) => windowMs / bucketMs <= MOST_BUCKETS) ?? 604_800_000
