import type { Effort } from './efforts.ts'
import { type Figure, median, ratioOf, slope } from './figures.ts'
import { type Running, readUsage } from './processes.ts'
import { plan } from './rounds.ts'
import { SCENARIOS } from './scenarios.ts'
import type { Side, Stage } from './stage.ts'

const KB_PER_STREAM_GOAL = 45
const HOLD_MS = 30_000
/** All streams are open in this part of the run; each lasts four seconds. */
const STEADY_MS = { from: 1800, to: 3800, every: 200 }
const SETTLE_MS = 1000
const TREND_CHUNKS = 15

/** Memory of 1,000 open streams of ten events a second, in fresh processes. */
export async function measureOpenStreams(stage: Stage, effort: Effort): Promise<Figure[]> {
  const floor: number[] = []
  const server: number[] = []
  for (let round = 0; round < effort.memoryRounds; round += 1) {
    floor.push(await holdStreams(stage, stage.floor))
    server.push(await holdStreams(stage, stage.server))
  }
  return [
    {
      scenario: 'd',
      name: 'memory per open stream',
      unit: 'KB',
      floor: median(floor),
      server: median(server),
      ratio: ratioOf(server, floor),
      goal: { of: 'server', limit: KB_PER_STREAM_GOAL },
    },
  ]
}

async function holdStreams(stage: Stage, side: Side): Promise<number> {
  const running = await side.start()
  await stage.load(plan(side, running, 'b2', { connections: 16, requests: 400, durationMs: HOLD_MS }))
  await Bun.sleep(SETTLE_MS)
  const idleKb = readUsage(running.pid).rssKb
  const connections = SCENARIOS.d.connections
  const bounds = { connections, requests: connections, durationMs: HOLD_MS }
  const load = stage.load(plan(side, running, 'd', bounds))
  const steadyKb = median(await sampleRss(running))
  const { peakOpen } = await load
  if (peakOpen < connections) console.error(`d ${side.wire}: only ${peakOpen} streams were open at once`)
  await running.stop()
  return (steadyKb - idleKb) / peakOpen
}

async function sampleRss(running: Running): Promise<number[]> {
  const samples: number[] = []
  await Bun.sleep(STEADY_MS.from)
  for (let at = STEADY_MS.from; at < STEADY_MS.to; at += STEADY_MS.every) {
    samples.push(readUsage(running.pid).rssKb)
    await Bun.sleep(STEADY_MS.every)
  }
  return samples
}

/** How memory grows over many small requests, once the first third has warmed the process. */
export async function measureTrend(stage: Stage, effort: Effort): Promise<Figure[]> {
  const floor = await followRss(stage, stage.floor, effort.trendRequests)
  const server = await followRss(stage, stage.server, effort.trendRequests)
  const scenario = 'e'
  return [
    {
      scenario,
      name: 'growth per 10,000 requests',
      unit: 'KB',
      floor: floor.growthKb,
      server: server.growthKb,
    },
    { scenario, name: 'memory at the end', unit: 'MB', floor: floor.endMb, server: server.endMb },
  ]
}

async function followRss(
  stage: Stage,
  side: Side,
  requests: number,
): Promise<{ growthKb: number; endMb: number }> {
  const running = await side.start()
  const points: Array<{ x: number; y: number }> = []
  const chunk = { connections: 32, requests: Math.ceil(requests / TREND_CHUNKS), durationMs: HOLD_MS }
  for (let nth = 1; nth <= TREND_CHUNKS; nth += 1) {
    await stage.load(plan(side, running, 'a', chunk))
    points.push({ x: (nth * chunk.requests) / 10_000, y: readUsage(running.pid).rssKb })
  }
  await running.stop()
  return {
    growthKb: slope(points.slice(TREND_CHUNKS / 3)),
    endMb: (points.at(-1)?.y ?? 0) / 1024,
  }
}
