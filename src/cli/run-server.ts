import { version } from '../../package.json'
import { ConfigError } from '../config/problem.ts'
import type { Invocation } from './command.ts'
import { type Running, serve } from './serve.ts'
import { banner, cannotListen, PROGRAM } from './words.ts'

/** Serves until a signal says to stop: 0 when all went well, 1 when it could not listen. */
export async function runServer({ load, say, complain }: Invocation): Promise<number> {
  const config = await load()
  let running: Running
  try {
    running = serve(config, { name: PROGRAM, version }, complain, load)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    complain(cannotListen(config, error))
    return 1
  }
  say(banner(config, version, running.url))
  say(`listening on ${running.url}\n`)
  await toldToStop()
  await running.stop()
  return 0
}

/** A second signal ends the program at once. */
const toldToStop = async (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      process.once('SIGINT', () => process.exit(1))
      process.once('SIGTERM', () => process.exit(1))
      resolve()
    }
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
  })
