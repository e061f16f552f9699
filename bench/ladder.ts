/** Where the CPU of a request goes, from the floor up to the whole server: `bun bench/ladder.ts --help`. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { EFFORTS } from './efforts.ts'
import { median } from './figures.ts'
import type { Running } from './processes.ts'
import { measureCpu, plan, ROUND_SCENARIOS, type RoundScenario } from './rounds.ts'
import { SCENARIOS, type Wire } from './scenarios.ts'
import { openStage, type Side, type Stage } from './stage.ts'

const HELP = `bun bench/ladder.ts [options]

  --server PATH    the whole server, as for overhead.ts
  --only a,b2,…    some of: ${ROUND_SCENARIOS.join(' ')}
  --rounds N       rounds over all rungs (default 9); each rung is loaded for a third of a second in each`

/** Each rung does what the one before does, and this. */
const RUNGS = {
  floor: 'the bytes pass through',
  json: "the request's JSON, and a whole answer's, is parsed and written anew",
  elysia: 'Elysia routes the request',
  abort: 'a client that hangs up ends the upstream call',
  read: "the server's client reads the answer chunk by chunk, with its deadlines",
  answer: 'the pipeline: validation, mapping, losses, translation, events',
  route: 'ids, access, limits, headers, log, metrics: all but what is kept on disk',
  server: 'the history of requests and the account of what they cost, on disk',
} as const
export type Rung = keyof typeof RUNGS

const WITHOUT_HISTORY = { RUNS_KEPT: '0', USAGE_RETENTION: '0' }
/** Bun's compiler has settled by then; on a busy machine the time may be up before. */
const WARM_UP = { requests: 12_000, durationMs: 25_000 }
/** Short, so that a neighbour's burst of work spoils few samples. */
const BUSY_MS = 350

interface Step {
  readonly rung: Rung
  readonly side: Side
  readonly running: Running
  /** CPU per request, by round. */
  samplesUs: number[]
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: 'string' },
      only: { type: 'string' },
      rounds: { type: 'string', default: '9' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  const stage = await openStage({ command: commandOf(values.server) })
  await stage.pin()
  const steps: Step[] = []
  for (const rung of Object.keys(RUNGS) as Rung[]) {
    const side = sideOf(rung, stage)
    steps.push({ rung, side, running: await side.start(), samplesUs: [] })
  }
  const asked = values.only?.split(',') ?? ROUND_SCENARIOS
  for (const id of ROUND_SCENARIOS.filter((known) => asked.includes(known)))
    console.log(toTable(id, await climb(stage, steps, id, Number(values.rounds))))
}

function commandOf(server: string | undefined): readonly string[] {
  const root = join(import.meta.dir, '..')
  const binary = join(root, 'dist/openrouter-anthropic-server')
  const path = resolve(server ?? (existsSync(binary) ? binary : join(root, 'src/main.ts')))
  return path.endsWith('.ts') ? [process.execPath, path] : [path]
}

function sideOf(rung: Rung, stage: Stage): Side {
  if (rung === 'floor') return stage.floor
  if (rung === 'server') return stage.server
  if (rung === 'route') return stage.serverWith(WITHOUT_HISTORY)
  const wire: Wire = rung === 'answer' ? 'messages' : 'chat'
  return stage.rung(rung, wire)
}

/** In rounds over all rungs, so that a slow minute hits them all. */
async function climb(
  stage: Stage,
  steps: readonly Step[],
  id: RoundScenario,
  rounds: number,
): Promise<readonly Step[]> {
  const effort = { ...EFFORTS.full, busyMs: BUSY_MS, loneStreams: 64 }
  const { connections } = SCENARIOS[id]
  for (const step of steps) {
    step.samplesUs = []
    await stage.load(plan(step.side, step.running, id, { connections, ...WARM_UP }))
  }
  for (let round = 0; round < rounds; round += 1)
    for (const { side, running, samplesUs } of steps) {
      const { cpuMs, busy } = await measureCpu(stage, side, running, id, effort)
      samplesUs.push((cpuMs / busy.requests) * 1000)
    }
  return steps
}

function toTable(id: RoundScenario, steps: readonly Step[]): string {
  const floorUs = median(steps[0]?.samplesUs ?? [])
  let beforeUs = 0
  const rows = steps.map(({ rung, samplesUs }) => {
    const us = median(samplesUs)
    const row = [
      rung,
      us.toFixed(0),
      (us - beforeUs).toFixed(0),
      `${(us / floorUs).toFixed(2)}×`,
      RUNGS[rung],
    ]
    beforeUs = us
    return `| ${row.join(' | ')} |`
  })
  return [
    `\n| ${id} | µs | step | × floor | what it adds |`,
    '| --- | --: | --: | --: | --- |',
    ...rows,
  ].join('\n')
}

if (import.meta.main) {
  await main()
  process.exit(0)
}
