import type { Fields, Outcome, StepName, Trace, Warning } from '../core/context.ts'

/** One step that is over. */
export interface Span {
  readonly name: StepName
  readonly startedAtMs: number
  readonly durationMs: number
  readonly outcome: Outcome
}

/** What became of one request: its steps and the facts noted on the way. */
export interface RequestTrace extends Trace {
  /** The steps that are over, in the order of their start; a step that ran twice is there twice. */
  spans(): readonly Span[]
  /** The facts; of one that was noted twice, the last. */
  notes(): Fields
  /** What was lost on the way, each path once. */
  warnings(): readonly Warning[]
}

interface OpenSpan {
  readonly name: StepName
  readonly startedAtMs: number
  durationMs: number
  outcome: Outcome | undefined
}

/** Starts the trace of one request. `nowMs` may count from any moment, but must never go back. */
export function createTrace(nowMs: () => number): RequestTrace {
  const spans: OpenSpan[] = []
  const notes: Record<string, unknown> = {}
  const warnings: Warning[] = []

  const start = (name: StepName): OpenSpan => {
    const span = { name, startedAtMs: nowMs(), durationMs: 0, outcome: undefined }
    spans.push(span)
    return span
  }
  const end = (span: OpenSpan, outcome: Outcome): void => {
    if (span.outcome !== undefined) return
    span.durationMs = nowMs() - span.startedAtMs
    span.outcome = outcome
  }

  return {
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
    open(name) {
      const span = start(name)
      return (outcome) => end(span, outcome)
    },
    note(key, value) {
      notes[key] = value
    },
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
