import { LRUCache } from 'lru-cache'

import type { Caller, Limits } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import { type Account, isLimited, newAccount, type Obstacle, obstacleTo, take } from './account.ts'
import { limitHeaders } from './headers.ts'
import { createQueue } from './queue.ts'
import { overBudget, overloaded, refusal } from './refusal.ts'

export interface LimitSettings {
  /** For each key that does not say otherwise. */
  readonly perKey: Limits
  /** For all keys together. */
  readonly global: Limits
  /** How long a request waits for its turn; 0 refuses it at once. */
  readonly queueWaitMs: number
  /** The longest that a client may ask to wait. */
  readonly queueMaxWaitMs: number
  /** How many may wait. */
  readonly queueSize: number
}

/** Money spent since the beginning of the day and of the month. */
export interface Spent {
  readonly dayUsd: number
  readonly monthUsd: number
}

export interface LimiterOptions {
  readonly settings: LimitSettings
  readonly clock: Clock
  /** What one owner has spent, or all of them. */
  readonly spentBy: (owner: string | undefined) => Spent
  /** Why no more can be taken on at present; undefined when all is well. */
  readonly strain: () => string | undefined
}

/** A request that wants to begin. */
export interface Ask {
  readonly id: string
  readonly caller: Caller
  /** For the words of a refusal. */
  readonly model: string
  /** About how many input tokens it brings; only asked where they are limited. */
  readonly inputTokens: () => number
  /** How long the client wants to wait at most; undefined leaves it to the settings. */
  readonly maxWaitMs: number | undefined
}

/** What a call took, as the upstream counted it. */
export interface Taken {
  readonly requestId: string
  readonly owner: string
  /** Without what was read from the prompt cache, which Anthropic does not count either. */
  readonly inputTokens: number
  readonly outputTokens: number
}

export interface LimiterStats {
  readonly running: number
  readonly waiting: number
  readonly admitted: number
  /** Refusals by reason, e.g. `rate_limit_error`, `budget`. */
  readonly refused: Readonly<Record<string, number>>
}

/** Says whether a request may begin. */
export interface Limiter {
  /**
   * Resolves when the request may begin; the result ends it, exactly once however often it is called. Rejects with a
   * `Failure` where a limit is in the way, at once or after the wait that was asked for.
   */
  admit(ask: Ask, signal: AbortSignal): Promise<() => void>
  /** Counts what a call took. */
  charge(taken: Taken): void
  /** Anthropic's headers on where a caller stands; none where nothing is limited. */
  headers(caller: Caller): Readonly<Record<string, string>>
  configure(settings: LimitSettings): void
  stats(): LimiterStats
}

/** Owners who are remembered; those who were quiet longest are forgotten first. */
const MAX_ACCOUNTS = 10_000
/** When to come again if the server is full. */
const RETRY_AFTER_MS = 1000

/** What a request has reserved and not used yet. */
interface Reservation {
  readonly account: Account
  inputTokens: number
}

export function createLimiter({ clock, spentBy, strain, ...options }: LimiterOptions): Limiter {
  let { settings } = options
  const accounts = new LRUCache<string, Account>({ max: MAX_ACCOUNTS })
  const all = newAccount(undefined, 'all keys', clock.now())
  all.limits = settings.global
  const queue = createQueue(clock)
  const reservations = new Map<string, Reservation>()
  const refused = new Map<string, number>()
  let admitted = 0

  const accountOf = ({ owner, name, limits }: Pick<Caller, 'owner' | 'name' | 'limits'>): Account => {
    let account = accounts.get(owner)
    if (!account) {
      account = newAccount(owner, name ?? owner, clock.now())
      accounts.set(owner, account)
    }
    account.name = name ?? owner
    account.limits = withDefaults(limits, settings.perKey)
    return account
  }
  const count = (reason: string): void => void refused.set(reason, (refused.get(reason) ?? 0) + 1)

  const budgetFailure = (account: Account): Failure | undefined => {
    const { dailyBudgetUsd: day, monthlyBudgetUsd: month } = account.limits
    if (day === undefined && month === undefined) return undefined
    const { dayUsd, monthUsd } = spentBy(account.owner)
    if (day !== undefined && dayUsd >= day) return overBudget(account, 'day', day, dayUsd)
    return month !== undefined && monthUsd >= month
      ? overBudget(account, 'month', month, monthUsd)
      : undefined
  }
  const begin = (account: Account, ask: Ask, inputTokens: number): Failure | undefined => {
    const nowMs = clock.now()
    const obstacle = obstacleTo(account, inputTokens, nowMs) ?? obstacleTo(all, inputTokens, nowMs)
    if (obstacle) return failureFor(obstacle, ask.model)
    for (const each of [account, all]) {
      each.running++
      take(each, 'requests', 1, nowMs)
      take(each, 'input-tokens', inputTokens, nowMs)
    }
    reservations.set(ask.id, { account, inputTokens })
    admitted++
    return undefined
  }
  const takeTurn = async (
    account: Account,
    ask: Ask,
    inputTokens: number,
    maxWaitMs: number,
    signal: AbortSignal,
  ): Promise<void> => {
    const turn = queue.wait(ask.caller.owner, () => begin(account, ask, inputTokens), maxWaitMs, signal)
    queue.advance()
    try {
      await turn
    } catch (error) {
      if (error instanceof Failure) count(error.kind)
      throw error
    }
  }
  const end = (id: string): void => {
    const reservation = reservations.get(id)
    if (!reservation) return
    reservations.delete(id)
    for (const each of [reservation.account, all]) {
      each.running--
      take(each, 'input-tokens', -reservation.inputTokens, clock.now())
    }
    if (queue.waiting > 0) queue.advance()
  }

  return {
    async admit(ask, signal) {
      const reason = strain()
      if (reason !== undefined) {
        count('overloaded_error')
        throw overloaded(reason, RETRY_AFTER_MS)
      }
      const account = accountOf(ask.caller)
      const broke = budgetFailure(account) ?? budgetFailure(all)
      if (broke) {
        count('budget')
        throw broke
      }
      const inputTokens = countsInput(account) || countsInput(all) ? ask.inputTokens() : 0
      const maxWaitMs = Math.min(ask.maxWaitMs ?? settings.queueWaitMs, settings.queueMaxWaitMs)
      const mayWait = maxWaitMs > 0 && queue.waiting < settings.queueSize
      const mustQueue = mayWait && queue.waiting > 0
      const failure = mustQueue ? undefined : begin(account, ask, inputTokens)
      if (failure && !mayWait) {
        count(failure.kind)
        throw failure
      }
      if (mustQueue || failure) await takeTurn(account, ask, inputTokens, maxWaitMs, signal)
      return () => end(ask.id)
    },
    charge({ requestId, owner, inputTokens, outputTokens }) {
      const reservation = reservations.get(requestId)
      const account = reservation?.account ?? accounts.get(owner)
      const nowMs = clock.now()
      const reserved = Math.min(reservation?.inputTokens ?? 0, inputTokens)
      if (reservation) reservation.inputTokens -= reserved
      for (const each of account ? [account, all] : [all]) {
        take(each, 'input-tokens', inputTokens - reserved, nowMs)
        take(each, 'output-tokens', outputTokens, nowMs)
      }
    },
    headers(caller) {
      const limited = [accountOf(caller), all].filter(isLimited)
      return limited.length === 0 ? NONE : limitHeaders(limited, clock.now())
    },
    configure(next) {
      settings = next
      all.limits = next.global
      queue.advance()
    },
    stats: () => ({
      running: all.running,
      waiting: queue.waiting,
      admitted,
      refused: Object.fromEntries(refused),
    }),
  }
}

const NONE: Readonly<Record<string, string>> = Object.freeze({})

const countsInput = ({ limits }: Account): boolean => limits.inputTokensPerMinute !== undefined

/** All together at once is the server's own bound, and no fault of a caller's. */
const failureFor = (obstacle: Obstacle, model: string): Failure =>
  obstacle.kind === 'concurrent-requests' && obstacle.account.owner === undefined
    ? overloaded(`${obstacle.limit} requests are being answered`, RETRY_AFTER_MS)
    : refusal(obstacle, model)

function withDefaults(own: Limits, defaults: Limits): Limits {
  for (const name in own)
    if (own[name as keyof Limits] !== undefined) {
      const given = Object.entries(own).filter(([, limit]) => limit !== undefined)
      return { ...defaults, ...Object.fromEntries(given) }
    }
  return defaults
}
