import { Failure, type FailureKind, type FailureOptions } from '../core/errors.ts'
import type { ChatError } from '../wire/openrouter/chunk.ts'
import { outputLimitMessage, overflowMessage } from './overflow.ts'
import { wordsOf } from './words.ts'

/** The only place that reads an upstream's error (openrouter §6). */

interface Mapped {
  readonly kind: FailureKind
  readonly status?: number
}

const BAD_REQUEST: Mapped = { kind: 'invalid_request_error' }
const AUTHENTICATION: Mapped = { kind: 'authentication_error' }
const BILLING: Mapped = { kind: 'billing_error' }
const PERMISSION: Mapped = { kind: 'permission_error' }
const NOT_FOUND: Mapped = { kind: 'not_found_error' }
const TOO_LARGE: Mapped = { kind: 'request_too_large' }
const RATE_LIMIT: Mapped = { kind: 'rate_limit_error' }
const TIMEOUT: Mapped = { kind: 'timeout_error' }
const OVERLOADED: Mapped = { kind: 'overloaded_error' }
const SERVER: Mapped = { kind: 'api_error' }
const BAD_GATEWAY: Mapped = { kind: 'api_error', status: 502 }

/** OpenRouter's `error_type` (openrouter §6.2). It says more than the status. */
const BY_ERROR_TYPE: Readonly<Record<string, Mapped>> = {
  authentication: AUTHENTICATION,
  payment_required: BILLING,
  permission_denied: PERMISSION,
  guardrail: PERMISSION,
  moderation: PERMISSION,
  not_found: NOT_FOUND,
  image_not_found: NOT_FOUND,
  timeout: TIMEOUT,
  payload_too_large: TOO_LARGE,
  precondition_failed: BAD_REQUEST,
  unprocessable: BAD_REQUEST,
  invalid_request: BAD_REQUEST,
  invalid_prompt: BAD_REQUEST,
  string_too_long: BAD_REQUEST,
  context_length_exceeded: BAD_REQUEST,
  max_tokens_exceeded: BAD_REQUEST,
  token_limit_exceeded: BAD_REQUEST,
  content_policy_violation: BAD_REQUEST,
  refusal: BAD_REQUEST,
  rate_limit_exceeded: RATE_LIMIT,
  provider_overloaded: OVERLOADED,
  provider_unavailable: BAD_GATEWAY,
  server: SERVER,
}

/** Codes of other servers that say more than their status. */
const BY_CODE: Readonly<Record<string, Mapped>> = {
  insufficient_quota: BILLING,
  context_length_exceeded: BAD_REQUEST,
  exceed_context_size_error: BAD_REQUEST,
}

const BY_STATUS: Readonly<Record<number, Mapped>> = {
  400: BAD_REQUEST,
  401: AUTHENTICATION,
  402: BILLING,
  403: PERMISSION,
  404: NOT_FOUND,
  405: BAD_GATEWAY,
  408: TIMEOUT,
  413: TOO_LARGE,
  429: RATE_LIMIT,
  502: BAD_GATEWAY,
  503: OVERLOADED,
  504: TIMEOUT,
  524: TIMEOUT,
  529: OVERLOADED,
}

/** What is left to go by where an error has no status: the words of OpenAI's and Anthropic's servers for it. */
const BY_WORD: Readonly<Record<string, Mapped>> = {
  authentication_error: AUTHENTICATION,
  invalid_api_key: AUTHENTICATION,
  billing_error: BILLING,
  permission_error: PERMISSION,
  region_restricted: PERMISSION,
  not_found_error: NOT_FOUND,
  no_endpoints: NOT_FOUND,
  model_deprecated: NOT_FOUND,
  model_unavailable_upstream: NOT_FOUND,
  privacy_restricted: NOT_FOUND,
  constraint_filtered: NOT_FOUND,
  free_variant_ended: NOT_FOUND,
  request_too_large: TOO_LARGE,
  invalid_request_error: BAD_REQUEST,
  wrong_endpoint: BAD_REQUEST,
  rate_limit_error: RATE_LIMIT,
  rate_limit_exceeded: RATE_LIMIT,
  capacity_exhausted: RATE_LIMIT,
  timeout_error: TIMEOUT,
  overloaded_error: OVERLOADED,
  temporarily_unavailable: OVERLOADED,
}

export interface UpstreamRefusal {
  /** The HTTP status; 200 for an error inside an answer that began well. */
  readonly status: number
  readonly error: ChatError | string | undefined
  readonly retryAfter: string | null
  /** The model that was asked for, in the client's words. */
  readonly model: string
}

/** An upstream error as the failure that the client sees. Reads any error, however odd, and never throws. */
export function toFailure(refusal: UpstreamRefusal, nowMs: number): Failure {
  const error = toError(refusal.error)
  const status = statusOf(refusal.status, error)
  const message = wordsOf(error) || `the upstream answered with status ${status ?? refusal.status}`
  if (isUnknownModel(error, status, message)) return new Failure('not_found_error', `model: ${refusal.model}`)
  const mapped = mappingOf(error, status)
  const rewritten = rewrite(error, mapped, message, refusal.model)
  if (rewritten !== undefined) return new Failure('invalid_request_error', rewritten)
  return new Failure(mapped.kind, explain(mapped.kind, message, refusal.model), {
    ...(mapped.status === undefined ? {} : { status: mapped.status }),
    ...retryOptions(refusal, error, nowMs),
  })
}

/** Errors that, in an answer which has begun, only say how it ended (openrouter §6.2). */
const FINISHES: Readonly<Record<string, 'length' | 'content_filter'>> = {
  max_tokens_exceeded: 'length',
  token_limit_exceeded: 'length',
  content_policy_violation: 'content_filter',
  refusal: 'content_filter',
}

/** The finish reason that an error in the middle of an answer stands for; undefined for a real failure. */
export function finishOf(error: ChatError | string): 'length' | 'content_filter' | undefined {
  const { metadata, error_type, code } = toError(error)
  const word = [metadata?.error_type, error_type, code].find((known) => typeof known === 'string')
  return typeof word === 'string' && Object.hasOwn(FINISHES, word) ? FINISHES[word] : undefined
}

/** The connection itself failed: refused, reset, cut, or answered by something that is no chat server. */
export const brokenConnection = (message: string, cause?: unknown): Failure =>
  new Failure('api_error', message, { status: 502, cause })

function toError(error: unknown): ChatError {
  if (typeof error === 'object' && error !== null && !Array.isArray(error)) return error
  return { message: typeof error === 'string' ? error : '' }
}

// — what it is —

/** HTTP status, else what the error object says. */
function statusOf(httpStatus: number, error: ChatError): number | undefined {
  if (httpStatus >= 400) return httpStatus
  return [error.http_status, error.code].map(toNumber).find((code) => code >= 400 && code < 600)
}

const toNumber = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN

function mappingOf(error: ChatError, status: number | undefined): Mapped {
  const words = [error.code, error.availability?.code, error.type]
  return (
    find(BY_ERROR_TYPE, [error.metadata?.error_type, error.error_type]) ??
    find(BY_CODE, words) ??
    (status === undefined ? find({ ...BY_ERROR_TYPE, ...BY_WORD }, words) : BY_STATUS[status]) ??
    (status !== undefined && status < 500 ? BAD_REQUEST : SERVER)
  )
}

function find(table: Readonly<Record<string, Mapped>>, words: readonly unknown[]): Mapped | undefined {
  const known = words.find((word): word is string => typeof word === 'string' && Object.hasOwn(table, word))
  return known === undefined ? undefined : table[known]
}

const UNKNOWN_MODEL = [
  /\bis not a valid model id\b/i,
  /^no endpoints found for [^\s]+\.?$/i,
  /\bmodels?[ /][^\s]+ (?:does not exist|(?:is |was )?not found)\b/i,
  /\bmodel not exist\b/i,
  /\binvalid model:/i,
] as const

/** OpenRouter and others refuse an unknown model with 400; Anthropic's clients know it as 404 (Anthropic API, V8). */
function isUnknownModel(error: ChatError, status: number | undefined, message: string): boolean {
  if (error.code === 'model_not_found' || error.availability?.code === 'model_not_found') return true
  return (status === 400 || status === 404) && UNKNOWN_MODEL.some((wording) => wording.test(message))
}

// — what it says —

/** Errors on whose words clients act, in Anthropic's words. Some servers send them with a status of their own fault. */
function rewrite(error: ChatError, mapped: Mapped, message: string, model: string): string | undefined {
  if (mapped.kind !== 'invalid_request_error' && mapped.kind !== 'api_error' && !isOverflow(error))
    return undefined
  const { n_prompt_tokens: input, n_ctx: limit } = error
  return (
    outputLimitMessage(message, model) ??
    overflowMessage(message, isOverflow(error), { input: numberOf(input), limit: numberOf(limit) })
  )
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

const OVERFLOWS: ReadonlySet<unknown> = new Set(['context_length_exceeded', 'exceed_context_size_error'])

function isOverflow({ metadata, error_type, code, type, availability }: ChatError): boolean {
  if ([metadata?.error_type, error_type, code, type].some((word) => OVERFLOWS.has(word))) return true
  const excludedBy = availability?.excluded_by
  return Array.isArray(excludedBy) && excludedBy.length === 1 && excludedBy[0] === 'context_length'
}

/** For whoever runs the server, who may well be the one who reads it. */
export const ASK_DOCTOR = 'the command "doctor" of this server says what to do'

function explain(kind: FailureKind, message: string, model: string): string {
  switch (kind) {
    case 'authentication_error':
      return `the upstream rejected this server's key: ${message}; ${ASK_DOCTOR}`
    case 'not_found_error':
      return /model|endpoint/i.test(message) ? `model: ${model} (${message})` : message
    default:
      return message
  }
}

// — when to come again —

function retryOptions(refusal: UpstreamRefusal, error: ChatError, nowMs: number): FailureOptions {
  const retryable = error.availability?.retryable
  const retryAfterMs = retryAfter(refusal.retryAfter, nowMs) ?? milliseconds(error.availability?.retry_after)
  return {
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** The header's two forms: seconds, or a date. */
function retryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === '') return undefined
  const seconds = milliseconds(Number(header))
  if (seconds !== undefined || /^[\s\d.+-]*$/.test(header)) return seconds
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}

const milliseconds = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
