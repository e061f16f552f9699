import type { RequestContext } from '../core/context.ts'
import { Failure } from '../core/errors.ts'

/** Keeps why a request failed: for its log line, and for those who look at the request later. */
export function noteFailure(
  failure: Failure,
  thrown: unknown,
  { trace }: Pick<RequestContext, 'trace'>,
): void {
  trace.note('error', `${failure.kind}: ${failure.message}`)
  trace.fail(thrown)
}

/** What a client may know of anything thrown. What is no `Failure` is a bug: the cause stays in the log. */
export function asFailure(error: unknown, context: Pick<RequestContext, 'log'>): Failure {
  if (error instanceof Failure) return error
  context.log.error('unexpected-error', { error })
  return new Failure('api_error', 'Internal server error')
}
