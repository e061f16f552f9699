import type { RequestContext } from '../core/context.ts'
import { Failure, type FailureKind } from '../core/errors.ts'
import type { Target } from '../translate/target.ts'
import type { AnswerStream } from './converse.ts'

/** Starts the answer of one target; rejects with a `Failure` where the request cannot be put to it. */
export type Start = (target: Target) => Promise<AnswerStream>

/** Failures that are the request's own fault: every other target would refuse it too. */
const OWN_FAULTS: ReadonlySet<FailureKind> = new Set(['invalid_request_error', 'request_too_large'])

/**
 * Asks the targets one after the other until one begins to answer. Never after its first events: the client has part
 * of that answer then. The last failure is the one that is told.
 */
export async function answerOfFirst(
  targets: readonly Target[],
  start: Start,
  context: RequestContext,
): Promise<AnswerStream> {
  const [first, ...others] = targets
  if (!first) throw new Error('a request needs a target')
  return others.length === 0 ? start(first) : withFallbacks(first, others, start, context)
}

async function withFallbacks(
  first: Target,
  others: readonly Target[],
  start: Start,
  context: RequestContext,
): Promise<AnswerStream> {
  const waiting = [...others]
  let stream = await startNext(first, waiting, start, context)
  let opened = false
  let begun = false

  return {
    open() {
      opened = true
      return stream.open()
    },
    async read() {
      for (;;) {
        try {
          const events = await stream.read()
          begun ||= events === undefined || events.length > 0
          return events
        } catch (error) {
          const next = begun || context.signal.aborted || !isWorthAnother(error) ? undefined : waiting.shift()
          if (!next) throw error
          noteFallback(next, error, context)
          stream = await startNext(next, waiting, start, context)
          // The client has its `message_start` already; this one's must not follow it.
          if (opened) stream.open()
        }
      }
    },
    async cancel() {
      await stream.cancel()
    },
  }
}

/** A target that cannot even be asked is passed over like one that fails. */
async function startNext(
  target: Target,
  waiting: Target[],
  start: Start,
  context: RequestContext,
): Promise<AnswerStream> {
  for (let candidate = target; ;) {
    try {
      return await start(candidate)
    } catch (error) {
      const next = error instanceof Failure ? waiting.shift() : undefined
      if (!next) throw error
      noteFallback(next, error, context)
      candidate = next
    }
  }
}

/** Whether somebody else may succeed where this has failed. */
export const isWorthAnother = (error: unknown): error is Failure =>
  error instanceof Failure && !OWN_FAULTS.has(error.kind)

function noteFallback(next: Target, error: unknown, context: RequestContext): void {
  const reason = error instanceof Failure ? `${error.kind}: ${error.message}` : String(error)
  context.log.warn('model-fallback', { model: next.model, upstream: next.upstream, error: reason })
  context.trace.note('fallback', true)
}
