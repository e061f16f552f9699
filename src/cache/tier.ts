import type { CachedAnswer } from './answer.ts'

/** What one tier counts, since the start of the process where it does not say otherwise. */
export interface TierStats {
  readonly name: string
  readonly entries: number
  readonly bytes: number
  readonly maxBytes: number
  readonly hits: number
  readonly misses: number
  readonly evictions: number
  /** Entries that were found too old. */
  readonly expired: number
}

/**
 * One place where answers are kept: in this process, on this machine's disk, or shared between machines. A tier that
 * fails has nothing and takes nothing; it never rejects.
 */
export interface CacheTier {
  readonly name: string
  get(key: string): Promise<CachedAnswer | undefined>
  set(key: string, answer: CachedAnswer): Promise<void>
  /** Forgets the answers of one owner, or of all; resolves to the number of entries. */
  clear(owner: string | undefined): Promise<number>
  /** Removes what is too old; resolves to the number of entries. */
  removeExpired(): Promise<number>
  stats(): Promise<TierStats>
  close(): void
}
