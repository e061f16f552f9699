import type { Database } from 'bun:sqlite'
import { totalmem } from 'node:os'
import { join } from 'node:path'

import type { Config } from './config/schema.ts'
import type { Clock } from './core/clock.ts'
import { createLimiter, type Limiter, type LimitSettings } from './limits/limiter.ts'
import { type Strain, type StrainLimits, watchStrain } from './limits/strain.ts'
import type { Log } from './observability/log.ts'
import { openDatabase } from './store/database.ts'
import { type Breakers, type BreakerSettings, createBreakers } from './upstream/breaker.ts'
import { createRetryBudgets, type RetryBudgets } from './upstream/retry-budget.ts'
import { createLedger, type Ledger } from './usage/ledger.ts'
import { USAGE_MIGRATIONS } from './usage/tables.ts'

/** What keeps clients and upstreams within bounds. Its counts outlive a change of the configuration. */
export interface Bounds {
  readonly ledger: Ledger
  readonly limiter: Limiter
  readonly strain: Strain
  readonly breakers: Breakers
  readonly retryBudgets: RetryBudgets
}

export function createBounds(config: Config, clock: Clock, log: Log): Bounds {
  const strain = watchStrain(toStrainLimits(config))
  const ledger = openLedger(config, clock, log)
  const limiter = createLimiter({
    settings: toLimitSettings(config),
    clock,
    spentBy: (owner) => ledger.spentBy(owner),
    strain: () => strain.reason(),
  })
  return {
    ledger,
    limiter,
    strain,
    breakers: createBreakers(toBreakerSettings(config), { clock, log }),
    retryBudgets: createRetryBudgets(config.retryBudget, clock),
  }
}

/** Applies what a changed configuration says. */
export function configureBounds(bounds: Bounds, config: Config): void {
  bounds.limiter.configure(toLimitSettings(config))
  bounds.strain.configure(toStrainLimits(config))
  bounds.breakers.configure(toBreakerSettings(config))
  bounds.retryBudgets.configure(config.retryBudget)
}

/** Stores what is not yet on disk, and ends all timers. */
export function closeBounds({ ledger, strain }: Pick<Bounds, 'ledger' | 'strain'>): void {
  strain.stop()
  ledger.close()
}

/** Every call is written down, and counts against its owner's limits. */
export const recorderOf = ({ ledger, limiter }: Bounds): Pick<Ledger, 'record'> => ({
  record(entry) {
    ledger.record(entry)
    limiter.charge({ ...entry, inputTokens: entry.inputTokens - entry.cachedTokens })
  },
})

const toLimitSettings = (config: Config): LimitSettings => ({
  perKey: {
    requestsPerMinute: config.rateLimitRequests,
    inputTokensPerMinute: config.rateLimitInputTokens,
    outputTokensPerMinute: config.rateLimitOutputTokens,
    concurrentRequests: config.rateLimitConcurrency,
    dailyBudgetUsd: config.budgetDailyUsd,
    monthlyBudgetUsd: config.budgetMonthlyUsd,
  },
  global: {
    requestsPerMinute: config.globalRateLimitRequests,
    inputTokensPerMinute: config.globalRateLimitInputTokens,
    outputTokensPerMinute: config.globalRateLimitOutputTokens,
    concurrentRequests: config.maxConcurrentRequests,
    dailyBudgetUsd: config.globalBudgetDailyUsd,
    monthlyBudgetUsd: config.globalBudgetMonthlyUsd,
  },
  queueWaitMs: config.queueWaitMs,
  queueMaxWaitMs: Math.max(config.queueWaitMs, config.queueMaxWaitMs),
  queueSize: config.queueSize,
})

/** The part of all memory from which on there is too little left. */
const MEMORY_SHARE = 0.9

const toStrainLimits = ({ shedEventLoopLagMs, shedMemoryBytes }: Config): StrainLimits => ({
  maxLagMs: shedEventLoopLagMs,
  maxMemoryBytes: shedMemoryBytes ?? MEMORY_SHARE * (process.constrainedMemory() || totalmem()),
})

const toBreakerSettings = (config: Config): BreakerSettings => ({
  failures: config.breakerFailures,
  cooldownMs: config.breakerCooldownMs,
})

const DAY_MS = 86_400_000

function openLedger(config: Config, clock: Clock, log: Log): Ledger {
  // What the demo says it costs is nobody's money.
  const name = config.demo ? 'usage-demo.db' : 'usage.db'
  const open = (): Database =>
    openDatabase({
      path: join(config.dataDir, name),
      migrations: USAGE_MIGRATIONS,
      stamp: () => new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-'),
      log,
    })
  return createLedger({
    open: config.usageRetentionDays === 0 ? undefined : open,
    retentionMs: config.usageRetentionDays * DAY_MS,
    clock,
    log,
  })
}
