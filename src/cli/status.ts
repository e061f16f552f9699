import type { Invocation } from './command.ts'
import { findServer } from './running-server.ts'

/** Says which server answers, and how it is. */
export async function printStatus(invocation: Invocation): Promise<number> {
  const server = await findServer(invocation)
  const health = (await (await server.ask('/health')).json()) as {
    readonly service: string
    readonly version: string
    readonly status: string
  }
  invocation.say(`${health.service} ${health.version} at ${server.url}: ${health.status}\n`)
  return 0
}
