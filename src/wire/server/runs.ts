import { type Static, Type } from '@sinclair/typebox'

import { maybe, nullable, oneOf, open } from '../schema.ts'

const OUTCOMES = ['ok', 'error', 'cancelled'] as const

/** One step of a run. */
export const RunStep = open({
  name: Type.String({ description: 'One of the eight steps of a request' }),
  start_ms: Type.Number({ description: 'Since the beginning of the run' }),
  duration_ms: Type.Number(),
  outcome: oneOf([...OUTCOMES, 'running']),
  attributes: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
export type RunStep = Static<typeof RunStep>

/** What one request was and what became of it. */
export const Run = open({
  seq: Type.Integer({ description: 'Its place in the order in which runs ended' }),
  id: Type.String({ description: "The answer's `request-id`" }),
  started_at: Type.String({ format: 'date-time' }),
  duration_ms: Type.Number(),
  first_event_ms: nullable(Type.Number({ description: 'Until the model began to answer' })),
  status: Type.Integer(),
  outcome: oneOf(OUTCOMES),
  key: Type.String({ description: "A mark of the client's key, never the key" }),
  conversation: nullable(Type.String()),
  agent: nullable(Type.String({ description: "The sub-agent's id, where one asked" })),
  batch: nullable(Type.String()),
  model: nullable(Type.String({ description: 'As the client named it' })),
  upstream_model: nullable(Type.String({ description: 'The one that was asked' })),
  upstream: nullable(Type.String()),
  provider: nullable(Type.String()),
  generation_id: nullable(Type.String()),
  route: nullable(Type.String({ description: "The operator's route that chose the model" })),
  input_tokens: nullable(Type.Integer()),
  cached_tokens: nullable(Type.Integer()),
  output_tokens: nullable(Type.Integer()),
  cost_usd: nullable(Type.Number()),
  saved_usd: nullable(Type.Number({ description: 'What the response cache saved' })),
  cache: nullable(Type.String({ description: '`hit`, `shared` or `miss`' })),
  retries: Type.Integer(),
  fallback: Type.Boolean({ description: 'Another model than the first one answered' }),
  error_type: nullable(Type.String()),
  error: nullable(Type.String()),
  warnings: Type.Array(Type.String()),
  steps: Type.Array(RunStep),
  notes: Type.Record(Type.String(), Type.Unknown(), { description: 'Whatever else was noted on the way' }),
  recorded: Type.Boolean({ description: 'Whether its bodies are kept' }),
})
export type Run = Static<typeof Run>

/** One page of runs, newest first. */
export const RunList = open({
  data: Type.Array(Run),
  has_more: Type.Boolean(),
  next_before: nullable(Type.Integer({ description: 'For `before` of the next page' })),
  total: Type.Integer({ description: 'All stored runs that fit' }),
})
export type RunList = Static<typeof RunList>

/** A run that is under way. */
export const ActiveRun = open({
  id: Type.String(),
  started_at: Type.String({ format: 'date-time' }),
  elapsed_ms: Type.Number(),
  step: nullable(Type.String({ description: 'The step that it is at' })),
  key: Type.String(),
  conversation: nullable(Type.String()),
  agent: nullable(Type.String()),
  batch: nullable(Type.String()),
  model: nullable(Type.String()),
  upstream_model: nullable(Type.String()),
  upstream: nullable(Type.String()),
  steps: Type.Array(RunStep),
})
export type ActiveRun = Static<typeof ActiveRun>

/** All that are. */
export const ActiveRuns = open({
  count: Type.Integer(),
  runs: Type.Array(ActiveRun, { description: 'At most 200 of them' }),
})
export type ActiveRuns = Static<typeof ActiveRuns>

/** What the runs of one stretch of time, or with one thing in common, add up to. */
export const RunSums = open({
  runs: Type.Integer(),
  errors: Type.Integer(),
  input_tokens: Type.Integer(),
  cached_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  cost_usd: Type.Number(),
  saved_usd: Type.Number(),
})
export type RunSums = Static<typeof RunSums>

/** What the stored runs of a window add up to. */
export const RunSummary = open({
  from: Type.String({ format: 'date-time' }),
  to: Type.String({ format: 'date-time' }),
  bucket_ms: Type.Integer({ description: 'How long each entry of `series` is' }),
  total: RunSums,
  latency_ms: open({ p50: nullable(Type.Number()), p95: nullable(Type.Number()) }),
  first_event_ms: open({ p50: nullable(Type.Number()), p95: nullable(Type.Number()) }),
  series: Type.Array(open({ start: Type.String({ format: 'date-time' }), ...RunSums.properties })),
  by: Type.String({ description: 'What `groups` have in common' }),
  groups: Type.Array(
    open({
      name: Type.String(),
      costs: Type.Array(Type.Number(), { description: 'Cost by entry of `series`' }),
      tokens: Type.Array(Type.Integer(), { description: 'All tokens by entry of `series`' }),
      ...RunSums.properties,
    }),
  ),
})
export type RunSummary = Static<typeof RunSummary>

/** What was said, where recording is on: without secrets, and only as far as it fits. */
export const RunRecording = open({
  request: maybe(Type.Unknown({ description: "The client's request" })),
  upstream_request: maybe(Type.Unknown({ description: 'What it became for the upstream' })),
  chunks: maybe(Type.Array(Type.Unknown(), { description: "The upstream's answer, piece by piece" })),
  terms: maybe(Type.Unknown({ description: 'What the answer had to know of its request' })),
  message: maybe(Type.Unknown({ description: 'The answer' })),
  left_out: Type.Array(Type.String(), { description: 'Parts that were too large to keep' }),
})
export type RunRecording = Static<typeof RunRecording>
