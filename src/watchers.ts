import type { Config } from './config/schema.ts'
import type { Logger } from './core/context.ts'
import { createErrorLog, type ErrorLog } from './observability/error-log.ts'
import { type EventLoop, watchEventLoop } from './observability/event-loop.ts'
import { collectProcess } from './observability/metrics/process.ts'
import { createMetrics, type Metrics } from './observability/metrics/registry.ts'
import { PREFIX, watchForMetrics } from './observability/metrics/requests.ts'
import { createTracing, type Tracing } from './observability/otlp/exporter.ts'
import { type Watch, watchAll } from './observability/request.ts'
import { createRecorder, type RunRecorder } from './runs/recorder.ts'
import type { Runs } from './runs/runs.ts'

/** All that looks on while requests are answered. */
export interface Watchers {
  readonly watch: Watch
  readonly runs: Runs
  readonly metrics: Metrics
  readonly errors: ErrorLog | undefined
  readonly eventLoop: EventLoop
  readonly tracing: Tracing | undefined
  readonly record: (() => RunRecorder) | undefined
}

/** Sets up metrics, the history and, in development, the memory of failures. */
export function createWatchers(config: Config, version: string, runs: Runs, log: Logger): Watchers {
  const metrics = createMetrics()
  const eventLoop = watchEventLoop()
  const errors = config.environment === 'production' ? undefined : createErrorLog()
  const tracing = openTracing(config, version, log)
  collectProcess(metrics, version, eventLoop)
  if (tracing) collectTracing(metrics, tracing)
  return {
    // Tracing first: what others keep of a request has its trace's id.
    watch: watchAll([tracing, runs, watchForMetrics(metrics), errors].filter((watch) => watch !== undefined)),
    tracing,
    record: config.recordBodies ? () => createRecorder(config.recordMaxBytes) : undefined,
    runs,
    metrics,
    errors,
    eventLoop,
  }
}

function openTracing(config: Config, version: string, log: Logger): Tracing | undefined {
  const { otlpEndpoint, otlpHeaders, serviceName, tracesShare } = config
  if (otlpEndpoint === undefined) return undefined
  return createTracing({
    url: `${otlpEndpoint}/v1/traces`,
    headers: Object.fromEntries(otlpHeaders.map(toHeader)),
    serviceName,
    version,
    share: tracesShare,
    fetch: async (url, init) => fetch(url, init),
    random: Math.random,
    log,
  })
}

function toHeader(pair: string): readonly [string, string] {
  const mark = pair.indexOf('=')
  const value = pair.slice(mark + 1).trim()
  try {
    return [pair.slice(0, mark), decodeURIComponent(value)]
  } catch {
    return [pair.slice(0, mark), value]
  }
}

function collectTracing(metrics: Metrics, { counts }: Tracing): void {
  const exported = metrics.reading(`${PREFIX}traces_exported_total`, 'Requests whose spans were sent.')
  const dropped = metrics.reading(`${PREFIX}traces_dropped_total`, 'Requests whose spans were given up.')
  metrics.collect(() => {
    exported.set(counts.exported)
    dropped.set(counts.dropped)
  })
}
