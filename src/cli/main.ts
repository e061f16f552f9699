import { writeSync } from 'node:fs'

import { askKeychain } from '../config/ask-keychain.ts'
import { openKeychain } from '../config/keychain.ts'
import { loadConfig } from '../config/load.ts'
import { thisMachine } from '../config/machine.ts'
import { ConfigError } from '../config/problem.ts'
import { hasKeys } from '../keys/open.ts'
import { parseArguments } from './arguments.ts'
import { CommandFailure } from './command.ts'
import { findCommand } from './commands.ts'
import { PROGRAM } from './words.ts'

const EXIT_FAILURE = 1
const EXIT_USAGE = 2

/** Runs one command. The result is the process's exit code; `serve` returns when it was told to stop. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const { command, flags, ...line } = parseArguments(argv)
    const found = findCommand(command)
    if (!found) throw new Error(`there is no command ${command}`)
    const sources = { ...thisMachine(), keychain: openKeychain(PROGRAM), flags, hasKeys }
    return await found.run({
      ...line,
      sources,
      load: async (assumed) => loadConfig({ ...(await askKeychain(sources)), ...assumed }),
      say: (text) => write(1, text),
      complain: (text) => write(2, text),
    })
  } catch (error) {
    if (error instanceof CommandFailure) {
      write(2, `${error.message}\n`)
      return EXIT_FAILURE
    }
    if (!(error instanceof ConfigError)) throw error
    write(2, `${error.problems.join('\n')}\n\n"${PROGRAM} --help" lists every command and setting.\n`)
    return EXIT_USAGE
  }
}

/** A closed pipe or a full disk behind the output is no reason to stop serving. */
function write(descriptor: number, text: string): void {
  let rest: Uint8Array = new TextEncoder().encode(text)
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest))
  } catch {
    // Nobody is left to be told.
  }
}
