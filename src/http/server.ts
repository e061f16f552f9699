import type { Batches } from '../batches/batches.ts'
import type { Clock } from '../core/clock.ts'
import type { Outcome, RequestContext } from '../core/context.ts'
import type { KeyStore } from '../keys/store.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { Strain } from '../limits/strain.ts'
import type { Services } from '../messages/services.ts'
import type { ErrorLog } from '../observability/error-log.ts'
import type { EventLoop } from '../observability/event-loop.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics/registry.ts'
import type { CheckAll } from '../observability/probes.ts'
import type { Watch } from '../observability/request.ts'
import type { RequestTrace } from '../observability/trace.ts'
import type { RunRecorder } from '../runs/recorder.ts'
import type { Runs } from '../runs/runs.ts'
import type { Ledger } from '../usage/ledger.ts'
import type { Access } from './access.ts'
import type { SseTiming } from './sse.ts'

/** What the routes need besides what answers requests. */
export interface Server {
  readonly services: Services
  readonly access: Access
  /** The client keys that are kept in the data folder. */
  readonly keys: KeyStore
  /** Says whether a request may begin. */
  readonly limiter: Limiter
  /** What every call cost. */
  readonly ledger: Ledger
  readonly strain: Pick<Strain, 'lagMs' | 'memoryBytes'>
  readonly clock: Clock
  readonly log: Log
  readonly timing: SseTiming
  readonly maxBodyBytes: number
  readonly batches: Batches
  readonly batchLimits: BatchLimits
  /** How long a body may take to arrive. */
  readonly bodyTimeoutMs: number
  /** Headers on every answer of the API, e.g. that the demo upstream answers. */
  readonly headers: Readonly<Record<string, string>>
  readonly name: string
  readonly version: string
  /** Requests that are being answered, streams included. */
  readonly activity: Activity
  /** Those who look on. */
  readonly watch: Watch
  readonly runs: Runs
  /** Begins to keep what is said in a request; undefined where that is not wanted. */
  readonly record: (() => RunRecorder) | undefined
  readonly metrics: Metrics
  /** The last failures; undefined in production. */
  readonly errors: ErrorLog | undefined
  readonly eventLoop: EventLoop
  /** Looks at what the server depends on. */
  readonly check: CheckAll
  readonly about: About
  /** The circuit breakers that have something to tell. */
  readonly breakers: () => readonly BreakerState[]
  readonly switched: SwitchedModels
  /** No new requests are taken. */
  readonly isStopping: boolean
}

/** Whether calls of a model are let through. */
export interface BreakerState {
  readonly upstream: string
  readonly model: string
  readonly phase: string
  readonly failures: number
  readonly successes: number
  readonly refused: number
  readonly opensUntilMs: number | undefined
}

/** Models that the operator has put in the place of the configured ones, until the next start. */
export interface SwitchedModels {
  readonly models: Readonly<Partial<Record<'big' | 'small', string>>>
  /** Undefined goes back to the configured one. */
  change(alias: 'big' | 'small', model: string | undefined): void
}

/** What the configuration says that may be shown; no secret. */
export interface About {
  readonly environment: string
  readonly demo: boolean
  readonly upstreams: ReadonlyArray<{
    readonly name: string
    readonly base_url: string
    readonly wire: string
    readonly dialect: string
    readonly has_key: boolean
  }>
  readonly models: {
    readonly big: string
    readonly small: string
    readonly aliases: Readonly<Record<string, string>>
    readonly routes: Readonly<Record<string, string>>
  }
  readonly features: Readonly<Record<string, boolean>>
}

/** What one batch may hold. */
export interface BatchLimits {
  readonly maxRequests: number
  /** The largest body that creates one. */
  readonly maxBytes: number
}

/** Counts what is under way, so that a stopping server knows when it is done. */
export interface Activity {
  begin(): void
  end(): void
  readonly active: number
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

/** One request and the way to close its account. */
export interface Exchange {
  readonly context: RequestContext
  readonly trace: RequestTrace
  /** Does something when the request has ended, however it ends. */
  atEnd(run: () => void): void
  /** Ends the request: counts it out and writes its log line. Idempotent. */
  finish(status: number, outcome: Outcome): void
  /** The answer is a stream: whoever sends it finishes the exchange, not the route. */
  leaveOpen(): void
}

export function createActivity(): Activity {
  let active = 0
  let waiting: Array<() => void> = []
  return {
    begin() {
      active++
    },
    end() {
      active--
      if (active > 0) return
      for (const resolve of waiting) resolve()
      waiting = []
    },
    get active() {
      return active
    },
    async idle() {
      if (active === 0) return
      await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}
