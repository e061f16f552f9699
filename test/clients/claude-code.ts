import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')

/** A Claude Code to test with, or what to do to get it. */
export interface ClaudeCode {
  readonly name: string
  /** The command that starts it; undefined where it is not installed. */
  readonly command: readonly string[] | undefined
  readonly howToGetIt: string
  /** Whether it shortens a conversation that the upstream refuses as too long. */
  readonly shortens: boolean
}

/** The last version in plain JavaScript, and whatever native one the machine has. */
export const CLAUDE_CODES: readonly ClaudeCode[] = [
  {
    name: 'Claude Code in JavaScript',
    command: findScript(),
    howToGetIt: 'run bun install',
    shortens: false,
  },
  {
    name: 'native Claude Code',
    command: findBinary(),
    howToGetIt: 'set CLAUDE_CODE_BINARY to the program, see docs/clients.md',
    shortens: true,
  },
]

function findScript(): readonly string[] | undefined {
  const script = findFile('node_modules/@anthropic-ai/claude-code/cli.js')
  return script === undefined ? undefined : [Bun.which('node') ?? process.execPath, script]
}

function findBinary(): readonly string[] | undefined {
  const binary =
    process.env['CLAUDE_CODE_BINARY'] || findFile('node_modules/@anthropic-ai/claude-code-*/claude')
  return binary === undefined ? undefined : [binary]
}

function findFile(pattern: string): string | undefined {
  const [file] = new Bun.Glob(pattern).scanSync({ cwd: ROOT, absolute: true })
  return file
}

/** A working folder and a home of its own, gone afterwards. */
export interface Desk extends AsyncDisposable {
  /** The path of a file in the working folder. */
  readonly path: (name: string) => string
  readonly environment: Readonly<Record<string, string>>
}

export async function setUpDesk(): Promise<Desk> {
  const root = await mkdtemp(join(tmpdir(), 'desk-'))
  const [work, home, temporary] = [join(root, 'work'), join(root, 'home'), join(root, 'tmp')] as const
  for (const folder of [work, home, temporary]) await mkdir(folder)
  return {
    path: (name) => join(work, name),
    environment: { HOME: home, CLAUDE_CONFIG_DIR: join(home, '.claude'), TMPDIR: temporary },
    [Symbol.asyncDispose]: async () => rm(root, { recursive: true, force: true }),
  }
}

/** What a session is about. */
export interface Task {
  readonly desk: Desk
  readonly server: { readonly url: string }
  readonly prompt: string
  readonly model?: string
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** How a session ended. */
export interface Session {
  readonly exitCode: number
  /** The last answer. */
  readonly result: string
  readonly failed: boolean
  readonly stderr: string
}

/** Nothing listens there, so that whatever is not meant for the server goes nowhere. */
const NOWHERE = 'http://127.0.0.1:9'
const TOOLS = 'Agent,Bash,Edit,Read,Task,Write'
const TIMEOUT_MS = 100_000

/** Runs one session in print mode to its end. It sees no setting of the surrounding environment. */
export async function runClaudeCode(command: readonly string[], task: Task): Promise<Session> {
  const { desk, server, model = 'big', args = [] } = task
  const options = ['--output-format', 'stream-json', '--verbose', '--model', model, '--allowedTools', TOOLS]
  const child = Bun.spawn([...command, '--print', ...options, ...args], {
    cwd: desk.path('.'),
    env: {
      PATH: process.env['PATH'] ?? '',
      ...desk.environment,
      ANTHROPIC_BASE_URL: server.url,
      ANTHROPIC_AUTH_TOKEN: 'fake',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_MAX_RETRIES: '3',
      DISABLE_AUTOUPDATER: '1',
      HTTPS_PROXY: NOWHERE,
      NO_PROXY: '127.0.0.1',
      ...task.environment,
    },
    stdin: new TextEncoder().encode(task.prompt),
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: TIMEOUT_MS,
  })
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  const last = lastResult(stdout)
  return { exitCode, stderr, result: last?.result ?? '', failed: last?.is_error ?? true }
}

/** The line of a session's output that says how it ended. */
interface ResultLine {
  readonly type: 'result'
  readonly result?: string
  readonly is_error: boolean
}

const lastResult = (stdout: string): ResultLine | undefined =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): ResultLine => JSON.parse(line))
    .findLast(({ type }) => type === 'result')
