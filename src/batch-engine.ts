import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { type Batches, createBatches } from './batches/batches.ts'
import { createWorkerLock } from './batches/lock.ts'
import { createRunRequest } from './batches/run-request.ts'
import { BATCH_MIGRATIONS } from './batches/tables.ts'
import type { Config } from './config/schema.ts'
import type { Clock } from './core/clock.ts'
import type { Services } from './messages/services.ts'
import type { Log } from './observability/log.ts'
import type { Watch } from './observability/request.ts'
import { openDatabase } from './store/database.ts'

/** Message batches, whose requests are answered by whatever the services are at their time. */
export function createBatchEngine(
  config: Config,
  services: () => Services,
  watch: Watch,
  clock: Clock,
  log: Log,
): Batches {
  const path = join(config.dataDir, 'batches.db')
  const stamp = (): string => new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')
  const { batchConcurrency: total } = config
  return createBatches({
    open: () => openDatabase({ path, migrations: BATCH_MIGRATIONS, stamp, log }),
    isThere: () => existsSync(path),
    lock: createWorkerLock(join(config.dataDir, 'batches.lock')),
    run: createRunRequest({ services, clock, log, watch }),
    clock,
    log,
    random: Math.random,
    widths: {
      total,
      perOwner: config.batchConcurrencyPerKey ?? total,
      perBatch: config.batchConcurrencyPerBatch ?? total,
    },
    retries: config.batchRetries,
  })
}
