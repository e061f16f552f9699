import { Elysia } from 'elysia'

import { Failure, invalidRequest } from '../core/errors.ts'
import type { ErrorLog } from '../observability/error-log.ts'
import type { DebugError, DebugErrorList, DebugErrorStats } from '../wire/server/errors.ts'
import { addressOf } from './address.ts'
import { adminRoute } from './admin-route.ts'
import { unknownPath } from './errors.ts'
import { adminOperation, ref } from './openapi/operation.ts'
import { json } from './respond.ts'
import type { Server } from './server.ts'

/** The last failures with their reasons; in development only. */
export const debugRoutes = (server: Server) =>
  new Elysia({ name: 'debug', prefix: '/debug/errors' })
    .get(
      '/recent',
      adminRoute(server, async (request) => json(listErrors(errorsOf(server, request), request))),
      { detail: LIST_ERRORS },
    )
    .get(
      '/stats',
      adminRoute(server, async (request) =>
        json(errorsOf(server, request).stats() satisfies DebugErrorStats),
      ),
      { detail: COUNT_ERRORS },
    )
    .get(
      '/:correlation_id',
      adminRoute(server, async (request) => json(findError(errorsOf(server, request), request))),
      { detail: FIND_ERROR },
    )

/** In production the routes are as if they were not there. */
function errorsOf({ errors }: Server, request: Request): ErrorLog {
  if (errors) return errors
  throw unknownPath(addressOf(request).path)
}

const DEFAULT_COUNT = 10
const MAX_COUNT = 100

function listErrors(errors: ErrorLog, request: Request): DebugErrorList {
  const text = new URLSearchParams(addressOf(request).query).get('count')
  const count = text === null ? DEFAULT_COUNT : Number(text)
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT)
    throw invalidRequest(`count: Input should be a whole number from 1 to ${MAX_COUNT}`)
  const recent = errors.recent(count)
  return { count: recent.length, errors: [...recent] as DebugError[] }
}

function findError(errors: ErrorLog, request: Request): DebugError {
  const id = addressOf(request).path.split('/').at(-1) ?? ''
  const found = errors.find(id)
  if (found) return found as DebugError
  throw new Failure('not_found_error', 'No failure of that id is remembered; the log may still have it')
}

const DEVELOPMENT_ONLY = 'There is nothing here when ENVIRONMENT is production. Without secrets.'

const LIST_ERRORS = adminOperation({
  operationId: 'listRecentErrors',
  tag: 'Operation',
  summary: 'List the last failures',
  description: DEVELOPMENT_ONLY,
  parameters: [
    {
      name: 'count',
      in: 'query',
      description: 'How many.',
      schema: { type: 'integer', minimum: 1, maximum: MAX_COUNT, default: DEFAULT_COUNT },
    },
  ],
  answer: {
    description: 'The newest first',
    content: { 'application/json': { schema: ref('DebugErrorList') } },
  },
  failures: ['not_found_error'],
})

const COUNT_ERRORS = adminOperation({
  operationId: 'countErrors',
  tag: 'Operation',
  summary: 'Count failures',
  description: DEVELOPMENT_ONLY,
  answer: {
    description: 'By type, endpoint and model, since the start',
    content: { 'application/json': { schema: ref('DebugErrorStats') } },
  },
  failures: ['not_found_error'],
})

const FIND_ERROR = adminOperation({
  operationId: 'findError',
  tag: 'Operation',
  summary: 'Get one failure',
  description: DEVELOPMENT_ONLY,
  parameters: [
    {
      name: 'correlation_id',
      in: 'path',
      required: true,
      description: "The answer's `request-id`.",
      schema: { type: 'string' },
    },
  ],
  answer: { description: 'The failure', content: { 'application/json': { schema: ref('DebugError') } } },
  failures: ['not_found_error'],
})
