import { parse, TomlError } from 'smol-toml'

import type { Machine } from './machine.ts'
import { ConfigError } from './problem.ts'
import type { Secrets } from './secrets.ts'

/** A configuration file as it was read. */
export interface ConfigFile {
  readonly path: string
  readonly text: string
  readonly values: Readonly<Record<string, unknown>>
  /** What the keychain said of the names in it. */
  readonly secrets?: Secrets | undefined
}

/**
 * Reads and parses a configuration file; undefined when there is none at that path. Throws a `ConfigError` when it
 * cannot be read, or is not TOML; that one names line and column but quotes nothing, as the line may hold a key.
 */
export function readConfigFile(path: string, readTextFile: Machine['readTextFile']): ConfigFile | undefined {
  const text = read(path, readTextFile)?.replace(/^\u{feff}/u, '')
  return text === undefined ? undefined : { path, text, values: parseToml(path, text) }
}

function read(path: string, readTextFile: Machine['readTextFile']): string | undefined {
  try {
    return readTextFile(path)
  } catch (error) {
    throw new ConfigError([
      `${path}: cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`,
    ])
  }
}

function parseToml(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason] = error.message.split('\n', 1)
    throw new ConfigError([`${path}:${error.line}:${error.column}: ${reason}`])
  }
}

/** Where a key of the file stands, as `path:line`. Slow, hence for messages only. */
export const locate = ({ path, text }: ConfigFile, ...keys: readonly string[]): string =>
  `${path}:${lineOf(text, keys)}`

/**
 * The parser keeps no positions. So the file is read again from its top, a line longer each time, until the key is
 * there; the statement that brought it begins after the last part that could be read without it.
 */
function lineOf(text: string, keys: readonly string[]): number {
  const lines = text.split('\n')
  let complete = 0
  for (let count = 1; count <= lines.length; count++) {
    const values = parseable(lines.slice(0, count).join('\n'))
    if (values === undefined) continue
    if (has(values, keys)) break
    complete = count
  }
  return complete + 1
}

function parseable(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

const has = (value: unknown, [key, ...rest]: readonly string[]): boolean => {
  if (key === undefined) return true
  return typeof value === 'object' && value !== null && key in value && has(Reflect.get(value, key), rest)
}
