import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { EFFORTS } from './efforts.ts'
import { busyPlan, type RoundScenario } from './rounds.ts'
import { MAX_FETCHES, openStage } from './stage.ts'

const BUSY_MS = 5000
const LONE_STREAMS = 256

/**
 * Runs one scenario against the server from source under Bun's CPU profiler and gives the profile's path.
 * The fetch limit is set beforehand, so that the program need not execute itself again and lose the profiler.
 */
export async function profileScenario(id: RoundScenario, source: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const name = `overhead-${id}-${Date.now()}.md`
  const flags = ['--cpu-prof-md', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`]
  const stage = await openStage({ command: [process.execPath, ...flags, source], env: MAX_FETCHES })
  await stage.pin()
  const server = await stage.server.start()
  const effort = { ...EFFORTS.full, busyMs: BUSY_MS, loneStreams: LONE_STREAMS }
  await stage.load(busyPlan(stage.server, server, id, effort))
  await server.stop()
  const path = join(folder, name)
  if (!existsSync(path)) throw new Error(`no profile in ${folder}: the server must end by itself on SIGTERM`)
  return path
}
