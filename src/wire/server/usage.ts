import { type Static, Type } from '@sinclair/typebox'

import { maybe, open } from '../schema.ts'

const count = Type.Integer({ minimum: 0 })
const usd = Type.Number({ minimum: 0 })

const sums = {
  requests: count,
  calls: Type.Integer({ minimum: 0, description: 'Upstream calls, and answers from the response cache' }),
  input_tokens: Type.Integer({ minimum: 0, description: 'Whole prompts, cached or not' }),
  cached_tokens: Type.Integer({ minimum: 0, description: 'Of these, read from the prompt cache' }),
  cache_write_tokens: Type.Integer({ minimum: 0, description: 'Of these, written to the prompt cache' }),
  output_tokens: count,
  cost_usd: usd,
  estimated_cost_usd: Type.Number({ minimum: 0, description: 'The part of it that no upstream has named' }),
  saved_usd: Type.Number({ minimum: 0, description: 'What answers from the response cache would have cost' }),
}

const UsageRow = open({
  day: maybe(Type.String({ description: 'In UTC' })),
  key: maybe(Type.String({ description: 'The mark of the key' })),
  key_name: maybe(Type.String()),
  model: maybe(Type.String({ description: "The upstream's model" })),
  requested_model: maybe(Type.String({ description: "The client's name for it" })),
  upstream: maybe(Type.String()),
  conversation: maybe(Type.String({ description: "Claude Code's session" })),
  agent: maybe(Type.String({ description: "Claude Code's sub-agent" })),
  outcome: maybe(Type.String({ description: 'ok, error, cancelled or cached' })),
  request: maybe(Type.String({ description: 'The request-id' })),
  ...sums,
})

/** GET /v1/usage. */
export const UsageReport = open(
  {
    from: Type.String({ format: 'date-time' }),
    to: Type.String({ format: 'date-time' }),
    group_by: Type.Array(Type.String()),
    total: open(sums),
    data: Type.Array(UsageRow),
    has_more: Type.Boolean({ description: 'There are more groups than were told' }),
  },
  { $id: 'UsageReport' },
)
export type UsageReport = Static<typeof UsageReport>
