import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { ClientProtocol, Outcome, RequestContext } from '../core/context.ts'
import { answer, answerWhole } from '../messages/answer.ts'
import type { Services } from '../messages/services.ts'
import { asFailure, noteFailure } from '../observability/failure.ts'
import type { Log } from '../observability/log.ts'
import type { Watch } from '../observability/request.ts'
import { createTrace } from '../observability/trace.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'

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
}

/** Answers one request. Rejects with a `Failure` for what the upstream or the rules refuse. */
export type RunRequest = (params: unknown, item: ItemContext) => Promise<MessageResponse>

export interface RunRequestOptions {
  /** They may change meanwhile. */
  readonly services: () => Services
  readonly clock: Clock
  readonly log: Log
  readonly watch: Watch
}

/** What stands in the place of a route for those who watch. */
const BATCH_ROUTE = 'batch'
/** What the history calls a request that was canceled, like one whose client hung up. */
const CUT_OFF = 499

/** Sends requests the way of POST /v1/messages, each with a log line and an entry in the history of its own. */
export const createRunRequest =
  ({ services, clock, log: serverLog, watch }: RunRequestOptions): RunRequest =>
  async (params, { id, batchId, customId, caller, protocol, signal }) => {
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
    try {
      services().checkBudget(caller)
      const message = await answerWhole(await answer(params, services(), context), context)
      finish(200, 'ok')
      return message
    } catch (error) {
      if (signal.aborted) {
        finish(CUT_OFF, 'cancelled')
        throw error
      }
      const failure = asFailure(error, context)
      noteFailure(failure, error, context)
      finish(failure.status, 'error')
      throw failure
    }
  }
