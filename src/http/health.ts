import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'

import { type CheckResult, worstOf } from '../observability/probes.ts'
import { ContentBlock } from '../wire/anthropic/content.ts'
import { MessagesRequest } from '../wire/anthropic/request.ts'
import { ChatOptions } from '../wire/openrouter/options.ts'
import { open } from '../wire/schema.ts'
import type { DetailedHealth, Readiness } from '../wire/server/health.ts'
import { apiOperation, openOperation, ref } from './openapi/operation.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Server } from './server.ts'

/** Liveness, and the probes that clients send before they begin. None of them needs a key. */
export const healthRoutes = (server: Server) =>
  new Elysia({ name: 'health' })
    .get(
      '/health',
      async () =>
        json({
          status: 'healthy',
          timestamp: new Date(server.clock.now()).toISOString(),
          service: server.name,
          version: server.version,
        }),
      { detail: GET_HEALTH },
    )
    .get(
      '/ready',
      async () => {
        const answer: Readiness = server.isStopping
          ? { ready: false, reason: 'the server is stopping' }
          : { ready: true }
        return json(answer, {}, answer.ready ? 200 : 503)
      },
      { detail: GET_READINESS },
    )
    .get(
      '/health/detailed',
      route(server, async (request, { context }) => {
        const health = await detailedHealth(server)
        const headers = { ...baseHeaders(server, request), 'request-id': context.id }
        return json(health, headers, health.status === 'unhealthy' ? 503 : 200)
      }),
      { detail: GET_DETAILED_HEALTH },
    )
    .get(
      '/',
      async () =>
        json({
          service: server.name,
          version: server.version,
          messages: '/v1/messages',
          documentation: '/docs',
          openapi: '/openapi.json',
          health: '/health',
        }),
      { detail: GET_ROOT },
    )
    // Claude Code asks whether there is anybody before its first request.
    .head('/', async () => new Response(null), { detail: { hide: true } })
    .get('/api/hello', async () => json({ message: 'hello' }), { detail: GET_HELLO })
    .head('/api/hello', async () => new Response(null), { detail: { hide: true } })

async function detailedHealth(server: Server): Promise<DetailedHealth> {
  const startedAtMs = performance.now()
  const results = await server.check()
  const memory = process.memoryUsage()
  const cpu = process.cpuUsage()
  return {
    status: worstOf(results.map(({ status }) => status)),
    timestamp: new Date(server.clock.now()).toISOString(),
    service: server.name,
    version: server.version,
    environment: server.about.environment,
    response_time_ms: Math.round((performance.now() - startedAtMs) * 10) / 10,
    checks: Object.fromEntries(results.map(({ name, ...result }) => [name, toCheck(result)])),
    system: {
      uptime_s: Math.floor(process.uptime()),
      memory_rss_bytes: memory.rss,
      memory_heap_bytes: memory.heapUsed,
      cpu_seconds: (cpu.user + cpu.system) / 1e6,
      event_loop_lag_ms: Math.round(server.eventLoop.lagMs()),
      requests_in_flight: server.activity.active,
      bun: Bun.version,
    },
    configuration: {
      demo: server.about.demo,
      upstreams: [...server.about.upstreams],
      models: server.about.models,
      features: server.about.features,
    },
    api_compatibility: {
      anthropic_request_fields: Object.keys(MessagesRequest.properties).length,
      anthropic_content_blocks: ContentBlock.anyOf.length,
      chat_options: Object.keys(ChatOptions.properties).length,
    },
  }
}

const toCheck = ({
  latencyMs,
  status,
  message,
  details,
}: Omit<CheckResult, 'name'>): DetailedHealth['checks'][string] => ({
  status,
  latency_ms: latencyMs,
  ...(message === undefined ? {} : { message }),
  ...(details === undefined ? {} : { details }),
})

const strings = (...names: readonly string[]) =>
  open(Object.fromEntries(names.map((name) => [name, Type.String()])))

const GET_HEALTH = openOperation({
  operationId: 'getHealth',
  tag: 'Server',
  summary: 'Whether the server is alive',
  answer: {
    description: 'It is',
    content: {
      'application/json': {
        schema: open({
          status: Type.Literal('healthy'),
          timestamp: Type.String({ format: 'date-time' }),
          service: Type.String(),
          version: Type.String(),
        }),
      },
    },
  },
})

const GET_READINESS = openOperation({
  operationId: 'getReadiness',
  tag: 'Server',
  summary: 'Whether requests may be sent here',
  description: 'For load balancers: 503 from the moment the server is told to stop. Asks nobody else.',
  answer: { description: 'They may', content: { 'application/json': { schema: ref('Readiness') } } },
})

const GET_DETAILED_HEALTH = apiOperation({
  operationId: 'getDetailedHealth',
  tag: 'Operation',
  summary: 'How the server and all it depends on are',
  description:
    'Status 503 when the server cannot do its work. Every dependency is looked at within two seconds, and no more ' +
    'often than every five.',
  answer: {
    description: 'Healthy, or hurt in a way that leaves it working',
    content: { 'application/json': { schema: ref('DetailedHealth') } },
  },
})

const GET_ROOT = openOperation({
  operationId: 'getRoot',
  tag: 'Server',
  summary: 'What this is, and where to go on',
  answer: {
    description: 'The name, the version and the most important paths',
    content: {
      'application/json': {
        schema: strings('service', 'version', 'messages', 'documentation', 'openapi', 'health'),
      },
    },
  },
})

const GET_HELLO = openOperation({
  operationId: 'getHello',
  tag: 'Server',
  summary: 'Whether there is anybody',
  description: 'Some clients ask before their first request.',
  answer: {
    description: 'There is',
    content: { 'application/json': { schema: strings('message') } },
  },
})
