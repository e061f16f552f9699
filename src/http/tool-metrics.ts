import { Elysia } from 'elysia'

import { PREFIX } from '../observability/metrics/requests.ts'
import type { ToolCounts } from '../tools/metrics.ts'
import type { Toolbox, ToolboxMetrics } from '../tools/toolbox.ts'
import type { ToolMetrics } from '../wire/server/tools.ts'
import { adminRoute } from './admin-route.ts'
import { adminOperation, ref } from './openapi/operation.ts'
import { json } from './respond.ts'
import type { Server } from './server.ts'

/** GET /tool-metrics, and the same counts for Prometheus. */
export function toolMetricsRoutes(server: Server) {
  collect(server)
  return new Elysia({ name: 'tool-metrics' }).get(
    '/tool-metrics',
    adminRoute(server, async () => json(toMetrics(server))),
    { detail: GET_TOOL_METRICS },
  )
}

const OFF: ToolboxMetrics = {
  tools: {},
  inFlight: 0,
  mostInFlight: 0,
  maxConcurrent: 0,
  timeoutMs: 0,
  rate: { limit: 0, windowMs: 0 },
}

function toMetrics({ services: { tools: toolbox }, version, clock }: Server): ToolMetrics {
  const { tools, inFlight, mostInFlight, maxConcurrent, timeoutMs, rate } = toolbox?.metrics() ?? OFF
  const entries = Object.entries(tools)
  const sum = (pick: (counts: ToolCounts) => number): number =>
    entries.reduce((total, [, counts]) => total + pick(counts), 0)
  const [successes, failures] = [sum((counts) => counts.successes), sum((counts) => counts.failures)]
  return {
    status: 'success',
    message: toolbox ? `${toolbox.tools.length} tools can be run` : 'TOOL_EXECUTION_ENABLED is off',
    version,
    timestamp: new Date(clock.now()).toISOString(),
    tool_execution: {
      enabled: toolbox !== undefined,
      sandbox: toolbox?.sandbox ?? null,
      max_concurrent_tools: maxConcurrent,
      execution_timeout: timeoutMs / 1000,
      rate_limit_window: rate.windowMs / 1000,
      rate_limit_max_requests: rate.limit,
      metrics: {
        total_executions: sum(({ executions }) => executions),
        successful_executions: successes,
        failed_executions: failures,
        cancelled_executions: sum(({ cancelled }) => cancelled),
        success_rate: rateOf(successes, failures),
        average_execution_times: Object.fromEntries(
          entries.map(([name, { meanMs }]) => [name, round(meanMs)]),
        ),
        tool_usage_count: Object.fromEntries(entries.map(([name, { executions }]) => [name, executions])),
        error_breakdown: sumErrors(entries.map(([, { errors }]) => errors)),
        in_flight: inFlight,
        max_concurrent_executions: mostInFlight,
      },
    },
    tools: Object.fromEntries(entries.map(([name, counts]) => [name, toCounts(name, counts, toolbox)])),
  }
}

const toCounts = (
  name: string,
  counts: ToolCounts,
  toolbox: Toolbox | undefined,
): ToolMetrics['tools'][string] => ({
  executions: counts.executions,
  successes: counts.successes,
  failures: counts.failures,
  cancelled: counts.cancelled,
  success_rate: rateOf(counts.successes, counts.failures),
  mean_ms: round(counts.meanMs),
  p50_ms: round(counts.p50Ms),
  p95_ms: round(counts.p95Ms),
  error_breakdown: sumErrors([counts.errors]),
  in_flight: counts.inFlight,
  per_minute: toolbox?.find(name)?.perMinute ?? null,
})

const rateOf = (successes: number, failures: number): number | null =>
  successes + failures === 0 ? null : successes / (successes + failures)

const round = (ms: number): number => Math.round(ms * 10) / 10

function sumErrors(all: ReadonlyArray<ToolCounts['errors']>): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const errors of all)
    for (const [reason, count] of Object.entries(errors)) sums[reason] = (sums[reason] ?? 0) + count
  return sums
}

function collect({ metrics, services }: Pick<Server, 'metrics' | 'services'>): void {
  const runs = metrics.reading(`${PREFIX}tool_runs_total`, 'Runs of server-side tools that ended.', [
    'tool',
    'outcome',
  ])
  const seconds = metrics.reading(`${PREFIX}tool_run_seconds_total`, 'How long they took together.', ['tool'])
  const inFlight = metrics.gauge(`${PREFIX}tool_runs_in_flight`, 'Tools that are being run.')
  metrics.collect(async () => {
    const current = services.tools?.metrics()
    inFlight.set(current?.inFlight ?? 0)
    for (const [name, counts] of Object.entries(current?.tools ?? {})) {
      runs.set(counts.successes, name, 'ok')
      if (counts.cancelled > 0) runs.set(counts.cancelled, name, 'cancelled')
      for (const [reason, count] of Object.entries(counts.errors)) runs.set(count, name, reason)
      seconds.set((counts.meanMs * counts.executions) / 1000, name)
    }
  })
}

const GET_TOOL_METRICS = adminOperation({
  operationId: 'getToolMetrics',
  tag: 'Operation',
  summary: 'What server-side tools were run, and how it went',
  description: 'Counts begin with the process. Percentiles are those of the last 1000 runs of each tool.',
  answer: {
    description: 'The counts, together and by tool, and the limits that hold',
    content: { 'application/json': { schema: ref('ToolMetrics') } },
  },
})
