import { Elysia } from 'elysia'

import { fallbackRoutes } from './http/errors.ts'
import { healthRoutes } from './http/health.ts'
import { messagesRoutes } from './http/messages.ts'
import { modelsRoutes } from './http/models.ts'
import type { Server } from './http/server.ts'

/** `/v1/v1` is where clients end up whose base URL already ends in `/v1`. */
const PREFIXES = ['/v1', '/v1/v1']

/** All routes of the server. */
export function createApp(server: Server) {
  const routes: Array<{ method: string; path: string }> = []
  const app = new Elysia({ aot: true })
    .use(fallbackRoutes(server, (path) => methodsOf(routes, path)))
    .use(healthRoutes(server))
  for (const prefix of PREFIXES) app.use(messagesRoutes(server, prefix)).use(modelsRoutes(server, prefix))
  routes.push(...app.routes.map(({ method, path }) => ({ method, path })))
  return app
}

/** The methods a path answers to, for a 405 that says what would have been right. */
function methodsOf(routes: ReadonlyArray<{ method: string; path: string }>, path: string): readonly string[] {
  const matching = routes.filter((candidate) =>
    candidate.path.endsWith('/*') ? path.startsWith(candidate.path.slice(0, -1)) : candidate.path === path,
  )
  return [...new Set(matching.map(({ method }) => method))].toSorted()
}
