import type { Database } from 'bun:sqlite'

import type { UsageEntry } from './entry.ts'

export const USAGE_MIGRATIONS = [
  `CREATE TABLE calls (
    at_ms INTEGER NOT NULL,
    day TEXT NOT NULL,
    request_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    conversation TEXT,
    agent TEXT,
    asked TEXT NOT NULL,
    model TEXT NOT NULL,
    upstream TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    estimated INTEGER NOT NULL,
    saved_usd REAL NOT NULL,
    outcome TEXT NOT NULL
  );
  CREATE INDEX calls_by_time ON calls (at_ms);
  CREATE TABLE spent (owner TEXT NOT NULL, day TEXT NOT NULL, cost_usd REAL NOT NULL, PRIMARY KEY (owner, day));`,
]

/** The day of a moment, in UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 'YYYY-MM-DD'.length)

/** Stores calls, and adds them to what their owners spent on their days; all or nothing. */
export const insertCalls = (database: Database, entries: readonly UsageEntry[]): void => {
  const insert = database.query(
    'INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const spend = database.query(
    `INSERT INTO spent VALUES (?, ?, ?)
     ON CONFLICT (owner, day) DO UPDATE SET cost_usd = cost_usd + excluded.cost_usd`,
  )
  database.transaction(() => {
    for (const entry of entries) insert.run(...toRow(entry))
    for (const { owner, day, costUsd } of sumsOf(entries)) spend.run(owner, day, costUsd)
  })()
}

const toRow = (entry: UsageEntry): Array<string | number | null> => [
  entry.atMs,
  dayOf(entry.atMs),
  entry.requestId,
  entry.owner,
  entry.conversation ?? null,
  entry.agent ?? null,
  entry.asked,
  entry.model,
  entry.upstream,
  entry.inputTokens,
  entry.cachedTokens,
  entry.cacheWriteTokens,
  entry.outputTokens,
  entry.costUsd,
  entry.isEstimate ? 1 : 0,
  entry.savedUsd,
  entry.outcome,
]

interface Sum {
  readonly owner: string
  readonly day: string
  costUsd: number
}

/** What each owner spent on each day. */
function sumsOf(entries: readonly UsageEntry[]): Iterable<Sum> {
  const sums = new Map<string, Sum>()
  for (const { owner, atMs, costUsd } of entries) {
    if (costUsd === 0) continue
    const day = dayOf(atMs)
    const key = `${owner} ${day}`
    const sum = sums.get(key)
    if (sum) sum.costUsd += costUsd
    else sums.set(key, { owner, day, costUsd })
  }
  return sums.values()
}

interface SpentRow {
  readonly owner: string
  readonly day: string
  readonly cost_usd: number
}

/** What each owner spent on each day since the first of a month. */
export const readSpent = (database: Database, sinceDay: string): readonly SpentRow[] =>
  database.query<SpentRow, [string]>('SELECT owner, day, cost_usd FROM spent WHERE day >= ?').all(sinceDay)

/** Rows removed at a time, so that no request waits for a long one. */
const SLICE = 500

/** Removes calls from before a moment; tells whether there are more of them. */
export const removeCalls = (database: Database, beforeMs: number): boolean =>
  database
    .query('DELETE FROM calls WHERE rowid IN (SELECT rowid FROM calls WHERE at_ms < ? LIMIT ?)')
    .run(beforeMs, SLICE).changes === SLICE
