import type { Caller } from '../core/caller.ts'
import type { ClientProtocol, Outcome, RequestContext } from '../core/context.ts'
import { Failure } from '../core/errors.ts'
import { answer, answerWhole } from '../messages/answer.ts'
import type { Services } from '../messages/services.ts'
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

/** What stands in the place of a route for those who watch. */
const BATCH_ROUTE = 'batch'

/** Sends requests the way of POST /v1/messages, each with a log line of its own. The services may change meanwhile. */
export const createRunRequest =
  (services: () => Services, serverLog: Log, watch: Watch, now: () => number): RunRequest =>
  async (params, { id, batchId, customId, caller, protocol, signal }) => {
    const trace = createTrace(() => performance.now())
    const log = serverLog.child({ request_id: id, batch_id: batchId })
    const context: RequestContext = { id, signal, log, trace, protocol, caller, owner: caller.owner }
    const observed = {
      context,
      trace,
      method: 'POST',
      route: BATCH_ROUTE,
      startedAtMs: now(),
      batch: batchId,
    }
    const finish = (status: number, outcome: Outcome): void => {
      const durationMs = Math.round((performance.now() - trace.startedAtMs) * 10) / 10
      watch.end(observed, { status, outcome, durationMs })
      log.info('batch-request', { custom_id: customId, outcome, duration_ms: durationMs, ...trace.notes() })
    }
    watch.begin(observed)
    try {
      services().checkBudget(caller)
      const message = await answerWhole(await answer(params, services(), context), context)
      finish(200, 'ok')
      return message
    } catch (error) {
      if (error instanceof Failure) trace.note('error', `${error.kind}: ${error.message}`)
      trace.fail(error)
      finish(error instanceof Failure ? error.status : 500, signal.aborted ? 'cancelled' : 'error')
      throw error
    }
  }
