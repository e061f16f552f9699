import { type Static, Type } from '@sinclair/typebox'

import { oneOf, open } from '../schema.ts'

const HealthStatus = oneOf(['healthy', 'degraded', 'unhealthy'])

/** How the server and all that it depends on are. */
export const DetailedHealth = open({
  status: HealthStatus,
  timestamp: Type.String({ format: 'date-time' }),
  service: Type.String(),
  version: Type.String(),
  environment: Type.String(),
  response_time_ms: Type.Number(),
  checks: Type.Record(
    Type.String(),
    open({
      status: HealthStatus,
      latency_ms: Type.Number(),
      message: Type.Optional(Type.String({ description: 'What is wrong' })),
      details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    }),
    { description: 'Each dependency, looked at within two seconds; results are shown for five' },
  ),
  system: open({
    uptime_s: Type.Integer(),
    memory_rss_bytes: Type.Integer(),
    memory_heap_bytes: Type.Integer(),
    cpu_seconds: Type.Number(),
    event_loop_lag_ms: Type.Integer(),
    requests_in_flight: Type.Integer(),
    bun: Type.String(),
  }),
  configuration: open({
    demo: Type.Boolean(),
    upstreams: Type.Array(Type.Record(Type.String(), Type.Unknown())),
    models: Type.Record(Type.String(), Type.Unknown()),
    features: Type.Record(Type.String(), Type.Boolean()),
  }),
  api_compatibility: open({
    anthropic_request_fields: Type.Integer({
      description: 'Fields of a message request that are understood',
    }),
    anthropic_content_blocks: Type.Integer(),
    chat_options: Type.Integer({
      description: 'Parameters of OpenAI and OpenRouter that may stand beside them',
    }),
  }),
})
export type DetailedHealth = Static<typeof DetailedHealth>

/** Whether requests may be sent here. */
export const Readiness = open({
  ready: Type.Boolean(),
  reason: Type.Optional(Type.String()),
})
export type Readiness = Static<typeof Readiness>
