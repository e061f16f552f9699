import type { FailureReason } from './failure.ts'

/** How a run ended: with a result, with a failure, or because nobody wanted it any more. */
export type RunOutcome = 'ok' | 'cancelled' | FailureReason

/** What is known of the runs of one tool since the start of the process. */
export interface ToolCounts {
  readonly executions: number
  readonly successes: number
  readonly failures: number
  readonly cancelled: number
  readonly inFlight: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly errors: Readonly<Partial<Record<FailureReason, number>>>
}

export interface ToolMetrics {
  /** Counts a run in; the result counts it out, once. */
  begin(name: string): (outcome: RunOutcome, durationMs: number) => void
  /** The counts of every tool that was run, by name. */
  tools(): Readonly<Record<string, ToolCounts>>
  readonly inFlight: number
  /** The most runs that were under way at one time. */
  readonly mostInFlight: number
}

/** The percentiles are those of the last runs, this many of each tool. */
const KEPT_DURATIONS = 1000

interface Counter {
  successes: number
  cancelled: number
  inFlight: number
  totalMs: number
  readonly errors: Partial<Record<FailureReason, number>>
  readonly durationsMs: number[]
}

/** Counts runs. Names that no tool has are counted together, so that a model cannot fill the memory with them. */
export function createToolMetrics(): ToolMetrics {
  const counters = new Map<string, Counter>()
  let inFlight = 0
  let mostInFlight = 0
  const counterOf = (name: string): Counter => {
    const known = counters.get(name)
    if (known) return known
    const counter = { successes: 0, cancelled: 0, inFlight: 0, totalMs: 0, errors: {}, durationsMs: [] }
    counters.set(name, counter)
    return counter
  }
  return {
    begin(name) {
      const counter = counterOf(name)
      let ended = false
      counter.inFlight++
      mostInFlight = Math.max(mostInFlight, ++inFlight)
      return (outcome, durationMs) => {
        if (ended) return
        ended = true
        counter.inFlight--
        inFlight--
        if (outcome === 'ok') counter.successes++
        else if (outcome === 'cancelled') counter.cancelled++
        else counter.errors[outcome] = (counter.errors[outcome] ?? 0) + 1
        counter.totalMs += durationMs
        counter.durationsMs.push(durationMs)
        if (counter.durationsMs.length > KEPT_DURATIONS) counter.durationsMs.shift()
      }
    },
    tools: () => Object.fromEntries([...counters].map(([name, counter]) => [name, toCounts(counter)])),
    get inFlight() {
      return inFlight
    },
    get mostInFlight() {
      return mostInFlight
    },
  }
}

function toCounts({ successes, cancelled, inFlight, totalMs, errors, durationsMs }: Counter): ToolCounts {
  const failures = Object.values(errors).reduce((sum, count) => sum + count, 0)
  const executions = successes + failures + cancelled
  const sorted = durationsMs.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
  const meanMs = executions === 0 ? 0 : totalMs / executions
  return {
    executions,
    successes,
    failures,
    cancelled,
    inFlight,
    meanMs,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    errors: { ...errors },
  }
}
