import { adminOperation, ref } from './operation.ts'

const jsonOf = (name: 'ApiKey' | 'ApiKeyList' | 'CreatedApiKey') => ({
  'application/json': { schema: ref(name) },
})

const KEY_PARAMETER = {
  name: 'id',
  in: 'path' as const,
  required: true,
  description: "The key's id, as the list has it.",
  schema: { type: 'string' },
}

export const LIST_KEYS = adminOperation({
  operationId: 'listKeys',
  tag: 'Keys',
  summary: 'List the client keys',
  answer: { description: 'All of them, ended ones too', content: jsonOf('ApiKeyList') },
})

export const CREATE_KEY = adminOperation({
  operationId: 'createKey',
  tag: 'Keys',
  summary: 'Make a client key',
  description: 'Only its hash is kept: the answer is the one time that the key itself is told.',
  body: {
    'application/json': {
      schema: ref('CreateKeyRequest'),
      example: { name: 'ci', models: ['small'], limits: { requests_per_minute: 60, daily_budget_usd: 5 } },
    },
  },
  answer: { description: 'The new key', content: jsonOf('CreatedApiKey') },
})

export const GET_KEY = adminOperation({
  operationId: 'getKey',
  tag: 'Keys',
  summary: 'Show a client key',
  parameters: [KEY_PARAMETER],
  answer: { description: 'The key, without the key itself', content: jsonOf('ApiKey') },
  failures: ['not_found_error'],
})

export const EDIT_KEY = adminOperation({
  operationId: 'editKey',
  tag: 'Keys',
  summary: 'Change what a client key may do',
  description:
    'What is absent stays as it is; null takes it away, of `limits` each by itself. It holds from the next request on, in every process on this data folder within a second. The key itself stays the same.',
  parameters: [KEY_PARAMETER],
  body: {
    'application/json': {
      schema: ref('EditKeyRequest'),
      example: { models: null, limits: { daily_budget_usd: 10, requests_per_minute: null } },
    },
  },
  answer: { description: 'The key as it is now', content: jsonOf('ApiKey') },
  failures: ['not_found_error'],
})

export const REVOKE_KEY = adminOperation({
  operationId: 'revokeKey',
  tag: 'Keys',
  summary: 'End a client key',
  description:
    'Requests with it are refused from now on, in every process on this data folder within a second.',
  parameters: [KEY_PARAMETER],
  answer: { description: 'The key as it is now', content: jsonOf('ApiKey') },
  failures: ['not_found_error'],
})
