import type { Run } from '../wire/server/runs.ts'
import type { NewRun } from './run.ts'

/** A run as a row: what is searched and added up has a column of its own. */
const COLUMNS = [
  'id',
  'started_at_ms',
  'duration_ms',
  'first_event_ms',
  'status',
  'outcome',
  'key',
  'conversation',
  'agent',
  'batch',
  'model',
  'upstream_model',
  'upstream',
  'provider',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'cost_usd',
  'saved_usd',
  'cache',
  'error_type',
  'error',
  'details',
] as const

export const INSERT_RUN = `INSERT INTO runs (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`

/** What a `SELECT` must name for `fromRow`. */
export const SELECTED = `runs.seq, ${COLUMNS.map((column) => `runs.${column}`).join(', ')},
  EXISTS (SELECT 1 FROM recordings WHERE recordings.seq = runs.seq) AS recorded`

type Cell = string | number | null

export const toRow = (run: NewRun): Cell[] => [
  run.id,
  Date.parse(run.started_at),
  run.duration_ms,
  run.first_event_ms,
  run.status,
  run.outcome,
  run.key,
  run.conversation,
  run.agent,
  run.batch,
  run.model,
  run.upstream_model,
  run.upstream,
  run.provider,
  run.input_tokens,
  run.cached_tokens,
  run.output_tokens,
  run.cost_usd,
  run.saved_usd,
  run.cache,
  run.error_type,
  run.error,
  JSON.stringify({
    generation_id: run.generation_id,
    route: run.route,
    retries: run.retries,
    fallback: run.fallback,
    warnings: run.warnings,
    steps: run.steps,
    notes: run.notes,
  }),
]

type Details = Pick<Run, 'generation_id' | 'route' | 'retries' | 'fallback' | 'warnings' | 'steps' | 'notes'>

export interface Row extends Omit<Run, keyof Details | 'started_at' | 'recorded'> {
  readonly started_at_ms: number
  readonly details: string
  readonly recorded: number
}

export function fromRow({ started_at_ms, details, recorded, ...row }: Row): Run {
  return {
    ...row,
    started_at: new Date(started_at_ms).toISOString(),
    ...(JSON.parse(details) as Details),
    recorded: recorded === 1,
  }
}
