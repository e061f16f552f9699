import { Elysia } from 'elysia'

import { invalidRequest } from '../core/errors.ts'
import { answer, answerWhole } from '../messages/answer.ts'
import { countTokens } from '../messages/count-tokens.ts'
import { roughTokens } from '../messages/rough-size.ts'
import { addAnswerHeaders, describeAnswerHeaders } from './answer-headers.ts'
import { readJson } from './body.ts'
import { MESSAGE_EXAMPLE, REQUEST_EXAMPLES, STREAM_EXAMPLE } from './openapi/examples.ts'
import { apiOperation, ref } from './openapi/operation.ts'
import { type Headers, json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Exchange, Server } from './server.ts'
import { sseResponse } from './sse.ts'

/** The Messages API's two calls that need no store. `prefix` is `/v1`, or `/v1/v1` for base URLs with one too many. */
export const messagesRoutes = (server: Server, prefix: string) =>
  new Elysia({ name: `messages ${prefix}`, prefix })
    .post(
      '/messages',
      route(server, async (request, exchange) => createMessage(server, request, exchange)),
      { parse: 'none', detail: CREATE_MESSAGE },
    )
    .post(
      '/messages/count_tokens',
      route(server, async (request, exchange) => {
        const body = await readJson(request, server.maxBodyBytes, server)
        const count = await countTokens(body, server.services, exchange.context)
        return json(count, answerHeaders(server, request, exchange))
      }),
      { parse: 'none', detail: COUNT_TOKENS },
    )

const CREATE_MESSAGE = apiOperation({
  operationId: 'createMessage',
  tag: 'Messages',
  summary: 'Create a message',
  description:
    'Answers a conversation, whole or as a stream of events. A failure before the first event is an HTTP status; ' +
    'after it, it is an `error` event that holds an `ErrorResponse`, and nothing follows. In silence the stream ' +
    'sends `ping` events.',
  body: {
    'application/json': { schema: ref('MessagesRequest'), examples: REQUEST_EXAMPLES },
  },
  answer: {
    description: 'The answer; with `stream: true` its events',
    headers: describeAnswerHeaders(),
    content: {
      'application/json': { schema: ref('Message'), example: MESSAGE_EXAMPLE },
      'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE },
    },
  },
  failures: [
    'billing_error',
    'not_found_error',
    'request_too_large',
    'rate_limit_error',
    'timeout_error',
    'overloaded_error',
  ],
})

const COUNT_TOKENS = apiOperation({
  operationId: 'countTokens',
  tag: 'Messages',
  summary: 'Count the tokens of a message',
  description:
    'Estimates what the input of this request would be billed as. Asks no model and costs nothing.',
  body: {
    'application/json': {
      schema: ref('CountTokensRequest'),
      example: { model: 'big', messages: [{ role: 'user', content: 'Hello' }] },
    },
  },
  answer: {
    description: 'The number of tokens',
    content: { 'application/json': { schema: ref('CountTokensResponse'), example: { input_tokens: 8 } } },
  },
  failures: ['request_too_large'],
})

async function createMessage(server: Server, request: Request, exchange: Exchange): Promise<Response> {
  const { context } = exchange
  const body = await readJson(request, server.maxBodyBytes, server)
  await admit(server, request, body, exchange)
  const stream = await answer(body, server.services, context)
  if (!wantsStream(body)) {
    const message = await answerWhole(stream, context)
    return json(message, answerHeaders(server, request, exchange))
  }
  exchange.leaveOpen()
  const endResponse = context.trace.open('respond')
  return sseResponse(
    stream,
    context,
    server.clock,
    server.timing,
    () => answerHeaders(server, request, exchange),
    (outcome) => {
      endResponse(outcome)
      exchange.finish(200, outcome)
    },
  )
}

/** Waits for the caller's turn, where limits are in the way; its place is free again when the request has ended. */
async function admit(server: Server, request: Request, body: unknown, exchange: Exchange): Promise<void> {
  const { id, caller, signal } = exchange.context
  if (!caller) return
  const asked = { id, caller, model: modelOf(body), inputTokens: () => roughTokens(body) }
  const maxWaitMs = readWait(request.headers.get('x-queue-wait'))
  exchange.atEnd(await server.limiter.admit({ ...asked, maxWaitMs }, signal))
}

/** For the words of a refusal; whether it is a model is not known yet. */
const modelOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'model' in body && typeof body.model === 'string'
    ? body.model
    : 'unknown'

function readWait(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = header.trim() === '' ? Number.NaN : Number(header)
  if (seconds >= 0) return seconds * 1000
  throw invalidRequest('x-queue-wait: Input should be a number of seconds, 0 or more')
}

/** Only asked after validation, so the field is a boolean where it is there at all. */
const wantsStream = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'stream' in body && body.stream === true

function answerHeaders(server: Server, request: Request, { context, trace }: Exchange): Headers {
  const headers = baseHeaders(server, request)
  headers['request-id'] = context.id
  addAnswerHeaders(headers, trace)
  return headers
}
