import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { type Machine, userConfigFile } from '../../config/machine.ts'
import { CommandFailure } from '../command.ts'

/** Writes the user's own configuration file, which must not exist yet; resolves to its path. Only the user may read it. */
export function writeNewConfig(toml: string, machine: Machine): string {
  const path = userConfigFile(machine)
  if (path === undefined)
    throw new CommandFailure(
      'there is no home folder to write a configuration file to; set HOME or XDG_CONFIG_HOME',
    )
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, toml, { flag: 'wx', mode: 0o600 })
    return path
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new CommandFailure(`${path} exists already and is left as it is; move it away first, or edit it`)
    throw new CommandFailure(
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
