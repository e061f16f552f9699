import { describe, expect, test } from 'bun:test'

import { createTracing, type TracingOptions } from '../../../src/observability/otlp/exporter.ts'
import { identify } from '../../../src/observability/otlp/traceparent.ts'
import { createTrace } from '../../../src/observability/trace.ts'
import { requestOf, silentLog } from '../../runs/make.ts'
import { until } from '../../support/wait.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
const ID = 'req_11112222333344445555666677778888'
const OK = { status: 200, outcome: 'ok', durationMs: 5 } as const

describe('a traceparent', () => {
  test('is followed, with its decision', () => {
    expect(identify(`00-${TRACE}-${PARENT}-01`, ID, () => false)).toMatchObject({
      traceId: TRACE,
      parentId: PARENT,
      sampled: true,
    })
    expect(identify(`00-${TRACE}-${PARENT}-00`, ID, () => true).sampled).toBe(false)
    expect(identify(`cc-${TRACE}-${PARENT}-01-more`, ID, () => false).traceId).toBe(TRACE)
  })

  test.each([
    null,
    'nonsense',
    `00-${TRACE}-${PARENT}`,
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
  ])('that is %p begins a trace of our own, named after the request', (header) => {
    const identity = identify(header, ID, () => true)
    expect(identity).toMatchObject({ traceId: ID.slice(4), parentId: undefined, sampled: true })
    expect(identity.spanId).toMatch(/^[\da-f]{16}$/)
  })
})

/** A tracing whose collector answers as told, and the bodies that it was sent. */
function tracingOf(options: Partial<TracingOptions> = {}) {
  const bodies: any[] = []
  const tracing = createTracing({
    url: 'http://collector/v1/traces',
    headers: { 'x-key': 'k' },
    serviceName: 'server',
    version: '1',
    share: 1,
    random: () => 0.5,
    log: silentLog,
    flushEveryMs: 1,
    fetch: async (_url, { body }) => {
      bodies.push(JSON.parse(body as string))
      return new Response('{}')
    },
    ...options,
  })
  const spans = (): any[] => bodies.flatMap((body) => body.resourceSpans[0].scopeSpans[0].spans)
  return { tracing, bodies, spans }
}

const attributesOf = (span: any): Record<string, unknown> =>
  Object.fromEntries(span.attributes.map(({ key, value }: any) => [key, Object.values(value)[0]]))

test('a request is a span with one below it for each step, and its call speaks of the model', async () => {
  const { tracing, spans, bodies } = tracingOf()
  let nowMs = 100
  const trace = createTrace(() => nowMs)
  const request = requestOf({ trace, traceparent: `00-${TRACE}-${PARENT}-01` })
  tracing.begin(request)
  trace.step('validate', () => (nowMs += 1))
  const end = trace.open('call', { upstream: 'default', model: 'test/model' })
  const sent = trace.traceparent()
  nowMs += 3
  end('ok')
  trace.note('upstream_model', 'test/model')
  trace.note('input_tokens', 12)
  trace.note('cost_usd', 0.5)
  trace.note('rescued_by', 'test/model')
  tracing.end(request, OK)
  await until('the export', () => bodies.length > 0)
  const [root, validate, call] = spans()
  expect(root).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, name: 'POST /v1/messages', kind: 2 })
  expect(attributesOf(root)).toMatchObject({ 'answer.rescued_by': 'test/model' })
  expect(validate).toMatchObject({ traceId: TRACE, parentSpanId: root.spanId, name: 'validate', kind: 1 })
  expect(call).toMatchObject({
    parentSpanId: root.spanId,
    name: 'chat test/model',
    kind: 3,
    status: { code: 1 },
  })
  expect(sent).toBe(`00-${TRACE}-${call.spanId}-01`)
  expect(BigInt(call.endTimeUnixNano) - BigInt(call.startTimeUnixNano)).toBe(3_000_000n)
  expect(attributesOf(call)).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'test/model',
    'gen_ai.usage.input_tokens': '12',
    'gen_ai.usage.cost_usd': 0.5,
  })
  expect(bodies[0].resourceSpans[0].resource.attributes[0]).toEqual({
    key: 'service.name',
    value: { stringValue: 'server' },
  })
})

test('what is not sampled is not sent, and says so upstream', async () => {
  const { tracing, bodies } = tracingOf({ share: 0.4 })
  const request = requestOf()
  tracing.begin(request)
  expect(request.trace.traceparent()).toEndWith('-00')
  tracing.end(request, OK)
  await tracing.close()
  expect(bodies).toEqual([])
})

test('a collector that is away costs its spans and nothing else, and is told of once', async () => {
  const warnings: unknown[] = []
  const { tracing } = tracingOf({
    log: { ...silentLog, warn: (event: string) => void warnings.push(event) },
    fetch: async () => new Response(null, { status: 400 }),
  })
  for (let index = 0; index < 3; index++) {
    const request = requestOf()
    tracing.begin(request)
    tracing.end(request, OK)
    await until('it is given up', () => tracing.counts.dropped === index + 1)
  }
  expect(warnings).toEqual(['traces-not-exported'])
})

test('what waits is bounded, and what is too much is counted', async () => {
  const { tracing } = tracingOf({ flushEveryMs: 1e6 })
  for (let index = 0; index < 2050; index++) {
    const request = requestOf()
    tracing.begin(request)
    tracing.end(request, OK)
  }
  expect(tracing.counts.dropped).toBe(2)
  await tracing.close()
  expect(tracing.counts.exported).toBe(2048)
})

test('a failure that may pass is tried once more', async () => {
  let calls = 0
  const { tracing } = tracingOf({
    fetch: async () => new Response(null, { status: ++calls === 1 ? 503 : 200 }),
  })
  const request = requestOf()
  tracing.begin(request)
  tracing.end(request, OK)
  await until('the second try', () => tracing.counts.exported === 1)
  expect(calls).toBe(2)
})
