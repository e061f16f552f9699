import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { LoadPlan, LoadResult } from './load.ts'
import { killAll, pinningCores, pinSelf, type Running, runToEnd, startServer } from './processes.ts'
import type { Wire } from './scenarios.ts'

/** One of those that are compared. */
export interface Side {
  readonly name: string
  readonly wire: Wire
  /** Starts a fresh process; pinned to the core under test once `pin` was called. */
  start(): Promise<Running>
}

/** The upstream, both sides and the load, as one run of the benchmark uses them. */
export interface Stage {
  readonly floor: Side
  readonly server: Side
  /** The server with further settings. */
  serverWith(settings: Readonly<Record<string, string>>): Side
  /** Something between the floor and the server; see ladder.ts. */
  rung(name: string, wire: Wire): Side
  /** True where each process has its core: the tested one alone, all others on the second. */
  readonly pinned: boolean
  /** From here on processes are pinned; the upstream must be started after it. */
  pin(): Promise<void>
  /** Runs one plan in a load process of its own; throws when a request failed, for such a figure is none. */
  load(plan: LoadPlan): Promise<LoadResult>
}

const DIR = import.meta.dir
const OWN = [process.execPath, '--no-orphans']
/** Bun's own cap is 256 fetches a process; it reads this once, at start. */
export const MAX_FETCHES = { BUN_CONFIG_MAX_HTTP_REQUESTS: '4096' }

/** The program under test: its command, and what its environment has beyond the usual settings. */
export interface Program {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the upstream and prepares the sides. Whatever it starts ends with this process. */
export async function openStage(program: Program): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-overhead-'))
  process.on('exit', () => {
    killAll()
    rmSync(folder, { recursive: true, force: true })
  })
  const base = { PATH: Bun.env['PATH'] ?? '', HOME: folder, TMPDIR: folder }
  const cores = pinningCores()
  let pinned: typeof cores
  const own = (script: string, ...rest: string[]): string[] => [...OWN, join(DIR, script), ...rest]
  const startUpstream = async (): Promise<Running> =>
    startServer(own('upstream.ts'), { env: base, cwd: folder, cores: pinned?.others })

  let upstream = await startUpstream()
  const serverWith = (settings: Readonly<Record<string, string>>): Side => ({
    name: 'server',
    wire: 'messages',
    start: async () =>
      startServer(program.command, {
        env: { ...base, ...serverSettings(upstream.origin, folder), ...program.env, ...settings },
        cwd: folder,
        cores: pinned?.tested,
      }),
  })
  return {
    pinned: cores !== undefined,
    floor: {
      name: 'floor',
      wire: 'chat',
      start: async () =>
        startServer(own('floor.ts', upstream.origin), {
          env: { ...base, ...MAX_FETCHES },
          cwd: folder,
          cores: pinned?.tested,
        }),
    },
    server: serverWith({}),
    serverWith,
    rung: (name, wire) => ({
      name,
      wire,
      start: async () =>
        startServer(own('rung.ts', name, upstream.origin), {
          env: { ...base, ...serverSettings(upstream.origin, folder), ...MAX_FETCHES },
          cwd: folder,
          cores: pinned?.tested,
        }),
    }),
    pin: async () => {
      if (!cores || pinned) return
      pinned = cores
      pinSelf(cores.others)
      await upstream.stop()
      upstream = await startUpstream()
    },
    load: async (plan) => {
      const output = await runToEnd(own('load.ts', JSON.stringify(plan)), {
        env: base,
        cwd: folder,
        cores: pinned?.others,
      })
      return withoutFailures(plan, JSON.parse(output) as LoadResult)
    },
  }
}

function withoutFailures({ scenario, wire }: LoadPlan, result: LoadResult): LoadResult {
  const { failures, requests, firstFailure } = result
  if (failures === 0 && requests > 0) return result
  throw new Error(
    `${scenario} ${wire}: ${failures} failed, ${requests} answered; the first failure: ${firstFailure}`,
  )
}

const serverSettings = (upstreamOrigin: string, folder: string): Record<string, string> => ({
  PORT: '0',
  HOST: '127.0.0.1',
  OPENROUTER_BASE_URL: `${upstreamOrigin}/v1`,
  OPENROUTER_API_KEY: 'bench',
  LOG_LEVEL: 'info',
  DATA_DIR: folder,
})
