import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

import type { Keychain } from './keychain.ts'

/** What the configuration needs to know of the machine; all that is not on the command line. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's home folder; empty when there is none. */
  readonly home: string
  /** `process.platform`. */
  readonly platform: string
  /** The file's text, or undefined when there is no such file; throws when it cannot be read. */
  readonly readTextFile: (path: string) => string | undefined
  readonly keychain?: Keychain
  /** Whether client keys are kept in that data folder. */
  readonly hasKeys?: (dataDir: string) => boolean
}

/** The machine that this program runs on: the one place that reads the process's environment. */
export const thisMachine = (): Machine => ({
  env: process.env,
  home: homedir(),
  platform: process.platform,
  readTextFile,
})

const ABSENT = new Set<unknown>(['ENOENT', 'ENOTDIR'])

function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return undefined
    throw error
  }
}

type Place = Pick<Machine, 'env' | 'home' | 'platform'>

const FOLDER = 'openrouter-anthropic-server'

/** Where each kind of per-user file lives: the variable that names the folder, else its place in the home folder. */
const USER_FOLDERS = {
  data: {
    win32: { variable: 'LOCALAPPDATA', inHome: 'AppData/Local' },
    darwin: { variable: undefined, inHome: 'Library/Application Support' },
    other: { variable: 'XDG_DATA_HOME', inHome: '.local/share' },
  },
  config: {
    win32: { variable: 'APPDATA', inHome: 'AppData/Roaming' },
    darwin: { variable: 'XDG_CONFIG_HOME', inHome: '.config' },
    other: { variable: 'XDG_CONFIG_HOME', inHome: '.config' },
  },
} as const

/**
 * This program's own folder among the user's data or configuration; undefined when the machine names no absolute
 * one. A relative folder is never taken: it would be read from whatever folder the program was started in.
 */
export function userFolder(purpose: keyof typeof USER_FOLDERS, place: Place): string | undefined {
  const { env, home, platform } = place
  const { isAbsolute, join } = platform === 'win32' ? win32 : posix
  const row = USER_FOLDERS[purpose][platform === 'win32' || platform === 'darwin' ? platform : 'other']
  const named = row.variable && env[row.variable]
  const base = named && isAbsolute(named) ? named : join(home, row.inHome)
  return isAbsolute(base) ? join(base, FOLDER) : undefined
}

/** The user's configuration file, where one exists when neither `--config` nor CONFIG_FILE is given. */
export function userConfigFile(place: Place): string | undefined {
  const folder = userFolder('config', place)
  return folder && (place.platform === 'win32' ? win32 : posix).join(folder, 'config.toml')
}

const LOOPBACK = /^(?:localhost|::1|127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})$/i

/** Whether only this machine can reach a server bound to that host. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host)
