import type { Trace } from '../core/context.ts'

/** The notes of a call that add up. */
const COUNTS = ['input_tokens', 'cached_tokens', 'output_tokens', 'cost_usd'] as const

/** What several calls of one answer cost together, where each notes its own. */
export interface Account {
  /** Takes in what the last call, or somebody else's trace, has noted, and notes the sums. */
  add(from?: Pick<Trace, 'noted'>): void
  /** Forgets the notes, before another call makes its own. */
  next(): void
  /** What all has cost so far, in USD. */
  costUsd(): number
}

export function openAccount(trace: Trace): Account {
  const sums = new Map<string, number>()
  return {
    add(from = trace) {
      for (const key of COUNTS) {
        const value = from.noted(key)
        if (typeof value === 'number') sums.set(key, (sums.get(key) ?? 0) + value)
        if (sums.has(key)) trace.note(key, sums.get(key))
      }
    },
    next() {
      for (const key of COUNTS) trace.note(key, undefined)
    },
    costUsd: () => sums.get('cost_usd') ?? 0,
  }
}
