/** What watching costs, in CPU per request: `bun bench/watching.ts --help`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { DEFAULT_PROTOCOL } from '../src/core/context.ts'
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
import { quartiles } from './figures.ts'
import type { Running } from './processes.ts'
import { busyPlan, plan, ROUND_SCENARIOS, type RoundScenario } from './rounds.ts'
import { SCENARIOS } from './scenarios.ts'
import { openStage, type Stage } from './stage.ts'

const HELP = `bun bench/watching.ts [options]

  --parts          only what each part takes by itself
  --only a,b2,…    some of: ${ROUND_SCENARIOS.join(' ')} (default a,c)
  --rounds N       rounds over all kinds (default 31); each kind is loaded for a third of a second in each
  --warm-up N      requests of each kind before the rounds (default 6000)`

/** Each kind does what the one before does, and this. */
const KINDS = {
  nothing: 'nobody looks on',
  metrics: 'counters and histograms',
  history: 'runs.db, a row for each request',
  traces: 'spans of every request, sent to a collector',
} as const
export type Kind = keyof typeof KINDS
const NAMES = Object.keys(KINDS) as readonly Kind[]

/** At most so many times the CPU without: the claim of the documentation. */
const GOAL = 1.1
/** Short, so that a neighbour's burst of work spoils few rounds, and before so many traces wait that some are dropped. */
const BUSY_MS = 350
const WARM_UP_MS = 30_000

/** What `watched.ts` says once all that was put off is done. */
export interface Settled {
  /** User and system time of the process so far. */
  readonly cpuUs: number
  /** Requests so far that were too many to be kept or sent: then less was done than is measured. */
  readonly lost: number
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      parts: { type: 'boolean', default: false },
      only: { type: 'string', default: 'a,c' },
      rounds: { type: 'string', default: '31' },
      'warm-up': { type: 'string', default: '6000' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  for (const [name, us] of Object.entries(parts()))
    console.log(`${name.padEnd(8)} ${us.toFixed(1)} µs a request`)
  if (values.parts) return
  const asked = values.only.split(',')
  await measureAll(
    ROUND_SCENARIOS.filter((id) => asked.includes(id)),
    Number(values.rounds),
    Number(values['warm-up']),
  )
}

async function measureAll(ids: readonly RoundScenario[], rounds: number, warmUp: number): Promise<void> {
  const collector = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => (await request.text(), new Response('{}')),
  })
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-watching-'))
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  const stage = await openStage({
    command: [process.execPath, join(import.meta.dir, 'watched.ts')],
    env: { DATA_DIR: dataDir, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` },
  })
  await stage.pin()
  const running = await stage.server.start()
  if (!stage.pinned) console.log('not pinned: the figures scatter more')
  for (const id of ids) report(id, await measureRounds(stage, running, id, rounds, warmUp))
  await running.stop()
}

/** CPU per request of each kind, by round. One process serves them all: the same code, as warm, the same memory. */
async function measureRounds(
  stage: Stage,
  running: Running,
  id: RoundScenario,
  rounds: number,
  warmUp: number,
): Promise<ReadonlyMap<Kind, readonly number[]>> {
  const { connections } = SCENARIOS[id]
  for (const kind of NAMES) {
    await tell(running, `watch/${kind}`)
    const bounds = { connections, requests: warmUp, durationMs: WARM_UP_MS }
    await stage.load(plan(stage.server, running, id, bounds))
  }
  const samples = new Map<Kind, number[]>(NAMES.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    // Whoever comes first finds another machine than whoever comes last.
    for (const kind of rotated(NAMES, round)) samples.get(kind)?.push(await measure(stage, running, id, kind))
  return samples
}

async function measure(stage: Stage, running: Running, id: RoundScenario, kind: Kind): Promise<number> {
  const before = await tell(running, `watch/${kind}`)
  const effort = { ...EFFORTS.full, busyMs: BUSY_MS, loneStreams: 64 }
  const { requests } = await stage.load(busyPlan(stage.server, running, id, effort))
  const after = await tell(running, 'settle')
  if (after.lost > before.lost) throw new Error(`${after.lost - before.lost} requests were not watched`)
  return (after.cpuUs - before.cpuUs) / requests
}

const tell = async ({ origin }: Running, what: string): Promise<Settled> =>
  (await (await fetch(`${origin}/bench/${what}`)).json()) as Settled

function report(id: RoundScenario, samples: ReadonlyMap<Kind, readonly number[]>): void {
  const without = samples.get('nothing') ?? []
  console.log(`\n| ${id} | µs | more (quartiles) | × nothing (quartiles) | what it adds |`)
  console.log('| --- | --: | --: | --: | --- |')
  for (const [kind, values] of samples) {
    const more = values.map((value, round) => value - (without[round] ?? Number.NaN))
    const ratios = values.map((value, round) => value / (without[round] ?? Number.NaN))
    const cells = [kind, quartiles(values)[1].toFixed(0), inQuartiles(more, 1), inQuartiles(ratios, 3)]
    console.log(`| ${[...cells, KINDS[kind]].join(' | ')} |`)
    if (kind === NAMES.at(-1)) console.log(`\nat most ${GOAL}×: ${verdict(ratios)}`)
  }
}

function inQuartiles(values: readonly number[], digits: number): string {
  const [low, middle, high] = quartiles(values).map((value) => value.toFixed(digits))
  return `${middle} (${low}–${high})`
}

/** Only what lies on one side of the goal with three rounds of four says anything. */
function verdict(ratios: readonly number[]): string {
  const [low, , high] = quartiles(ratios)
  if (high <= GOAL) return 'met'
  return low > GOAL ? 'missed' : 'neither met nor missed; more rounds, or a quieter machine'
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
  const context = { id: crypto.randomUUID(), protocol: DEFAULT_PROTOCOL, owner: 'anyone' }
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

if (import.meta.main) {
  await main()
  process.exit(0)
}
