import type { Database } from 'bun:sqlite'
import { realpathSync, statSync } from 'node:fs'
import { parse, sep } from 'node:path'

import { ConfigError } from './config/problem.ts'
import type { Config } from './config/schema.ts'
import type { Clock } from './core/clock.ts'
import { createReadMarks } from './tools/files/read-marks.ts'
import { openWorkspace } from './tools/files/workspace.ts'
import { createTodoStore } from './tools/todos/store.ts'
import { createToolbox, type Toolbox } from './tools/toolbox.ts'

/**
 * The tools as the configuration wants them; undefined where they are off. Throws a `ConfigError` for a working
 * directory that tools must not have.
 */
export function openTools(config: Config, clock: Clock, openDatabase: () => Database): Toolbox | undefined {
  if (!config.toolExecutionEnabled) return undefined
  const problems = problemsOf(config)
  if (problems.length > 0) throw new ConfigError(problems)
  return createToolbox({
    services: {
      clock,
      limits: {
        timeoutMs: config.toolExecutionTimeoutMs,
        maxFileBytes: config.toolMaxFileBytes,
        maxOutputChars: config.toolMaxOutputChars,
      },
      workspace: openWorkspace(config.toolWorkingDirectory ?? '', config.toolMaxFileBytes),
      reads: createReadMarks(),
      todos: createTodoStore(openDatabase, clock),
    },
    rate: { limit: config.toolRateLimitMaxRequests, windowMs: config.toolRateLimitWindowMs },
    maxConcurrent: config.toolMaxConcurrent,
  })
}

function problemsOf({ toolWorkingDirectory, dataDir, configFile }: Config): readonly string[] {
  if (toolWorkingDirectory === undefined)
    return ['TOOL_WORKING_DIRECTORY: is needed as TOOL_EXECUTION_ENABLED is on; name a folder for the tools']
  const root = realFolder(toolWorkingDirectory)
  if (root === undefined)
    return [`TOOL_WORKING_DIRECTORY: ${JSON.stringify(toolWorkingDirectory)} is no folder; make it first`]
  if (root === parse(root).root || /^\/(?:proc|sys|dev|etc)(?:\/|$)/.test(root))
    return [
      `TOOL_WORKING_DIRECTORY: ${JSON.stringify(root)} is no place for tools; name a folder of their own`,
    ]
  return [
    { name: 'DATA_DIR', path: dataDir },
    { name: 'CONFIG_FILE', path: configFile },
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
