import { startServer, type TestServer } from './server.ts'
import type { TestUpstream } from './upstream.ts'

export interface TestServers {
  /** As it comes. */
  readonly open: TestServer
  /** With STRICT_COMPAT. */
  readonly strict: TestServer
  /** Its upstream is the demo, which speaks OpenRouter's own dialect. */
  readonly demo: TestServer
  /** Stops the servers and the upstream. */
  readonly stop: () => Promise<void>
}

/** The three servers that most rules have to be tried on. */
export async function startServers(upstream: TestUpstream): Promise<TestServers> {
  const common = { OPENROUTER_BASE_URL: upstream.baseUrl, LOG_LEVEL: 'warn' }
  const [open, strict, demo] = await Promise.all([
    startServer(common),
    startServer({ ...common, STRICT_COMPAT: 'true' }),
    startServer({ LOG_LEVEL: 'warn' }),
  ])
  const stop = async (): Promise<void> => {
    await Promise.all([open.stop(), strict.stop(), demo.stop(), upstream[Symbol.asyncDispose]()])
  }
  return { open, strict, demo, stop }
}
