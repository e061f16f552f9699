import { existsSync, readdirSync, readFileSync } from 'node:fs'

import type { Subprocess } from 'bun'

const READY = /listening on (http:\/\/[\w.]+:(\d+))/
const READY_DEADLINE_MS = 20_000
const STOP_DEADLINE_MS = 5_000
const KEPT_ERROR_CHARS = 2_000

/** A server process that said where it listens. */
export interface Running {
  readonly pid: number
  readonly origin: string
  readonly port: number
  /** From the spawn until the line that says `listening`. */
  readonly startMs: number
  /** SIGTERM, and SIGKILL when that is not enough; resolves when the process is gone. */
  stop(): Promise<void>
}

export interface StartOptions {
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Cores to pin the process to, as taskset writes them; absent: wherever the system likes. */
  readonly cores?: string | undefined
}

const children = new Set<Subprocess>()

/** Starts a server and waits until it listens. */
export async function startServer(command: readonly string[], options: StartOptions): Promise<Running> {
  const spawnedAt = performance.now()
  const child = spawn(command, options)
  const errors = keepEnd(child.stderr)
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
  void watchOutput(child.stdout, resolve)
  void child.exited.then(() => reject(new Error(`${command.join(' ')} ended at start: ${errors()}`)))
  const timer = setTimeout(() => reject(new Error(`${command.join(' ')} does not listen`)), READY_DEADLINE_MS)
  const [, origin = '', port = ''] = await promise.finally(() => clearTimeout(timer))
  const startMs = performance.now() - spawnedAt
  return { pid: child.pid, origin, port: Number(port), startMs, stop: async () => stop(child) }
}

/** Runs a command to its end and gives its output; a non-zero exit is an error. */
export async function runToEnd(command: readonly string[], options: StartOptions): Promise<string> {
  const child = spawn(command, options)
  const errors = keepEnd(child.stderr)
  const output = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed: ${errors()}`)
  return output
}

/** Kills whatever this run started and has not stopped. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

type Child = Subprocess<'ignore', 'pipe', 'pipe'>

function spawn(command: readonly string[], { env, cwd, cores }: StartOptions): Child {
  const pinned = cores === undefined ? [] : ['taskset', '-c', cores]
  const child = Bun.spawn([...pinned, ...command], {
    env,
    cwd,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  children.add(child)
  void child.exited.then(() => children.delete(child))
  return child
}

async function stop(child: Child): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
  await child.exited
  clearTimeout(timer)
}

/** Reads the output to its end, for a full pipe would stall the process. */
async function watchOutput(
  output: ReadableStream<Uint8Array>,
  onReady: (match: RegExpExecArray) => void,
): Promise<void> {
  let text: string | undefined = ''
  for await (const piece of output) {
    if (text === undefined) continue
    text += Buffer.from(piece).toString()
    const match = READY.exec(text)
    if (!match) continue
    text = undefined
    onReady(match)
  }
}

function keepEnd(output: ReadableStream<Uint8Array>): () => string {
  let end = ''
  const read = async (): Promise<void> => {
    for await (const piece of output) {
      end = (end + Buffer.from(piece).toString()).slice(-KEPT_ERROR_CHARS)
    }
  }
  void read()
  return () => end.trim()
}

/** Two cores for pinning, or nothing where there is no taskset or no second core. */
export function pinningCores(): { tested: string; others: string } | undefined {
  if (!Bun.which('taskset') || !existsSync('/proc/self/status')) return undefined
  const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const cores = allowed.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, nth) => first + nth)
  })
  const [others, tested] = cores
  return others === undefined || tested === undefined
    ? undefined
    : { tested: String(tested), others: String(others) }
}

/** Moves this process and its threads to a core. */
export function pinSelf(core: string): void {
  Bun.spawnSync(['taskset', '-acp', core, String(process.pid)], { stdout: 'ignore', stderr: 'ignore' })
}

/** What the process and its descendants have used since they began: user and system CPU, and memory now. */
export interface Usage {
  readonly cpuMs: number
  readonly rssKb: number
}

/** Reads /proc where there is one (10 ms steps), else asks `ps`. */
export function readUsage(pid: number): Usage {
  const each = existsSync('/proc/self/stat') ? processTree(pid).map(usageFromProc) : [usageFromPs(pid)]
  return {
    cpuMs: each.reduce((sum, usage) => sum + usage.cpuMs, 0),
    rssKb: each.reduce((sum, usage) => sum + usage.rssKb, 0),
  }
}

const tickMs = 1000 / (Number(Bun.which('getconf') && Bun.spawnSync(['getconf', 'CLK_TCK']).stdout) || 100)

function usageFromProc(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    rssKb: Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0),
  }
}

function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const path = `/proc/${pid}/task/${thread}/children`
    return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number) : []
  })
  return [pid, ...children.flatMap(processTree)]
}

/** Of `ps`'s `days-hours:minutes:seconds`, from the right. */
const SECONDS_IN = [1, 60, 3600, 86_400]

function usageFromPs(pid: number): Usage {
  const output = Bun.spawnSync(['ps', '-o', 'time=,rss=', '-p', String(pid)]).stdout.toString()
  const [time = '', rss = ''] = output.trim().split(/\s+/)
  const seconds = time
    .split(/[-:]/)
    .toReversed()
    .reduce((sum, part, nth) => sum + Number(part) * (SECONDS_IN[nth] ?? 0), 0)
  return { cpuMs: seconds * 1000, rssKb: Number(rss) }
}
