import { DEFAULT_PROTOCOL } from '../../src/core/context.ts'
import { createLog } from '../../src/observability/log.ts'
import type { ObservedRequest } from '../../src/observability/request.ts'
import { createTrace } from '../../src/observability/trace.ts'
import type { NewRun } from '../../src/runs/run.ts'
import { RUNS_MIGRATIONS } from '../../src/runs/schema.ts'
import { createRunStore, type RunStoreOptions } from '../../src/runs/store.ts'
import { openDatabase } from '../../src/store/database.ts'

export const NOON_MS = Date.UTC(2026, 4, 6, 12)

export const silentLog = createLog({ level: 'silent', write: () => {}, now: () => 0 })

/** A store in memory, at noon. */
export const storeOf = (options: Partial<RunStoreOptions> = {}) =>
  createRunStore({
    open: () =>
      openDatabase({ path: ':memory:', migrations: RUNS_MIGRATIONS, stamp: () => '', log: silentLog }),
    maxRuns: 1000,
    maxAgeMs: 86_400_000,
    maxRecordedBytes: 1_000_000,
    clock: { now: () => NOON_MS },
    log: silentLog,
    ...options,
  })

/** A run that ended well, except in what a test says. */
export const runOf = (fields: Partial<NewRun> = {}): NewRun => ({
  id: 'req_1',
  started_at: new Date(NOON_MS - 1000).toISOString(),
  duration_ms: 20,
  first_event_ms: 5,
  status: 200,
  outcome: 'ok',
  key: 'anyone',
  conversation: null,
  agent: null,
  batch: null,
  model: 'big',
  upstream_model: 'test/model',
  upstream: 'default',
  provider: null,
  generation_id: null,
  route: null,
  input_tokens: 10,
  cached_tokens: 4,
  output_tokens: 5,
  cost_usd: 0.5,
  saved_usd: null,
  cache: null,
  retries: 0,
  fallback: false,
  error_type: null,
  error: null,
  warnings: [],
  steps: [{ name: 'call', start_ms: 1, duration_ms: 18, outcome: 'ok' }],
  notes: {},
  ...fields,
})

/** A request under way, as the routes tell of it. */
export const requestOf = ({
  id = 'req_1',
  ...fields
}: Partial<ObservedRequest> & { id?: string } = {}): ObservedRequest => ({
  context: { id, protocol: DEFAULT_PROTOCOL, owner: 'anyone' },
  method: 'POST',
  route: '/v1/messages',
  startedAtMs: NOON_MS,
  trace: createTrace(() => 0),
  ...fields,
})
