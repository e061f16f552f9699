import { fullPace, type Pace } from './pace.ts'
import type { OpenBatch } from './store.ts'

export interface Widths {
  /** Calls that may run at once, of all batches. */
  readonly total: number
  readonly perOwner: number
  readonly perBatch: number
}

/** What the worker knows of a batch that the store does not. */
export interface ActiveBatch {
  record: OpenBatch
  pace: Pace
  /** Nothing of it waits that may run before. */
  idleUntilMs: number
  /** When it had its last turn. */
  turn: number
  /** The calls under way, by the number of their request. */
  readonly running: Map<number, AbortController>
}

/** Hands out turns: owners take turns, and so do the batches of each. */
export interface Turns {
  /** The batch that may begin a call now; it has had its turn then. */
  next(batches: Iterable<ActiveBatch>, nowMs: number): ActiveBatch | undefined
}

export const toActive = (record: OpenBatch, widths: Widths): ActiveBatch => ({
  record,
  pace: fullPace(widths.perBatch),
  idleUntilMs: 0,
  turn: 0,
  running: new Map(),
})

/** Why a batch begins no more calls, as the end of those that have not come to one; undefined while it goes on. */
export const closingOf = ({ record }: ActiveBatch, nowMs: number): 'canceled' | 'expired' | undefined => {
  if (record.state === 'canceling') return 'canceled'
  return nowMs >= record.expiresAtMs ? 'expired' : undefined
}

export function createTurns(widths: Widths): Turns {
  const ownerTurns = new Map<string, number>()
  let turn = 0

  const compare = (one: ActiveBatch, other: ActiveBatch): number =>
    (ownerTurns.get(one.record.caller.owner) ?? 0) - (ownerTurns.get(other.record.caller.owner) ?? 0) ||
    one.turn - other.turn

  return {
    next(batches, nowMs) {
      const all = [...batches]
      const running = runningByOwner(all)
      if (sum(running.values()) >= widths.total) return undefined
      const ready = all.filter(
        (batch) =>
          isReady(batch, nowMs) && (running.get(batch.record.caller.owner) ?? 0) < widthOf(batch, widths),
      )
      const [first, ...others] = ready
      if (!first) return undefined
      const chosen = others.reduce((best, batch) => (compare(batch, best) < 0 ? batch : best), first)
      chosen.turn = ++turn
      ownerTurns.set(chosen.record.caller.owner, turn)
      return chosen
    },
  }
}

/** How many may run at once for the owner of a batch, whose key may have a limit of its own. */
const widthOf = ({ record }: ActiveBatch, { perOwner }: Widths): number =>
  Math.min(perOwner, record.caller.limits.concurrentRequests ?? Infinity)

const isReady = (batch: ActiveBatch, nowMs: number): boolean =>
  closingOf(batch, nowMs) === undefined &&
  batch.running.size < batch.pace.width &&
  nowMs >= batch.pace.pausedUntilMs &&
  nowMs >= batch.idleUntilMs

function runningByOwner(batches: readonly ActiveBatch[]): Map<string, number> {
  const running = new Map<string, number>()
  for (const { record, running: calls } of batches)
    running.set(record.caller.owner, (running.get(record.caller.owner) ?? 0) + calls.size)
  return running
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, value) => total + value, 0)
