import { Failure, type FailureKind, type FailureOptions } from '../core/errors.ts'
import type { ChatError } from '../wire/openrouter/chunk.ts'
import { overflowMessage } from './overflow.ts'

/** The only place that reads an upstream's error (openrouter §6). */

interface Mapped {
  readonly kind: FailureKind
  readonly status?: number
  readonly retryable?: boolean
}

const BAD_REQUEST: Mapped = { kind: 'invalid_request_error' }
const BAD_GATEWAY: Mapped = { kind: 'api_error', status: 502 }

const BY_TYPE: Readonly<Record<string, Mapped>> = {
  authentication: { kind: 'authentication_error' },
  payment_required: { kind: 'billing_error' },
  permission_denied: { kind: 'permission_error' },
  guardrail: { kind: 'permission_error' },
  moderation: { kind: 'permission_error' },
  not_found: { kind: 'not_found_error' },
  timeout: { kind: 'timeout_error' },
  payload_too_large: { kind: 'request_too_large' },
  invalid_request: BAD_REQUEST,
  invalid_prompt: BAD_REQUEST,
  unprocessable: BAD_REQUEST,
  precondition_failed: BAD_REQUEST,
  string_too_long: BAD_REQUEST,
  context_length_exceeded: BAD_REQUEST,
  max_tokens_exceeded: BAD_REQUEST,
  token_limit_exceeded: BAD_REQUEST,
  content_policy_violation: BAD_REQUEST,
  refusal: BAD_REQUEST,
  image_not_found: { kind: 'not_found_error' },
  rate_limit_exceeded: { kind: 'rate_limit_error' },
  provider_overloaded: { kind: 'overloaded_error' },
  provider_unavailable: BAD_GATEWAY,
  server: { kind: 'api_error' },
}

const BY_STATUS: Readonly<Record<number, Mapped>> = {
  400: BAD_REQUEST,
  401: { kind: 'authentication_error' },
  402: { kind: 'billing_error' },
  403: { kind: 'permission_error' },
  404: { kind: 'not_found_error' },
  405: BAD_GATEWAY,
  408: { kind: 'timeout_error' },
  409: BAD_REQUEST,
  412: BAD_REQUEST,
  413: { kind: 'request_too_large' },
  422: BAD_REQUEST,
  429: { kind: 'rate_limit_error' },
  502: BAD_GATEWAY,
  503: { kind: 'overloaded_error' },
  504: { kind: 'timeout_error' },
  524: { kind: 'timeout_error' },
  529: { kind: 'overloaded_error' },
}

export interface UpstreamRefusal {
  /** The HTTP status; 200 for an error inside an answer that began well. */
  readonly status: number
  readonly error: ChatError | string | undefined
  readonly retryAfter: string | null
  /** The model that was asked for, in the client's words. */
  readonly model: string
}

/** An upstream error as the failure that the client sees. */
export function toFailure(refusal: UpstreamRefusal, nowMs: number): Failure {
  const error = typeof refusal.error === 'string' ? { message: refusal.error } : (refusal.error ?? {})
  const status = statusOf(refusal.status, error)
  const mapped = BY_TYPE[typeOf(error)] ?? BY_STATUS[status] ?? fallback(status)
  const message = messageOf(error, status)
  const overflow =
    mapped.kind === 'invalid_request_error' || status >= 500 ? overflowMessage(message) : undefined
  if (overflow !== undefined) return new Failure('invalid_request_error', overflow)
  const retryAfterMs = retryAfter(refusal.retryAfter, error, nowMs)
  const retryable = error.availability?.retryable ?? mapped.retryable
  const options: FailureOptions = {
    ...(mapped.status === undefined ? {} : { status: mapped.status }),
    ...(retryable === undefined || retryable === null ? {} : { retryable }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  return new Failure(mapped.kind, explain(mapped.kind, message, refusal.model), options)
}

/** The connection itself failed: refused, reset, cut, or answered by something that is no chat server. */
export const brokenConnection = (message: string, cause?: unknown): Failure =>
  new Failure('api_error', message, { status: 502, cause })

const fallback = (status: number): Mapped =>
  status >= 400 && status < 500 ? BAD_REQUEST : { kind: 'api_error' }

const typeOf = (error: ChatError): string => error.metadata?.error_type ?? error.error_type ?? ''

/** HTTP status, else what the error object says; an error without any is the upstream's fault. */
function statusOf(httpStatus: number, error: ChatError): number {
  if (httpStatus >= 400) return httpStatus
  const code = error.http_status ?? Number(error.code)
  return Number.isInteger(code) && code >= 400 && code < 600 ? code : 500
}

function explain(kind: FailureKind, message: string, model: string): string {
  switch (kind) {
    case 'authentication_error':
      return `the upstream rejected this server's key: ${message}`
    case 'not_found_error':
      return /model|endpoint/i.test(message) ? `model: ${model} (${message})` : message
    default:
      return message
  }
}

const MAX_MESSAGE_CHARS = 2000

/** The upstream's words, with the provider's own where the upstream only says that there was an error. */
function messageOf(error: ChatError, status: number): string {
  const own = error.message?.trim() || `the upstream answered with status ${status}`
  const raw = rawMessage(error.metadata?.raw)
  const provider = error.metadata?.provider_name
  const detail = raw !== '' && !own.includes(raw) ? `${own}${provider ? ` (${provider})` : ''}: ${raw}` : own
  return maskKeys(detail).slice(0, MAX_MESSAGE_CHARS)
}

/** Providers' bodies come as objects or as text, which again may be JSON. */
function rawMessage(raw: unknown): string {
  if (typeof raw === 'string') {
    const inner = parseJson(raw)
    return inner === undefined ? raw.trim() : rawMessage(inner)
  }
  if (typeof raw !== 'object' || raw === null) return ''
  if ('error' in raw) return rawMessage(raw.error)
  return 'message' in raw && typeof raw.message === 'string' ? raw.message : ''
}

function parseJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Providers echo keys in their refusals. */
const maskKeys = (text: string): string => text.replaceAll(/\b(sk-[\w-]{2,4})[\w-]{4,}/g, '$1…')

function retryAfter(header: string | null, error: ChatError, nowMs: number): number | undefined {
  const seconds = Number(header ?? error.availability?.retry_after ?? Number.NaN)
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000
  const date = header === null ? Number.NaN : Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
