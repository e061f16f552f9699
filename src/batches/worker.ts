import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import type { Failure } from '../core/errors.ts'
import { asFailure } from '../observability/failure.ts'
import { type ClaimedItem, RETENTION_MS } from './batch.ts'
import { type Ending, finished, isNoRoom, mayPass } from './ending.ts'
import { newRequestId } from './ids.ts'
import type { WorkerLock } from './lock.ts'
import { retryDelayMs, slowDown, speedUp } from './pace.ts'
import { readParams } from './params.ts'
import { Deferred } from './remote/call.ts'
import { errored, succeeded } from './result.ts'
import type { RunRequest } from './run-request.ts'
import type { BatchQueue } from './store.ts'
import { createThroughput } from './throughput.ts'
import { type ActiveBatch, closingOf, createTurns, toActive, type Widths } from './turns.ts'

export interface WorkerOptions {
  readonly queue: BatchQueue
  readonly run: RunRequest
  readonly lock: WorkerLock
  /** Batches that this program is just taking in. */
  readonly creating: ReadonlySet<number>
  readonly clock: Clock
  readonly log: Logger
  /** 0 … 1 */
  readonly random: () => number
  readonly widths: Widths
  /** Further tries of a request whose failure may pass. */
  readonly retries: number
  /** Called when a batch has ended. */
  readonly onEnded: () => void
}

/** Runs what waits in the queue. */
export interface Worker {
  /** Looks for work now; without it, at the clock's next tick. */
  wake(): void
  /** Looks for work now in a batch that had none. */
  revive(batch: number): void
  /** Calls under way. */
  running(): number
  /** Requests that came to an end lately. */
  perSecond(): number
  /** Begins nothing more, lets calls finish for a time, cuts off the rest: they wait for the next start. */
  stop(graceMs: number): Promise<void>
}

/** Rows changed at a time, so that no request waits for a long one. */
const SLICE = 100
const PURGE_EVERY_MS = 60_000
/** How long the store is left alone that failed: each try may hold up everybody. */
const BROKEN_PAUSE_MS = 1000
/** How long a call that was cut off may take to notice. */
const CUT_MS = 2000

/** A call that is over, but the store does not know it yet. */
interface Unsaved {
  readonly batch: ActiveBatch
  readonly item: ClaimedItem
  readonly ending: Ending
}

export function startWorker(options: WorkerOptions): Worker {
  const { queue, run, lock, clock, log, random, widths } = options
  const batches = new Map<number, ActiveBatch>()
  const turns = createTurns(widths)
  const throughput = createThroughput()
  const watchers = new Set<() => void>()
  let unsaved: Unsaved[] = []
  let recovered = false
  let isStale = true
  let purgeAtMs = 0
  let stopping = false
  let isBroken = false
  let pausedUntilMs = 0
  let scheduled = false
  let passing = false
  /** Something happened during the pass that it may have missed. */
  let again = false

  const running = (): number => batches.values().reduce((sum, batch) => sum + batch.running.size, 0)

  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    // Not at once: answers that are there at once would otherwise keep everybody else waiting.
    setImmediate(() => {
      scheduled = false
      void pass()
    })
  }
  const pass = async (): Promise<void> => {
    again = passing
    if (passing || stopping || clock.now() < pausedUntilMs) return
    passing = true
    try {
      if (lock.acquire()) await work()
      if (isBroken) log.info('batch-store-works-again')
      isBroken = false
    } catch (error) {
      report(error)
    } finally {
      passing = false
      if (again) schedule()
    }
  }
  /** Said once, however often it is tried again. */
  const report = (error: unknown): void => {
    if (!isBroken) log.error('batch-store-failed', { error })
    isBroken = true
    pausedUntilMs = clock.now() + BROKEN_PAUSE_MS
  }

  const work = async (): Promise<void> => {
    if (!recovered) await queue.recover(options.creating)
    recovered = true
    await saveWhatIsLeft()
    if (isStale) await refresh()
    for (const batch of batches.values()) await close(batch)
    await begin()
    await purge()
  }
  const refresh = async (): Promise<void> => {
    isStale = false
    const open = new Map((await queue.open()).map((record) => [record.seq, record]))
    for (const [seq, batch] of batches) if (!open.has(seq) && batch.running.size === 0) batches.delete(seq)
    for (const [seq, record] of open) {
      const known = batches.get(seq)
      if (known) known.record = record
      else batches.set(seq, toActive(record, widths))
    }
  }
  /** Ends what a canceled or expired batch has not begun, and cuts off what it has. */
  const close = async (batch: ActiveBatch): Promise<void> => {
    const outcome = closingOf(batch, clock.now())
    if (!outcome) return
    for (const controller of batch.running.values()) controller.abort()
    const { items, ended } = await queue.finishWaiting(batch.record.seq, outcome, SLICE, clock.now())
    if (items === SLICE) again = true
    if (ended) drop(batch)
  }
  const drop = (batch: ActiveBatch): void => {
    batches.delete(batch.record.seq)
    const { id, total } = batch.record
    log.info('batch-ended', { batch_id: id, requests: total })
    options.onEnded()
  }
  const begin = async (): Promise<void> => {
    while (!stopping && unsaved.length === 0) {
      const batch = turns.next(batches.values(), clock.now())
      if (!batch) return
      const item = await queue.claim(batch.record.seq, clock.now())
      if (item) void perform(batch, item)
      else await findDue(batch)
    }
  }
  const findDue = async (batch: ActiveBatch): Promise<void> => {
    // First, so that what is put back meanwhile is not overlooked.
    batch.idleUntilMs = Infinity
    const dueAtMs = (await queue.nextDueMs(batch.record.seq)) ?? Infinity
    batch.idleUntilMs = Math.min(batch.idleUntilMs, dueAtMs)
  }

  const perform = async (batch: ActiveBatch, item: ClaimedItem): Promise<void> => {
    const controller = new AbortController()
    batch.running.set(item.seq, controller)
    const ending = await call(batch, item, controller.signal)
    const done = { batch, item, ending }
    try {
      if (unsaved.length > 0) unsaved.push(done)
      else await save(done)
    } catch (error) {
      report(error)
      unsaved.push(done)
    }
    for (const watcher of watchers) watcher()
    schedule()
  }
  const call = async (batch: ActiveBatch, item: ClaimedItem, signal: AbortSignal): Promise<Ending> => {
    const startedAtMs = clock.now()
    const { id: batchId, caller, protocol } = batch.record
    const id = newRequestId()
    try {
      const params = readParams(item.text)
      const message = await run(params, {
        id,
        batchId,
        customId: item.customId,
        caller,
        protocol,
        signal,
        outcome: item.outcome,
      })
      batch.pace = speedUp(batch.pace, widths.perBatch)
      return finished(succeeded(message))
    } catch (error) {
      if (signal.aborted) return cutOff(batch)
      if (error instanceof Deferred) return { type: 'deferred', call: error.call }
      if (isNoRoom(error)) return noRoom(batch, error, startedAtMs)
      if (mayPass(error) && item.failures < options.retries) return { type: 'later' }
      return finished(errored(asFailure(error, { log }), id))
    }
  }
  const cutOff = (batch: ActiveBatch): Ending => {
    const outcome = closingOf(batch, clock.now())
    return outcome ? finished({ type: outcome }) : { type: 'again' }
  }
  const noRoom = (batch: ActiveBatch, { retryAfterMs }: Failure, startedAtMs: number): Ending => {
    const nowMs = clock.now()
    batch.pace = slowDown(batch.pace, { startedAtMs, nowMs, retryAfterMs, random: random() })
    log.debug('batch-slowed', { batch_id: batch.record.id, pause_ms: batch.pace.pausedUntilMs - nowMs })
    return { type: 'again' }
  }
  /** Writes down what became of a call; only then its place is free. */
  const save = async ({ batch, item, ending }: Unsaved): Promise<void> => {
    const nowMs = clock.now()
    const { seq } = batch.record
    if (ending.type === 'finished') {
      const { result } = ending
      const ended = await queue.finish(seq, item.seq, result.type, JSON.stringify(result), nowMs)
      throughput.add(nowMs)
      batch.running.delete(item.seq)
      if (ended) drop(batch)
      return
    }
    if (ending.type === 'deferred') {
      await queue.defer(item.seq, ending.call, nowMs)
      batch.running.delete(item.seq)
      return
    }
    const hasFailed = ending.type === 'later'
    const dueAtMs = hasFailed ? nowMs + retryDelayMs(item.failures, random()) : 0
    await queue.putBack(item.seq, Math.ceil(dueAtMs), hasFailed)
    batch.idleUntilMs = Math.min(batch.idleUntilMs, dueAtMs)
    batch.running.delete(item.seq)
  }
  /** An answer was paid for: it is kept until there is room for it, and nothing new begins before. */
  const saveWhatIsLeft = async (): Promise<void> => {
    for (let next = unsaved[0]; next; next = unsaved[0]) {
      await save(next)
      unsaved = unsaved.slice(1)
    }
  }
  const purge = async (): Promise<void> => {
    if (clock.now() < purgeAtMs) return
    const rows = await queue.purge(clock.now() - RETENTION_MS, SLICE)
    if (rows > 0) again = true
    else purgeAtMs = clock.now() + PURGE_EVERY_MS
  }

  const wake = (): void => {
    isStale = true
    schedule()
  }
  const unwatch = clock.watch(() => {
    for (const watcher of watchers) watcher()
    wake()
  })
  /** Waits until nothing runs, or the time is up. */
  const idle = async (forMs: number): Promise<void> => {
    const untilMs = clock.now() + forMs
    const isOver = (): boolean => running() === 0 || clock.now() >= untilMs
    if (isOver()) return
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isOver()) return
        watchers.delete(check)
        resolve()
      }
      watchers.add(check)
    })
  }

  wake()
  return {
    wake() {
      purgeAtMs = 0
      wake()
    },
    revive(seq) {
      const batch = batches.get(seq)
      if (batch) batch.idleUntilMs = 0
      wake()
    },
    running,
    perSecond: () => throughput.perSecond(clock.now()),
    async stop(graceMs) {
      stopping = true
      await idle(graceMs)
      for (const batch of batches.values())
        for (const controller of batch.running.values()) controller.abort()
      await idle(CUT_MS)
      await saveWhatIsLeft().catch(report)
      unwatch()
      lock.release()
    },
  }
}
