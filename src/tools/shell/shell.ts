import type { Clock } from '../../core/clock.ts'
import { ToolFailure } from '../failure.ts'
import { checkCommand, type ShellPolicy } from './check.ts'
import type { Sandbox } from './sandbox.ts'
import { killRun, processesOf, RUN_MARK } from './survivors.ts'

export interface ShellOptions {
  readonly policy: ShellPolicy
  readonly sandbox: Sandbox
  readonly searchPath: string
  readonly maxMemoryBytes: number
  readonly clock: Clock
}

/** Why a command was ended by the server. */
export type Ending = 'time' | 'memory' | 'processes' | 'output' | 'cancelled' | 'killed'

/** A command that runs. */
export interface ShellRun {
  /** Resolves when it and all that it started have ended. */
  readonly ended: Promise<{ readonly code: number; readonly ending: Ending | undefined }>
  end(why: Ending): void
}

export interface ShellCommand {
  readonly command: string
  /** What it reads from standard input; nothing where it is left out. */
  readonly input?: string | undefined
  readonly onOutput: (text: string) => void
}

export interface Shell {
  readonly sandbox: Sandbox['name']
  readonly allowed: ReadonlySet<string>
  /** Starts a command line in the working directory. Throws a `ToolFailure` for one that may not be run. */
  start(command: ShellCommand): Promise<ShellRun>
}

const MAX_PROCESSES = 256
/** What a command may write in all; more is a mistake or an attack. */
const MAX_OUTPUT_BYTES = 67_108_864
const MAX_FILE_KILOBYTES = 1_048_576
/** How long after the end of a command its pipes may stay open. */
const LINGER_MS = 250

/** Limits that bash sets for itself and all that it starts, and one pipe for both outputs, in their order. */
const PROLOGUE = `ulimit -c 0; ulimit -f ${MAX_FILE_KILOBYTES}; exec 2>&1; exec bash --noprofile --norc -c "$1" bash`

export function createShell(options: ShellOptions): Shell {
  const { policy, sandbox } = options
  return {
    sandbox: sandbox.name,
    allowed: policy.allowed,
    async start(command) {
      await checkCommand(command.command, policy)
      return run(options, command)
    },
  }
}

function run(options: ShellOptions, { command, input, onOutput }: ShellCommand): ShellRun {
  const { policy, sandbox, searchPath, clock } = options
  const bash = Bun.which('bash', { PATH: searchPath })
  if (bash === null)
    throw new ToolFailure('failed', 'There is no bash on this machine, so no command can be run.')
  const { root } = policy.workspace
  const mark = crypto.randomUUID()
  const env = cleanEnvironment(searchPath, root, mark)
  const argv = sandbox.wrap([bash, '--noprofile', '--norc', '-c', PROLOGUE, 'bash', command], env)
  const child = Bun.spawn([...argv], {
    cwd: root,
    env,
    stdin: input === undefined ? 'ignore' : new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'ignore',
    detached: true,
  })
  let ending: Ending | undefined
  const end = (why: Ending): void => {
    ending ??= why
    killRun(child.pid, mark)
  }
  const stopWatching = clock.watch(() => {
    const processes = processesOf(mark)
    const bytes = processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0)
    if (bytes > options.maxMemoryBytes) end('memory')
    else if (processes.length > MAX_PROCESSES) end('processes')
  })
  const reading = collect(child.stdout, onOutput, () => end('output'))
  const finish = async (): Promise<{ code: number; ending: Ending | undefined }> => {
    const code = await child.exited
    stopWatching()
    // What it left behind would keep the pipe open, and work on unseen.
    await Promise.race([reading, Bun.sleep(LINGER_MS)])
    killRun(child.pid, mark)
    await reading
    return { code, ending }
  }
  return { ended: finish(), end }
}

/** Nothing of the server's own environment, which holds its keys. */
const cleanEnvironment = (searchPath: string, root: string, mark: string): Record<string, string> => ({
  PATH: searchPath,
  HOME: root,
  PWD: root,
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  [RUN_MARK]: mark,
})

async function collect(
  stream: ReadableStream<Uint8Array>,
  onOutput: (text: string) => void,
  onTooMuch: () => void,
): Promise<void> {
  const decoder = new TextDecoder()
  let bytes = 0
  for await (const piece of stream) {
    bytes += piece.byteLength
    if (bytes > MAX_OUTPUT_BYTES) {
      onTooMuch()
      continue
    }
    onOutput(decoder.decode(piece, { stream: true }))
  }
}
