import type { Outcome, RequestContext } from '../core/context.ts'
import type { RunRecording } from '../wire/server/runs.ts'
import type { RequestTrace } from './trace.ts'

/** A request that is being answered, as those see it who watch. */
export interface ObservedRequest {
  /** Its id, its headers as far as they are read, and whose it is. */
  readonly context: Pick<RequestContext, 'id' | 'protocol' | 'owner'>
  readonly trace: RequestTrace
  readonly method: string
  /** The pattern of the route that answers, e.g. `/v1/models/*`: few, whatever clients ask for. */
  readonly route: string
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number
  /** The client's `traceparent` header. */
  readonly traceparent?: string | null
  /** The batch that it belongs to. */
  readonly batch?: string | undefined
  /** What was said in it, where that is to be kept. */
  readonly recording?: (() => RunRecording) | undefined
}

/** How it ended. */
export interface Ending {
  readonly status: number
  readonly outcome: Outcome
  readonly durationMs: number
}

/** A request that is over. */
export interface FinishedRequest {
  readonly request: ObservedRequest
  readonly ending: Ending
}

/** Is told of every request, when it begins and when it ends. Both must cost next to nothing and never throw. */
export interface Watch {
  begin(request: ObservedRequest): void
  end(request: ObservedRequest, ending: Ending): void
}

/** Several who look on, as one. */
export const watchAll = (watches: readonly Watch[]): Watch => ({
  begin(request) {
    for (const watch of watches) watch.begin(request)
  },
  end(request, ending) {
    for (const watch of watches) watch.end(request, ending)
  },
})
