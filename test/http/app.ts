import { createApp } from '../../src/app.ts'
import { createBatchEngine } from '../../src/batch-engine.ts'
import { partsOf } from '../../src/cli/serve.ts'
import { createClock } from '../../src/clock.ts'
import { createActivity, type Server } from '../../src/http/server.ts'
import { openKeys } from '../../src/keys/open.ts'
import { createLog } from '../../src/observability/log.ts'
import { createChecks } from '../../src/observability/probes.ts'
import { createRuns } from '../../src/runs/runs.ts'
import { createMemory } from '../../src/services.ts'
import { createModelSwitch } from '../../src/switched-models.ts'
import { createWatchers } from '../../src/watchers.ts'
import { configOf } from '../config/sources.ts'

/** The whole application without a listener; `ask` is one request to it. Answers come from the demo upstream. */
export function createTestApp(env: Readonly<Record<string, string>> = {}) {
  const config = configOf({ env: { USAGE_RETENTION: '0', ...env } })
  const clock = createClock()
  const log = createLog({ level: 'silent', write: () => {}, now: () => clock.now() })
  const memory = createMemory(config, clock, log)
  const keys = openKeys(config.dataDir, clock, log)
  const watchers = createWatchers(config, '1.2.3', createRuns({ store: undefined, clock }), log)
  const server: Server = {
    ...partsOf(config, memory, keys, clock, log),
    keys,
    clock,
    log,
    batches: createBatchEngine({
      config,
      services: () => server.services,
      limiter: memory.limiter,
      watch: watchers.watch,
      clock,
      log,
    }),
    activity: createActivity(),
    ...watchers,
    check: createChecks([], clock),
    breakers: () => [],
    switched: createModelSwitch(() => undefined),
    isStopping: false,
    name: 'test-server',
    version: '1.2.3',
  }
  const app = createApp(server)
  return {
    server,
    routes: app.routes,
    ask: async (path: string, init?: RequestInit): Promise<Response> =>
      app.handle(new Request(`http://localhost${path}`, init)),
    post: async (path: string, body: unknown): Promise<Response> =>
      app.handle(new Request(`http://localhost${path}`, { method: 'POST', body: JSON.stringify(body) })),
  }
}
