import { type Static, Type } from '@sinclair/typebox'

import { nullable, open } from '../schema.ts'

const count = Type.Integer({ minimum: 0 })
const milliseconds = Type.Number({ minimum: 0 })
const share = nullable(
  Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Successes among the runs that ended; null before the first',
  }),
)
const errors = Type.Record(Type.String(), count, { description: 'Failures by their reason' })

/** The runs of one tool since the start of the process. */
const ToolCounts = open({
  executions: Type.Integer({ minimum: 0, description: 'Runs that ended' }),
  successes: count,
  failures: count,
  cancelled: Type.Integer({ minimum: 0, description: 'Runs that nobody waited for any more' }),
  success_rate: share,
  mean_ms: milliseconds,
  p50_ms: milliseconds,
  p95_ms: milliseconds,
  error_breakdown: errors,
  in_flight: count,
  per_minute: nullable(Type.Integer({ description: 'Most runs of one key a minute' })),
})

/** GET /tool-metrics. */
export const ToolMetrics = open(
  {
    status: Type.Literal('success'),
    message: Type.String(),
    version: Type.String(),
    timestamp: Type.String({ format: 'date-time' }),
    tool_execution: open({
      enabled: Type.Boolean(),
      sandbox: nullable(Type.String({ description: 'bubblewrap or none; null while tools are off' })),
      max_concurrent_tools: count,
      execution_timeout: Type.Number({ description: 'Seconds' }),
      rate_limit_window: Type.Number({ description: 'Seconds' }),
      rate_limit_max_requests: count,
      metrics: open({
        total_executions: count,
        successful_executions: count,
        failed_executions: count,
        cancelled_executions: count,
        success_rate: share,
        average_execution_times: Type.Record(Type.String(), milliseconds, {
          description: 'Milliseconds by tool',
        }),
        tool_usage_count: Type.Record(Type.String(), count),
        error_breakdown: errors,
        in_flight: count,
        max_concurrent_executions: Type.Integer({ minimum: 0, description: 'The most at one time so far' }),
      }),
    }),
    tools: Type.Record(Type.String(), ToolCounts, {
      description: 'By name; `unknown` for names that no tool has',
    }),
  },
  { $id: 'ToolMetrics' },
)
export type ToolMetrics = Static<typeof ToolMetrics>
