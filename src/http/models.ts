import { Elysia } from 'elysia'

import { findModel, listModels } from '../messages/models.ts'
import { addressOf } from './address.ts'
import { apiOperation, ref } from './openapi/operation.ts'
import { pageQueryOf } from './page.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Server } from './server.ts'

/** GET /v1/models and /v1/models/{id}. An id may hold a slash, encoded or not. */
export const modelsRoutes = (server: Server, prefix: string) =>
  new Elysia({ name: `models ${prefix}`, prefix })
    .get(
      '/models',
      route(server, async (request, { context }) => {
        const page = await listModels(pageQueryOf(request), server.services, context.caller)
        return json(page, { ...baseHeaders(server, request), 'request-id': context.id })
      }),
      { detail: LIST_MODELS },
    )
    .get(
      '/models/*',
      route(server, async (request, { context }) => {
        const id = idOf(request)
        const model = await findModel(id, server.services, context.caller)
        return json(model, { ...baseHeaders(server, request), 'request-id': context.id })
      }),
      { detail: GET_MODEL },
    )

const LIST_MODELS = apiOperation({
  operationId: 'listModels',
  tag: 'Models',
  summary: 'List the models',
  description:
    "The aliases of this server first, then the upstream's models, newest first; of all of them those that the key may ask for.",
  parameters: [
    {
      name: 'limit',
      in: 'query',
      description: 'The most models that one page may hold.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 20 },
    },
    {
      name: 'after_id',
      in: 'query',
      description: 'The page that follows this model. Not together with `before_id`.',
      schema: { type: 'string' },
    },
    {
      name: 'before_id',
      in: 'query',
      description: 'The page that precedes this model. Not together with `after_id`.',
      schema: { type: 'string' },
    },
  ],
  answer: {
    description: 'One page of the list',
    content: { 'application/json': { schema: ref('ModelList') } },
  },
})

const GET_MODEL = apiOperation({
  operationId: 'getModel',
  tag: 'Models',
  summary: 'Get one model',
  parameters: [
    {
      name: 'model_id',
      in: 'path',
      required: true,
      description:
        "An alias, a Claude name, or the upstream's id. A slash in it may be written as it is or as %2F.",
      schema: { type: 'string', examples: ['big'] },
    },
  ],
  answer: {
    description: 'The model',
    content: { 'application/json': { schema: ref('ModelInfo') } },
  },
  failures: ['not_found_error'],
})

/** What stands behind the first `/models/`; the ids of some providers hold a second one. */
function idOf(request: Request): string {
  const { path } = addressOf(request)
  const encoded = path.slice(path.indexOf('/models/') + '/models/'.length)
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
