import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'

export interface TimeLimits {
  /** Until there is a connection; without it, nobody looks. */
  readonly connectTimeoutMs?: number
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
  /** There is a connection: the upstream has begun to answer. */
  connected(): void
  /** A read came back. */
  touch(): void
  /** The first chunk is here: from now on the idle limit counts. */
  begin(): void
  /** Stops the call, whatever it is waiting for. */
  abort(): void
  /** The call is over, one way or another. */
  end(): void
}

/**
 * `streaming`: a whole answer has neither a first byte nor pauses to watch, only a total. `canReach` is asked, once, when
 * half of the time for connecting is over and nothing has come yet.
 */
export function startDeadline(
  clock: Clock,
  limits: TimeLimits,
  streaming: boolean,
  client: AbortSignal,
  canReach?: (timeoutMs: number) => Promise<boolean>,
): Deadline {
  const controller = new AbortController()
  const startedAtMs = clock.now()
  let touchedAtMs = startedAtMs
  let begun = !streaming
  /** Whether nobody needs to look any more if the upstream is there. */
  let isReached = canReach === undefined || limits.connectTimeoutMs === undefined
  let isConnected = false
  let expired: Failure | undefined

  const hangUp = (): void => controller.abort(client.reason)
  const expire = (what: string, limitMs: number): void => {
    expired ??= new Failure('timeout_error', `the upstream ${what} within ${limitMs / 1000} s`)
    controller.abort(expired)
  }
  const checkReach = async (connectTimeoutMs: number): Promise<void> => {
    isReached = true
    if (await canReach?.(connectTimeoutMs / 2)) return
    if (!isConnected) expire('could not be reached', connectTimeoutMs)
  }
  const stopWatching = clock.watch((nowMs) => {
    const { connectTimeoutMs = 0 } = limits
    if (!isReached && nowMs - startedAtMs > connectTimeoutMs / 2) void checkReach(connectTimeoutMs)
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
    connected() {
      isConnected = true
      isReached = true
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
      isConnected = true
      stopWatching()
      client.removeEventListener('abort', hangUp)
    },
  }
}
