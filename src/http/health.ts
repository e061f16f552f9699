import { Elysia } from 'elysia'

import { json } from './respond.ts'
import type { Server } from './server.ts'

/** Liveness, and the probes that clients send before they begin. None of them needs a key. */
export const healthRoutes = (server: Server) =>
  new Elysia({ name: 'health' })
    .get('/health', async () =>
      json({
        status: 'healthy',
        timestamp: new Date(server.clock.now()).toISOString(),
        service: server.name,
        version: server.version,
      }),
    )
    .get('/', async () =>
      json({
        service: server.name,
        version: server.version,
        messages: '/v1/messages',
        documentation: '/docs',
        openapi: '/openapi.json',
        health: '/health',
      }),
    )
    // Claude Code asks whether there is anybody before its first request.
    .head('/', async () => new Response(null))
    .get('/api/hello', async () => json({ message: 'hello' }))
    .head('/api/hello', async () => new Response(null))
