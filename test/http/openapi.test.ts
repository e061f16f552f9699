import { describe, expect, test } from 'bun:test'

import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

import { SCHEMAS } from '../../src/http/openapi/components.ts'
import { MESSAGE_EXAMPLE, REQUEST_EXAMPLES } from '../../src/http/openapi/examples.ts'
import { findModel, listModels } from '../../src/messages/models.ts'
import { MessagesRequest } from '../../src/wire/anthropic/request.ts'
import { MessageResponse } from '../../src/wire/anthropic/response.ts'
import { startUpstream } from '../support/upstream.ts'
import { createTestApp } from './app.ts'

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

const app = createTestApp()
const document: any = await (await app.ask('/openapi.json')).json()
const operations: Array<{ path: string; method: string; operation: any }> = Object.entries<any>(
  document.paths,
).flatMap(([path, item]) =>
  Object.entries<any>(item).map(([method, operation]) => ({ path, method, operation })),
)
const ownRoutes = app.routes.filter(({ path }) => !path.startsWith('/v1/v1/'))
const createMessage = document.paths['/v1/messages'].post

/** What a reference leads to; undefined where it leads nowhere. */
const follow = (reference: string): any =>
  reference
    .slice('#/'.length)
    .split('/')
    .reduce((value, key) => value?.[key], document)

const deref = (value: any): any => (value.$ref === undefined ? value : follow(value.$ref))

/** Every value inside of a value, itself included. */
function* inside(value: unknown): Generator<any> {
  yield value
  if (typeof value !== 'object' || value === null) return
  for (const field of Object.values(value)) yield* inside(field)
}

const references = (value: unknown): string[] =>
  [...inside(value)].map((part) => part?.$ref).filter((reference) => typeof reference === 'string')

/** With what references lead to written out in their place. */
const expand = (value: any): any => {
  if (typeof value !== 'object' || value === null) return value
  if (typeof value.$ref === 'string') return expand(follow(value.$ref))
  if (Array.isArray(value)) return value.map(expand)
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, expand(field)]))
}

/** A TypeBox constant as plain JSON without ids. */
const plain = (schema: TSchema): unknown =>
  JSON.parse(JSON.stringify(schema), (key, value) => (key === '$id' ? undefined : value))

describe('the document', () => {
  test('is OpenAPI 3.1 of this version of the server, at its own place', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/)
    expect(document.info).toMatchObject({ title: 'OpenRouter Anthropic Server', version: '1.2.3' })
    expect(document.servers).toEqual([{ url: '/' }])
  })

  test('has only references that lead somewhere', () => {
    const lost = references(document).filter((reference) => follow(reference) === undefined)
    expect(references(document).length).toBeGreaterThan(50)
    expect(lost).toEqual([])
  })

  test('has all paths of the application, and no twins, probes or files', () => {
    const shape = (path: string): string => path.replaceAll(/:\w+|\{\w+\}|\*/g, '*')
    const shown = ownRoutes.filter(({ hooks }) => hooks.detail?.hide !== true)
    expect(operations.map(({ method, path }) => `${method} ${shape(path)}`).toSorted()).toEqual(
      shown.map(({ method, path }) => `${method.toLowerCase()} ${shape(path)}`).toSorted(),
    )
    expect(operations.map(({ method }) => method).filter((method) => !METHODS.includes(method))).toEqual([])
    expect(Object.keys(document.paths)).toContainValues(['/v1/messages', '/v1/models/{model_id}', '/health'])
  })

  test('is told by every route what it is, or that it is hidden', () => {
    const silent = ownRoutes.filter(({ hooks }) => !hooks.detail?.hide && !hooks.detail?.operationId)
    expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })

  test('names each operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('uses every tag and every schema that it declares', () => {
    const tags = new Set<string>(operations.flatMap(({ operation }) => operation.tags))
    const declared: string[] = document.tags.map(({ name }: any) => name)
    expect([...tags].toSorted()).toEqual(declared.toSorted())

    const reached = new Set<string>()
    const reach = (value: unknown): void => {
      for (const reference of references(value)) {
        if (reached.has(reference)) continue
        reached.add(reference)
        reach(follow(reference))
      }
    }
    reach(document.paths)
    const schemas = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect(schemas.filter((reference) => !reached.has(reference))).toEqual([])
  })
})

describe.each(operations)('$method $path', ({ path, operation }) => {
  test('has an id, a summary, a tag and described responses', () => {
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/)
    expect(operation.summary).toMatch(/^[A-Z].*[^.]$/)
    expect(operation.tags).toHaveLength(1)
    expect(operation.responses['200']).toBeDefined()
    for (const response of Object.values<any>(operation.responses))
      expect([typeof deref(response).description, typeof deref(response).content]).toEqual([
        'string',
        'object',
      ])
  })

  test('declares the parameters of its path, each once', () => {
    const parameters: any[] = operation.parameters ?? []
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
    expect(inPath.every(({ required }) => required === true)).toBe(true)
    const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
    expect(new Set(names).size).toBe(names.length)
    for (const { schema } of parameters) expect(schema.type).toBeString()
  })
})

test('a message tells of itself in the headers that web pages may read', async () => {
  const { headers } = createMessage.responses['200']
  expect(Object.keys(headers)).toContainValues(['x-openrouter-model', 'x-rescued-by', 'x-compat-warnings'])
  const open = createTestApp({ CORS_ORIGINS: 'https://pages.example' })
  const answer = await open.ask('/health', { headers: { origin: 'https://pages.example' } })
  const exposed = answer.headers.get('access-control-expose-headers')?.split(', ')
  expect(exposed).toContainValues(Object.keys(headers))
})

describe('schemas', () => {
  test.each(Object.entries<TSchema>(SCHEMAS))('%s is the TypeBox constant', (name, schema) => {
    expect(expand(document.components.schemas[name])).toEqual(plain(schema))
    if (schema.$id !== undefined) expect(schema.$id).toBe(name)
  })

  test('refer to each other instead of repeating each other', () => {
    expect(document.components.schemas.MessagesRequest.properties.messages.items).toEqual({
      $ref: '#/components/schemas/InputMessage',
    })
    expect(document.components.schemas.ModelList.properties.data.items).toEqual({
      $ref: '#/components/schemas/ModelInfo',
    })
  })

  test('have no $id, which would be a base for the references inside', () => {
    expect([...inside(document)].filter((part) => part?.$id !== undefined)).toEqual([])
  })
})

describe('POST /v1/messages in the document', () => {
  test('takes a MessagesRequest and answers with a Message or its events', () => {
    const { schema } = createMessage.requestBody.content['application/json']
    expect(schema).toEqual({ $ref: '#/components/schemas/MessagesRequest' })
    const { content } = createMessage.responses['200']
    expect(Object.keys(content)).toEqual(['application/json', 'text/event-stream'])
    expect(content['application/json'].schema).toEqual({ $ref: '#/components/schemas/Message' })
  })

  test('fails with the error envelope, whatever the status', () => {
    const { 200: _, ...failures } = createMessage.responses
    expect(Object.keys(failures).join(' ')).toBe('400 401 402 403 404 413 429 500 504 529 default')
    for (const failure of Object.values<any>(failures))
      expect(deref(failure).content['application/json'].schema).toEqual({
        $ref: '#/components/schemas/ErrorResponse',
      })
  })

  test('reads the protocol headers, and a key from either header', () => {
    const headers = createMessage.parameters.filter((parameter: any) => parameter.in === 'header')
    expect(headers.map(({ name }: any) => name)).toEqual(['anthropic-version', 'anthropic-beta'])
    const schemes = document.components.securitySchemes
    expect(document.security).toEqual([{}, ...Object.keys(schemes).map((name) => ({ [name]: [] }))])
    expect(schemes.apiKey).toMatchObject({ type: 'apiKey', in: 'header', name: 'x-api-key' })
    expect(schemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' })
  })

  test.each(Object.entries(REQUEST_EXAMPLES))(
    'has the example "%s", which is valid and answered',
    async (_, example) => {
      expect(Value.Check(MessagesRequest, example.value)).toBe(true)
      const response = await app.post('/v1/messages', example.value)
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('"role":"assistant"')
    },
  )

  test('shows an answer that is a Message', () => {
    expect(Value.Check(MessageResponse, MESSAGE_EXAMPLE)).toBe(true)
  })
})

describe('what the document says', () => {
  test('holds for the bounds of a page of models', async () => {
    const { schema } = document.paths['/v1/models'].get.parameters[0]
    const statusOf = async (limit: number) => (await app.ask(`/v1/models?limit=${limit}`)).status
    expect(await Promise.all([schema.minimum, schema.maximum].map(statusOf))).toEqual([200, 200])
    expect(await Promise.all([schema.minimum - 1, schema.maximum + 1].map(statusOf))).toEqual([400, 400])
    const page = async (query: string) => (await app.ask(`/v1/models${query}`)).json()
    expect(await page('')).toEqual(await page(`?limit=${schema.default}`))
  })

  test.each(['/', '/health', '/api/hello'])('holds for the fields of GET %s', async (path) => {
    const { schema } = document.paths[path].get.responses['200'].content['application/json']
    const answer = (await (await app.ask(path)).json()) as object
    expect(Object.keys(answer)).toEqual(schema.required)
  })
})

describe('GET /openapi.json', () => {
  test('sends the document again only to those who do not have it', async () => {
    const first = await app.ask('/openapi.json')
    expect(first.headers.get('content-type')).toBe('application/json')
    const again = await app.ask('/openapi.json', {
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  test('needs no key', async () => {
    const locked = createTestApp({ SERVER_API_KEYS: 'secret' })
    expect((await locked.ask('/openapi.json')).status).toBe(200)
    expect((await locked.ask('/v1/models')).status).toBe(401)
  })
})

describe('the framework', () => {
  test('checks, parses and rewrites nothing: no route has a schema, and bodies are left alone', () => {
    for (const { method, hooks } of app.routes) {
      for (const kind of ['body', 'query', 'params', 'headers', 'cookie', 'response'])
        expect(hooks[kind]).toBeUndefined()
      if (method === 'POST') expect(hooks.parse).toEqual([expect.objectContaining({ fn: 'none' })])
    }
  })

  test('keeps fields that no schema knows, at every depth', async () => {
    await using upstream = startUpstream()
    const { post } = createTestApp({ OPENROUTER_BASE_URL: upstream.baseUrl })
    const input_schema = { type: 'object', properties: {}, 'x-new': { deep: [{ a: 1 }] } }
    const response = await post('/v1/messages', {
      model: 'big',
      max_tokens: 10,
      field_of_tomorrow: true,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', field_of_tomorrow: 1 }] }],
      tools: [{ name: 'new', input_schema }],
      openrouter: { field_of_tomorrow: { deep: [{ b: 2 }] } },
    })
    expect(response.status).toBe(200)
    const [body] = upstream.bodies
    expect(body).toMatchObject({ field_of_tomorrow: { deep: [{ b: 2 }] } })
    expect(JSON.stringify(body?.['tools'])).toContain('"x-new":{"deep":[{"a":1}]}')
  })

  test('sends a response byte for byte as the handler made it', async () => {
    const { services } = app.server
    expect(await (await app.ask('/v1/models/big')).text()).toBe(
      JSON.stringify(await findModel('big', services, undefined)),
    )
    const page = await listModels({ limit: '3', afterId: null, beforeId: null }, services, undefined)
    expect(await (await app.ask('/v1/models?limit=3')).text()).toBe(JSON.stringify(page))
  })
})
