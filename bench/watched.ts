/**
 * The server from its source, whose watchers can be changed while it runs: `bun bench/watched.ts`, with the settings in
 * the environment. `GET /bench/watch/{kind}` changes them, `GET /bench/settle` does what is left over and tells the CPU
 * so far. watching.ts says what the kinds are.
 */
import { createApp } from '../src/app.ts'
import { createBatchEngine } from '../src/batch-engine.ts'
import { partsOf } from '../src/cli/serve.ts'
import { createClock } from '../src/clock.ts'
import { loadConfig } from '../src/config/load.ts'
import { thisMachine } from '../src/config/machine.ts'
import { createActivity, type Server } from '../src/http/server.ts'
import { openKeys } from '../src/keys/open.ts'
import { createLog } from '../src/observability/log.ts'
import { createMetrics } from '../src/observability/metrics/registry.ts'
import { watchForMetrics } from '../src/observability/metrics/requests.ts'
import { createChecks } from '../src/observability/probes.ts'
import { type Watch, watchAll } from '../src/observability/request.ts'
import { createMemory, createRunHistory } from '../src/services.ts'
import { createModelSwitch } from '../src/switched-models.ts'
import { createWatchers } from '../src/watchers.ts'
import type { Kind, Settled } from './watching.ts'

const config = loadConfig({ ...thisMachine(), flags: {} })
const clock = createClock()
const log = createLog({ level: 'info', write: (text) => process.stderr.write(text), now: () => clock.now() })
const memory = createMemory(config, clock, log)
const keys = openKeys(config.dataDir, clock, log)
const watchers = createWatchers(config, 'bench', createRunHistory(config, clock, log), log)
const { runs, tracing } = watchers
if (!tracing) throw new Error('OTEL_EXPORTER_OTLP_ENDPOINT must name a collector')

const metrics = watchForMetrics(createMetrics())
const KINDS: Readonly<Record<Kind, Watch>> = {
  nothing: watchAll([]),
  metrics: watchAll([metrics]),
  history: watchAll([runs, metrics]),
  traces: watchAll([tracing, runs, metrics]),
}

const server: Server = {
  ...partsOf(config, memory, keys, clock, log),
  ...watchers,
  watch: KINDS.nothing,
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
  check: createChecks([], clock),
  breakers: () => [],
  switched: createModelSwitch(() => undefined),
  isStopping: false,
  name: 'bench',
  version: 'bench',
}

/** Does what the watchers have put off; the CPU so far is then that of the requests so far. */
async function settle(): Promise<Settled> {
  runs.flush()
  await tracing?.close()
  const { user, system } = process.cpuUsage()
  return { cpuUs: user + system, lost: runs.counts.lost + (tracing?.counts.dropped ?? 0) }
}

const app = createApp(server)
  .get('/bench/watch/:kind', async ({ params }) => {
    Object.assign(server, { watch: KINDS[params.kind as Kind] })
    // So that nobody pays for what the kind before has left lying about.
    Bun.gc(true)
    return settle()
  })
  .get('/bench/settle', settle)
  .listen({ hostname: config.host, port: config.port, idleTimeout: 0 })
console.log(`listening on http://${config.host}:${app.server?.port}`)
