import { Elysia } from 'elysia'

import { createAsset } from './asset.ts'
import type { DocumentedRoute } from './openapi/document.ts'
import { openOperation } from './openapi/operation.ts'
import { baseHeaders } from './route.ts'
import type { Server } from './server.ts'

/** GET /openapi.json: the API in OpenAPI's words, made from the routes themselves when it is first asked for. */
export function openapiRoutes(server: Server, routes: () => readonly DocumentedRoute[]) {
  const document = createAsset('application/json', async () => {
    // Loaded late too: it brings in every schema, and the start of the program must not pay for that.
    const { toDocument } = await import('./openapi/document.ts')
    return JSON.stringify(toDocument(routes(), server.version))
  })
  return new Elysia({ name: 'openapi' }).get(
    '/openapi.json',
    async ({ request }) => document(request, baseHeaders(server, request)),
    {
      detail: openOperation({
        operationId: 'getOpenapi',
        tag: 'Server',
        summary: 'This document',
        answer: {
          description: 'The OpenAPI document of this server',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      }),
    },
  )
}
