import { LRUCache } from 'lru-cache'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { Failure } from '../core/errors.ts'
import type { Batch, BatchStream, Upstream } from './upstream.ts'
import { createWindow, type Window } from './window.ts'

export interface BreakerSettings {
  /** How many failures in half a minute open it, if they are half of all calls or more; 0 turns it off. */
  readonly failures: number
  /** How long it stays open at first; twice as long each time that a probe fails. */
  readonly cooldownMs: number
}

type Phase = 'closed' | 'open' | 'half-open'

export interface BreakerStats {
  readonly upstream: string
  readonly model: string
  readonly phase: Phase
  /** In the last half minute. */
  readonly failures: number
  readonly successes: number
  /** Calls that were refused since the start. */
  readonly refused: number
  /** When it is tried again, if it is open. */
  readonly opensUntilMs: number | undefined
}

/** Keeps calls from upstreams that are down: neither do they wait for nothing then, nor is it kept down by them. */
export interface Breakers {
  /** The same upstream, with a breaker for each of its models. */
  guard<Item>(name: string, upstream: Upstream<Item>): Upstream<Item>
  configure(settings: BreakerSettings): void
  /** Those that have something to tell. */
  stats(): readonly BreakerStats[]
}

const WINDOW_MS = 30_000
const MAX_COOLDOWN_MS = 300_000
/** Half of all calls fail. */
const FAILING_SHARE = 0.5
/** How soon a probe may have brought news. */
const PROBE_MS = 1000
const MAX_BREAKERS = 1000

interface Breaker {
  readonly upstream: string
  readonly model: string
  readonly window: Window
  phase: Phase
  openUntilMs: number
  /** Times that it has opened since it was last closed. */
  trips: number
  refused: number
}

export function createBreakers(
  start: BreakerSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Breakers {
  let settings = start
  const breakers = new LRUCache<string, Breaker>({ max: MAX_BREAKERS })

  const breakerOf = (upstream: string, model: string): Breaker => {
    const key = `${upstream} ${model}`
    const known = breakers.get(key)
    if (known) return known
    const window = createWindow(WINDOW_MS)
    const breaker: Breaker = {
      upstream,
      model,
      window,
      phase: 'closed',
      openUntilMs: 0,
      trips: 0,
      refused: 0,
    }
    breakers.set(key, breaker)
    return breaker
  }
  const open = (breaker: Breaker, nowMs: number): void => {
    const cooldownMs = Math.min(MAX_COOLDOWN_MS, settings.cooldownMs * 2 ** breaker.trips)
    breaker.phase = 'open'
    breaker.trips++
    breaker.openUntilMs = nowMs + cooldownMs
    log.warn('breaker-open', { upstream: breaker.upstream, model: breaker.model, cooldown_ms: cooldownMs })
  }
  /** Tells whether the call is a probe. Throws where it may not be made. */
  const enter = (breaker: Breaker): boolean => {
    if (breaker.phase === 'closed') return false
    const nowMs = clock.now()
    if (breaker.phase === 'half-open' || nowMs < breaker.openUntilMs) {
      breaker.refused++
      const waitMs = breaker.phase === 'half-open' ? PROBE_MS : breaker.openUntilMs - nowMs
      throw isDown(breaker, waitMs)
    }
    breaker.phase = 'half-open'
    return true
  }
  const succeed = (breaker: Breaker, isProbe: boolean): void => {
    if (isProbe) {
      Object.assign(breaker, { phase: 'closed', trips: 0 })
      breaker.window.clear()
      log.info('breaker-closed', { upstream: breaker.upstream, model: breaker.model })
    }
    breaker.window.add('good', clock.now())
  }
  const fail = (breaker: Breaker, isProbe: boolean): void => {
    const nowMs = clock.now()
    breaker.window.add('bad', nowMs)
    if (isProbe) return open(breaker, nowMs)
    if (breaker.phase !== 'closed') return undefined
    const { good, bad } = breaker.window.sums(nowMs)
    if (bad >= settings.failures && bad >= (good + bad) * FAILING_SHARE) open(breaker, nowMs)
    return undefined
  }
  /** Nothing is known of the upstream by it: the next call is the probe. */
  const giveUp = (breaker: Breaker, isProbe: boolean): void => {
    if (isProbe && breaker.phase === 'half-open') Object.assign(breaker, { phase: 'open', openUntilMs: 0 })
  }

  return {
    guard: (name, upstream) => ({
      stream(call, signal) {
        const inner = upstream.stream(call, signal)
        if (settings.failures === 0) return inner
        const breaker = breakerOf(name, call.upstreamModel ?? call.model)
        return watched(inner, {
          enter: () => enter(breaker),
          end(isProbe, error) {
            if (error === undefined) succeed(breaker, isProbe)
            else if (!signal.aborted && isDownFor(error)) fail(breaker, isProbe)
            else giveUp(breaker, isProbe)
          },
          giveUp: (isProbe) => giveUp(breaker, isProbe),
        })
      },
    }),
    configure(next) {
      settings = next
      if (next.failures === 0) breakers.clear()
    },
    stats: () =>
      [...breakers.values()].map((breaker) => {
        const { good, bad } = breaker.window.sums(clock.now())
        return {
          upstream: breaker.upstream,
          model: breaker.model,
          phase: breaker.phase,
          failures: bad,
          successes: good,
          refused: breaker.refused,
          opensUntilMs: breaker.phase === 'open' ? breaker.openUntilMs : undefined,
        }
      }),
  }
}

interface Watch {
  enter(): boolean
  /** The first batch has come, or something failed. */
  end(isProbe: boolean, error: unknown): void
  giveUp(isProbe: boolean): void
}

/** The same stream; what becomes of it is told. */
function watched<Item>(stream: BatchStream<Item>, watch: Watch): BatchStream<Item> {
  let isBegun = false
  let isProbe = false
  let isOver = false

  const begin = async (): Promise<IteratorResult<Batch<Item>, undefined>> => {
    isBegun = true
    isProbe = watch.enter()
    try {
      const first = await stream.next()
      isOver = true
      watch.end(isProbe, undefined)
      return first
    } catch (error) {
      isOver = true
      watch.end(isProbe, error)
      throw error
    }
  }
  const goOn = async (): Promise<IteratorResult<Batch<Item>, undefined>> => {
    const read = stream.next()
    // No second function that waits: every read of every stream passes here.
    read.catch((error: unknown) => watch.end(false, error))
    return read
  }
  return {
    next: async () => (isBegun ? goOn() : begin()),
    async return() {
      if (isBegun && !isOver) watch.giveUp(isProbe)
      isOver = true
      return stream.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** The upstream's own failures; those of a request, a key or a limit say nothing of it. */
const isDownFor = (error: unknown): boolean =>
  error instanceof Failure &&
  (error.kind === 'api_error' || error.kind === 'timeout_error' || error.kind === 'overloaded_error')

const isDown = ({ upstream, model }: Breaker, waitMs: number): Failure =>
  new Failure(
    'overloaded_error',
    `the upstream ${upstream} keeps failing for the model ${model}; it is tried again in ${Math.ceil(waitMs / 1000)} s`,
    { retryAfterMs: waitMs },
  )
