import { readdirSync, readFileSync } from 'node:fs'

/** The variable that marks all processes of one run, wherever they hide. */
export const RUN_MARK = 'TOOL_RUN_ID'

/** A process of a run. */
export interface RunProcess {
  readonly pid: number
  readonly residentBytes: number
}

const PAGE_BYTES = 4096

/** The living processes that were started with that mark, where the system shows them; only Linux does. */
export function processesOf(mark: string): readonly RunProcess[] {
  const setting = `${RUN_MARK}=${mark}`
  return pids().flatMap((pid) => {
    const environment = readOf(pid, 'environ')
    if (!environment?.includes(setting)) return []
    return [{ pid, residentBytes: Number(readOf(pid, 'statm')?.split(' ')[1] ?? 0) * PAGE_BYTES }]
  })
}

function pids(): readonly number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []))
  } catch {
    return []
  }
}

/** A process may end or belong to somebody else at any time. */
function readOf(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return undefined
  }
}

/** Ends a whole run: its process group, and whoever left it. */
export function killRun(pid: number, mark: string): void {
  kill(-pid)
  // What was born while the others were found is found in the next round.
  for (let round = 0; round < 3; round++) {
    const left = processesOf(mark)
    if (left.length === 0) return
    for (const { pid: survivor } of left) kill(survivor)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
