import type { Effort } from './efforts.ts'
import { type Figure, median, ratioOf } from './figures.ts'
import type { LoadPlan, LoadResult } from './load.ts'
import { probe } from './probe.ts'
import { type Running, readUsage } from './processes.ts'
import { type ScenarioId, SCENARIOS } from './scenarios.ts'
import type { Side, Stage } from './stage.ts'

/** The scenarios that compare CPU and time per request. */
export const ROUND_SCENARIOS = ['a', 'b1', 'b2', 'c'] as const
export type RoundScenario = (typeof ROUND_SCENARIOS)[number]

/** Both sides, running. */
export type Pair = Readonly<Record<'floor' | 'server', Running>>

const NO_LIMIT = 1_000_000_000
const DEADLINE_MS = 30_000
/** Log lines and other afterwork of the last requests still count. */
const SETTLE_MS = 100

/** At most so many times the floor's CPU. */
const CPU_GOALS: Readonly<Record<RoundScenario, number>> = { a: 1.8, b1: 1.8, b2: 3, c: 1.3 }

interface Sample {
  readonly cpuUs: number
  readonly perSecond: number
  readonly firstByteMs: number
  readonly totalMs: number
  /** Of one core, while the load ran. */
  readonly busyPercent: number
}

/** Measures one scenario in rounds: floor, server, floor, server, … */
export async function measureRounds(
  stage: Stage,
  pair: Pair,
  id: RoundScenario,
  effort: Effort,
): Promise<Figure[]> {
  const sides = ['floor', 'server'] as const
  await Promise.all(sides.map(async (side) => warmUp(stage, stage[side], pair[side], id, effort)))
  const samples: Record<keyof Pair, Sample[]> = { floor: [], server: [] }
  for (let round = 0; round < effort.rounds[id]; round += 1) {
    for (const side of sides) samples[side].push(await measure(stage, stage[side], pair[side], id, effort))
  }
  return toFigures(id, samples)
}

async function warmUp(
  stage: Stage,
  side: Side,
  running: Running,
  id: RoundScenario,
  effort: Effort,
): Promise<void> {
  const problem = await probe(SCENARIOS[id], side.wire, running.origin)
  if (problem) throw new Error(`${side.name}: ${problem}`)
  await stage.load(busyPlan(side, running, id, { ...effort, busyMs: effort.warmUpMs }))
}

async function measure(
  stage: Stage,
  side: Side,
  running: Running,
  id: RoundScenario,
  effort: Effort,
): Promise<Sample> {
  const { cpuMs, busy } = await measureCpu(stage, side, running, id, effort)
  const calm = id === 'b1' ? busy : await stage.load(calmPlan(side, running, id, effort))
  return {
    cpuUs: (cpuMs / busy.requests) * 1000,
    perSecond: (busy.requests / busy.wallMs) * 1000,
    firstByteMs: calm.firstByteP50Ms,
    totalMs: calm.totalP50Ms,
    busyPercent: (cpuMs / busy.wallMs) * 100,
  }
}

/** What one load costs the process under test. */
export async function measureCpu(
  stage: Stage,
  side: Side,
  running: Running,
  id: RoundScenario,
  effort: Effort,
): Promise<{ readonly cpuMs: number; readonly busy: LoadResult }> {
  const before = readUsage(running.pid)
  const busy = await stage.load(busyPlan(side, running, id, effort))
  await Bun.sleep(SETTLE_MS)
  return { cpuMs: readUsage(running.pid).cpuMs - before.cpuMs, busy }
}

/** b1 is paced by the upstream and so counted; the others run as fast as they can for a time. */
export function busyPlan(side: Side, running: Running, id: RoundScenario, effort: Effort): LoadPlan {
  const bound =
    id === 'b1'
      ? { requests: effort.loneStreams, durationMs: DEADLINE_MS }
      : { requests: NO_LIMIT, durationMs: effort.busyMs }
  return plan(side, running, id, { connections: SCENARIOS[id].connections, ...bound })
}

const calmPlan = (side: Side, running: Running, id: RoundScenario, effort: Effort): LoadPlan =>
  plan(side, running, id, { connections: 1, requests: effort.calmRequests, durationMs: effort.busyMs })

/** A plan against a running side, with the usual deadline. */
export function plan(
  side: Side,
  running: Running,
  scenario: ScenarioId,
  bounds: Pick<LoadPlan, 'connections' | 'requests' | 'durationMs'>,
): LoadPlan {
  const { port } = running
  return { scenario, wire: side.wire, port, deadlineMs: DEADLINE_MS, ...bounds }
}

function toFigures(id: RoundScenario, samples: Readonly<Record<keyof Pair, readonly Sample[]>>): Figure[] {
  const values = (side: keyof Pair, key: keyof Sample): number[] => samples[side].map((sample) => sample[key])
  const medians = (name: string, unit: string, key: keyof Sample): Figure => ({
    scenario: id,
    name,
    unit,
    floor: median(values('floor', key)),
    server: median(values('server', key)),
  })
  const compared = (name: string, unit: string, key: keyof Sample): Figure => ({
    ...medians(name, unit, key),
    ratio: ratioOf(values('server', key), values('floor', key)),
  })
  return [
    { ...compared('CPU per request', 'µs', 'cpuUs'), goal: { of: 'ratio', limit: CPU_GOALS[id] } },
    compared('requests', '/s', 'perSecond'),
    compared('first byte, p50', 'ms', 'firstByteMs'),
    compared('total, p50', 'ms', 'totalMs'),
    medians('core busy', '%', 'busyPercent'),
  ]
}
