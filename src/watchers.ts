import type { Config } from './config/schema.ts'
import { createErrorLog, type ErrorLog } from './observability/error-log.ts'
import { type EventLoop, watchEventLoop } from './observability/event-loop.ts'
import { collectProcess } from './observability/metrics/process.ts'
import { createMetrics, type Metrics } from './observability/metrics/registry.ts'
import { watchForMetrics } from './observability/metrics/requests.ts'
import { type Watch, watchAll } from './observability/request.ts'
import type { Runs } from './runs/runs.ts'

/** All that looks on while requests are answered. */
export interface Watchers {
  readonly watch: Watch
  readonly runs: Runs
  readonly metrics: Metrics
  readonly errors: ErrorLog | undefined
  readonly eventLoop: EventLoop
}

/** Sets up metrics, the history and, in development, the memory of failures. */
export function createWatchers(config: Config, version: string, runs: Runs): Watchers {
  const metrics = createMetrics()
  const eventLoop = watchEventLoop()
  const errors = config.environment === 'production' ? undefined : createErrorLog()
  collectProcess(metrics, version, eventLoop)
  return {
    watch: watchAll([runs, watchForMetrics(metrics), ...(errors ? [errors] : [])]),
    runs,
    metrics,
    errors,
    eventLoop,
  }
}
