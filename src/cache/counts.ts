import { LRUCache } from 'lru-cache'

import { type CachedAnswer, tokensOf } from './answer.ts'

/** What hits saved, per upstream model. */
export interface Savings {
  readonly hits: number
  readonly tokens: number
  readonly costUsd: number
}

export interface CacheCounts {
  readonly hits: number
  readonly misses: number
  /** Misses that shared the call of somebody who asked the same at the same time. */
  readonly coalesced: number
  readonly stored: number
  readonly tokensSaved: number
  readonly costSavedUsd: number
  readonly models: Readonly<Record<string, Savings>>
}

type Counted = 'hits' | 'misses' | 'coalesced' | 'stored'

/** Counts since the start of the process, of everybody together and of each owner. */
export interface Counts {
  count(what: Counted, owner: string): void
  /** A call that was not needed. */
  save(answer: CachedAnswer): void
  of(owner: string | undefined): CacheCounts
}

/** Owners whose counts are kept; of those who were not seen for longest they begin anew. */
const MAX_OWNERS = 1000

interface Tally {
  readonly counts: Record<Counted, number>
  readonly models: Map<string, Savings>
}

const newTally = (): Tally => ({
  counts: { hits: 0, misses: 0, coalesced: 0, stored: 0 },
  models: new Map(),
})

export function createCounts(): Counts {
  const all = newTally()
  const owners = new LRUCache<string, Tally>({ max: MAX_OWNERS })

  const talliesOf = (owner: string): readonly Tally[] => {
    const own = owners.get(owner) ?? newTally()
    owners.set(owner, own)
    return [all, own]
  }
  return {
    count(what, owner) {
      for (const { counts } of talliesOf(owner)) counts[what]++
    },
    save(answer) {
      for (const { models } of talliesOf(answer.owner)) addSavings(models, answer)
    },
    of: (owner) => toCounts(owner === undefined ? all : (owners.get(owner) ?? newTally())),
  }
}

function addSavings(models: Map<string, Savings>, answer: CachedAnswer): void {
  const before = models.get(answer.model) ?? { hits: 0, tokens: 0, costUsd: 0 }
  models.set(answer.model, {
    hits: before.hits + 1,
    tokens: before.tokens + tokensOf(answer),
    costUsd: before.costUsd + answer.costUsd,
  })
}

function toCounts({ counts, models }: Tally): CacheCounts {
  const saved = [...models.values()]
  return {
    ...counts,
    tokensSaved: saved.reduce((total, { tokens }) => total + tokens, 0),
    costSavedUsd: saved.reduce((total, { costUsd }) => total + costUsd, 0),
    models: Object.fromEntries(models),
  }
}
