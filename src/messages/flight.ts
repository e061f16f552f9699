import type { CachedAnswer } from '../cache/answer.ts'
import type { RequestContext } from '../core/context.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { AnswerStream } from './converse.ts'

/**
 * An answer on its way that several clients read, each from the beginning and at its own pace: the fastest draws it
 * from the upstream. It goes on as long as one of them is there.
 */
export interface Flight {
  /** Reads along for that client, until it hangs up. */
  board(context: RequestContext): Passage
}

/** What one client gets of a flight. */
export interface Passage extends AnswerStream {
  /** The complete answer where it was worth keeping, once all of it was read. */
  landed(): CachedAnswer | undefined
  /** Whether this client's request is the one that the upstream was asked for. */
  pays(): boolean
}

/** The flights that can be boarded, by the key of their question. */
export type Flights = Map<string, Flight>

export interface FlightPlan {
  /**
   * Asks the upstream. Its context is that of the client that pays: the first one that is still there. Its signal fires
   * when the last one is gone.
   */
  readonly ask: (context: RequestContext) => AnswerStream
  /** Takes the complete answer; resolves to it where it is worth keeping. */
  readonly land: (events: readonly StreamEvent[], payer: RequestContext) => Promise<CachedAnswer | undefined>
}

interface Passenger {
  readonly context: RequestContext
  wake: () => void
}

/** Starts a flight for its first client, who has to board it at once; others find it in `flights` until it is over. */
export function takeOff(key: string, plan: FlightPlan, flights: Flights, starter: RequestContext): Flight {
  const crash = new AbortController()
  const passengers = new Set<Passenger>()
  const told: StreamEvent[] = []
  let payer = starter
  let isReading = false
  let isOver = false
  let failure: Error | undefined
  let answer: CachedAnswer | undefined

  const stream = plan.ask({
    ...starter,
    signal: crash.signal,
    get id() {
      return payer.id
    },
    get protocol() {
      return payer.protocol
    },
    get log() {
      return payer.log
    },
    get trace() {
      return payer.trace
    },
  })
  const end = (): void => {
    isOver = true
    if (flights.get(key) === flight) flights.delete(key)
  }
  const advance = async (): Promise<void> => {
    try {
      const events = await stream.read()
      if (events) {
        told.push(...events)
        return
      }
      answer = await plan.land(told, payer)
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    end()
  }
  const draw = async (): Promise<void> => {
    isReading = true
    await advance()
    isReading = false
    for (const passenger of passengers) passenger.wake()
  }
  const leave = (passenger: Passenger): void => {
    if (!passengers.delete(passenger)) return
    passenger.wake()
    if (isOver) return
    const [heir] = passengers
    if (heir === undefined) abandon()
    else if (passenger.context === payer) {
      payer = heir.context
      payer.trace.note('cache', 'miss')
    }
  }
  const abandon = (): void => {
    end()
    crash.abort(new DOMException('The client hung up.', 'AbortError'))
    void stream.cancel().catch(() => undefined)
  }

  const flight: Flight = {
    board(context) {
      const passenger: Passenger = { context, wake: () => {} }
      const stepOff = (): void => leave(passenger)
      const stay = (): void => {
        context.signal.removeEventListener('abort', stepOff)
        passengers.delete(passenger)
      }
      let at = 0
      passengers.add(passenger)
      context.signal.addEventListener('abort', stepOff, { once: true })
      if (context.signal.aborted) stepOff()
      return {
        open() {
          if (told.length === 0) told.push(...stream.open())
          if (at > 0 || told[0]?.type !== 'message_start') return []
          at = 1
          return told.slice(0, 1)
        },
        async read() {
          for (;;) {
            context.signal.throwIfAborted()
            if (at < told.length) {
              const events = told.slice(at)
              at = told.length
              return events
            }
            if (isOver) {
              stay()
              if (failure) throw failure
              return undefined
            }
            if (!passengers.has(passenger)) return undefined
            const { promise, resolve } = Promise.withResolvers<void>()
            passenger.wake = resolve
            if (!isReading) void draw()
            await promise
          }
        },
        async cancel() {
          context.signal.removeEventListener('abort', stepOff)
          leave(passenger)
        },
        landed: () => answer,
        pays: () => payer === context,
      }
    },
  }
  flights.set(key, flight)
  return flight
}
