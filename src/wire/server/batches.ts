import { type Static, Type } from '@sinclair/typebox'

import { CUSTOM_ID_PATTERN } from '../anthropic/batches.ts'
import { MessageResponse } from '../anthropic/response.ts'
import { nullable, oneOf, open } from '../schema.ts'

const params = Type.Record(Type.String(), Type.Unknown(), {
  description: 'What POST /v1/messages would be sent; no stream',
})

/** The body of POST /v1/messages/batch: either of the two lists. */
export const ShortBatchRequest = Type.Union([
  open({
    requests: Type.Array(
      open({
        custom_id: Type.Optional(
          Type.String({ pattern: CUSTOM_ID_PATTERN, description: 'Unique; left out: `request-0` and so on' }),
        ),
        params,
      }),
      { minItems: 1 },
    ),
  }),
  open({ messages: Type.Array(params, { minItems: 1 }) }),
])

const count = Type.Integer({ minimum: 0 })

/** What became of one request. */
const ShortResult = open({
  custom_id: Type.String(),
  success: Type.Boolean(),
  message: nullable(MessageResponse),
  error: nullable(open({ type: Type.String(), message: Type.String() })),
})
export type ShortResult = Static<typeof ShortResult>

/** How far a batch is. */
const progress = {
  batch_id: Type.String(),
  status: oneOf(['processing', 'completed', 'canceled', 'expired']),
  total_messages: count,
  processed_messages: count,
  successful_messages: count,
  failed_messages: count,
  success_rate: Type.Number({ description: 'Of the processed ones, in per cent' }),
  progress: Type.Number({ description: '0 to 1' }),
  messages_per_second: Type.Number({ minimum: 0 }),
  completion_time: Type.Number({ description: 'Seconds since the start, or that it took' }),
  created_at: Type.String({ format: 'date-time' }),
  ended_at: nullable(Type.String({ format: 'date-time' })),
}
const Progress = open(progress)
export type ShortBatchProgress = Static<typeof Progress>

/** A batch with its results in the order of the requests; null while they are not all there, or not asked for. */
export const ShortBatch = open({ ...progress, results: nullable(Type.Array(ShortResult)) })
