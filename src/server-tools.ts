import type { Database } from 'bun:sqlite'
import { realpathSync, statSync } from 'node:fs'
import { parse, sep } from 'node:path'

import { ConfigError } from './config/problem.ts'
import type { Config } from './config/schema.ts'
import type { Clock } from './core/clock.ts'
import type { Logger } from './core/context.ts'
import { createReadMarks } from './tools/files/read-marks.ts'
import { openWorkspace } from './tools/files/workspace.ts'
import type { Workspace } from './tools/files/workspace.ts'
import { createSearcher } from './tools/grep/choose.ts'
import { createJobs } from './tools/shell/jobs.ts'
import { allowedCommands, ANY_COMMAND } from './tools/shell/rules.ts'
import { findSandbox, NO_SANDBOX, type Sandbox } from './tools/shell/sandbox.ts'
import { createShell, type Shell } from './tools/shell/shell.ts'
import { createTodoStore } from './tools/todos/store.ts'
import { createToolbox, type Toolbox } from './tools/toolbox.ts'

/**
 * The tools as the configuration wants them; undefined where they are off. Throws a `ConfigError` for a working
 * directory that tools must not have, and for a sandbox that is demanded and not there.
 */
export function openTools(
  config: Config,
  clock: Clock,
  log: Logger,
  openDatabase: () => Database,
): Toolbox | undefined {
  if (!config.toolExecutionEnabled) return undefined
  const problems = problemsOf(config)
  if (problems.length > 0) throw new ConfigError(problems)
  const workspace = openWorkspace(config.toolWorkingDirectory ?? '', config.toolMaxFileBytes)
  const shell = openShell(config, workspace, clock)
  const searcher = createSearcher()
  log.info('tools-ready', { root: workspace.root, sandbox: shell.sandbox, commands: shell.allowed.size })
  return createToolbox({
    services: {
      clock,
      limits: {
        timeoutMs: config.toolExecutionTimeoutMs,
        maxFileBytes: config.toolMaxFileBytes,
        maxOutputChars: config.toolMaxOutputChars,
      },
      workspace,
      reads: createReadMarks(),
      todos: createTodoStore(openDatabase, clock),
      search: searcher.search,
      shell,
      jobs: createJobs(shell),
    },
    closes: [searcher],
    rate: { limit: config.toolRateLimitMaxRequests, windowMs: config.toolRateLimitWindowMs },
    maxConcurrent: config.toolMaxConcurrent,
  })
}

function openShell(config: Config, workspace: Workspace, clock: Clock): Shell {
  const sandbox = chooseSandbox(config, workspace)
  const walled = sandbox.name !== 'none'
  const { toolPath: searchPath, toolAllowedCommands: names, toolMaxMemoryBytes: maxMemoryBytes } = config
  const allowed = allowedCommands(names, walled)
  if (!walled && allowed.has(ANY_COMMAND))
    throw new ConfigError([
      'TOOL_ALLOWED_COMMANDS: "*" needs the sandbox, which is off or not there; install bubblewrap, or name commands',
    ])
  const isProgram = (name: string): boolean => Bun.which(name, { PATH: searchPath }) !== null
  const policy = { allowed, walled, isProgram, workspace }
  return createShell({ policy, sandbox, searchPath, maxMemoryBytes, clock })
}

function chooseSandbox(config: Config, { root }: Workspace): Sandbox {
  if (config.toolSandbox === 'off') return NO_SANDBOX
  const { toolPath: searchPath, toolSandboxNetwork: network } = config
  const sandbox = findSandbox({ root, searchPath, network })
  if (!sandbox && config.toolSandbox === 'required')
    throw new ConfigError([
      'TOOL_SANDBOX: is required, but bubblewrap (bwrap) is not in TOOL_PATH or does not work here; install it, allow ' +
        'user namespaces, or set TOOL_SANDBOX to auto or off',
    ])
  return sandbox ?? NO_SANDBOX
}

function problemsOf({ toolWorkingDirectory, toolPath, dataDir, configFile }: Config): readonly string[] {
  if (toolWorkingDirectory === undefined)
    return ['TOOL_WORKING_DIRECTORY: is needed as TOOL_EXECUTION_ENABLED is on; name a folder for the tools']
  const root = realFolder(toolWorkingDirectory)
  if (root === undefined)
    return [`TOOL_WORKING_DIRECTORY: ${JSON.stringify(toolWorkingDirectory)} is no folder; make it first`]
  if (root === parse(root).root || /^\/(?:proc|sys|dev|etc|usr|bin|sbin|lib|boot)(?:\/|$)/.test(root))
    return [
      `TOOL_WORKING_DIRECTORY: ${JSON.stringify(root)} is no place for tools; name a folder of their own`,
    ]
  return [
    { name: 'DATA_DIR', path: dataDir },
    { name: 'CONFIG_FILE', path: configFile },
    { name: 'the program', path: process.execPath },
    // What a model puts there would be run for the commands that are allowed.
    ...toolPath.split(':').map((path) => ({ name: 'a folder of TOOL_PATH', path })),
  ].flatMap(({ name, path }) =>
    path !== undefined && `${realPath(path)}${sep}`.startsWith(`${root}${sep}`)
      ? [`TOOL_WORKING_DIRECTORY: holds ${name} ${JSON.stringify(path)}, which tools must not reach`]
      : [],
  )
}

function realFolder(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? realpathSync.native(path) : undefined
  } catch {
    return undefined
  }
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return path
  }
}
