import type { Fields } from '../core/context.ts'
import type { Failure } from '../core/errors.ts'
import { redactFields } from '../observability/redact.ts'
import type { FinishedRequest, ObservedRequest } from '../observability/request.ts'
import type { OpenSpan, Span } from '../observability/trace.ts'
import type { ActiveRun, Run, RunStep } from '../wire/server/runs.ts'

/** A run that has no place in the store yet. */
export type NewRun = Omit<Run, 'seq' | 'recorded'>

/** The only routes whose requests are runs: those that ask a model. */
const ROUTES: ReadonlySet<string> = new Set(['/v1/messages', '/v1/v1/messages'])

/** Whether a request asks a model, and is not only about what others asked. */
export const isRun = ({ route, batch }: ObservedRequest): boolean => batch !== undefined || ROUTES.has(route)

/** What is stored of a request. Everything in it that a client or an upstream said has lost its secrets. */
export function toRun({ request, ending }: FinishedRequest): NewRun {
  const notes = redactFields(request.trace.notes())
  const text = (name: string): string | null => textOf(notes[name])
  const number = (name: string): number | null => numberOf(notes[name])
  const steps = toSteps(request.trace.spans(), request.trace.startedAtMs)
  const error = text('error')
  return {
    id: request.context.id,
    started_at: new Date(request.startedAtMs).toISOString(),
    duration_ms: ending.durationMs,
    first_event_ms: number('first_event_ms'),
    status: ending.status,
    outcome: ending.outcome,
    key: request.context.owner,
    conversation: text('conversation'),
    agent: request.context.protocol.agentId ?? null,
    batch: request.batch ?? null,
    model: text('model'),
    upstream_model: text('upstream_model'),
    upstream: text('upstream'),
    provider: text('provider'),
    generation_id: text('generation_id'),
    route: text('route'),
    input_tokens: number('input_tokens'),
    cached_tokens: number('cached_tokens'),
    output_tokens: number('output_tokens'),
    cost_usd: number('cost_usd'),
    saved_usd: number('cache_saved_usd'),
    cache: text('cache'),
    retries: steps.reduce((sum, { attributes }) => sum + (numberOf(attributes?.['retries']) ?? 0), 0),
    fallback: notes['fallback'] === true,
    error_type: error === null ? null : kindOf(request.trace.failure(), error),
    error,
    warnings: request.trace.warnings().map((warning) => `${warning.path}: ${warning.message}`),
    steps,
    notes: others(notes),
  }
}

/** The notes that have a field of their own. */
const FIELDS: ReadonlySet<string> = new Set([
  'first_event_ms',
  'conversation',
  'model',
  'upstream_model',
  'upstream',
  'provider',
  'generation_id',
  'route',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'cost_usd',
  'cache_saved_usd',
  'cache',
  'fallback',
  'error',
])

/** All other notes. */
function others(notes: Fields): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const name in notes) if (!FIELDS.has(name)) found[name] = notes[name]
  return found
}

/** A run that is under way, as it stands. */
export function toActiveRun(request: ObservedRequest, nowMs: number): ActiveRun {
  const { trace } = request
  return {
    id: request.context.id,
    started_at: new Date(request.startedAtMs).toISOString(),
    elapsed_ms: Math.max(0, nowMs - request.startedAtMs),
    step: trace.openSpans().at(-1)?.name ?? null,
    key: request.context.owner,
    conversation: textOf(trace.noted('conversation')),
    agent: request.context.protocol.agentId ?? null,
    batch: request.batch ?? null,
    model: textOf(trace.noted('model')),
    upstream_model: textOf(trace.noted('upstream_model')),
    upstream: textOf(trace.noted('upstream')),
    steps: toSteps([...trace.spans(), ...trace.openSpans()], trace.startedAtMs),
  }
}

const toSteps = (spans: ReadonlyArray<Span | OpenSpan>, startedAtMs: number): RunStep[] =>
  spans.map(({ name, startedAtMs: stepAtMs, durationMs, outcome, attributes }) => ({
    name,
    start_ms: round(stepAtMs - startedAtMs),
    duration_ms: round(durationMs),
    outcome: outcome ?? 'running',
    ...(attributes ? { attributes: redactFields(attributes) } : {}),
  }))

const round = (ms: number): number => Math.round(ms * 100) / 100

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** The kind of what was thrown, or else the word before the note's colon. */
const kindOf = (failure: unknown, note: string): string =>
  (failure as Partial<Failure> | undefined)?.kind ?? /^[a-z_]+(?=: )/.exec(note)?.[0] ?? 'api_error'
