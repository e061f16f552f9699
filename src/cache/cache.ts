import type { Clock } from '../core/clock.ts'
import type { CachedAnswer } from './answer.ts'
import { type CacheCounts, createCounts } from './counts.ts'
import type { CacheTier, TierStats } from './tier.ts'

export interface CacheStats extends CacheCounts {
  readonly tiers: readonly TierStats[]
}

export interface ResponseCache {
  readonly ttlMs: number
  /** The secret part of every key. */
  readonly salt: string
  /** The owner's answer, if it is there and not older than `maxAgeMs`. */
  find(key: string, owner: string, maxAgeMs: number): Promise<CachedAnswer | undefined>
  store(key: string, answer: CachedAnswer): Promise<void>
  /** Counts an answer that was shared with somebody who asked the same at the same time. */
  countCoalesced(answer: CachedAnswer): void
  /** Forgets the answers of one owner, or of all; resolves to their number. */
  clear(owner: string | undefined): Promise<number>
  removeExpired(): Promise<{ readonly removed: number; readonly remaining: number }>
  /** The counts of one owner, or of all; the tiers are everybody's. */
  stats(owner?: string): Promise<CacheStats>
  close(): void
}

export interface CacheOptions {
  /** The nearest first. */
  readonly tiers: readonly CacheTier[]
  readonly ttlMs: number
  readonly salt: () => string
  readonly clock: Clock
}

/** Remembers finished answers in its tiers; what a far one has, the nearer ones get too. */
export function createCache({ tiers, ttlMs, salt, clock }: CacheOptions): ResponseCache {
  const counts = createCounts()
  let clearings = 0

  const search = async (key: string): Promise<CachedAnswer | undefined> => {
    const before = clearings
    for (const [at, tier] of tiers.entries()) {
      const answer = await tier.get(key)
      if (!answer) continue
      // What was found just before it was cleared is given, but not brought back.
      for (const nearer of tiers.slice(0, at)) if (clearings === before) await nearer.set(key, answer)
      return answer
    }
    return undefined
  }

  return {
    ttlMs,
    get salt() {
      return salt()
    },
    async find(key, owner, maxAgeMs) {
      const answer = await search(key)
      const isFresh = answer !== undefined && clock.now() - answer.storedAtMs <= maxAgeMs
      counts.count(isFresh ? 'hits' : 'misses', owner)
      if (!isFresh) return undefined
      counts.save(answer)
      return answer
    },
    async store(key, answer) {
      counts.count('stored', answer.owner)
      for (const tier of tiers) await tier.set(key, answer)
    },
    countCoalesced(answer) {
      counts.count('coalesced', answer.owner)
      counts.save(answer)
    },
    async clear(owner) {
      let most = 0
      // The farthest first: what it still has, a search brings into the nearer ones.
      for (const tier of tiers.toReversed()) {
        clearings++
        most = Math.max(most, await tier.clear(owner))
      }
      return most
    },
    async removeExpired() {
      const removed = await Promise.all(tiers.map(async (tier) => tier.removeExpired()))
      const stats = await Promise.all(tiers.map(async (tier) => tier.stats()))
      return {
        removed: Math.max(0, ...removed),
        remaining: Math.max(0, ...stats.map(({ entries }) => entries)),
      }
    },
    async stats(owner) {
      return { ...counts.of(owner), tiers: await Promise.all(tiers.map(async (tier) => tier.stats())) }
    },
    close() {
      for (const tier of tiers) tier.close()
    },
  }
}
