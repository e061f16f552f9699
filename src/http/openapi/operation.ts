import type { DocumentDecoration } from 'elysia'

import { API_VERSIONS } from '../../core/context.ts'
import { type FailureKind, FAILURES } from '../../core/errors.ts'
import type { SchemaName } from './components.ts'

/** What the document sorts its operations by. */
export const TAGS = {
  Messages: 'Anthropic Messages API',
  Batches: 'Anthropic Message Batches API',
  Models: 'What can answer: the aliases of this server and the models of its upstream',
  Usage: 'What requests have cost',
  Keys: 'Client keys of this server; only for the holder of the admin key',
  Files: 'Files that messages refer to instead of holding them',
  Cache: 'The response cache of this server: what it holds and what it saved',
  Operation: 'For whoever runs the server: what it did and does. Needs ADMIN_API_KEY where clients need keys',
  Server: 'The server itself; none of these needs a key',
} as const
type Tag = keyof typeof TAGS

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly required?: boolean
  readonly schema: object
}

/** Bodies by media type. */
type Content = Readonly<
  Record<
    string,
    {
      readonly schema: object
      readonly example?: unknown
      readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>
    }
  >
>

/** What one route says of itself. */
export interface Operation {
  /** Unique; client generators make a method's name of it. */
  readonly operationId: string
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  readonly parameters?: Parameter[]
  readonly body?: Content
  /** The answer with status 200. */
  readonly answer: {
    readonly description: string
    readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: object }>>
    readonly content: Content
  }
}

export interface ApiOperation extends Operation {
  /** The failures a client must reckon with, beside those that every call of the API has. */
  readonly failures?: readonly FailureKind[]
}

/** How to read the request. The keys are not among them: they are security schemes. */
const PROTOCOL_HEADERS: readonly Parameter[] = [
  {
    name: 'anthropic-version',
    in: 'header',
    description: 'Version of the API. Only required where the server is strict.',
    schema: { type: 'string', enum: API_VERSIONS, default: API_VERSIONS[0] },
  },
  {
    name: 'anthropic-beta',
    in: 'header',
    description: 'Beta features to switch on, separated by commas. Unknown ones are ignored.',
    schema: { type: 'string' },
  },
]

const ALWAYS: readonly FailureKind[] = [
  'invalid_request_error',
  'authentication_error',
  'permission_error',
  'api_error',
]

/** Stands for a schema of the document. */
export const ref = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` })

/** Elysia's `detail` for a route of the API: with the protocol's headers, a key, and failures in the envelope. */
export const apiOperation = ({ failures = [], parameters = [], ...operation }: ApiOperation) => {
  const described = describe({ ...operation, parameters: [...parameters, ...PROTOCOL_HEADERS] })
  const responses = Object.fromEntries(
    [...ALWAYS, ...failures].map((kind) => [FAILURES[kind].status, response(kind)]),
  )
  return { ...described, responses: { ...described.responses, ...responses, default: response('failure') } }
}

/** Elysia's `detail` for a route that is no part of Anthropic's API and needs the admin key. */
export const adminOperation = ({ failures = [], ...operation }: ApiOperation) => {
  const described = describe(operation)
  const responses = Object.fromEntries(
    [...ALWAYS, ...failures].map((kind) => [FAILURES[kind].status, response(kind)]),
  )
  return {
    ...described,
    security: [{ apiKey: [] }, { bearer: [] }],
    responses: { ...described.responses, ...responses, default: response('failure') },
  }
}

/** Elysia's `detail` for a route that anyone may ask. */
export const openOperation = (operation: Operation) => ({ ...describe(operation), security: [] })

const response = (name: FailureKind | 'failure') => ({ $ref: `#/components/responses/${name}` })

const describe = ({ tag, body, answer, ...rest }: Operation) =>
  ({
    ...rest,
    tags: [tag],
    ...(body ? { requestBody: { required: true, content: body } } : {}),
    responses: { 200: answer },
    // Elysia's types know OpenAPI 3.0, whose schemas are others.
  }) as DocumentDecoration
