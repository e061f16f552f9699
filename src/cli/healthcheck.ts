import type { Config } from '../config/schema.ts'

const TIMEOUT_MS = 3000

/** Asks the server on this machine whether it is well: 0 = yes. For containers, which have no curl. */
export async function healthcheck(config: Config): Promise<number> {
  try {
    const response = await fetch(`http://${reachable(config.host)}:${config.port}/health`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return response.ok ? 0 : 1
  } catch {
    return 1
  }
}

/** A server that listens on every address is asked on the loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
