import type { Effort } from './efforts.ts'
import { type Figure, median } from './figures.ts'
import { readUsage } from './processes.ts'
import type { Stage } from './stage.ts'

const START_GOAL_MS = 60
const IDLE_GOAL_MB = 90
const SETTLE_MS = 1000

/** From spawn to `listening`, and the memory of a server that nobody has asked yet. Only the binary has a start goal. */
export async function measureStart(stage: Stage, effort: Effort, compiled: boolean): Promise<Figure[]> {
  const startsMs: number[] = []
  for (let nth = 0; nth < effort.starts; nth += 1) {
    const running = await stage.server.start()
    startsMs.push(running.startMs)
    await running.stop()
  }
  const start = { scenario: 'f', unit: 'ms', server: median(startsMs) }
  return [
    compiled
      ? { ...start, name: 'start, compiled', goal: { of: 'server', limit: START_GOAL_MS } }
      : { ...start, name: 'start, from source' },
    {
      scenario: 'f',
      name: 'idle memory',
      unit: 'MB',
      server: await idleMb(stage),
      goal: { of: 'server', limit: IDLE_GOAL_MB },
    },
  ]
}

async function idleMb(stage: Stage): Promise<number> {
  const running = await stage.server.start()
  await Bun.sleep(SETTLE_MS)
  const { rssKb } = readUsage(running.pid)
  await running.stop()
  return rssKb / 1024
}
