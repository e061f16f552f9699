import { MAX_BATCH_REQUESTS } from '../../wire/anthropic/batches.ts'
import { apiOperation, ref } from './operation.ts'

const BATCH_ID = {
  name: 'batch_id',
  in: 'path',
  required: true,
  description: 'The `id` of the batch.',
  schema: { type: 'string', examples: ['msgbatch_013Zva2CMHLNnXjNJJKqJ2EF'] },
} as const

const BATCH = {
  description: 'The batch',
  content: { 'application/json': { schema: ref('MessageBatch') } },
}

export const CREATE_BATCH = apiOperation({
  operationId: 'createMessageBatch',
  tag: 'Batches',
  summary: 'Create a batch of messages',
  description:
    `Up to ${MAX_BATCH_REQUESTS.toLocaleString('en')} requests, each of which may ask for whatever POST /v1/messages ` +
    'takes, but for a stream. The requests themselves are only checked when their turn comes: a wrong one becomes an ' +
    '`errored` row and the others go on. A batch survives restarts of the server.',
  body: {
    'application/json': {
      schema: ref('MessageBatchRequest'),
      example: {
        requests: [
          {
            custom_id: 'first',
            params: { model: 'big', max_tokens: 200, messages: [{ role: 'user', content: 'Hello' }] },
          },
        ],
      },
    },
  },
  answer: BATCH,
  failures: ['request_too_large'],
})

export const LIST_BATCHES = apiOperation({
  operationId: 'listMessageBatches',
  tag: 'Batches',
  summary: 'List the batches of this key',
  description: 'Newest first.',
  parameters: [
    {
      name: 'limit',
      in: 'query',
      description: 'The most batches that one page may hold.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 20 },
    },
    {
      name: 'after_id',
      in: 'query',
      description: 'The page that follows this batch. Not together with `before_id`.',
      schema: { type: 'string' },
    },
    {
      name: 'before_id',
      in: 'query',
      description: 'The page that precedes this batch. Not together with `after_id`.',
      schema: { type: 'string' },
    },
  ],
  answer: {
    description: 'One page of the list',
    content: { 'application/json': { schema: ref('MessageBatchList') } },
  },
})

export const GET_BATCH = apiOperation({
  operationId: 'getMessageBatch',
  tag: 'Batches',
  summary: 'Get one batch',
  description: 'While it has not ended, the header `retry-after` says when to ask again.',
  parameters: [BATCH_ID],
  answer: BATCH,
  failures: ['not_found_error'],
})

export const GET_BATCH_RESULTS = apiOperation({
  operationId: 'getMessageBatchResults',
  tag: 'Batches',
  summary: 'Read the results of an ended batch',
  description: 'One line for each request, found by its `custom_id`. Results are kept for 29 days.',
  parameters: [BATCH_ID],
  answer: {
    description: 'The results, one JSON object a line',
    content: { 'application/x-jsonl': { schema: ref('MessageBatchRow') } },
  },
  failures: ['not_found_error'],
})

export const CANCEL_BATCH = apiOperation({
  operationId: 'cancelMessageBatch',
  tag: 'Batches',
  summary: 'Cancel a batch',
  description: 'Stops what runs and begins nothing more. What has come to its end keeps its result.',
  parameters: [BATCH_ID],
  answer: BATCH,
  failures: ['not_found_error'],
})

export const DELETE_BATCH = apiOperation({
  operationId: 'deleteMessageBatch',
  tag: 'Batches',
  summary: 'Delete an ended batch and its results',
  parameters: [BATCH_ID],
  answer: {
    description: 'What was deleted',
    content: { 'application/json': { schema: ref('DeletedMessageBatch') } },
  },
  failures: ['not_found_error'],
})
