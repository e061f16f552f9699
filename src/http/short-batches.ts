import { Elysia } from 'elysia'

import { archivedAtMs, type BatchRecord } from '../batches/batch.ts'
import { readShortRequests } from '../batches/read-short.ts'
import { toProgress, withResults } from '../batches/short.ts'
import { invalidRequest } from '../core/errors.ts'
import { addressOf } from './address.ts'
import { creatorOf } from './batches.ts'
import { readJson } from './body.ts'
import { GET_BATCH_STATUS, RUN_BATCH } from './openapi/short-batches.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Exchange, Server } from './server.ts'
import { streamResponse } from './stream-response.ts'

/** The short batch API: one call that waits for its results, and one that tells how far a batch is. */
export const shortBatchesRoutes = (server: Server, prefix: string) =>
  new Elysia({ name: `short batches ${prefix}`, prefix: `${prefix}/messages/batch` })
    .post(
      '',
      route(server, async (request, exchange) => {
        const { batches, batchLimits, maxBodyBytes } = server
        const { context } = exchange
        const creator = creatorOf(context)
        const waitMs = waitOf(request) * 1000
        const body = await readJson(request, maxBodyBytes)
        const batch = await batches.create(readShortRequests(body, batchLimits.maxRequests), creator)
        return tell(await batches.settle(batch, waitMs, context.signal), request, exchange, server)
      }),
      { parse: 'none', detail: RUN_BATCH },
    )
    .get(
      '/:batch_id/status',
      route(server, async (request, exchange) => {
        const batch = await server.batches.get(idOf(request), exchange.context.owner)
        return tell(batch, request, exchange, server)
      }),
      { detail: GET_BATCH_STATUS },
    )

const DEFAULT_WAIT_S = 30
const MAX_WAIT_S = 600

const queryOf = (request: Request): URLSearchParams => new URLSearchParams(addressOf(request).query)

function waitOf(request: Request): number {
  const text = queryOf(request).get('wait')
  if (text === null) return DEFAULT_WAIT_S
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds <= MAX_WAIT_S))
    throw invalidRequest(`wait: Input should be an integer from 0 to ${MAX_WAIT_S}`)
  return seconds
}

/** What stands behind `/batch/`, up to the next slash. */
const idOf = (request: Request): string => /\/batch\/([^/]*)/.exec(addressOf(request).path)?.[1] ?? ''

async function tell(
  batch: BatchRecord,
  request: Request,
  exchange: Exchange,
  server: Server,
): Promise<Response> {
  const nowMs = server.clock.now()
  const progress = toProgress(batch, nowMs)
  const headers = {
    ...baseHeaders(server, request),
    'content-type': 'application/json',
    'request-id': exchange.context.id,
    'x-batch-id': batch.id,
  }
  const isThere = batch.state === 'ended' && archivedAtMs(batch, nowMs) === undefined
  if (!isThere || queryOf(request).get('results') === 'false')
    return json({ ...progress, results: null }, headers)
  const rows = await server.batches.results(batch.id, batch.caller.owner, withResults(progress))
  return streamResponse(rows, exchange, headers)
}
