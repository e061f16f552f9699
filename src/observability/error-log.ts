import type { Failure } from '../core/errors.ts'
import { mask, redactField, redactFields } from './redact.ts'
import type { FinishedRequest, Watch } from './request.ts'

/** One request that failed, with what one needs to find out why. Without secrets. */
export interface LoggedError {
  readonly correlation_id: string
  readonly timestamp: string
  readonly type: string
  readonly message: string
  readonly status: number
  readonly method: string
  readonly endpoint: string
  readonly duration_ms: number
  readonly key: string
  readonly batch: string | null
  readonly facts: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
  readonly steps: ReadonlyArray<{
    readonly name: string
    readonly start_ms: number
    readonly duration_ms: number
    readonly outcome: string
  }>
  /** What was thrown, with its stack and its causes. */
  readonly thrown: unknown
}

export interface ErrorStats {
  readonly total_errors: number
  readonly remembered: number
  readonly time_range: { readonly oldest: string | null; readonly newest: string | null }
  readonly error_types: Readonly<Record<string, number>>
  readonly error_endpoints: Readonly<Record<string, number>>
  readonly error_models: Readonly<Record<string, number>>
}

/** The last failures, in memory. */
export interface ErrorLog extends Watch {
  /** The newest first. */
  recent(count: number): readonly LoggedError[]
  find(id: string): LoggedError | undefined
  stats(): ErrorStats
}

const MOST_REMEMBERED = 200
const MOST_NAMES = 100

/** Remembers requests that failed. What it shows is made when somebody looks. */
export function createErrorLog(): ErrorLog {
  const remembered: FinishedRequest[] = []
  let total = 0
  const types = createTally()
  const endpoints = createTally()
  const models = createTally()

  return {
    begin() {},
    end(request, ending) {
      if (ending.outcome !== 'error') return
      total++
      remembered.push({ request, ending })
      if (remembered.length > MOST_REMEMBERED) remembered.shift()
      types.count(typeOf(request.trace.failure()))
      endpoints.count(request.route)
      const model = request.trace.noted('upstream_model')
      if (typeof model === 'string') models.count(model)
    },
    recent: (count) => remembered.slice(-count).toReversed().map(toLogged),
    find(id) {
      const found = remembered.findLast(({ request }) => request.context.id === id)
      return found && toLogged(found)
    },
    stats: () => ({
      total_errors: total,
      remembered: remembered.length,
      time_range: { oldest: timeOf(remembered[0]), newest: timeOf(remembered.at(-1)) },
      error_types: types.read(),
      error_endpoints: endpoints.read(),
      error_models: models.read(),
    }),
  }
}

/** Counts by name; a flood of names shares one. */
function createTally() {
  const counts = new Map<string, number>()
  return {
    count(name: string): void {
      const known = counts.has(name) || counts.size < MOST_NAMES ? name : 'other'
      counts.set(known, (counts.get(known) ?? 0) + 1)
    },
    read: (): Record<string, number> => Object.fromEntries(counts),
  }
}

const typeOf = (thrown: unknown): string => (thrown as Partial<Failure> | undefined)?.kind ?? 'api_error'

const timeOf = (finished: FinishedRequest | undefined): string | null =>
  finished ? new Date(finished.request.startedAtMs).toISOString() : null

const round = (ms: number): number => Math.round(ms * 100) / 100

function toLogged({ request, ending }: FinishedRequest): LoggedError {
  const { trace, context } = request
  const thrown = trace.failure()
  const { error, ...facts } = trace.notes()
  return {
    correlation_id: context.id,
    timestamp: new Date(request.startedAtMs).toISOString(),
    type: typeOf(thrown),
    message: mask(typeof error === 'string' ? error : '').replace(/^[a-z_]+: /, ''),
    status: ending.status,
    method: request.method,
    endpoint: request.route,
    duration_ms: ending.durationMs,
    key: context.owner,
    batch: request.batch ?? null,
    facts: redactFields(facts),
    warnings: trace.warnings().map(({ path, message }) => `${path}: ${message}`),
    steps: trace.spans().map(({ name, startedAtMs, durationMs, outcome }) => ({
      name,
      start_ms: round(startedAtMs - trace.startedAtMs),
      duration_ms: round(durationMs),
      outcome,
    })),
    thrown: thrown === undefined ? null : redactField({ thrown }, 'thrown'),
  }
}
