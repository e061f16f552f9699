import { type Static, type TSchema, Type } from '@sinclair/typebox'

import { nullable, oneOf, open } from '../schema.ts'
import { ErrorResponse } from './errors.ts'
import { MessageResponse } from './response.ts'

/** The form of a `custom_id` (Anthropic API, §6.7 V92 and V93). */
export const CUSTOM_ID_PATTERN = '^[a-zA-Z0-9_-]{1,64}$'
export const CUSTOM_ID_MAX_CHARS = 64

/** The most that one batch may hold (Anthropic API, §7). */
export const MAX_BATCH_REQUESTS = 100_000

/** The body of POST /v1/messages/batches. `params` is only checked when its turn comes. */
export const MessageBatchRequest = open({
  requests: Type.Array(
    open({
      custom_id: Type.String({ pattern: CUSTOM_ID_PATTERN, description: 'Unique within the batch' }),
      params: Type.Record(Type.String(), Type.Unknown(), {
        description: 'What POST /v1/messages would be sent; no stream',
      }),
    }),
    { minItems: 1, maxItems: MAX_BATCH_REQUESTS },
  ),
})

const count = Type.Integer({ minimum: 0 })

/** Add up to the number of requests at all times; all are `processing` until the whole batch has ended. */
const RequestCounts = open({
  processing: count,
  succeeded: count,
  errored: count,
  canceled: count,
  expired: count,
})

const time = Type.String({ format: 'date-time' })

export const MessageBatch = open({
  id: Type.String(),
  type: Type.Literal('message_batch'),
  processing_status: oneOf(['in_progress', 'canceling', 'ended']),
  request_counts: RequestCounts,
  created_at: time,
  expires_at: time,
  ended_at: nullable(time),
  cancel_initiated_at: nullable(time),
  archived_at: nullable(time),
  results_url: nullable(Type.String({ description: 'Absolute; null until the batch has ended' })),
})
export type MessageBatch = Static<typeof MessageBatch>

/** One page of batches, newest first. */
export const MessageBatchList = open({
  data: Type.Array(MessageBatch),
  has_more: Type.Boolean(),
  first_id: nullable(Type.String()),
  last_id: nullable(Type.String()),
})
export type MessageBatchList = Static<typeof MessageBatchList>

export const DeletedMessageBatch = open({
  id: Type.String(),
  type: Type.Literal('message_batch_deleted'),
})
export type DeletedMessageBatch = Static<typeof DeletedMessageBatch>

const succeeded = <Message extends TSchema>(message: Message) =>
  open({ type: Type.Literal('succeeded'), message })

/** What became of one request; each line of the results has one beside its `custom_id`. */
export const MessageBatchResult = Type.Union([
  succeeded(MessageResponse),
  open({ type: Type.Literal('errored'), error: ErrorResponse }),
  open({ type: Type.Literal('canceled') }),
  open({ type: Type.Literal('expired') }),
])
export type MessageBatchResult = Static<typeof MessageBatchResult>

/** One line of the results. */
export const MessageBatchRow = open({ custom_id: Type.String(), result: MessageBatchResult })
