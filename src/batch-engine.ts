import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { type Batches, createBatches } from './batches/batches.ts'
import { createWorkerLock } from './batches/lock.ts'
import type { RemoteEndpoint } from './batches/remote/ports.ts'
import { createRunRequest } from './batches/run-request.ts'
import { BATCH_MIGRATIONS } from './batches/tables.ts'
import type { Widths } from './batches/turns.ts'
import type { Config } from './config/schema.ts'
import type { Clock } from './core/clock.ts'
import { Failure } from './core/errors.ts'
import type { Limiter } from './limits/limiter.ts'
import type { Services } from './messages/services.ts'
import type { Log } from './observability/log.ts'
import type { Watch } from './observability/request.ts'
import { upstreamHeaders } from './services.ts'
import { openDatabase } from './store/database.ts'
import type { Fetch } from './upstream/client.ts'
import { createOpenRouterBatches } from './upstream/openrouter-batches.ts'

export interface BatchEngineOptions {
  readonly config: Config
  /** They may change meanwhile. */
  readonly services: () => Services
  readonly limiter: Limiter
  readonly watch: Watch
  readonly clock: Clock
  readonly log: Log
}

/** Message batches on a database file in the data folder. */
export function createBatchEngine(options: BatchEngineOptions): Batches {
  const { config, clock, log } = options
  const path = join(config.dataDir, 'batches.db')
  const stamp = (): string => new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')
  return createBatches({
    open: () => openDatabase({ path, migrations: BATCH_MIGRATIONS, stamp, log }),
    isThere: () => existsSync(path),
    lock: createWorkerLock(join(config.dataDir, 'batches.lock')),
    run: createRunRequest({ ...options, defers: config.openrouterBatches }),
    clock,
    log,
    random: Math.random,
    widths: toWidths(config),
    retries: config.batchRetries,
    endpoint: config.openrouterBatches ? endpointsOf(config, clock) : undefined,
  })
}

/** The batch endpoint of each upstream that speaks as OpenRouter does. */
function endpointsOf({ upstreams }: Config, clock: Clock): (name: string) => RemoteEndpoint {
  const fetchIt: Fetch = async (url, init) => fetch(url, init)
  const endpoints = new Map(
    upstreams.map((plan) => [
      plan.name,
      createOpenRouterBatches({
        baseUrl: plan.baseUrl,
        headers: upstreamHeaders(plan),
        fetch: fetchIt,
        clock,
      }),
    ]),
  )
  return (name) => {
    const endpoint = endpoints.get(name)
    if (!endpoint) throw new Failure('not_found_error', `there is no upstream ${name} any more`)
    return endpoint
  }
}

/** Others have to come through too: batches leave half of what may run at once to them. */
function toWidths(config: Config): Widths {
  const { maxConcurrentRequests: most, rateLimitConcurrency: mostPerKey = Infinity } = config
  const total = Math.min(config.batchConcurrency, Math.max(1, Math.floor(most / 2)))
  return {
    total,
    perOwner: Math.min(config.batchConcurrencyPerKey ?? total, mostPerKey),
    perBatch: config.batchConcurrencyPerBatch ?? total,
  }
}
