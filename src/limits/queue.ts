import type { Clock } from '../core/clock.ts'
import type { Failure } from '../core/errors.ts'

/** A call that waits for its turn. */
interface Waiter {
  readonly owner: string
  /** Tries to begin; tells what is in the way. */
  readonly begin: () => Failure | undefined
  readonly untilMs: number
  readonly settle: (failure: Failure | Error | undefined) => void
}

/** Calls that wait for a limit to let them through: each owner's in their order, the owners in turn. */
export interface Queue {
  readonly waiting: number
  /** Resolves when `begin` told nothing any more; rejects with what it told last when the time is up. */
  wait(owner: string, begin: Waiter['begin'], maxWaitMs: number, signal: AbortSignal): Promise<void>
  /** Something has become free. */
  advance(): void
}

export function createQueue(clock: Clock): Queue {
  /** One lane an owner; the first lane has its turn next. */
  const lanes = new Map<string, Waiter[]>()
  let waiting = 0
  let stopWatching: (() => void) | undefined

  const remove = (waiter: Waiter): boolean => {
    const lane = lanes.get(waiter.owner)
    const at = lane?.indexOf(waiter) ?? -1
    if (!lane || at < 0) return false
    lane.splice(at, 1)
    if (lane.length === 0) lanes.delete(waiter.owner)
    waiting--
    if (waiting === 0) {
      stopWatching?.()
      stopWatching = undefined
    }
    return true
  }
  const advance = (): void => {
    for (let hasBegun = true; hasBegun;) {
      hasBegun = false
      for (const [owner, lane] of Array.from(lanes)) {
        const [first] = lane
        if (!first || !tryFirst(first)) continue
        hasBegun = true
        // Whoever had a turn stands behind the others.
        const rest = lanes.get(owner)
        if (rest) {
          lanes.delete(owner)
          lanes.set(owner, rest)
        }
      }
    }
  }
  const tryFirst = (waiter: Waiter): boolean => {
    const failure = waiter.begin()
    if (failure && clock.now() < waiter.untilMs) return false
    remove(waiter)
    waiter.settle(failure)
    return failure === undefined
  }

  const tick = (nowMs: number): void => {
    for (const lane of Array.from(lanes.values()))
      for (const waiter of Array.from(lane)) if (nowMs >= waiter.untilMs) tryFirst(waiter)
    advance()
  }

  return {
    get waiting() {
      return waiting
    },
    async wait(owner, begin, maxWaitMs, signal) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiter: Waiter = {
        owner,
        begin,
        untilMs: clock.now() + maxWaitMs,
        settle: (failure) => (failure ? reject(failure) : resolve()),
      }
      const hangUp = (): void => {
        if (remove(waiter)) reject(new DOMException('The client hung up.', 'AbortError'))
      }
      signal.addEventListener('abort', hangUp, { once: true })
      const lane = lanes.get(owner)
      if (lane) lane.push(waiter)
      else lanes.set(owner, [waiter])
      waiting++
      stopWatching ??= clock.watch(tick)
      try {
        await promise
      } finally {
        signal.removeEventListener('abort', hangUp)
      }
    },
    advance,
  }
}
