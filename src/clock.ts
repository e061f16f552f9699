import type { Clock } from './core/clock.ts'

const TICK_MS = 250

/** The real clock. Its one timer runs only while somebody watches, and keeps no process alive. */
export function createClock(): Clock {
  const watchers = new Set<(nowMs: number) => void>()
  let timer: ReturnType<typeof setInterval> | undefined

  const tick = (): void => {
    const nowMs = Date.now()
    for (const watcher of watchers) watcher(nowMs)
    if (watchers.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
  return {
    now: () => Date.now(),
    watch(watcher) {
      watchers.add(watcher)
      timer ??= setInterval(tick, TICK_MS).unref()
      return () => watchers.delete(watcher)
    },
  }
}
