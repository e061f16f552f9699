import type { Clock } from '../core/clock.ts'

/** From best to worst. */
const STATES = ['healthy', 'degraded', 'unhealthy'] as const
export type Health = (typeof STATES)[number]

/** What a look at one dependency found. */
export interface Finding {
  readonly status: Health
  /** What is wrong, and what to do. */
  readonly message?: string | undefined
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** Looks at one dependency. What it throws is told as its fault. */
export interface Probe {
  readonly name: string
  /** How bad it is when it throws or takes too long. */
  readonly severity: Exclude<Health, 'healthy'>
  readonly look: (signal: AbortSignal) => Promise<Finding> | Finding
}

export interface CheckResult extends Finding {
  readonly name: string
  readonly latencyMs: number
}

/** Looks at everything, at most once in a few seconds however often it is asked. */
export type CheckAll = () => Promise<readonly CheckResult[]>

const TIME_LIMIT_MS = 2000
const GOOD_FOR_MS = 5000

/** Puts probes together; each has two seconds. */
export function createChecks(probes: readonly Probe[], clock: Pick<Clock, 'now'>): CheckAll {
  let last: { readonly atMs: number; readonly results: Promise<readonly CheckResult[]> } | undefined
  return async () => {
    if (!last || clock.now() - last.atMs >= GOOD_FOR_MS)
      last = { atMs: clock.now(), results: Promise.all(probes.map(check)) }
    return last.results
  }
}

async function check({ name, severity, look }: Probe): Promise<CheckResult> {
  const startedAtMs = performance.now()
  const finding = await withinTime(look).catch((error): Finding => ({
    status: severity,
    message: error instanceof Error ? error.message : String(error),
  }))
  return { name, latencyMs: Math.round((performance.now() - startedAtMs) * 10) / 10, ...finding }
}

async function withinTime(look: Probe['look']): Promise<Finding> {
  const abort = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    abort.abort()
    reject(new Error(`no answer within ${TIME_LIMIT_MS / 1000} seconds`))
  }, TIME_LIMIT_MS)
  try {
    return await Promise.race([look(abort.signal), promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The worst of several. */
export const worstOf = (states: readonly Health[]): Health =>
  STATES[Math.max(0, ...states.map((state) => STATES.indexOf(state)))] ?? 'healthy'
