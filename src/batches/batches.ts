import type { Database } from 'bun:sqlite'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { Failure, invalidRequest } from '../core/errors.ts'
import { archivedAtMs, type BatchRecord, type Creator, type NewItem } from './batch.ts'
import { newBatchId } from './ids.ts'
import type { WorkerLock } from './lock.ts'
import { startErrands } from './remote/errands.ts'
import type { RemoteEndpoint } from './remote/ports.ts'
import { createSqliteRemoteStore } from './remote/sqlite-remote-store.ts'
import { type RowFormat, streamResults } from './results.ts'
import type { RunRequest } from './run-request.ts'
import { createSqliteQueue } from './sqlite-queue.ts'
import { createSqliteStore } from './sqlite-store.ts'
import type { BatchStore, BatchTotals, PageRequest } from './store.ts'
import type { Widths } from './turns.ts'
import { startWorker, type Worker } from './worker.ts'

export interface BatchesOptions {
  /** Opens the database file with `BATCH_MIGRATIONS`; called at the first use. */
  readonly open: () => Database
  /** Whether there is such a file. */
  readonly isThere: () => boolean
  readonly lock: WorkerLock
  readonly run: RunRequest
  readonly clock: Clock
  readonly log: Logger
  /** 0 … 1, for jitter. */
  readonly random: () => number
  readonly widths: Widths
  /** The batch endpoints of upstreams, where calls are handed over to them. */
  readonly endpoint?: ((upstream: string) => RemoteEndpoint) | undefined
  /** Further tries of a request whose failure may pass. */
  readonly retries: number
}

export interface BatchStats extends BatchTotals {
  /** Calls under way in this process. */
  readonly running: number
  readonly requestsPerSecond: number
}

/**
 * Message batches (Anthropic API, §7): stored first, then run until every request has an outcome, whatever happens to
 * the process. All throw a `Failure`: 404 for what does not exist or is another owner's, 503 where the disk is in the
 * way.
 */
export interface Batches {
  /** Goes on with what was left, where anything was; tries again by and by where the disk is in the way. */
  resume(): void
  /** Stores requests as they come in. Nobody sees anything of the batch until all of it is there. */
  create(groups: AsyncIterable<readonly NewItem[]>, creator: Creator): Promise<BatchRecord>
  get(id: string, owner: string): Promise<BatchRecord>
  list(owner: string, request: PageRequest): Promise<{ batches: BatchRecord[]; hasMore: boolean }>
  /** The rows of an ended batch, read while they are sent. */
  results(id: string, owner: string, format: RowFormat): Promise<ReadableStream<Uint8Array>>
  cancel(id: string, owner: string): Promise<BatchRecord>
  remove(id: string, owner: string): Promise<void>
  /** The batch once it has ended, or as it is after `forMs`, when the signal fires, or at a stop. */
  settle(batch: BatchRecord, forMs: number, signal: AbortSignal): Promise<BatchRecord>
  /** The newest, whoever created them: for the operator alone. */
  recent(limit: number): Promise<readonly BatchRecord[]>
  stats(): Promise<BatchStats>
  /** Begins no more calls, lets those under way finish for a time, cuts off the rest: they run at the next start. */
  stop(graceMs: number): Promise<void>
  /** Closes the store, after `stop`. */
  close(): void
}

interface Engine {
  readonly store: BatchStore
  readonly worker: Worker
  readonly stopErrands: () => void
}

const NO_STATS: BatchStats = {
  batches: { in_progress: 0, canceling: 0, ended: 0 },
  items: { pending: 0, running: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
  running: 0,
  requestsPerSecond: 0,
}

/** What waits for another program's lock holds up everybody, so not for long. */
const BUSY_TIMEOUT_MS = 200
const RESUME_EVERY_MS = 10_000

export function createBatches(options: BatchesOptions): Batches {
  const { clock, log } = options
  const waiting = new Set<() => void>()
  /** Batches that are on their way in, and those of them that could not be taken back yet. */
  const creating = new Set<number>()
  const abandoned = new Set<number>()
  let opened: Engine | undefined
  let stopping = false

  const start = (): Engine => {
    const database = options.open()
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    const queue = createSqliteQueue(database)
    const onEnded = (): void => {
      for (const check of waiting) check()
    }
    const worker = startWorker({ ...options, queue, creating, onEnded })
    const { endpoint } = options
    const errands = {
      store: createSqliteRemoteStore(database),
      onSettled: (batch: number) => worker.revive(batch),
    }
    const stopErrands = endpoint ? startErrands({ ...options, ...errands, endpoint }) : ignore
    return { store: createSqliteStore(database), worker, stopErrands }
  }
  const engine = (): Engine => (opened ??= start())

  const find = async (id: string, owner: string): Promise<BatchRecord> => {
    const batch = await engine().store.find(id, owner)
    if (!batch) throw new Failure('not_found_error', `Message Batch ${id} not found.`)
    return batch
  }
  /** Takes back a batch that is not all there. */
  const abandon = async (batch: number): Promise<void> => {
    abandoned.add(batch)
    try {
      await engine().store.remove(batch)
      abandoned.delete(batch)
      engine().worker.wake()
    } catch (error) {
      log.warn('batch-not-removed', { error })
    }
  }
  const fill = async (batch: number, groups: AsyncIterable<readonly NewItem[]>): Promise<void> => {
    for await (const group of groups) {
      await engine().store.add(batch, group)
      await breathe()
    }
  }

  return {
    resume() {
      if (!options.isThere()) return
      let triedAtMs = -Infinity
      const attempt = (): void => {
        if (clock.now() - triedAtMs < RESUME_EVERY_MS) return
        triedAtMs = clock.now()
        try {
          engine()
          unwatch()
        } catch (error) {
          log.error('batches-not-resumed', { error })
        }
      }
      const unwatch = clock.watch(attempt)
      attempt()
    },
    async create(groups, creator) {
      const { store, worker } = engine()
      for (const batch of abandoned) await abandon(batch)
      const batch = await store.begin(newBatchId(), creator)
      creating.add(batch)
      try {
        await fill(batch, groups)
        const record = await store.publish(batch, clock.now())
        log.info('batch-created', { batch_id: record.id, requests: record.total })
        worker.wake()
        return record
      } catch (error) {
        await abandon(batch)
        throw error
      } finally {
        creating.delete(batch)
      }
    },
    get: find,
    async list(owner, request) {
      const page = await engine().store.page(owner, request)
      if (page) return page
      const { side, id } = request.cursor ?? {}
      throw invalidRequest(`${side}_id: there is no batch '${id}' in the list`)
    },
    async results(id, owner, format) {
      const batch = await find(id, owner)
      if (batch.state !== 'ended' || archivedAtMs(batch, clock.now()) !== undefined)
        throw new Failure('not_found_error', `Message Batch ${id} has no available results.`)
      return streamResults(engine().store, batch, format)
    },
    async cancel(id, owner) {
      const { store, worker } = engine()
      const batch = await find(id, owner)
      if (batch.state === 'in_progress') await store.cancel(batch.seq, clock.now())
      worker.wake()
      const after = await find(id, owner)
      if (after.state === 'ended')
        throw invalidRequest(`Message Batch ${id} has already ended and cannot be canceled.`)
      return after
    },
    async remove(id, owner) {
      const { store, worker } = engine()
      const batch = await find(id, owner)
      if (!(await store.remove(batch.seq)))
        throw invalidRequest('In progress batches cannot be deleted. Consider canceling the batch instead.')
      worker.wake()
    },
    async settle(batch, forMs, signal) {
      const untilMs = clock.now() + forMs
      let current = batch
      while (current.state !== 'ended' && clock.now() < untilMs && !signal.aborted && !stopping) {
        await nextChange(waiting, clock)
        current = await find(batch.id, batch.caller.owner)
      }
      return current
    },
    async recent(limit) {
      return opened || options.isThere() ? engine().store.recent(limit) : []
    },
    async stats() {
      if (!opened && !options.isThere()) return NO_STATS
      const { store, worker } = engine()
      return {
        ...(await store.totals()),
        running: worker.running(),
        requestsPerSecond: worker.perSecond(),
      }
    },
    async stop(graceMs) {
      stopping = true
      for (const check of waiting) check()
      opened?.stopErrands()
      await opened?.worker.stop(graceMs)
    },
    close() {
      opened?.store.close()
    },
  }
}

/** Waits until some batch has ended, or for one tick of the clock. */
async function nextChange(waiting: Set<() => void>, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      unwatch()
      waiting.delete(stop)
      resolve()
    }
    const unwatch = clock.watch(stop)
    waiting.add(stop)
  })
}

const ignore = (): void => {}

/** Lets everybody else have a turn. */
const breathe = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
