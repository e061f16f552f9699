import { type Static, Type } from '@sinclair/typebox'

import { maybe, nullable, open } from '../schema.ts'

/** What runs here, and how it is set up. */
export const ServerOverview = open({
  service: Type.String(),
  version: Type.String(),
  environment: Type.String(),
  started_at: Type.String({ format: 'date-time' }),
  demo: Type.Boolean({ description: 'The built-in demo answers, no real model does' }),
  recording: Type.Boolean({ description: 'What is said is kept' }),
  features: Type.Record(Type.String(), Type.Boolean()),
})
export type ServerOverview = Static<typeof ServerOverview>

/** Where answers come from, and how that goes. */
export const UpstreamOverview = open({
  data: Type.Array(
    open({
      name: Type.String(),
      base_url: Type.String(),
      wire: Type.String(),
      dialect: Type.String(),
      models: Type.Integer({ description: 'How many it lists' }),
      runs: Type.Integer({ description: 'In the last hour' }),
      errors: Type.Integer(),
      last_error: nullable(Type.String()),
      last_error_at: nullable(Type.String({ format: 'date-time' })),
    }),
  ),
  breakers: Type.Array(
    open({
      upstream: Type.String(),
      model: Type.String(),
      phase: Type.String({ description: '`closed`, `open` or `half-open`' }),
      failures: Type.Integer({ description: 'In the last half minute' }),
      successes: Type.Integer(),
      refused: Type.Integer({ description: 'Calls that were not made, since the start' }),
      open_until: nullable(Type.String({ format: 'date-time' })),
    }),
  ),
})
export type UpstreamOverview = Static<typeof UpstreamOverview>

/** Which model answers what, and what else there is. */
export const ModelOverview = open({
  big: Type.String(),
  small: Type.String(),
  switched: Type.Boolean({ description: 'One of the two was changed since the start, until the next one' }),
  aliases: Type.Record(Type.String(), Type.String()),
  routes: Type.Record(Type.String(), Type.String()),
  catalogue: Type.Array(
    open({
      id: Type.String(),
      name: Type.String(),
      upstream: Type.String(),
      context_tokens: nullable(Type.Integer()),
      input_usd_per_million: nullable(Type.Number()),
      output_usd_per_million: nullable(Type.Number()),
    }),
  ),
})
export type ModelOverview = Static<typeof ModelOverview>

/** Other models for the aliases until the next start; null goes back to what the configuration says. */
export const SwitchModelsRequest = open({
  big: maybe(Type.String({ minLength: 1, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' })),
  small: maybe(Type.String({ minLength: 1, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' })),
})
export type SwitchModelsRequest = Static<typeof SwitchModelsRequest>

/** Message batches of all keys. */
export const BatchOverview = open({
  running: Type.Integer({ description: 'Calls under way' }),
  requests_per_second: Type.Number(),
  data: Type.Array(
    open({
      id: Type.String(),
      key: Type.String(),
      state: Type.String(),
      total: Type.Integer(),
      succeeded: Type.Integer(),
      errored: Type.Integer(),
      canceled: Type.Integer(),
      expired: Type.Integer(),
      created_at: Type.String({ format: 'date-time' }),
      ended_at: nullable(Type.String({ format: 'date-time' })),
    }),
  ),
})
export type BatchOverview = Static<typeof BatchOverview>
