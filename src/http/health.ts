import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'

import { open } from '../wire/schema.ts'
import { openOperation } from './openapi/operation.ts'
import { json } from './respond.ts'
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
