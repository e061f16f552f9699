/** What watching costs: CPU per request with the history, traces and metrics on, beside the same server without. */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createLog } from '../src/observability/log.ts'
import { createMetrics } from '../src/observability/metrics/registry.ts'
import { watchForMetrics } from '../src/observability/metrics/requests.ts'
import { toSpans } from '../src/observability/otlp/spans.ts'
import { identify } from '../src/observability/otlp/traceparent.ts'
import type { FinishedRequest } from '../src/observability/request.ts'
import { createTrace } from '../src/observability/trace.ts'
import { toRun } from '../src/runs/run.ts'
import { RUNS_MIGRATIONS } from '../src/runs/schema.ts'
import { createRunStore } from '../src/runs/store.ts'
import { openDatabase } from '../src/store/database.ts'
import { EFFORTS } from './efforts.ts'
import { median } from './figures.ts'
import { readUsage, type Running } from './processes.ts'
import { busyPlan, type RoundScenario } from './rounds.ts'
import { openStage, type Stage } from './stage.ts'

const ROOT = join(import.meta.dir, '..')
const BINARY = join(ROOT, 'dist/openrouter-anthropic-server')
const COMMAND = existsSync(BINARY) ? [BINARY] : [process.execPath, join(ROOT, 'src/main.ts')]
const SCENARIOS: readonly RoundScenario[] = ['a', 'c']
const ROUNDS = 7
/** Spans are sent every two seconds and the history is written four times a second: both must have happened. */
const BUSY_MS = 4000
const SETTLE_MS = 2500

const collector = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: async (request) => (await request.text(), new Response('{}')),
})

/** The settings of each kind of server, beside the usual ones. */
const KINDS = {
  nothing: { RUNS_KEPT: '0' },
  history: {},
  'history and traces': { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` },
} as const
type Kind = keyof typeof KINDS
const NAMES = Object.keys(KINDS) as readonly Kind[]

async function main(): Promise<void> {
  for (const [name, us] of Object.entries(parts()))
    console.log(`${name.padEnd(8)} ${us.toFixed(1)} µs a request`)
  if (process.argv.includes('--parts')) return
  const servers = new Map<Kind, { readonly stage: Stage; readonly running: Running }>()
  for (const name of NAMES) {
    const env = { ...KINDS[name], DATA_DIR: mkdtempSync(join(tmpdir(), 'bench-watching-')) }
    const stage = await openStage({ command: COMMAND, env })
    await stage.pin()
    servers.set(name, { stage, running: await stage.server.start() })
  }
  for (const scenario of SCENARIOS) {
    const samples = new Map<Kind, number[]>(NAMES.map((name) => [name, []]))
    for (let round = -1; round < ROUNDS; round++)
      // Whoever comes first finds another machine than whoever comes last.
      for (const [name, { stage, running }] of rotated([...servers], round + 1)) {
        const cpuUs = await measure(stage, running, scenario)
        // The first round warms up.
        if (round >= 0) samples.get(name)?.push(cpuUs)
      }
    report(scenario, samples)
  }
  await Promise.all([...servers.values()].map(async ({ running }) => running.stop()))
}

async function measure(stage: Stage, running: Running, scenario: RoundScenario): Promise<number> {
  const before = readUsage(running.pid)
  const effort = { ...EFFORTS.quick, busyMs: BUSY_MS }
  const { requests } = await stage.load(busyPlan(stage.server, running, scenario, effort))
  await Bun.sleep(SETTLE_MS)
  return ((readUsage(running.pid).cpuMs - before.cpuMs) / requests) * 1000
}

function report(scenario: RoundScenario, samples: ReadonlyMap<Kind, readonly number[]>): void {
  const without = samples.get('nothing') ?? []
  for (const [name, values] of samples) {
    const ratios = values.map((value, index) => value / (without[index] ?? Number.NaN))
    const [least = 0] = ratios.toSorted((a, b) => a - b)
    const most = Math.max(...ratios)
    console.log(
      `${scenario}  ${name.padEnd(20)} ${median(values).toFixed(0)} µs  ${median(ratios).toFixed(2)}× (${least.toFixed(2)}–${most.toFixed(2)})`,
    )
  }
}

const rotated = <Item>(items: readonly Item[], by: number): readonly Item[] => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
]

/** A usual request that has ended. */
function finishedRequest(): FinishedRequest {
  const trace = createTrace(() => performance.now())
  for (const name of ['validate', 'map-model', 'convert', 'respond'] as const) trace.open(name)('ok')
  trace.open('call', { upstream: 'default', model: 'test/model' })('ok')
  for (const [name, value] of Object.entries(NOTES)) trace.note(name, value)
  trace.identify(identify(null, 'req_00000000000000000000000000000000', () => true))
  const protocol = {
    version: '2023-06-01',
    betas: [],
    sessionId: undefined,
    agentId: undefined,
    route: undefined,
    cacheControl: undefined,
    options: {},
  } as const
  const context = { id: crypto.randomUUID(), protocol, owner: 'anyone' }
  const request = { context, trace, method: 'POST', route: '/v1/messages', startedAtMs: Date.now() }
  return { request, ending: { status: 200, outcome: 'ok', durationMs: 5 } }
}

const BATCH = 100

/** CPU of each part for one request, in this process: the least of many batches, so that a busy machine says the same. */
function parts(): Readonly<Record<string, number>> {
  const metrics = watchForMetrics(createMetrics())
  const folder = mkdtempSync(join(tmpdir(), 'bench-history-'))
  const log = createLog({ level: 'silent', write: () => {}, now: () => 0 })
  const store = createRunStore({
    open: () =>
      openDatabase({ path: join(folder, 'runs.db'), migrations: RUNS_MIGRATIONS, stamp: () => '', log }),
    maxRuns: 10_000,
    maxAgeMs: 86_400_000,
    maxRecordedBytes: 0,
    clock: { now: () => Date.now() },
    log,
  })
  return {
    metrics: cpuUs((batch) => batch.forEach(({ request, ending }) => metrics.end(request, ending))),
    history: cpuUs((batch) => store.add(batch.map((finished) => ({ run: toRun(finished) })))),
    traces: cpuUs((batch) => JSON.stringify(batch.map(toSpans))),
  }
}

function cpuUs(work: (batch: readonly FinishedRequest[]) => unknown): number {
  let least = Infinity
  for (let round = 0; round < 300; round++) {
    const batch = Array.from({ length: BATCH }, finishedRequest)
    const before = process.cpuUsage()
    work(batch)
    const { user, system } = process.cpuUsage(before)
    if (round >= 100) least = Math.min(least, (user + system) / BATCH)
  }
  return least
}

const NOTES = {
  model: 'big',
  upstream_model: 'test/model',
  upstream: 'default',
  first_event_ms: 3,
  input_tokens: 100,
  cached_tokens: 50,
  output_tokens: 20,
  cost_usd: 0.01,
}

await main()
process.exit(0)
