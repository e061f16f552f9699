/** What the server costs beside a raw pass-through: `bun bench/overhead.ts --help`. */
import { existsSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { type Effort, EFFORTS } from './efforts.ts'
import type { Figure } from './figures.ts'
import { measureOpenStreams, measureTrend } from './memory.ts'
import { profileScenario } from './profile.ts'
import { toTable } from './report.ts'
import { measureRounds, type Pair, ROUND_SCENARIOS } from './rounds.ts'
import { openStage, type Stage } from './stage.ts'
import { measureStart } from './start.ts'

const HELP = `bun bench/overhead.ts [options]

  --server PATH    what to measure: a program, or a .ts file to run with bun
                   (default: dist/openrouter-anthropic-server if it exists, else src/main.ts)
  --quick          under 45 s; shows big changes only
  --long           100,000 requests for the memory trend
  --only a,b1,…    some of: a b1 b2 c d e f
  --profile a      one of a b1 b2 c from source under Bun's CPU profiler; writes to dist/profile
  --json           the figures as JSON`

const ROOT = join(import.meta.dir, '..')
const BINARY = join(ROOT, 'dist/openrouter-anthropic-server')
const SOURCE = join(ROOT, 'src/main.ts')
const ALL = [...ROUND_SCENARIOS, 'd', 'e', 'f'] as const
type Part = (typeof ALL)[number]

const WATCHDOG_MS = 15 * 60_000

function readFlags() {
  const { values } = parseArgs({
    options: {
      server: { type: 'string' },
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      only: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return values
}

type Flags = ReturnType<typeof readFlags>

async function main(flags: Flags): Promise<number> {
  if (flags.help) return say(HELP)
  if (flags.profile !== undefined) return profile(flags.profile, flags)
  const server = resolve(flags.server ?? (existsSync(BINARY) ? BINARY : SOURCE))
  if (!existsSync(server)) throw new Error(`${server} does not exist`)
  warnIfBusy()
  const fromSource = /\.[jt]s$/.test(server)
  const stage = await openStage({ command: fromSource ? [process.execPath, server] : [server] })
  const run: Run = { stage, effort: effortOf(flags), compiled: !fromSource, failures: [] }
  const figures = await measure(run, partsOf(flags.only))
  const heading = `${server}${stage.pinned ? '' : ' (not pinned: no taskset or one core only)'}`
  say(flags.json ? toJson(run, server, figures) : `\n${heading}\n\n${toTable(figures)}`)
  return run.failures.length > 0 ? 1 : 0
}

interface Run {
  readonly stage: Stage
  readonly effort: Effort
  readonly compiled: boolean
  /** Parts that gave no figures, and why. */
  readonly failures: string[]
}

function warnIfBusy(): void {
  const [load = 0] = loadavg()
  const isBusy = load > availableParallelism() / 4
  if (isBusy) console.error(`the machine is busy (load ${load.toFixed(1)}): expect scatter`)
}

async function profile(scenario: string, flags: Flags): Promise<number> {
  const id = ROUND_SCENARIOS.find((known) => known === scenario)
  if (!id) throw new Error(`--profile takes one of ${ROUND_SCENARIOS.join(' ')}`)
  return say(await profileScenario(id, resolve(flags.server ?? SOURCE), join(ROOT, 'dist/profile')))
}

function partsOf(only: string | undefined): ReadonlySet<Part> {
  const asked = only?.split(',') ?? ALL
  const unknown = asked.find((part) => !ALL.some((known) => known === part))
  if (unknown !== undefined) throw new Error(`--only does not know ${unknown}, but ${ALL.join(' ')}`)
  return new Set(ALL.filter((part) => asked.includes(part)))
}

function effortOf({ quick, long }: Flags): Effort {
  if (quick) return EFFORTS.quick
  return long ? EFFORTS.long : EFFORTS.full
}

/** Starts are measured first, before anything is pinned; the report keeps the order of the parts. */
async function measure(run: Run, parts: ReadonlySet<Part>): Promise<Figure[]> {
  const { stage, effort, compiled } = run
  const part = async (id: Part, work: () => Promise<Figure[]>): Promise<Figure[]> =>
    parts.has(id) ? measurePart(run, id, work) : []
  const start = await part('f', async () => measureStart(stage, effort, compiled))
  await stage.pin()
  const rounds = await withPair(stage, async (pair) => {
    const figures: Figure[] = []
    for (const id of ROUND_SCENARIOS) {
      figures.push(...(await part(id, async () => measureRounds(stage, pair, id, effort))))
    }
    return figures
  })
  const open = await part('d', async () => measureOpenStreams(stage, effort))
  const trend = await part('e', async () => measureTrend(stage, effort))
  return [...rounds, ...open, ...trend, ...start]
}

async function withPair<Result>(stage: Stage, work: (pair: Pair) => Promise<Result>): Promise<Result> {
  const pair = { floor: await stage.floor.start(), server: await stage.server.start() }
  const result = await work(pair)
  await Promise.all([pair.floor.stop(), pair.server.stop()])
  return result
}

/** A part that fails gives no figures and does not stop the others. */
async function measurePart(run: Run, id: Part, work: () => Promise<Figure[]>): Promise<Figure[]> {
  const startedAt = performance.now()
  try {
    const figures = await work()
    console.error(`${id} measured in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    return figures
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.error(`${id} failed: ${reason}`)
    run.failures.push(`${id}: ${reason}`)
    return []
  }
}

function toJson({ stage, failures }: Run, server: string, figures: readonly Figure[]): string {
  const { platform, arch } = process
  const machine = { platform, arch, bun: Bun.version, pinned: stage.pinned }
  return JSON.stringify({ server, machine, failures, figures }, undefined, 2)
}

function say(text: string): number {
  console.log(text)
  return 0
}

process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
setTimeout(() => {
  console.error('gave up: the run did not end in time')
  process.exit(1)
}, WATCHDOG_MS)
try {
  process.exit(await main(readFlags()))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
