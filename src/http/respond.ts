import type { Failure } from '../core/errors.ts'
import type { ErrorResponse } from '../wire/anthropic/errors.ts'

/** Header fields of an answer. Always an object of our own: copied upstream headers break bodies. */
export type Headers = Record<string, string>

/** What keeps a browser from taking an answer for something else, or from giving it to a page of another site. */
export const SECURITY_HEADERS: Headers = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}

/** The id of a request, in Anthropic's form. */
export const newRequestId = (): string => `req_${crypto.randomUUID().replaceAll('-', '')}`

/** A JSON answer. */
export const json = (value: unknown, headers: Headers = {}, status = 200): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })

/** The only place that writes an error envelope (Anthropic API, §5). */
export const toEnvelope = (failure: Failure, requestId: string | null): ErrorResponse => ({
  type: 'error',
  error: {
    type: failure.kind,
    message: failure.message,
    ...(failure.details ? { details: failure.details } : {}),
  },
  request_id: requestId,
})

/** A failure as an HTTP answer. SDKs and Claude Code obey `x-should-retry` in both directions. */
export function errorResponse(failure: Failure, requestId: string, headers: Headers = {}): Response {
  const { retryAfterMs } = failure
  return json(
    toEnvelope(failure, requestId),
    {
      'request-id': requestId,
      'x-should-retry': String(failure.retryable),
      ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
      ...headers,
    },
    failure.status,
  )
}
