import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { ClientProtocol, Outcome, RequestContext } from '../core/context.ts'
import type { Limiter } from '../limits/limiter.ts'
import { answer, answerWhole } from '../messages/answer.ts'
import { roughTokens } from '../messages/rough-size.ts'
import type { Services } from '../messages/services.ts'
import { asFailure, noteFailure } from '../observability/failure.ts'
import type { Log } from '../observability/log.ts'
import type { Watch } from '../observability/request.ts'
import { createTrace } from '../observability/trace.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'
import { Deferred, type RemoteOutcome } from './remote/call.ts'
import { deferFirstCall } from './remote/defer.ts'

/** Which request of which batch is run, and for whom. */
export interface ItemContext {
  /** `req_…`: the log's correlation id, and the row's `request_id` where the request fails. */
  readonly id: string
  readonly batchId: string
  readonly customId: string
  /** Who created the batch. */
  readonly caller: Caller
  /** The headers of the create call, which govern every request of the batch. */
  readonly protocol: ClientProtocol
  /** Fires when the batch is canceled, expires, or the server stops. */
  readonly signal: AbortSignal
  /** What became of its first call, where that was handed over to the upstream's own batches. */
  readonly outcome: RemoteOutcome | undefined
}

export type Params = Readonly<Record<string, unknown>>

/** Answers one request. Rejects with a `Failure` for what the upstream or the rules refuse, or with `Deferred`. */
export type RunRequest = (params: Params, item: ItemContext) => Promise<MessageResponse>

export interface RunRequestOptions {
  /** They may change meanwhile. */
  readonly services: () => Services
  readonly clock: Clock
  readonly log: Log
  readonly watch: Watch
  readonly limiter: Pick<Limiter, 'admit'>
  /** Whether calls may be handed over to OpenRouter's own batches. */
  readonly defers: boolean
}

/** What stands in the place of a route for those who watch. */
const BATCH_ROUTE = 'batch'
/** What the history calls a request that was canceled, like one whose client hung up. */
const CUT_OFF = 499
/** And one that goes on when its call was answered. */
const HANDED_OVER = 202

/** Sends requests the way of POST /v1/messages, each with a log line and an entry in the history of its own. */
export function createRunRequest(options: RunRequestOptions): RunRequest {
  const { limiter } = options
  return async (params, item) => {
    const { id, caller, signal } = item
    const model = typeof params['model'] === 'string' ? params['model'] : 'unknown'
    // A limit in the way is no failure of the request: the batch waits instead.
    const ask = { id, caller, model, inputTokens: () => roughTokens(params), maxWaitMs: 0 }
    const release = isAdmitted(item) ? ignore : await limiter.admit(ask, signal)
    try {
      return await run(params, item, options)
    } finally {
      release()
    }
  }
}

/** Its turn came when its call was handed over; that is not counted twice. */
const isAdmitted = ({ outcome }: ItemContext): boolean => outcome?.type === 'answered'
const ignore = (): void => {}

async function run(
  params: Params,
  { id, batchId, customId, caller, protocol, signal, outcome }: ItemContext,
  { services, clock, log: serverLog, watch, defers }: RunRequestOptions,
): Promise<MessageResponse> {
  const trace = createTrace(() => performance.now())
  const log = serverLog.child({ request_id: id, batch_id: batchId })
  const context: RequestContext = { id, signal, log, trace, protocol, caller, owner: caller.owner }
  const startedAtMs = clock.now()
  const observed = { context, trace, method: 'POST', route: BATCH_ROUTE, batch: batchId, startedAtMs }
  const finish = (status: number, outcome: Outcome): void => {
    const durationMs = Math.round((performance.now() - trace.startedAtMs) * 10) / 10
    watch.end(observed, { status, outcome, durationMs })
    log.info('batch-request', {
      custom_id: customId,
      status,
      outcome,
      duration_ms: durationMs,
      ...trace.notes(),
    })
  }
  watch.begin(observed)
  const current = defers ? deferFirstCall(services(), outcome) : services()
  try {
    const message = await answerWhole(await answer(params, current, context), context)
    finish(200, 'ok')
    return message
  } catch (error) {
    if (signal.aborted) {
      finish(CUT_OFF, 'cancelled')
      throw error
    }
    if (error instanceof Deferred) {
      finish(HANDED_OVER, 'ok')
      throw error
    }
    const failure = asFailure(error, context)
    noteFailure(failure, error, context)
    finish(failure.status, 'error')
    throw failure
  }
}
