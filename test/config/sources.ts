import type { Sources } from '../../src/config/given.ts'
import type { Keychain } from '../../src/config/keychain.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'

/** Where the machine of these tests keeps the user's configuration file. */
export const USER_FILE = '/home/ada/.config/openrouter-anthropic-server/config.toml'

interface Given {
  readonly flags?: Sources['flags']
  readonly env?: Sources['env']
  /** The user's configuration file. */
  readonly file?: string
  /** Any files, by path. */
  readonly files?: Readonly<Record<string, string>>
  readonly home?: string
  readonly platform?: string
  readonly keychain?: Keychain
}

/** A Linux machine with nothing on it but what is given. */
export function sourcesOf({ flags = {}, env = {}, file, files = {}, ...machine }: Given = {}): Sources {
  const all = file === undefined ? files : { ...files, [USER_FILE]: file }
  return {
    home: '/home/ada',
    platform: 'linux',
    ...machine,
    flags,
    env,
    readTextFile: (path) => all[path],
  }
}

/** A keychain that holds what is given; one that is broken throws that error. */
export const keychainOf = (held: Record<string, string>, broken?: Error): Keychain => {
  const run = <Result>(result: () => Result): Result => {
    if (broken) throw broken
    return result()
  }
  return {
    get: async (name) => run(() => held[name]),
    set: async (name, secret) => run(() => void (held[name] = secret)),
    delete: async (name) => run(() => Object.hasOwn(held, name) && delete held[name]),
  }
}

export const configOf = (given: Given = {}) => loadConfig(sourcesOf(given))

/** The problems that keep the configuration from being made; none if it is made. */
export function problemsOf(given: Given): readonly string[] {
  try {
    configOf(given)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
