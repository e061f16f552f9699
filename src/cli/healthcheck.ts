import type { Config } from '../config/schema.ts'
import { urlOf } from './running-server.ts'

const TIMEOUT_MS = 3000

/** Asks the server on this machine whether it is well: 0 = yes. For containers, which have no curl. */
export async function healthcheck(config: Config): Promise<number> {
  try {
    const response = await fetch(`${urlOf(config)}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return response.ok ? 0 : 1
  } catch {
    return 1
  }
}
