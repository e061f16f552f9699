import type { Clock } from '../core/clock.ts'
import { type CachedAnswer, tokensOf } from './answer.ts'
import type { CacheTier, TierStats } from './tier.ts'

/** What a hit saved, per upstream model. */
export interface Savings {
  readonly hits: number
  readonly tokens: number
  readonly costUsd: number
}

export interface CacheStats {
  readonly hits: number
  readonly misses: number
  /** Misses that waited for the same question of another client instead of asking too. */
  readonly coalesced: number
  readonly stored: number
  readonly tokensSaved: number
  readonly costSavedUsd: number
  readonly models: Readonly<Record<string, Savings>>
  readonly tiers: readonly TierStats[]
}

/** An answer that is being made, for those who ask the same meanwhile. */
export interface Flight {
  /** Resolves to the answer, or to undefined where it failed or may not be kept. */
  readonly answer: Promise<CachedAnswer | undefined>
}

export interface ResponseCache {
  readonly ttlMs: number
  readonly salt: string
  /** The answer, if it is there and not older than `maxAgeMs`. */
  find(key: string, maxAgeMs: number): Promise<CachedAnswer | undefined>
  store(key: string, answer: CachedAnswer): Promise<void>
  /** Whoever is asking the same right now. */
  flight(key: string): Flight | undefined
  /** Says that this one is being asked; the result ends it, with the answer or with nothing. Idempotent. */
  takeOff(key: string): (answer: CachedAnswer | undefined) => void
  countCoalesced(answer: CachedAnswer): void
  clear(): Promise<number>
  removeExpired(): Promise<{ readonly removed: number; readonly remaining: number }>
  stats(): Promise<CacheStats>
  close(): void
}

export interface CacheOptions {
  /** The nearest first. */
  readonly tiers: readonly CacheTier[]
  readonly ttlMs: number
  readonly salt: string
  readonly clock: Clock
}

/** Remembers finished answers in its tiers; what a far one has, the nearer ones get too. */
export function createCache({ tiers, ttlMs, salt, clock }: CacheOptions): ResponseCache {
  const flights = new Map<string, Flight>()
  const models = new Map<string, Savings>()
  const counts = { hits: 0, misses: 0, coalesced: 0, stored: 0 }

  const save = (answer: CachedAnswer): void => {
    const before = models.get(answer.model) ?? { hits: 0, tokens: 0, costUsd: 0 }
    models.set(answer.model, {
      hits: before.hits + 1,
      tokens: before.tokens + tokensOf(answer),
      costUsd: before.costUsd + answer.costUsd,
    })
  }
  const search = async (key: string): Promise<CachedAnswer | undefined> => {
    for (const [at, tier] of tiers.entries()) {
      const answer = await tier.get(key)
      if (!answer) continue
      for (const nearer of tiers.slice(0, at)) await nearer.set(key, answer)
      return answer
    }
    return undefined
  }

  return {
    ttlMs,
    salt,
    async find(key, maxAgeMs) {
      const answer = await search(key)
      const isFresh = answer !== undefined && clock.now() - answer.storedAtMs <= maxAgeMs
      if (!isFresh) {
        counts.misses++
        return undefined
      }
      counts.hits++
      save(answer)
      return answer
    },
    async store(key, answer) {
      counts.stored++
      for (const tier of tiers) await tier.set(key, answer)
    },
    flight: (key) => flights.get(key),
    takeOff(key) {
      const { promise, resolve } = Promise.withResolvers<CachedAnswer | undefined>()
      const flight = { answer: promise }
      flights.set(key, flight)
      return (answer) => {
        if (flights.get(key) === flight) flights.delete(key)
        resolve(answer)
      }
    },
    countCoalesced(answer) {
      counts.coalesced++
      save(answer)
    },
    async clear() {
      const removed = await Promise.all(tiers.map(async (tier) => tier.clear()))
      return Math.max(0, ...removed)
    },
    async removeExpired() {
      const removed = await Promise.all(tiers.map(async (tier) => tier.removeExpired()))
      const stats = await Promise.all(tiers.map(async (tier) => tier.stats()))
      return {
        removed: Math.max(0, ...removed),
        remaining: Math.max(0, ...stats.map(({ entries }) => entries)),
      }
    },
    async stats() {
      const saved = [...models.values()]
      return {
        ...counts,
        tokensSaved: saved.reduce((total, { tokens }) => total + tokens, 0),
        costSavedUsd: saved.reduce((total, { costUsd }) => total + costUsd, 0),
        models: Object.fromEntries(models),
        tiers: await Promise.all(tiers.map(async (tier) => tier.stats())),
      }
    },
    close() {
      for (const tier of tiers) tier.close()
    },
  }
}
