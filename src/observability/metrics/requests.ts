import type { Fields } from '../../core/context.ts'
import type { FinishedRequest, Watch } from '../request.ts'
import type { Span } from '../trace.ts'
import type { Metrics } from './registry.ts'

/** The beginning of every family's name but the standard ones of processes. */
export const PREFIX = 'openrouter_anthropic_'

/** From a cached answer to the longest thinking, in seconds. */
const REQUEST_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** Steps are mostly our own, so they are short. */
const STEP_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300]

/** Counts every request that ends, and what its trace tells. */
export function watchForMetrics(metrics: Metrics): Watch {
  const requests = metrics.counter(`${PREFIX}requests_total`, 'Requests that were answered.', [
    'route',
    'method',
    'status',
    'outcome',
  ])
  const durations = metrics.histogram(
    `${PREFIX}request_duration_seconds`,
    'From the arrival of a request to the last byte of its answer.',
    ['route'],
    REQUEST_BUCKETS,
  )
  const errors = metrics.counter(
    `${PREFIX}errors_total`,
    'Requests that failed, by the kind of the failure.',
    ['route', 'type'],
  )
  const warnings = metrics.counter(
    `${PREFIX}compat_warnings_total`,
    'Things that clients asked for and did not get as Anthropic would give them.',
  )
  const steps = metrics.histogram(
    `${PREFIX}step_duration_seconds`,
    'How long each step of a request took.',
    ['step', 'outcome'],
    STEP_BUCKETS,
  )
  const calls = metrics.counter(`${PREFIX}upstream_calls_total`, 'Calls of upstreams, by their outcome.', [
    'upstream',
    'model',
    'outcome',
  ])
  const callDurations = metrics.histogram(
    `${PREFIX}upstream_call_duration_seconds`,
    'From the sending of a call to the last byte of its answer.',
    ['upstream'],
    REQUEST_BUCKETS,
  )
  const firstEvents = metrics.histogram(
    `${PREFIX}first_event_seconds`,
    'From the arrival of a request until its model began to answer.',
    ['upstream'],
    REQUEST_BUCKETS,
  )
  const retries = metrics.counter(`${PREFIX}upstream_retries_total`, 'Calls that were made again.', [
    'upstream',
  ])
  const fallbacks = metrics.counter(
    `${PREFIX}fallbacks_total`,
    'Requests that another model answered than the first one.',
  )
  const tokens = metrics.counter(`${PREFIX}tokens_total`, 'Tokens as the upstream counted them.', [
    'model',
    'kind',
  ])
  const repairs = metrics.counter(
    `${PREFIX}tool_call_repairs_total`,
    'Tool calls that were not as they should be and were put right, once for each kind of fault.',
    ['model', 'kind'],
  )
  const cost = metrics.counter(`${PREFIX}cost_usd_total`, 'What upstreams billed, in US dollars.', [
    'upstream',
    'model',
  ])
  const cache = metrics.counter(`${PREFIX}cache_requests_total`, 'Look-ups in the response cache.', [
    'result',
  ])
  const saved = metrics.counter(
    `${PREFIX}cache_saved_usd_total`,
    'What answers from the cache had cost, in US dollars.',
  )

  const countCall = ({ attributes = {}, outcome, durationMs }: Span): void => {
    const upstream = textOf(attributes, 'upstream')
    calls.add(1, upstream, textOf(attributes, 'model'), outcome)
    callDurations.observe(durationMs / 1000, upstream)
    const again = numberOf(attributes, 'retries')
    if (again > 0) retries.add(again, upstream)
  }
  const countSteps = ({ trace }: FinishedRequest['request']): void => {
    for (const span of trace.spans()) {
      steps.observe(span.durationMs / 1000, span.name, span.outcome)
      if (span.name === 'call') countCall(span)
    }
  }
  const countAnswer = (notes: Fields): void => {
    const model = textOf(notes, 'upstream_model')
    const upstream = textOf(notes, 'upstream')
    for (const [kind, note] of TOKENS) {
      const value = numberOf(notes, note)
      if (value > 0) tokens.add(value, model, kind)
    }
    for (const kind of repairKinds(notes['tool_repairs'])) repairs.add(1, model, kind)
    const usd = numberOf(notes, 'cost_usd')
    if (usd > 0) cost.add(usd, upstream, model)
    const firstMs = notes['first_event_ms']
    if (typeof firstMs === 'number') firstEvents.observe(firstMs / 1000, upstream)
    if (notes['fallback'] === true) fallbacks.add(1)
    const result = notes['cache']
    if (typeof result !== 'string') return
    cache.add(1, result)
    saved.add(numberOf(notes, 'cache_saved_usd'))
  }

  return {
    begin() {},
    end(request, { status, outcome, durationMs }) {
      const { trace, route, method } = request
      requests.add(1, route, method, String(status), outcome)
      durations.observe(durationMs / 1000, route)
      if (outcome === 'error') errors.add(1, route, errorType(trace.noted('error')))
      const losses = trace.warnings().length
      if (losses > 0) warnings.add(losses)
      countSteps(request)
      if (trace.noted('model') !== undefined) countAnswer(trace.notes())
    },
  }
}

const TOKENS = [
  ['input', 'input_tokens'],
  ['cached_input', 'cached_tokens'],
  ['output', 'output_tokens'],
] as const

/** The kinds of all repairs of an answer's calls, as its note tells them. */
const repairKinds = (note: unknown): readonly string[] =>
  Array.isArray(note) ? note.flatMap(({ kinds }: { readonly kinds: readonly string[] }) => kinds) : []

const textOf = (fields: Fields, name: string): string => {
  const value = fields[name]
  return typeof value === 'string' ? value : 'unknown'
}

const numberOf = (fields: Fields, name: string): number => {
  const value = fields[name]
  return typeof value === 'number' && value > 0 ? value : 0
}

/** The word before the colon of an error's note. */
const errorType = (note: unknown): string =>
  (typeof note === 'string' ? /^[a-z_]+(?=:)/.exec(note)?.[0] : undefined) ?? 'unknown'
