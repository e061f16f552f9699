import { Elysia } from 'elysia'

import type { BatchRecord, Creator } from '../batches/batch.ts'
import { toMessageBatch } from '../batches/describe.ts'
import { readRequests } from '../batches/read-requests.ts'
import { JSON_LINES } from '../batches/results.ts'
import { plainCaller } from '../core/caller.ts'
import type { RequestContext } from '../core/context.ts'
import { checkPage } from '../messages/page.ts'
import type { DeletedMessageBatch, MessageBatch, MessageBatchList } from '../wire/anthropic/batches.ts'
import { addressOf } from './address.ts'
import { streamBody } from './body-stream.ts'
import {
  CANCEL_BATCH,
  CREATE_BATCH,
  DELETE_BATCH,
  GET_BATCH,
  GET_BATCH_RESULTS,
  LIST_BATCHES,
} from './openapi/batches.ts'
import { pageQueryOf } from './page.ts'
import { publicAddressOf } from './public-address.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Server } from './server.ts'
import { streamResponse } from './stream-response.ts'

/** /v1/messages/batches: Anthropic's Message Batches API (§7). */
export function batchesRoutes(server: Server, prefix: string) {
  const { batches } = server
  const answered = (handle: (request: Request, context: RequestContext) => Promise<object>) =>
    route(server, async (request, { context }) =>
      json(await handle(request, context), { ...baseHeaders(server, request), 'request-id': context.id }),
    )
  const show = (batch: BatchRecord, request: Request): MessageBatch =>
    toMessageBatch(
      batch,
      server.clock.now(),
      `${publicAddressOf(request)}/v1/messages/batches/${batch.id}/results`,
    )

  return new Elysia({ name: `batches ${prefix}`, prefix: `${prefix}/messages/batches` })
    .post(
      '',
      answered(async (request, context) => show(await create(request, context, server), request)),
      { parse: 'none', detail: CREATE_BATCH },
    )
    .get(
      '',
      answered(async (request, { owner }): Promise<MessageBatchList> => {
        const query = pageQueryOf(request)
        const page = await batches.list(owner, { limit: checkPage(query), cursor: cursorOf(query) })
        const data = page.batches.map((batch) => show(batch, request))
        return {
          data,
          has_more: page.hasMore,
          first_id: data[0]?.id ?? null,
          last_id: data.at(-1)?.id ?? null,
        }
      }),
      { detail: LIST_BATCHES },
    )
    .get(
      '/:batch_id',
      route(server, async (request, { context }) => {
        const batch = await batches.get(idOf(request), context.owner)
        return json(show(batch, request), {
          ...baseHeaders(server, request),
          ...(batch.state === 'ended' ? {} : { 'retry-after': POLL_AFTER_S }),
          'request-id': context.id,
        })
      }),
      { detail: GET_BATCH },
    )
    .get(
      '/:batch_id/results',
      route(server, async (request, exchange) => {
        const { id, owner } = exchange.context
        const rows = await batches.results(idOf(request), owner, JSON_LINES)
        return streamResponse(rows, exchange, {
          ...baseHeaders(server, request),
          'content-type': 'application/x-jsonl',
          'request-id': id,
        })
      }),
      { detail: GET_BATCH_RESULTS },
    )
    .post(
      '/:batch_id/cancel',
      answered(async (request, { owner }) => show(await batches.cancel(idOf(request), owner), request)),
      { parse: 'none', detail: CANCEL_BATCH },
    )
    .delete(
      '/:batch_id',
      answered(async (request, { owner }): Promise<DeletedMessageBatch> => {
        const id = idOf(request)
        await batches.remove(id, owner)
        return { id, type: 'message_batch_deleted' }
      }),
      { parse: 'none', detail: DELETE_BATCH },
    )
}

/** When to ask for a batch again, in seconds. */
const POLL_AFTER_S = '10'
/** How long a body may stand still. */
const MAX_SILENCE_MS = 60_000

async function create(
  request: Request,
  context: RequestContext,
  { batches, batchLimits, maxBodyBytes, clock }: Server,
): Promise<BatchRecord> {
  const creator = creatorOf(context)
  const { maxBytes, maxRequests } = batchLimits
  const body = streamBody(request, { maxBytes, maxSilenceMs: MAX_SILENCE_MS, clock })
  return batches.create(readRequests(body, { maxRequests, maxRequestBytes: maxBodyBytes }), creator)
}

/** Whose batch it becomes. Callers with an upstream key of their own do not get this far: a batch could not use it. */
export const creatorOf = ({ owner, caller = plainCaller(owner), protocol }: RequestContext): Creator => ({
  caller,
  protocol,
})

/** What stands behind `/batches/`, up to the next slash. */
function idOf(request: Request): string {
  const { path } = addressOf(request)
  return /\/batches\/([^/]*)/.exec(path)?.[1] ?? ''
}

function cursorOf({ afterId, beforeId }: ReturnType<typeof pageQueryOf>) {
  if (afterId !== null) return { side: 'after', id: afterId } as const
  return beforeId === null ? undefined : ({ side: 'before', id: beforeId } as const)
}
