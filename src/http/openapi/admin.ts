import type { SchemaName } from './components.ts'
import { adminOperation, ref } from './operation.ts'

const told = (description: string, name: SchemaName) => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
})

export const GET_OVERVIEW = adminOperation({
  operationId: 'getOverview',
  tag: 'Operation',
  summary: 'What runs here',
  answer: told('Version and set-up', 'ServerOverview'),
})

export const LIST_UPSTREAMS = adminOperation({
  operationId: 'listUpstreams',
  tag: 'Operation',
  summary: 'How the upstreams are',
  answer: told('Each of them, and the breakers that have something to tell', 'UpstreamOverview'),
})

export const LIST_ALL_MODELS = adminOperation({
  operationId: 'listCatalogue',
  tag: 'Operation',
  summary: 'Which model answers what',
  answer: told('Aliases, routes and the catalogues of all upstreams', 'ModelOverview'),
})

export const SWITCH_MODELS = adminOperation({
  operationId: 'switchModels',
  tag: 'Operation',
  summary: 'Let other models answer for big and small',
  description: 'Until the next start. Requests under way end as they began.',
  body: {
    'application/json': {
      schema: ref('SwitchModelsRequest'),
      example: { big: 'anthropic/claude-sonnet-4' },
    },
  },
  answer: told('What holds now', 'ModelOverview'),
})

export const LIST_ALL_BATCHES = adminOperation({
  operationId: 'listAllBatches',
  tag: 'Operation',
  summary: 'List the batches of all keys',
  answer: told('The hundred newest', 'BatchOverview'),
})

export const CANCEL_ANY_BATCH = adminOperation({
  operationId: 'cancelAnyBatch',
  tag: 'Operation',
  summary: 'Cancel a batch of any key',
  parameters: [
    { name: 'batch_id', in: 'path', required: true, description: 'The batch.', schema: { type: 'string' } },
  ],
  answer: told('The batches as they are now', 'BatchOverview'),
  failures: ['not_found_error'],
})
