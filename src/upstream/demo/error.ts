import type { ChatError } from '../../wire/openrouter/chunk.ts'
import type { ErrorStep } from './script.ts'

/** OpenRouter's word for what went wrong, where a script names the status alone (openrouter §6.2). */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'authentication',
  402: 'payment_required',
  403: 'permission_denied',
  404: 'not_found',
  408: 'timeout',
  413: 'payload_too_large',
  422: 'unprocessable',
  429: 'rate_limit_exceeded',
  500: 'server',
  502: 'provider_unavailable',
  503: 'provider_overloaded',
  504: 'timeout',
  529: 'provider_overloaded',
}

/** The error object of a body or a chunk (openrouter §6.1). `error_type: null` leaves the type out. */
export const toError = ({
  status = 500,
  message,
  error_type = TYPES[status] ?? null,
}: ErrorStep): ChatError => ({
  code: status,
  message,
  metadata: { provider_name: 'Demo', ...(error_type === null ? {} : { error_type }) },
})

/** An error as an HTTP answer, with `retry-after` in seconds where the step names it. */
export const errorResponse = (step: ErrorStep, headers: Readonly<Record<string, string>> = {}): Response =>
  Response.json(
    { error: toError(step) },
    {
      status: step.status ?? 500,
      headers: {
        ...headers,
        ...(step.retry_after === undefined ? {} : { 'retry-after': String(step.retry_after) }),
      },
    },
  )
