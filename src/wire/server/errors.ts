import { type Static, Type } from '@sinclair/typebox'

import { nullable, open } from '../schema.ts'

/** A request that failed, with what one needs to find out why. */
export const DebugError = open({
  correlation_id: Type.String({ description: "The answer's `request-id`" }),
  timestamp: Type.String({ format: 'date-time' }),
  type: Type.String(),
  message: Type.String(),
  status: Type.Integer(),
  method: Type.String(),
  endpoint: Type.String(),
  duration_ms: Type.Number(),
  key: Type.String({ description: "A mark of the client's key" }),
  batch: nullable(Type.String()),
  facts: Type.Record(Type.String(), Type.Unknown()),
  warnings: Type.Array(Type.String()),
  steps: Type.Array(
    open({
      name: Type.String(),
      start_ms: Type.Number(),
      duration_ms: Type.Number(),
      outcome: Type.String(),
    }),
  ),
  thrown: Type.Unknown({ description: 'What was thrown, with its stack and its causes' }),
})
export type DebugError = Static<typeof DebugError>

export const DebugErrorList = open({ count: Type.Integer(), errors: Type.Array(DebugError) })
export type DebugErrorList = Static<typeof DebugErrorList>

const Counts = Type.Record(Type.String(), Type.Integer())

/** Failures since the start. */
export const DebugErrorStats = open({
  total_errors: Type.Integer(),
  remembered: Type.Integer({ description: 'How many of them can still be shown' }),
  time_range: open({ oldest: nullable(Type.String()), newest: nullable(Type.String()) }),
  error_types: Counts,
  error_endpoints: Counts,
  error_models: Counts,
})
export type DebugErrorStats = Static<typeof DebugErrorStats>
