import { Elysia } from 'elysia'

import { findModel, listModels } from '../messages/models.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Server } from './server.ts'

/** GET /v1/models and /v1/models/{id}. An id may hold a slash, encoded or not. */
export const modelsRoutes = (server: Server, prefix: string) =>
  new Elysia({ name: `models ${prefix}`, prefix })
    .get(
      '/models',
      route(server, async (request, { context }) => {
        const { searchParams } = new URL(request.url)
        const page = await listModels(
          {
            limit: searchParams.get('limit'),
            afterId: searchParams.get('after_id'),
            beforeId: searchParams.get('before_id'),
          },
          server.services,
        )
        return json(page, { ...baseHeaders(server, request), 'request-id': context.id })
      }),
    )
    .get(
      '/models/*',
      route(server, async (request, { context }) => {
        const id = idOf(request.url)
        const model = await findModel(id, server.services)
        return json(model, { ...baseHeaders(server, request), 'request-id': context.id })
      }),
    )

function idOf(url: string): string {
  const { pathname } = new URL(url)
  const encoded = pathname.slice(pathname.lastIndexOf('/models/') + '/models/'.length)
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
