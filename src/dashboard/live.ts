import type { ActiveRun, ActiveRuns, Run } from '../wire/server/runs.ts'
import { readEvents } from './api.ts'

/** What the live stream says. */
export interface LiveState {
  readonly connected: boolean
  /** How many runs are under way; `active` may hold fewer. */
  readonly count: number
  readonly active: readonly ActiveRun[]
  /** When `active` came, on the page's clock. */
  readonly atMs: number
}

interface Watcher {
  readonly changed?: (state: LiveState) => void
  readonly ended?: (runs: readonly Run[], leftOut: number) => void
}

const watchers = new Set<Watcher>()
let state: LiveState = { connected: false, count: 0, active: [], atMs: 0 }

export const liveState = (): LiveState => state

/** Calls the watcher until the returned function is called. */
export function watchLive(watcher: Watcher): () => void {
  watchers.add(watcher)
  watcher.changed?.(state)
  return () => watchers.delete(watcher)
}

function become(next: Partial<LiveState>): void {
  state = { ...state, ...next }
  for (const { changed } of watchers) changed?.(state)
}

const AGAIN_AFTER_MS = [500, 1000, 2000, 5000]

/** Follows the live stream for as long as the page is open; goes on after every break. */
export async function followLive(): Promise<never> {
  for (let failures = 0; ; failures++) {
    try {
      await readEvents(
        '/admin/runs/live',
        () => {
          failures = 0
          become({ connected: true })
        },
        take,
      )
    } catch {
      // Said by `connected`; the next try tells more.
    }
    become({ connected: false })
    const waitMs = AGAIN_AFTER_MS[Math.min(failures, AGAIN_AFTER_MS.length - 1)]
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}

function take(name: string, data: unknown): void {
  if (name === 'active') {
    const { count, runs } = data as ActiveRuns
    become({ count, active: runs, atMs: Date.now() })
  } else if (name === 'ended') {
    const { runs, left_out: leftOut } = data as { runs: readonly Run[]; left_out: number }
    for (const { ended } of watchers) ended?.(runs, leftOut)
  }
}
