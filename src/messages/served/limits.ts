import type { Clock } from '../../core/clock.ts'

/** When an answer pauses although the model would go on. */
export interface LoopLimits {
  /** How often the model is asked. */
  readonly maxTurns: number
  readonly maxTimeMs: number
  readonly maxCostUsd: number | undefined
  /** Bytes that the tools of one answer give to the model. */
  readonly maxOutputBytes: number
}

/** What an answer has used, and the signal that ends its tools. */
export interface Watch {
  turns: number
  outputBytes: number
  readonly startedAtMs: number
  /** Fires when the time is up, the client hangs up, or the answer is over. */
  readonly signal: AbortSignal
  /** Whether it fired because the time is up. */
  isLate(): boolean
  stop(): void
}

export function openWatch(limits: LoopLimits, clock: Clock, client: AbortSignal): Watch {
  const startedAtMs = clock.now()
  const own = new AbortController()
  let late = false
  const stopWatching = clock.watch((nowMs) => {
    if (nowMs - startedAtMs < limits.maxTimeMs) return
    late = true
    own.abort()
  })
  return {
    turns: 0,
    outputBytes: 0,
    startedAtMs,
    signal: AbortSignal.any([client, own.signal]),
    isLate: () => late && !client.aborted,
    stop() {
      stopWatching()
      own.abort()
    },
  }
}

/** Which limit is met, if any. */
export function whyPause(
  { turns, outputBytes, startedAtMs }: Watch,
  costUsd: number,
  limits: LoopLimits,
  clock: Pick<Clock, 'now'>,
): 'turns' | 'time' | 'cost' | 'output' | undefined {
  if (turns >= limits.maxTurns) return 'turns'
  if (clock.now() - startedAtMs >= limits.maxTimeMs) return 'time'
  if (limits.maxCostUsd !== undefined && costUsd >= limits.maxCostUsd) return 'cost'
  return outputBytes >= limits.maxOutputBytes ? 'output' : undefined
}
