import { LRUCache } from 'lru-cache'

import type { Clock } from '../core/clock.ts'
import type { CachedAnswer } from './answer.ts'
import type { CacheTier } from './tier.ts'

export interface MemoryOptions {
  readonly maxBytes: number
  readonly clock: Clock
}

interface Held {
  readonly answer: CachedAnswer
  readonly bytes: number
}

/** A string of JSON takes up to two bytes a character, and its objects about as much again. */
const BYTES_A_CHARACTER = 4
const BYTES_AN_ENTRY = 512

/** The tier in this process: the answers used last, within bounds. */
export function createMemoryTier({ maxBytes, clock }: MemoryOptions): CacheTier {
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0 }
  const entries = new LRUCache<string, Held>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes,
    dispose(_held, _key, reason) {
      if (reason === 'evict') counts.evictions++
    },
  })
  const dropIfOld = (key: string, { answer }: Held): boolean => {
    if (answer.expiresAtMs > clock.now()) return false
    counts.expired++
    return entries.delete(key)
  }
  return {
    name: 'memory',
    async get(key) {
      const held = entries.get(key)
      const found = held !== undefined && !dropIfOld(key, held) ? held.answer : undefined
      if (found) counts.hits++
      else counts.misses++
      return found
    },
    async set(key, answer) {
      const bytes = JSON.stringify(answer.message).length * BYTES_A_CHARACTER + BYTES_AN_ENTRY
      entries.set(key, { answer, bytes })
    },
    async clear(owner) {
      const keys = [...entries.entries()].filter(
        ([, { answer }]) => owner === undefined || answer.owner === owner,
      )
      for (const [key] of keys) entries.delete(key)
      return keys.length
    },
    async removeExpired() {
      let removed = 0
      for (const [key, held] of entries.entries()) if (dropIfOld(key, held)) removed++
      return removed
    },
    async stats() {
      return { name: 'memory', entries: entries.size, bytes: entries.calculatedSize, maxBytes, ...counts }
    },
    close() {
      entries.clear()
    },
  }
}
