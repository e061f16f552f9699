/** One rung of the ladder as a server: `bun bench/rung.ts RUNG UPSTREAM_ORIGIN`. ladder.ts says what the rungs are. */
import { Elysia } from 'elysia'

import { createClock } from '../src/clock.ts'
import { loadConfig } from '../src/config/load.ts'
import { thisMachine } from '../src/config/machine.ts'
import { DEFAULT_PROTOCOL, type RequestContext } from '../src/core/context.ts'
import { sseResponse } from '../src/http/sse.ts'
import { answer, answerWhole } from '../src/messages/answer.ts'
import { createLog } from '../src/observability/log.ts'
import { createTrace } from '../src/observability/trace.ts'
import { createMemory, createServices } from '../src/services.ts'
import { createClient, type Fetch } from '../src/upstream/client.ts'
import type { ChatItem } from '../src/upstream/upstream.ts'
import type { Rung } from './ladder.ts'

type Handler = (request: Request) => Promise<Response>
type Body = { readonly stream: boolean }

const [, , rung = '', upstreamOrigin = ''] = process.argv
const target = `${upstreamOrigin}/v1/chat/completions`
const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' }
const clock = createClock()

/** Reads the request's JSON and writes it anew; also that of a whole answer, while a stream passes. */
const rewrite: Handler = async (request) => passOn(await send(await rewritten(request)))

/** The same, and a client that hangs up takes the upstream's call with it. */
const abort: Handler = async (request) => {
  const controller = new AbortController()
  const hangUp = (): void => controller.abort()
  request.signal.addEventListener('abort', hangUp, { once: true })
  const response = await passOn(await send(await rewritten(request), controller.signal))
  request.signal.removeEventListener('abort', hangUp)
  return response
}

const rewritten = async (request: Request): Promise<string> =>
  JSON.stringify(JSON.parse(await request.text()))

const send = async (body: string, signal: AbortSignal | null = null): Promise<Response> =>
  fetch(target, { method: 'POST', headers, body, signal })

async function passOn(response: Response): Promise<Response> {
  const type = response.headers.get('content-type') ?? ''
  const body = type === 'application/json' ? JSON.stringify(await response.json()) : response.body
  return new Response(body, { status: response.status, headers: { 'content-type': type } })
}

const networkFetch: Fetch = async (url, init) => fetch(url, init)
const client = createClient({
  baseUrl: `${upstreamOrigin}/v1`,
  headers,
  fetch: networkFetch,
  clock,
  limits: { firstByteTimeoutMs: 120_000, idleTimeoutMs: 120_000, requestTimeoutMs: 600_000 },
})

/** The server's own client reads the answer, chunk by chunk; each is written as it came. */
const read: Handler = async (request) => {
  const body = JSON.parse(await request.text()) as Body
  const call = { model: '', stream: body.stream, body: JSON.stringify(body), headers: {} }
  const chunks = client.stream(call, request.signal)
  const { value: first = [] } = await chunks.next()
  if (!body.stream) {
    await chunks.next()
    return Response.json(first[0])
  }
  const events = new ReadableStream<string>({
    start: (controller) => controller.enqueue(toEvents(first)),
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(toEvents(value))
    },
  })
  return new Response(events as unknown as ReadableStream<Uint8Array>, {
    headers: { 'content-type': 'text/event-stream' },
  })
}

const toEvents = (items: readonly ChatItem[]): string =>
  items.map((item) => `data: ${item === '[DONE]' ? item : JSON.stringify(item)}\n\n`).join('')

/** The pipeline whole, without what the route does around it. */
function answered(): Handler {
  const log = createLog({ level: 'info', write: (text) => process.stderr.write(text), now: Date.now })
  const config = loadConfig({ ...thisMachine(), flags: {} })
  const services = createServices(config, createMemory(config, clock, log), clock, log)
  const timing = { startAfterMs: 5000, pingIntervalMs: 10_000 }
  return async (request) => {
    const body = JSON.parse(await request.text()) as Body
    const context: RequestContext = {
      id: 'req_bench',
      signal: request.signal,
      log,
      trace: createTrace(() => performance.now()),
      protocol: DEFAULT_PROTOCOL,
      owner: 'bench',
    }
    const stream = await answer(body, services, context)
    if (!body.stream) return Response.json(await answerWhole(stream, context))
    return sseResponse(
      stream,
      context,
      clock,
      timing,
      () => ({}),
      () => {},
    )
  }
}

const HANDLERS: Readonly<Partial<Record<Rung, () => Handler>>> = {
  json: () => rewrite,
  elysia: () => rewrite,
  abort: () => abort,
  read: () => read,
  answer: answered,
}
const handler = HANDLERS[rung as Rung]?.()
if (!handler) throw new Error('usage: bun bench/rung.ts RUNG UPSTREAM_ORIGIN')

const PATHS = ['/v1/chat/completions', '/reparse/chat/completions', '/v1/messages']
const address = { port: 0, hostname: '127.0.0.1', idleTimeout: 0 }
const port = rung === 'json' ? serveBare(handler) : serveByElysia(handler)
console.log(`listening on http://127.0.0.1:${port}`)

function serveBare(handle: Handler): number | undefined {
  const routes = Object.fromEntries(PATHS.map((path) => [path, { POST: handle }]))
  return Bun.serve({ ...address, routes }).port
}

function serveByElysia(handle: Handler): number | undefined {
  const app = new Elysia({ aot: true })
  for (const path of PATHS) app.post(path, async ({ request }) => handle(request), { parse: 'none' })
  return app.listen(address).server?.port
}
