import type { Fields, Outcome, StepName, Trace, Warning } from '../core/context.ts'

/** One step that is over. */
export interface Span {
  readonly name: StepName
  readonly startedAtMs: number
  readonly durationMs: number
  readonly outcome: Outcome
  /** What else is known of it. */
  readonly attributes?: Fields
  /** Its name in the distributed trace, where it was given one. */
  readonly spanId?: string
}

/** Which distributed trace a request belongs to (W3C trace context). */
export interface TraceIdentity {
  readonly traceId: string
  /** The caller's span. */
  readonly parentId: string | undefined
  /** The request's own span. */
  readonly spanId: string
  readonly sampled: boolean
}

/** What became of one request: its steps and the facts noted on the way. */
export interface RequestTrace extends Trace {
  /** When it began, on the trace's own clock. */
  readonly startedAtMs: number
  /** The steps that are over, in the order of their start; a step that ran twice is there twice. */
  spans(): readonly Span[]
  /** The facts; of one that was noted twice, the last. */
  notes(): Fields
  /** What was lost on the way, each path once. */
  warnings(): readonly Warning[]
  /** What broke it off. */
  failure(): unknown
  /** Makes the request part of a distributed trace. */
  identify(identity: TraceIdentity): void
  identity(): TraceIdentity | undefined
  /** The steps that are not over, as they stand. */
  openSpans(): readonly OpenSpan[]
}

/** A step as long as it is under way. */
export interface OpenSpan {
  readonly name: StepName
  readonly startedAtMs: number
  durationMs: number
  outcome: Outcome | undefined
  attributes?: Record<string, unknown>
  spanId?: string
}

/** Starts the trace of one request. `nowMs` may count from any moment, but must never go back. */
export function createTrace(nowMs: () => number): RequestTrace {
  const spans: OpenSpan[] = []
  const notes: Record<string, unknown> = {}
  const warnings: Warning[] = []
  const startedAtMs = nowMs()
  let failure: unknown
  let identity: TraceIdentity | undefined

  const start = (name: StepName): OpenSpan => {
    const span: OpenSpan = { name, startedAtMs: nowMs(), durationMs: 0, outcome: undefined }
    spans.push(span)
    return span
  }
  const end = (span: OpenSpan, outcome: Outcome): void => {
    if (span.outcome !== undefined) return
    span.durationMs = nowMs() - span.startedAtMs
    span.outcome = outcome
  }

  return {
    startedAtMs,
    step(name, run) {
      const span = start(name)
      try {
        const result = run()
        end(span, 'ok')
        return result
      } catch (error) {
        end(span, 'error')
        throw error
      }
    },
    open(name, attributes) {
      const span = start(name)
      if (attributes) span.attributes = { ...attributes }
      return (outcome) => end(span, outcome)
    },
    describe(name, key, value) {
      const span = spans.findLast((candidate) => candidate.name === name)
      if (span) (span.attributes ??= {})[key] = value
    },
    note(key, value) {
      notes[key] = value
    },
    stamp(key) {
      notes[key] = Math.round((nowMs() - startedAtMs) * 10) / 10
    },
    fail(error) {
      failure = error
    },
    failure: () => failure,
    identify(known) {
      identity = known
    },
    identity: () => identity,
    traceparent() {
      if (!identity) return undefined
      const span = spans.findLast((candidate) => !isOver(candidate))
      const spanId = span ? (span.spanId ??= newSpanId()) : identity.spanId
      return `00-${identity.traceId}-${spanId}-${identity.sampled ? '01' : '00'}`
    },
    openSpans: () =>
      spans
        .filter((span) => !isOver(span))
        .map((span) => ({ ...span, durationMs: nowMs() - span.startedAtMs })),
    spans: () => spans.filter(isOver),
    noted: (key) => notes[key],
    notes: () => notes,
    warn(warning) {
      if (!warnings.some(({ path }) => path === warning.path)) warnings.push(warning)
    },
    warnings: () => warnings,
  }
}

const isOver = (span: OpenSpan): span is OpenSpan & Span => span.outcome !== undefined

/** The first half of all span ids of this process, which no other process is likely to have. */
const PREFIX = crypto.randomUUID().slice(0, 8)
let spans = 0

/** 16 hexadecimal digits that nothing else in the trace has. Counted, as random ones cost more than all else of a span. */
export const newSpanId = (): string => PREFIX + (++spans % 0x1_0000_0000).toString(16).padStart(8, '0')
