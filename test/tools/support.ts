import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createClock } from '../../src/clock.ts'
import type { Logger } from '../../src/core/context.ts'
import { openDatabase } from '../../src/store/database.ts'
import { ToolFailure } from '../../src/tools/failure.ts'
import { createReadMarks } from '../../src/tools/files/read-marks.ts'
import { openWorkspace } from '../../src/tools/files/workspace.ts'
import { ownSearch } from '../../src/tools/grep/own-search.ts'
import type { Search } from '../../src/tools/grep/search.ts'
import type { ToolHelpers } from '../../src/tools/helpers.ts'
import { TOOLS } from '../../src/tools/registry.ts'
import { createJobs } from '../../src/tools/shell/jobs.ts'
import { allowedCommands } from '../../src/tools/shell/rules.ts'
import { findSandbox, NO_SANDBOX } from '../../src/tools/shell/sandbox.ts'
import { createShell } from '../../src/tools/shell/shell.ts'
import { createTodoStore, TODO_MIGRATIONS } from '../../src/tools/todos/store.ts'
import type { Tool, ToolCaller, ToolContent, ToolResult } from '../../src/tools/tool.ts'
import { createToolbox, type Toolbox, type ToolboxOptions } from '../../src/tools/toolbox.ts'

/** One line that a tool run wrote to the log. */
export interface LogEntry {
  readonly level: string
  readonly event: string
  readonly fields: any
}

export interface Bench extends Disposable {
  /** The real path of the working directory. */
  readonly root: string
  /** The folder around it, where secrets may lie. */
  readonly outside: string
  readonly toolbox: Toolbox
  readonly log: LogEntry[]
  readonly caller: (fields?: Partial<ToolCaller>) => ToolCaller
  run(name: string, input: unknown, fields?: Partial<ToolCaller>): Promise<ToolResult>
  /** Runs what must succeed, and gives its text. */
  text(name: string, input: unknown, fields?: Partial<ToolCaller>): Promise<string>
  /** Runs what must fail, and gives the message. */
  failure(name: string, input: unknown, fields?: Partial<ToolCaller>): Promise<string>
}

export interface BenchOptions extends Partial<Pick<ToolboxOptions, 'rate' | 'maxConcurrent' | 'tools'>> {
  readonly maxFileBytes?: number
  readonly maxOutputChars?: number
  readonly timeoutMs?: number
  /** The file that todo lists are kept in. */
  readonly database?: string
  readonly commands?: readonly string[]
  readonly maxMemoryBytes?: number
  /** Whether commands run in a sandbox; not by default. */
  readonly sandbox?: boolean
  /** How Grep searches; with the search of our own by default. */
  readonly search?: Search
}

/** All tools, as often as a test likes. */
const UNLIMITED: readonly Tool[] = TOOLS.map((tool) => ({ ...tool, perMinute: 1e9 }))

const PATH = '/usr/local/bin:/usr/bin:/bin'

/** Whether this machine has a sandbox that works. */
export const hasSandbox = findSandbox({ root: tmpdir(), searchPath: PATH, network: false }) !== undefined
/** An answer that can do nothing for its tools. */
const NO_HELPERS: ToolHelpers = {
  searchWeb: async () => refuse(),
  fetchPage: async () => refuse(),
  runAgent: async () => refuse(),
}
const refuse = (): never => {
  throw new ToolFailure('failed', 'not here')
}

/** A toolbox over an empty working directory of its own. */
export function createBench(options: BenchOptions = {}): Bench {
  const outside = realpathSync.native(mkdtempSync(join(tmpdir(), 'tools-')))
  const root = mkdtempSync(join(outside, 'work-'))
  const { maxFileBytes = 1_000_000, maxOutputChars = 30_000, timeoutMs = 20_000 } = options
  const log: LogEntry[] = []
  const at =
    (level: string): Logger['info'] =>
    (event, fields = {}) =>
      log.push({ level, event, fields })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const { database = join(outside, 'tools.db') } = options
  const open = () =>
    openDatabase({ path: database, migrations: TODO_MIGRATIONS, stamp: () => 'now', log: logger })
  const todos = createTodoStore(open, createClock())
  const workspace = openWorkspace(root, maxFileBytes)
  const sandbox = options.sandbox ? findSandbox({ root, searchPath: PATH, network: false }) : NO_SANDBOX
  if (!sandbox) throw new Error('there is no bubblewrap on this machine')
  const walled = sandbox.name !== 'none'
  const shell = createShell({
    policy: {
      allowed: allowedCommands(options.commands ?? ['default'], walled),
      walled,
      isProgram: (name) => Bun.which(name, { PATH }) !== null,
      workspace,
    },
    sandbox,
    searchPath: PATH,
    maxMemoryBytes: options.maxMemoryBytes ?? 1e9,
    clock: createClock(),
  })
  const toolbox = createToolbox({
    services: {
      clock: createClock(),
      limits: { timeoutMs, maxFileBytes, maxOutputChars },
      workspace,
      reads: createReadMarks(),
      todos,
      search: options.search ?? ownSearch,
      shell,
      jobs: createJobs(shell),
    },
    rate: options.rate ?? { limit: 1e9, windowMs: 60_000 },
    maxConcurrent: options.maxConcurrent ?? 5,
    tools: options.tools ?? UNLIMITED,
  })
  const caller = (fields: Partial<ToolCaller> = {}): ToolCaller => ({
    conversation: 'one',
    owner: 'ann',
    signal: new AbortController().signal,
    log: logger,
    helpers: NO_HELPERS,
    ...fields,
  })
  const run: Bench['run'] = async (name, input, fields) => toolbox.run(name, input, caller(fields))
  return {
    root,
    outside,
    toolbox,
    log,
    caller,
    run,
    async text(name, input, fields) {
      const { content, isError } = await run(name, input, fields)
      if (isError) throw new Error(`${name} failed: ${textOf(content)}`)
      return textOf(content)
    },
    async failure(name, input, fields) {
      const { content, isError } = await run(name, input, fields)
      if (!isError) throw new Error(`${name} did not fail: ${textOf(content)}`)
      return textOf(content)
    },
    [Symbol.dispose]: () => {
      toolbox.close()
      rmSync(outside, { recursive: true, force: true })
    },
  }
}

const textOf = (content: ToolContent): string =>
  typeof content === 'string'
    ? content
    : content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n')
