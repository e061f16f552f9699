import { Elysia } from 'elysia'

import { type Metrics } from '../observability/metrics/registry.ts'
import { PREFIX } from '../observability/metrics/requests.ts'
import { adminRoute } from './admin-route.ts'
import { adminOperation } from './openapi/operation.ts'
import { baseHeaders } from './route.ts'
import type { Server } from './server.ts'

/** GET /metrics, for Prometheus. */
export function metricsRoutes(server: Server) {
  collectServer(server.metrics, server)
  return new Elysia({ name: 'metrics' }).get(
    '/metrics',
    adminRoute(
      server,
      async (request) =>
        new Response(await server.metrics.scrape(), {
          headers: {
            ...baseHeaders(server, request),
            'content-type': 'text/plain; version=0.0.4; charset=utf-8',
          },
        }),
    ),
    { detail: GET_METRICS },
  )
}

/** What others count anyway, read when it is asked for. */
function collectServer(metrics: Metrics, server: Server): void {
  const inFlight = metrics.gauge(`${PREFIX}requests_in_flight`, 'Requests that are being answered.')
  const stored = metrics.reading(`${PREFIX}runs_stored_total`, 'Runs that were written to the history.')
  const lost = metrics.reading(`${PREFIX}runs_lost_total`, 'Runs that could not be written.')
  const entries = metrics.gauge(`${PREFIX}cache_entries`, 'Answers in the response cache.', ['tier'])
  const bytes = metrics.gauge(`${PREFIX}cache_bytes`, 'What they take.', ['tier'])
  const evictions = metrics.reading(`${PREFIX}cache_evictions_total`, 'Answers that had to make room.', [
    'tier',
  ])
  const batches = metrics.gauge(`${PREFIX}batches`, 'Message batches, by state.', ['state'])
  const items = metrics.gauge(`${PREFIX}batch_requests`, 'Requests in batches, by state.', ['state'])

  metrics.collect(async () => {
    inFlight.set(server.activity.active)
    stored.set(server.runs.counts.stored)
    lost.set(server.runs.counts.lost)
    for (const tier of (await server.services.cache?.stats())?.tiers ?? []) {
      entries.set(tier.entries, tier.name)
      bytes.set(tier.bytes, tier.name)
      evictions.set(tier.evictions, tier.name)
    }
  })
  const breakers = metrics.gauge(
    `${PREFIX}breaker_open`,
    '1 where calls of a model are not let through, 0.5 while one is tried, 0 else.',
    ['upstream', 'model'],
  )
  const refused = metrics.reading(
    `${PREFIX}breaker_refused_total`,
    'Calls that a breaker did not let through.',
    ['upstream', 'model'],
  )

  metrics.collect(() => {
    breakers.clear()
    for (const { upstream, model, phase, refused: count } of server.breakers()) {
      breakers.set(OPENNESS[phase] ?? 0, upstream, model)
      refused.set(count, upstream, model)
    }
  })
  metrics.collect(async () => {
    const totals = await server.batches.stats().catch(() => undefined)
    for (const [state, count] of Object.entries(totals?.batches ?? {})) batches.set(count, state)
    for (const [state, count] of Object.entries(totals?.items ?? {})) items.set(count, state)
  })
}

const OPENNESS: Readonly<Record<string, number>> = { open: 1, 'half-open': 0.5, closed: 0 }

const GET_METRICS = adminOperation({
  operationId: 'getMetrics',
  tag: 'Operation',
  summary: 'What Prometheus wants to know',
  answer: {
    description: "Prometheus' text format, version 0.0.4",
    content: { 'text/plain': { schema: { type: 'string' } } },
  },
})
