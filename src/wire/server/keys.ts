import { type Static, Type } from '@sinclair/typebox'

import { maybe, nullable, open } from '../schema.ts'

const limit = (description: string) => maybe(Type.Integer({ minimum: 1, description }))
const usd = (description: string) => maybe(Type.Number({ exclusiveMinimum: 0, description }))

/** What a key may use; absent or null: what the server's settings say. */
const KeyLimits = open({
  requests_per_minute: limit('Requests a minute'),
  input_tokens_per_minute: limit('Input tokens a minute'),
  output_tokens_per_minute: limit('Output tokens a minute'),
  concurrent_requests: limit('Requests at the same time'),
  daily_budget_usd: usd('US dollars a day, in UTC'),
  monthly_budget_usd: usd('US dollars a calendar month, in UTC'),
})
export type KeyLimits = Static<typeof KeyLimits>

const name = Type.String({ minLength: 1, maxLength: 100, description: 'What people call the key' })

const terms = {
  expires_at: maybe(Type.String({ description: 'RFC 3339; null: never' })),
  models: maybe(
    Type.Array(Type.String({ minLength: 1 }), {
      description: 'Names of models, or patterns with `*`; null: all',
    }),
  ),
  tools: maybe(
    Type.Boolean({ description: 'Whether the server may run its tools for this key', default: true }),
  ),
  server_tools: maybe(
    Type.Array(Type.String({ pattern: '^(?:\\*|[A-Za-z]+)$' }), {
      description:
        'Tools of the server that are offered with every request of this key, such as `Read`; `*` for all',
    }),
  ),
  limits: maybe(KeyLimits),
}

/** POST /admin/keys. What is absent is as if it were null. */
export const CreateKeyRequest = open({ name, ...terms }, { $id: 'CreateKeyRequest' })
export type CreateKeyRequest = Static<typeof CreateKeyRequest>

/** PATCH /admin/keys/{id}. What is absent stays as it is, and null takes it away: a JSON merge patch. */
export const EditKeyRequest = open({ name: Type.Optional(name), ...terms }, { $id: 'EditKeyRequest' })
export type EditKeyRequest = Static<typeof EditKeyRequest>

const fields = {
  id: Type.String({ description: 'The mark of the key, by which logs and costs name it' }),
  type: Type.Literal('api_key'),
  name: Type.String(),
  status: Type.Union([Type.Literal('active'), Type.Literal('expired'), Type.Literal('revoked')]),
  created_at: Type.String({ format: 'date-time' }),
  expires_at: nullable(Type.String({ format: 'date-time' })),
  revoked_at: nullable(Type.String({ format: 'date-time' })),
  models: nullable(Type.Array(Type.String())),
  tools: Type.Boolean(),
  server_tools: Type.Array(Type.String()),
  limits: KeyLimits,
}

/** A client key, without the key itself. */
export const ApiKey = open(fields, { $id: 'ApiKey' })
export type ApiKey = Static<typeof ApiKey>

/** A new key: the only time that the key itself is told. */
export const CreatedApiKey = open(
  { ...fields, key: Type.String({ description: 'The key. It is kept nowhere and never shown again.' }) },
  { $id: 'CreatedApiKey' },
)
export type CreatedApiKey = Static<typeof CreatedApiKey>

/** GET /admin/keys. */
export const ApiKeyList = open({ data: Type.Array(ApiKey) }, { $id: 'ApiKeyList' })
export type ApiKeyList = Static<typeof ApiKeyList>
