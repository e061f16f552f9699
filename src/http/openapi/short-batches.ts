import { apiOperation, ref } from './operation.ts'

const RESULTS = {
  name: 'results',
  in: 'query',
  description: 'Whether the results are wanted too, once they are all there.',
  schema: { type: 'boolean', default: true },
} as const

const BATCH = {
  description: 'The batch, and its results once they are all there',
  content: { 'application/json': { schema: ref('ShortBatch') } },
}

export const RUN_BATCH = apiOperation({
  operationId: 'runBatch',
  tag: 'Batches',
  summary: 'Run a batch of messages and wait for it',
  description:
    'The short way: one call, and the answer holds all results if they are there in time. If not, it says how far the ' +
    'batch is, which goes on; the header `x-batch-id`, like `batch_id`, is its name here and in the Message Batches API.',
  parameters: [
    {
      name: 'wait',
      in: 'query',
      description: 'The most seconds to wait for the end.',
      schema: { type: 'integer', minimum: 0, maximum: 600, default: 30 },
    },
    RESULTS,
  ],
  body: {
    'application/json': {
      schema: ref('ShortBatchRequest'),
      example: {
        messages: [{ model: 'big', max_tokens: 200, messages: [{ role: 'user', content: 'Hello' }] }],
      },
    },
  },
  answer: BATCH,
  failures: ['request_too_large'],
})

export const GET_BATCH_STATUS = apiOperation({
  operationId: 'getBatchStatus',
  tag: 'Batches',
  summary: 'See how far a batch is',
  description: 'Of any batch of this key, however it was created.',
  parameters: [
    {
      name: 'batch_id',
      in: 'path',
      required: true,
      description: 'The `batch_id` of the batch.',
      schema: { type: 'string', examples: ['msgbatch_013Zva2CMHLNnXjNJJKqJ2EF'] },
    },
    RESULTS,
  ],
  answer: BATCH,
  failures: ['not_found_error'],
})
