import { writeSync } from 'node:fs'

import { version } from '../../package.json'
import { loadConfig } from '../config/load.ts'
import { thisMachine } from '../config/machine.ts'
import { ConfigError } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { parseArguments } from './arguments.ts'
import { healthcheck } from './healthcheck.ts'
import { PROGRAM, renderHelp } from './help.ts'
import { type Running, serve } from './serve.ts'
import { banner, cannotListen } from './words.ts'

const EXIT_FAILURE = 1
const EXIT_USAGE = 2

/** Runs one command. The result is the process's exit code; `serve` returns when it was told to stop. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const { command, flags } = parseArguments(argv)
    if (command === 'help') return say(renderHelp())
    if (command === 'version') return say(`${PROGRAM} ${version}\n`)
    const load = (): Config => loadConfig({ ...thisMachine(), flags })
    return command === 'healthcheck' ? await healthcheck(load()) : await runServer(load)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    complain(`${error.problems.join('\n')}\n\n"${PROGRAM} --help" lists every setting.\n`)
    return EXIT_USAGE
  }
}

async function runServer(load: () => Config): Promise<number> {
  const config = load()
  let running: Running
  try {
    running = serve(config, { name: PROGRAM, version }, complain, load)
  } catch (error) {
    complain(cannotListen(config, error))
    return EXIT_FAILURE
  }
  say(banner(config, running.url))
  say(`listening on ${running.url}\n`)
  await toldToStop()
  await running.stop()
  return 0
}

/** A second signal ends the program at once. */
const toldToStop = async (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      process.once('SIGINT', () => process.exit(EXIT_FAILURE))
      process.once('SIGTERM', () => process.exit(EXIT_FAILURE))
      resolve()
    }
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
  })

function say(text: string): number {
  write(1, text)
  return 0
}

/** Logs and complaints go to standard error, so that standard output stays readable by programs. */
function complain(text: string): void {
  write(2, text)
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
