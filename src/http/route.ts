import type { Caller } from '../core/caller.ts'
import { DEFAULT_PROTOCOL, type Fields, type Outcome, type RequestContext } from '../core/context.ts'
import { asFailure, noteFailure } from '../observability/failure.ts'
import type { Log } from '../observability/log.ts'
import type { ObservedRequest } from '../observability/request.ts'
import { createTrace, type RequestTrace } from '../observability/trace.ts'
import { addressOf } from './address.ts'
import { readProtocol } from './protocol.ts'
import { errorResponse, newRequestId } from './respond.ts'
import type { Exchange, Server } from './server.ts'
import { toWarningLine } from './warnings.ts'

export type Handler = (request: Request, exchange: Exchange) => Promise<Response>

/** What Elysia hands to a route; nothing else of it leaves this file. */
interface RouteInput {
  readonly request: Request
  /** The pattern that led here. */
  readonly route: string
}

/**
 * One way for every route of the API: give it an id, check access, run it, turn what it throws into an envelope,
 * write one log line. A handler that answers with a stream leaves its exchange open.
 */
export const route =
  (server: Server, handler: Handler) =>
  async (input: RouteInput): Promise<Response> => {
    const { request } = input
    const exchange = beginExchange(server, request, input.route)
    try {
      exchange.admit(server.access.check(request))
      exchange.readProtocol()
      noteCorrelation(request, exchange.trace)
      const response = await handler(request, exchange)
      tellLimits(server, exchange, response)
      if (!exchange.isLeftOpen()) exchange.finish(response.status, 'ok')
      return response
    } catch (error) {
      if (request.signal.aborted) return abandon(exchange)
      const failure = asFailure(error, exchange.context)
      noteFailure(failure, error, exchange.context)
      exchange.finish(failure.status, 'error')
      const response = errorResponse(failure, exchange.context.id, baseHeaders(server, request))
      tellLimits(server, exchange, response)
      return response
    }
  }

/** Says where the caller stands, wherever anything is limited. */
function tellLimits(server: Server, { context }: Exchange, response: Response): void {
  if (!context.caller) return
  const limits = server.limiter.headers(context.caller)
  for (const name in limits) response.headers.set(name, limits[name] ?? '')
}

/** The id that a client or a proxy gave the request, so that its log and ours can be laid side by side. */
function noteCorrelation({ headers }: Request, trace: RequestTrace): void {
  const id = headers.get('x-correlation-id') ?? headers.get('x-request-id')
  if (id !== null && PLAIN_ID.test(id)) trace.note('correlation_id', id)
}

const PLAIN_ID = /^[\w.:-]{1,128}$/

/** What proxies log for a client that hung up before its answer; nobody reads it. */
const CLIENT_CLOSED_REQUEST = 499

function abandon(exchange: Exchange): Response {
  exchange.finish(CLIENT_CLOSED_REQUEST, 'cancelled')
  return new Response(null, { status: CLIENT_CLOSED_REQUEST })
}

/** Headers of every answer. */
export const baseHeaders = (server: Server, request: Request): Record<string, string> =>
  request.headers.has('origin')
    ? { ...server.headers, ...server.access.corsHeaders(request) }
    : { ...server.headers }

/** Who is asking, as long as that is not known. */
const NOBODY = 'nobody'

interface OpenExchange extends Exchange {
  isLeftOpen(): boolean
  /** Says whose request it is. */
  admit(caller: Caller): void
  /** Reads the headers that say how to read the body; only after access was checked. */
  readProtocol(): void
}

function beginExchange(server: Server, request: Request, route: string): OpenExchange {
  const id = newRequestId()
  const trace = createTrace(() => performance.now())
  let protocol = DEFAULT_PROTOCOL
  let caller: Caller | undefined
  let log: Log | undefined
  let finished = false
  let leftOpen = false
  const recorder = server.record?.()
  const atEnd: Array<() => void> = []
  server.activity.begin()

  const context: RequestContext = {
    id,
    signal: request.signal,
    get log() {
      return (log ??= server.log.child({ request_id: id }))
    },
    trace,
    recorder,
    get protocol() {
      return protocol
    },
    get owner() {
      return caller?.owner ?? NOBODY
    },
    get caller() {
      return caller
    },
  }
  const observed: ObservedRequest = {
    context,
    trace,
    method: request.method,
    route,
    startedAtMs: server.clock.now(),
    traceparent: request.headers.get('traceparent'),
    recording: recorder?.read,
  }
  const finish = (status: number, outcome: Outcome): void => {
    if (finished) return
    finished = true
    server.activity.end()
    const durationMs = Math.round((performance.now() - trace.startedAtMs) * 10) / 10
    server.watch.end(observed, { status, outcome, durationMs })
    for (const run of atEnd) run()
    server.log.info('request', {
      request_id: id,
      method: request.method,
      // Without the query, which may hold anything.
      path: addressOf(request).path,
      status,
      outcome,
      duration_ms: durationMs,
      ...trace.notes(),
      ...warningsOf(trace),
    })
    if (server.log.writesDebug)
      server.log.debug('request-steps', { request_id: id, steps_ms: stepTimes(trace) })
  }
  server.watch.begin(observed)
  return {
    context,
    trace,
    finish,
    leaveOpen() {
      leftOpen = true
    },
    isLeftOpen: () => leftOpen,
    atEnd: (run) => void atEnd.push(run),
    admit(admitted) {
      caller = admitted
      if (admitted.name !== undefined) trace.note('key_name', admitted.name)
    },
    readProtocol() {
      protocol = readProtocol(request.headers, server.services.strict)
    },
  }
}

const warningsOf = (trace: RequestTrace): Fields =>
  trace.warnings().length > 0 ? { warnings: trace.warnings().map(toWarningLine) } : NO_FIELDS

const NO_FIELDS: Fields = {}

const stepTimes = (trace: RequestTrace): Record<string, number> => {
  const times: Record<string, number> = {}
  for (const span of trace.spans()) times[span.name] = Math.round(span.durationMs * 100) / 100
  return times
}
