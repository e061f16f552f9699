import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'

export interface TimeLimits {
  /** Until the first chunk of a stream. */
  readonly firstByteTimeoutMs: number
  /** The longest silence between two reads of a stream. */
  readonly idleTimeoutMs: number
  /** The whole call. */
  readonly requestTimeoutMs: number
}

/** Watches one upstream call: aborts it when the client hangs up or a time limit is over. */
export interface Deadline {
  readonly signal: AbortSignal
  /** The limit that was exceeded, if one was. */
  readonly expired: Failure | undefined
  /** A read came back. */
  touch(): void
  /** The first chunk is here: from now on the idle limit counts. */
  begin(): void
  /** Stops the call, whatever it is waiting for. */
  abort(): void
  /** The call is over, one way or another. */
  end(): void
}

/** `streaming`: a whole answer has neither a first byte nor pauses to watch, only a total. */
export function startDeadline(
  clock: Clock,
  limits: TimeLimits,
  streaming: boolean,
  client: AbortSignal,
): Deadline {
  const controller = new AbortController()
  const startedAtMs = clock.now()
  let touchedAtMs = startedAtMs
  let begun = !streaming
  let expired: Failure | undefined

  const hangUp = (): void => controller.abort(client.reason)
  const expire = (what: string, limitMs: number): void => {
    expired ??= new Failure('timeout_error', `the upstream ${what} within ${limitMs / 1000} s`)
    controller.abort(expired)
  }
  const stopWatching = clock.watch((nowMs) => {
    if (nowMs - startedAtMs > limits.requestTimeoutMs) expire('did not finish', limits.requestTimeoutMs)
    else if (!streaming) return
    else if (!begun && nowMs - startedAtMs > limits.firstByteTimeoutMs)
      expire('did not begin to answer', limits.firstByteTimeoutMs)
    else if (begun && nowMs - touchedAtMs > limits.idleTimeoutMs)
      expire('did not send anything more', limits.idleTimeoutMs)
  })
  if (client.aborted) hangUp()
  else client.addEventListener('abort', hangUp, { once: true })

  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    touch() {
      touchedAtMs = clock.now()
    },
    begin() {
      begun = true
    },
    abort() {
      controller.abort()
    },
    end() {
      stopWatching()
      client.removeEventListener('abort', hangUp)
    },
  }
}
