import { isatty } from 'node:tty'

import { toAbout } from '../about.ts'
import { createApp } from '../app.ts'
import { createBatchEngine } from '../batch-engine.ts'
import { configureBounds } from '../bounds.ts'
import { createClock } from '../clock.ts'
import { isLoopback, thisMachine } from '../config/machine.ts'
import { keepReloading } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../core/clock.ts'
import { createAccess } from '../http/access.ts'
import { SECURITY_HEADERS } from '../http/respond.ts'
import { createActivity, type Server } from '../http/server.ts'
import { startJanitor } from '../janitor.ts'
import { openKeys } from '../keys/open.ts'
import type { KeyStore } from '../keys/store.ts'
import { createLog, type Log, type LogOptions } from '../observability/log.ts'
import { renderPretty } from '../observability/pretty.ts'
import { createChecks } from '../observability/probes.ts'
import { createProbes } from '../probes.ts'
import {
  choresOf,
  closeMemory,
  createMemory,
  createRunHistory,
  createServices,
  type Memory,
  warmUp,
} from '../services.ts'
import { createModelSwitch } from '../switched-models.ts'
import { createWatchers } from '../watchers.ts'
import { findUpdate } from './update.ts'

export interface Program {
  readonly name: string
  readonly version: string
}

/** A server that listens. */
export interface Running {
  readonly url: string
  /** Lets running requests finish, for a bounded time. */
  stop(): Promise<void>
}

/** Soon, but not before whoever waits for the listening line has read it. */
const SETTLE_AFTER_MS = 20

/** Starts the server. Throws where it cannot listen. */
export function serve(
  config: Config,
  program: Program,
  writeLog: (text: string) => void,
  load: () => Promise<Config>,
): Running {
  const clock = createClock()
  const log = createLog({
    level: config.logLevel,
    write: writeLog,
    now: () => clock.now(),
    ...rendering(config.logFormat, isatty(2)),
  })
  const memory = createMemory(config, clock, log)
  const keys = openKeys(config.dataDir, clock, log)
  const watchers = createWatchers(config, program.version, createRunHistory(config, clock, log), log)
  const { runs, eventLoop } = watchers
  const batches = createBatchEngine({
    config,
    services: () => server.services,
    limiter: memory.limiter,
    watch: watchers.watch,
    clock,
    log,
  })
  let current = config
  const probes = createProbes({
    config: () => current,
    services: () => server.services,
    batches,
    runs,
    eventLoop,
  })
  const use = (next: Config): void => {
    current = next
    Object.assign(server, partsOf(switched.apply(next), memory, keys, clock, log))
  }
  const switched = createModelSwitch(() => use(current))
  const server: Server = {
    ...partsOf(config, memory, keys, clock, log),
    ...watchers,
    switched,
    breakers: () => memory.breakers.stats(),
    keys,
    batches,
    check: createChecks(probes, clock),
    isStopping: false,
    clock,
    log,
    activity: createActivity(),
    ...program,
  }
  const app = createApp(server).listen({
    hostname: config.host,
    port: config.port,
    // Elysia's own choices: a taken port would be shared in silence, and failures shown as pages with source code.
    reusePort: false,
    development: false,
    // Streams may be silent for minutes; the deadlines are ours.
    idleTimeout: 0,
    // So is the 413: Bun's would have no body. What is not read is never held in memory.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  })
  const stopReloading = keepReloading({
    started: config,
    load,
    readTextFile: thisMachine().readTextFile,
    apply: (next) => {
      configureBounds(memory, next)
      use(next)
    },
    clock,
    log,
  })
  const settling = setTimeout(() => {
    server.batches.resume()
    warmUp()
  }, SETTLE_AFTER_MS)
  settling.unref()
  if (config.updateUrl) void logUpdate(config.updateUrl, program.version, log)
  const stopJanitor = startJanitor(choresOf(memory), log)
  const listener = app.server
  const { port } = listener ?? { port: config.port }
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  return {
    url: `http://${host}:${port}`,
    async stop() {
      clearTimeout(settling)
      stopReloading()
      stopJanitor()
      Object.assign(server, { isStopping: true })
      await drain(server, async (force) => listener?.stop(force), config.shutdownTimeoutMs, log)
      await closeMemory(memory)
      runs.close()
      keys.close()
      eventLoop.stop()
      await watchers.tracing?.close()
      log.info('stopped')
      log.flush()
    },
  }
}

async function logUpdate(url: string, version: string, log: Log): Promise<void> {
  try {
    const newer = await findUpdate(url, version)
    if (newer) log.info('update-available', { version: newer, installed: version, url })
  } catch (error) {
    log.warn('update-check-failed', { error })
  }
}

/** The log goes to standard error; where that is a terminal, a person reads it. */
const rendering = (format: Config['logFormat'], inTerminal: boolean): Pick<LogOptions, 'render'> =>
  format === 'pretty' || (format === 'auto' && inTerminal)
    ? { render: (entry) => renderPretty(entry, inTerminal) }
    : {}

/** What of the server follows from the configuration, and changes with it. */
export const partsOf = (config: Config, memory: Memory, keys: KeyStore, clock: Clock, log: Log) => ({
  services: createServices(config, memory, clock, log),
  limiter: memory.limiter,
  ledger: memory.ledger,
  strain: memory.strain,
  access: createAccess({
    keys: config.serverApiKeys,
    adminKey: config.adminApiKey,
    mayBeOpen: isLoopback(config.host),
    passThrough: config.openrouterPassThrough,
    corsOrigins: config.corsOrigins,
    allowedHosts: config.allowedHosts,
    store: keys,
    clock,
  }),
  timing: { startAfterMs: config.streamStartAfterMs, pingIntervalMs: config.pingIntervalMs },
  about: toAbout(config),
  maxBodyBytes: config.maxBodyBytes,
  batchLimits: { maxRequests: config.batchMaxRequests, maxBytes: config.batchMaxBytes },
  bodyTimeoutMs: config.requestReadTimeoutMs,
  headers: {
    ...SECURITY_HEADERS,
    ...(config.demo ? { 'x-demo-upstream': 'no OPENROUTER_API_KEY is set' } : {}),
  },
})

/** No new requests; what runs may finish until the time is up. */
async function drain(
  server: Server,
  stop: (force: boolean) => Promise<unknown>,
  timeoutMs: number,
  log: Log,
): Promise<void> {
  log.info('stopping', { running_requests: server.activity.active })
  // Closes the listener at once; the promise waits for idle connections too, so it is not awaited.
  void stop(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.all([
    Promise.race([server.activity.idle(), timeUp]).then(() => clearTimeout(timer)),
    server.batches.stop(timeoutMs),
  ])
  if (server.activity.active > 0) log.warn('stopping-cuts', { running_requests: server.activity.active })
  await stop(true)
  server.batches.close()
}
