import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/context.ts'
import { Failure } from '../../core/errors.ts'
import type { WorkerLock } from '../lock.ts'
import type { CallGroup, Errand, RemoteEndpoint, RemoteStore } from './ports.ts'

export interface ErrandsOptions {
  readonly store: RemoteStore
  /** The batch endpoint of an upstream. */
  readonly endpoint: (upstream: string) => RemoteEndpoint
  readonly lock: WorkerLock
  readonly clock: Clock
  readonly log: Logger
  /** Called when a batch has requests again that can go on. */
  readonly onSettled: (batch: number) => void
}

const SHORTEST_WAIT_MS = 2000
const LONGEST_WAIT_MS = 30_000
/** How soon something that failed is tried again. */
const TRY_AGAIN_AFTER_MS = 60_000
/** A new batch may take some time to be known everywhere at the upstream. */
const MISSING_FOR_MS = 10 * 60_000

/** Hands calls over to upstreams and fetches their answers, as the clock ticks. Returns what stops it. */
export function startErrands(options: ErrandsOptions): () => void {
  const { store, endpoint, lock, clock, log } = options
  let passing = false
  let pausedUntilMs = 0

  const pass = async (): Promise<void> => {
    if (passing || clock.now() < pausedUntilMs) return
    passing = true
    try {
      if (!lock.acquire()) return
      for (const errand of await store.due(clock.now())) await look(errand)
      for (let group = await store.nextGroup(clock.now()); group; group = await store.nextGroup(clock.now()))
        await send(group)
    } catch (error) {
      pausedUntilMs = clock.now() + TRY_AGAIN_AFTER_MS
      log.warn('remote-batches-paused', { error })
    } finally {
      passing = false
    }
  }
  /** What passes by itself is tried again with everything else; what is refused for good goes the usual way. */
  const send = async (group: CallGroup): Promise<void> => {
    const { upstream, model } = group
    const calls = group.calls.map(({ item, body }) => ({ id: String(item), body }))
    try {
      const remoteId = await endpoint(upstream).submit(model, calls)
      await store.sent(group, remoteId, clock.now())
      log.info('remote-batch-sent', { upstream, model, remote_id: remoteId, requests: calls.length })
    } catch (error) {
      if (!(error instanceof Failure) || error.retryable) throw error
      log.warn('remote-batch-refused', { upstream, model, requests: calls.length, error: error.message })
      await store.refused(group)
      options.onSettled(group.batch)
    }
  }
  const look = async (errand: Errand): Promise<void> => {
    const { seq, remoteId } = errand
    if (!errand.isWanted) {
      await endpoint(errand.upstream).cancel(remoteId).catch(ignore)
      await store.settle(seq, NONE)
      return
    }
    const state = await endpoint(errand.upstream).read(remoteId)
    const isLost = state.type === 'missing' && clock.now() - errand.sentAtMs > MISSING_FOR_MS
    if (state.type !== 'ended' && !isLost) return store.askAgain(seq, clock.now() + waitAfter(errand))
    const completions = state.type === 'ended' ? state.completions : new Map<string, string>()
    const batch = await store.settle(
      seq,
      new Map([...completions].map(([id, completion]) => [Number(id), completion])),
    )
    log.info('remote-batch-ended', { remote_id: remoteId, answers: completions.size })
    if (batch !== undefined) options.onSettled(batch)
  }
  /** Half as long again as it has taken already, within bounds: the young are soon done, or never. */
  const waitAfter = ({ sentAtMs }: Errand): number =>
    Math.min(Math.max((clock.now() - sentAtMs) / 2, SHORTEST_WAIT_MS), LONGEST_WAIT_MS)

  return clock.watch(() => void pass())
}

const NONE: ReadonlyMap<number, string> = new Map()
/** It may have ended meanwhile, and what is canceled too late is only paid for. */
const ignore = (): void => {}
