import type { Outcome, RequestContext } from '../core/context.ts'
import type { Target } from '../translate/target.ts'
import type { UpstreamCall } from '../upstream/upstream.ts'

/** Begins the step of one call; the result ends it. */
export const openCall = (
  { upstream, model }: Target,
  { trace }: RequestContext,
): ((outcome: Outcome) => void) => trace.open('call', { upstream, model })

/** The same call, which tells of its retries and takes the trace with it. Its step must have begun. */
export function watchCall<Ready extends { readonly call: UpstreamCall }>(
  prepared: Ready,
  { trace }: RequestContext,
): Ready {
  const traceparent = trace.traceparent()
  const { call } = prepared
  return {
    ...prepared,
    call: {
      ...call,
      headers: traceparent === undefined ? call.headers : { ...call.headers, traceparent },
      onRetry: (retries: number) => trace.describe('call', 'retries', retries),
    },
  }
}
