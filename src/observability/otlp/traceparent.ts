import { newSpanId, type TraceIdentity } from '../trace.ts'

/** `version-traceid-parentid-flags` (W3C trace context, level 1); later versions may say more behind it. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:$|-)/

/**
 * Which trace a request belongs to: the one that its `traceparent` names, or one of its own. A request without one is
 * sampled by chance; all others as their caller says.
 */
export function identify(
  header: string | null | undefined,
  requestId: string,
  isChosen: () => boolean,
): TraceIdentity {
  const [, traceId, parentId, flags = '00'] = TRACEPARENT.exec(header ?? '') ?? []
  const spanId = newSpanId()
  if (traceId === undefined || parentId === undefined || /^0+$/.test(traceId) || /^0+$/.test(parentId))
    return { traceId: toTraceId(requestId), parentId: undefined, spanId, sampled: isChosen() }
  return { traceId, parentId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** A request's id is as long and as random as a trace's, so one can be found by the other. */
const toTraceId = (requestId: string): string => {
  const digits = requestId.replace(/^req_/, '')
  return /^[\da-f]{32}$/.test(digits) ? digits : crypto.randomUUID().replaceAll('-', '')
}
