import type { Clock } from '../core/clock.ts'
import type { ObservedRequest, Watch } from '../observability/request.ts'
import type { ActiveRuns, Run } from '../wire/server/runs.ts'
import { isRun, toActiveRun, toRun } from './run.ts'
import type { NewEntry, RunStore } from './store.ts'

/** What those who look on are told. */
export interface RunListener {
  /** Runs that ended since the last time, in their order; `left_out` more were too many to tell. */
  ended(runs: readonly Run[], leftOut: number): void
}

export interface RunsOptions {
  /** Undefined where no history is kept. */
  readonly store: RunStore | undefined
  readonly clock: Clock
  /** What ended is stored together this often. */
  readonly flushEveryMs?: number
}

/** The requests that ask a model: those under way, and the history. */
export interface Runs extends Watch {
  readonly store: RunStore | undefined
  active(): ActiveRuns
  /** Calls the listener until the returned function is called. */
  listen(listener: RunListener): () => void
  /** Stores what has ended by now. */
  flush(): void
  readonly counts: { readonly stored: number; readonly lost: number }
  close(): void
}

/** In one transaction: longer ones would make requests wait. */
const BATCH = 100
/** Waiting for the disk; more are not remembered. */
const MOST_WAITING = 10_000
const MOST_TOLD = 50
const MOST_SHOWN = 200

/**
 * Keeps an account of the runs. An ended one is written down at once: waiting for the disk with all that belongs to it
 * would keep the request and its client's connection in memory, and the garbage collector busy.
 */
export function createRuns({ store, clock, flushEveryMs = 250 }: RunsOptions): Runs {
  const underWay = new Map<string, ObservedRequest>()
  const listeners = new Set<RunListener>()
  const counts = { stored: 0, lost: 0 }
  let waiting: NewEntry[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  const keep = (entries: readonly NewEntry[]): void => {
    const runs = store?.add(entries)
    if (runs) counts.stored += runs.length
    else if (store) counts.lost += entries.length
    tell(runs ?? entries.map(({ run }) => ({ ...run, seq: 0, recorded: false })))
  }
  const tell = (runs: readonly Run[]): void => {
    const told = runs.slice(-MOST_TOLD)
    for (const listener of listeners) listener.ended(told, runs.length - told.length)
  }
  const schedule = (): void => {
    timer ??= setTimeout(flushSome, flushEveryMs).unref()
  }
  const flushSome = (): void => {
    timer = undefined
    const batch = waiting.splice(0, BATCH)
    if (waiting.length > 0) timer = setTimeout(flushSome, 0).unref()
    if (batch.length > 0) keep(batch)
  }

  return {
    store,
    counts,
    begin(request) {
      if (isRun(request)) underWay.set(request.context.id, request)
    },
    end(request, ending) {
      if (!underWay.delete(request.context.id)) return
      if (store === undefined && listeners.size === 0) return
      if (waiting.length >= MOST_WAITING) counts.lost++
      else waiting.push({ run: toRun({ request, ending }), recording: request.recording?.() })
      schedule()
    },
    active() {
      const newest = [...underWay.values()].slice(-MOST_SHOWN)
      return { count: underWay.size, runs: newest.map((request) => toActiveRun(request, clock.now())) }
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    flush() {
      clearTimeout(timer)
      while (waiting.length > 0) flushSome()
      clearTimeout(timer)
      timer = undefined
    },
    close() {
      this.flush()
      store?.close()
    },
  }
}
