import type { Database } from 'bun:sqlite'

import type { Run, RunList } from '../wire/server/runs.ts'
import { fromRow, type Row, SELECTED } from './rows.ts'

/** Which runs are wanted; what is undefined does not matter. */
export interface RunFilter {
  readonly outcome?: string | undefined
  readonly model?: string | undefined
  readonly key?: string | undefined
  readonly conversation?: string | undefined
  readonly batch?: string | undefined
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  /** Text that stands anywhere in the run's ids, names or error. */
  readonly text?: string | undefined
}

export interface RunPage extends RunFilter {
  readonly limit: number
  /** Only runs that ended before this one. */
  readonly before?: number | undefined
}

type Cell = string | number

/** A condition in SQL, and what its question marks stand for. */
interface Condition {
  readonly sql: string
  readonly values: readonly Cell[]
}

const SEARCHED = [
  'id',
  'conversation',
  'agent',
  'batch',
  'model',
  'upstream_model',
  'provider',
  'error',
  'key',
]

export function conditionOf(filter: RunFilter): Condition {
  const parts: Condition[] = []
  const add = (sql: string, ...values: readonly Cell[]): unknown => parts.push({ sql, values })
  if (filter.outcome !== undefined) add('outcome = ?', filter.outcome)
  if (filter.model !== undefined) add('(model = ? OR upstream_model = ?)', filter.model, filter.model)
  if (filter.key !== undefined) add('key = ?', filter.key)
  if (filter.conversation !== undefined) add('conversation = ?', filter.conversation)
  if (filter.batch !== undefined) add('batch = ?', filter.batch)
  if (filter.fromMs !== undefined) add('started_at_ms >= ?', filter.fromMs)
  if (filter.toMs !== undefined) add('started_at_ms < ?', filter.toMs)
  if (filter.text !== undefined && filter.text !== '') {
    const pattern = `%${filter.text.replaceAll(/[\\%_]/g, '\\$&')}%`
    add(
      `(${SEARCHED.map((column) => `runs.${column} LIKE ? ESCAPE '\\'`).join(' OR ')})`,
      ...SEARCHED.map(() => pattern),
    )
  }
  return {
    sql: parts.length === 0 ? '1' : parts.map(({ sql }) => sql).join(' AND '),
    values: parts.flatMap(({ values }) => values),
  }
}

/** One page of the stored runs, newest first. */
export function listRuns(database: Database, page: RunPage): RunList {
  const { sql, values } = conditionOf(page)
  const total =
    database
      .query<{ count: number }, Cell[]>(`SELECT count(*) AS count FROM runs WHERE ${sql}`)
      .get(...values)?.count ?? 0
  const rows = database
    .query<Row, Cell[]>(`SELECT ${SELECTED} FROM runs WHERE ${sql} AND seq < ? ORDER BY seq DESC LIMIT ?`)
    .all(...values, page.before ?? Number.MAX_SAFE_INTEGER, page.limit + 1)
  const data = rows.slice(0, page.limit).map(fromRow)
  const hasMore = rows.length > page.limit
  return { data, has_more: hasMore, next_before: hasMore ? (data.at(-1)?.seq ?? null) : null, total }
}

export const findRun = (database: Database, id: string): Run | undefined => {
  const row = database
    .query<Row, [string]>(`SELECT ${SELECTED} FROM runs WHERE runs.id = ? ORDER BY seq DESC LIMIT 1`)
    .get(id)
  return row ? fromRow(row) : undefined
}
