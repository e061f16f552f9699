import { Elysia } from 'elysia'

import { Failure } from '../core/errors.ts'
import { asFailure } from '../observability/failure.ts'
import { addressOf } from './address.ts'
import { errorResponse, newRequestId } from './respond.ts'
import { baseHeaders } from './route.ts'
import type { Server } from './server.ts'

/** Envelopes for what no route answers: unknown paths, wrong methods, and whatever fails outside of a route. */
export const fallbackRoutes = (server: Server, methodsOf: (path: string) => readonly string[]) =>
  new Elysia({ name: 'fallback' }).onError({ as: 'global' }, async ({ code, error, request }) => {
    const id = newRequestId()
    const headers = baseHeaders(server, request)
    if (request.method === 'OPTIONS') return server.access.preflight(request)
    if (code !== 'NOT_FOUND') return errorResponse(asFailure(error, server), id, headers)
    const { path } = addressOf(request)
    const allowed = methodsOf(path)
    const failure = allowed.length > 0 ? wrongMethod(request.method, path, allowed) : unknownPath(path)
    server.log.info('request', {
      request_id: id,
      method: request.method,
      path,
      status: failure.status,
    })
    return errorResponse(
      failure,
      id,
      allowed.length > 0 ? { ...headers, allow: allowed.join(', ') } : headers,
    )
  })

const wrongMethod = (method: string, path: string, allowed: readonly string[]): Failure =>
  new Failure('invalid_request_error', `${method} is not allowed for ${path}; use ${allowed.join(' or ')}`, {
    status: 405,
  })

/** What is told where there is nothing, or where it must look so. */
export const unknownPath = (path: string): Failure =>
  new Failure('not_found_error', `There is nothing at ${path}; this server's API is described at /docs`)
