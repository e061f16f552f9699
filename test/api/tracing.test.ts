import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream((body) => textAnswer('Hello', body))

/** A stand-in for a collector: what it was sent, and by whom. */
const received: Array<{ readonly path: string; readonly key: string | null; readonly body: any }> = []
const collector = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    received.push({
      path: new URL(request.url).pathname,
      key: request.headers.get('x-collector-key'),
      body: await request.json(),
    })
    return Response.json({})
  },
})

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

let server: TestServer

beforeAll(async () => {
  server = await startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=a%20key',
    OTEL_SERVICE_NAME: 'under-test',
  })
})

afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose](), collector.stop(true)])
})

const spansOf = (traceId: string): any[] =>
  received
    .flatMap(({ body }) => body.resourceSpans[0].scopeSpans[0].spans)
    .filter((span: any) => span.traceId === traceId)

describe('a trace', () => {
  test("goes on from the client's, through every step, to the upstream", async () => {
    const traceparent = `00-${TRACE}-${PARENT}-01`
    await (await post(server, message({ stream: true }), { headers: { traceparent } })).text()
    await until('the spans', () => spansOf(TRACE).length > 0)
    const [root, ...steps] = spansOf(TRACE)
    expect(root).toMatchObject({ parentSpanId: PARENT, name: 'POST /v1/messages' })
    expect(steps.map(({ name }) => name)).toEqual([
      'validate',
      'map-model',
      'convert',
      'chat test/model',
      'respond',
    ])
    expect(steps.every(({ parentSpanId }) => parentSpanId === root.spanId)).toBe(true)
    const call = steps.find(({ kind }) => kind === 3)
    expect(upstream.headers.at(-1)?.get('traceparent')).toBe(`00-${TRACE}-${call.spanId}-01`)
    const last = received.at(-1)
    expect(last).toMatchObject({ path: '/v1/traces', key: 'a key' })
    expect(JSON.stringify(last?.body.resourceSpans[0].resource)).toContain('under-test')
  })

  test('of our own is named after the request, in the log too', async () => {
    const response = await post(server, message({}))
    await response.text()
    const traceId = response.headers.get('request-id')?.slice('req_'.length) ?? ''
    await until('the spans', () => spansOf(traceId).length > 0)
    await until('the log', () => server.output().includes(`"trace_id":"${traceId}"`))
  })

  test('holds no word of what was said', async () => {
    const response = await post(server, message({ messages: [{ role: 'user', content: 'a-word-of-mine' }] }))
    await response.text()
    const traceId = response.headers.get('request-id')?.slice('req_'.length) ?? ''
    await until('the spans', () => spansOf(traceId).length > 0)
    expect(JSON.stringify(received)).not.toContain('a-word-of-mine')
  })

  test('is sent when the server stops, too', async () => {
    const own = await startServer({
      OPENROUTER_BASE_URL: upstream.baseUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
    })
    const response = await post(own, message({}))
    await response.text()
    await own.stop()
    expect(spansOf(response.headers.get('request-id')?.slice('req_'.length) ?? '')).not.toEqual([])
  })

  test('that no collector takes hurts nobody', async () => {
    await using own = await startServer({
      OPENROUTER_BASE_URL: upstream.baseUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    })
    for (let index = 0; index < 3; index++) expect((await post(own, message({}))).status).toBe(200)
    await until('the complaint', () => own.output().includes('traces-not-exported'))
    expect((await post(own, message({}))).status).toBe(200)
  })
})
