/** How late the process is with what it has to do. */
export interface EventLoop {
  /** The longest wait of ready work in the last ten seconds or so. */
  lagMs(): number
  stop(): void
}

const EVERY_MS = 500
const REMEMBERED = 20

/** Looks twice a second how much later than planned it is looked. Keeps no process alive. */
export function watchEventLoop(nowMs: () => number = () => performance.now()): EventLoop {
  const lags: number[] = []
  let plannedMs = nowMs() + EVERY_MS
  const timer = setInterval(() => {
    lags.push(Math.max(0, nowMs() - plannedMs))
    if (lags.length > REMEMBERED) lags.shift()
    plannedMs = nowMs() + EVERY_MS
  }, EVERY_MS).unref()
  return {
    lagMs: () => Math.max(0, ...lags, nowMs() - plannedMs),
    stop: () => clearInterval(timer),
  }
}
