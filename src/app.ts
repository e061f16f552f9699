import { Elysia } from 'elysia'

import { adminRoutes } from './http/admin.ts'
import { batchesRoutes } from './http/batches.ts'
import { cacheRoutes } from './http/cache.ts'
import { dashboardRoutes } from './http/dashboard.ts'
import { debugRoutes } from './http/debug.ts'
import { docsRoutes } from './http/docs.ts'
import { fallbackRoutes } from './http/errors.ts'
import { filesRoutes } from './http/files.ts'
import { healthRoutes } from './http/health.ts'
import { keysRoutes } from './http/keys.ts'
import { messagesRoutes } from './http/messages.ts'
import { metricsRoutes } from './http/metrics.ts'
import { modelsRoutes } from './http/models.ts'
import { openapiRoutes } from './http/openapi.ts'
import type { DocumentedRoute } from './http/openapi/document.ts'
import { runsRoutes } from './http/runs.ts'
import type { Server } from './http/server.ts'
import { shortBatchesRoutes } from './http/short-batches.ts'
import { toolMetricsRoutes } from './http/tool-metrics.ts'
import { usageRoutes } from './http/usage.ts'

const PREFIX = '/v1'
/** Where clients end up whose base URL already ends in `/v1`. Answered like the others, but not documented. */
const TWIN_PREFIX = '/v1/v1'

/** All routes of the server. */
export function createApp(server: Server) {
  const routes: DocumentedRoute[] = []
  const app = new Elysia({ aot: true })
    .use(fallbackRoutes(server, (path) => methodsOf(routes, path)))
    .use(healthRoutes(server))
    .use(docsRoutes())
    .use(keysRoutes(server))
    .use(runsRoutes(server))
    .use(adminRoutes(server))
    .use(metricsRoutes(server))
    .use(toolMetricsRoutes(server))
    .use(debugRoutes(server))
    .use(dashboardRoutes())
    .use(openapiRoutes(server, () => routes.filter(({ path }) => !path.startsWith(`${TWIN_PREFIX}/`))))
  for (const prefix of [PREFIX, TWIN_PREFIX])
    app
      .use(messagesRoutes(server, prefix))
      .use(batchesRoutes(server, prefix))
      .use(shortBatchesRoutes(server, prefix))
      .use(modelsRoutes(server, prefix))
      .use(filesRoutes(server, prefix))
      .use(cacheRoutes(server, prefix))
      .use(usageRoutes(server, prefix))
  routes.push(...app.routes)
  return app
}

/** The methods a path answers to, for a 405 that says what would have been right. */
function methodsOf(routes: readonly DocumentedRoute[], path: string): readonly string[] {
  const matching = routes.filter((candidate) =>
    candidate.path.endsWith('/*') ? path.startsWith(candidate.path.slice(0, -1)) : candidate.path === path,
  )
  return [...new Set(matching.map(({ method }) => method))].toSorted()
}
