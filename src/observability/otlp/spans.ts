import type { Fields } from '../../core/context.ts'
import { mask, redactFields } from '../redact.ts'
import type { FinishedRequest } from '../request.ts'
import { newSpanId, type Span } from '../trace.ts'

/** A span in OTLP's JSON. */
export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly OtlpAttribute[]
  readonly status: { readonly code: number; readonly message?: string }
}

interface OtlpAttribute {
  readonly key: string
  readonly value: object
}

const INTERNAL = 1
const SERVER = 2
const CLIENT = 3
const OK = 1
const ERROR = 2

/** A request as a span, and each of its steps as one below it. Text of a conversation is in none of them. */
export function toSpans({ request, ending }: FinishedRequest): readonly OtlpSpan[] {
  const { trace, context } = request
  const identity = trace.identity()
  if (!identity) return []
  const { traceId, parentId, spanId } = identity
  const notes = trace.notes()
  const timeOf = (ms: number): string => toNanos(request.startedAtMs + ms - trace.startedAtMs)
  const root: OtlpSpan = {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name: `${request.method} ${request.route}`,
    kind: SERVER,
    startTimeUnixNano: toNanos(request.startedAtMs),
    endTimeUnixNano: toNanos(request.startedAtMs + ending.durationMs),
    attributes: toAttributes({
      'http.request.method': request.method,
      'http.route': request.route,
      'http.response.status_code': ending.status,
      'request.id': context.id,
      'request.outcome': ending.outcome,
      'client.key': context.owner,
      'batch.id': request.batch,
      ...conversationOf(notes, context.protocol.agentId),
      'cache.result': notes['cache'],
      'answer.rescued_by': notes['rescued_by'],
      'error.type': errorTypeOf(notes),
    }),
    status: statusOf(ending.outcome),
  }
  const steps = trace.spans().map((span): OtlpSpan => {
    const isCall = span.name === 'call'
    const model = span.attributes?.['model'] ?? notes['upstream_model']
    return {
      traceId,
      spanId: span.spanId ?? newSpanId(),
      parentSpanId: spanId,
      name: isCall ? `chat ${String(model)}` : span.name,
      kind: isCall ? CLIENT : INTERNAL,
      startTimeUnixNano: timeOf(span.startedAtMs),
      endTimeUnixNano: timeOf(span.startedAtMs + span.durationMs),
      attributes: toAttributes({
        'step.name': span.name,
        ...(isCall ? generationOf(span, notes) : ownOf(span)),
      }),
      status: statusOf(span.outcome),
    }
  })
  return [root, ...steps]
}

/** OpenTelemetry's semantic conventions for calls of generative models. */
const generationOf = ({ attributes = {} }: Span, notes: Fields): Fields => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': attributes['upstream'],
  'gen_ai.request.model': attributes['model'],
  'gen_ai.response.model': notes['upstream_model'],
  'gen_ai.response.id': notes['generation_id'],
  'gen_ai.usage.input_tokens': notes['input_tokens'],
  'gen_ai.usage.cache_read.input_tokens': notes['cached_tokens'],
  'gen_ai.usage.output_tokens': notes['output_tokens'],
  'gen_ai.usage.cost_usd': notes['cost_usd'],
  'upstream.provider': notes['provider'],
  'upstream.retries': attributes['retries'],
})

const conversationOf = (notes: Fields, agentId: string | undefined): Fields => ({
  'gen_ai.conversation.id': notes['conversation'],
  'gen_ai.agent.id': agentId,
  'gen_ai.request.model': notes['model'],
})

const ownOf = ({ attributes = {} }: Span): Fields =>
  Object.fromEntries(
    Object.entries(redactFields(attributes)).map(([name, value]) => [`step.${name}`, toScalar(value)]),
  )

/** A span holds no objects. */
const toScalar = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : value

const statusOf = (outcome: string): OtlpSpan['status'] =>
  outcome === 'error' ? { code: ERROR } : { code: outcome === 'ok' ? OK : 0 }

const errorTypeOf = (notes: Fields): string | undefined =>
  typeof notes['error'] === 'string' ? /^[a-z_]+(?=:)/.exec(notes['error'])?.[0] : undefined

/** Microseconds are as fine as our clock is, and as large as a number can be exact. */
const toNanos = (ms: number): string => `${Math.round(ms * 1000)}000`

function toAttributes(fields: Fields): OtlpAttribute[] {
  const attributes: OtlpAttribute[] = []
  for (const key in fields) {
    const value = toValue(fields[key])
    if (value) attributes.push({ key, value })
  }
  return attributes
}

function toValue(value: unknown): object | undefined {
  if (typeof value === 'string') return { stringValue: mask(value) }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
