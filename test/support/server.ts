import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')

/** The program under test: the compiled one where SERVER_BINARY names it, else the sources. */
export const COMMAND: readonly string[] = process.env['SERVER_BINARY']
  ? [process.env['SERVER_BINARY']]
  : [process.execPath, join(ROOT, 'src/main.ts')]

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** What the process wrote to standard output and standard error so far. */
  readonly output: () => string
  /** Of that, what went to standard output. */
  readonly stdout: () => string
  /** Sends a signal and waits for the end; resolves to the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number>
}

/**
 * Starts the real process on a free port. It sees no setting of the surrounding environment, only `settings`. A
 * wrapper is a command that becomes the process whose command line follows its own.
 */
export async function startServer(
  settings: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
  wrapper: readonly string[] = [],
): Promise<TestServer> {
  // Each server has a folder of its own, unless the test names one, which then outlives the server.
  const dataDir = mkdtempSync(join(tmpdir(), 'server-data-'))
  const child = Bun.spawn([...wrapper, ...COMMAND, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      PORT: '0',
      DATA_DIR: dataDir,
      ...settings,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  let text = ''
  let stdout = ''
  const listening = Promise.withResolvers<string>()
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const bytes of stream) {
      const piece = decoder.decode(bytes, { stream: true })
      text += piece
      if (stream === child.stdout) stdout += piece
      const url = /^listening on (\S+)$/m.exec(text)?.[1]
      if (url) listening.resolve(url)
    }
  }
  const reading = Promise.all([collect(child.stdout), collect(child.stderr)])
  void child.exited.then(async (code) => {
    await reading
    rmSync(dataDir, { recursive: true, force: true })
    listening.reject(new Error(`the server ended with ${code}:\n${text}`))
  })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number> => {
    child.kill(signal)
    const code = await child.exited
    await reading
    return code
  }
  return {
    url: await listening.promise,
    pid: child.pid,
    output: () => text,
    stdout: () => stdout,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop('SIGKILL')
    },
  }
}

/** Runs the program to its end, for commands and for starts that must fail; `input` is its standard input. */
export async function runProgram(
  settings: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  input?: string,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const child = Bun.spawn([...COMMAND, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...settings },
    stdin: input === undefined ? 'ignore' : new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

/** The resident memory of a process in bytes. */
export async function memoryOf({ pid }: { readonly pid: number }): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text()
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
