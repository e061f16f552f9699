/** Every failure a client can see, in Anthropic's vocabulary: kind → how it travels. */
export const FAILURES = {
  invalid_request_error: { status: 400, retryable: false },
  authentication_error: { status: 401, retryable: false },
  billing_error: { status: 402, retryable: false },
  permission_error: { status: 403, retryable: false },
  not_found_error: { status: 404, retryable: false },
  conflict_error: { status: 409, retryable: true },
  request_too_large: { status: 413, retryable: false },
  rate_limit_error: { status: 429, retryable: true },
  api_error: { status: 500, retryable: true },
  timeout_error: { status: 504, retryable: true },
  overloaded_error: { status: 529, retryable: true },
} as const

export type FailureKind = keyof typeof FAILURES

export interface FailureOptions extends ErrorOptions {
  /** Overrides the kind's status, e.g. 405 for a wrong method or 502 for a broken upstream answer. */
  readonly status?: number
  /** Overrides the kind's `retryable`: whether the same request may succeed later. */
  readonly retryable?: boolean
  /** How long the upstream asked to wait. */
  readonly retryAfterMs?: number
  /** Anthropic's `error.details`, e.g. `{ error_code: 'thread_unsupported_request' }`. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** A failure that is told to the client. Anything thrown that is not a `Failure` is a bug of ours. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind
  readonly status: number
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.status = options.status ?? FAILURES[kind].status
    this.retryable = options.retryable ?? FAILURES[kind].retryable
    this.retryAfterMs = options.retryAfterMs
    this.details = options.details
  }
}

/** The commonest failure: the client's request is wrong. The message names the path first, as Anthropic does. */
export const invalidRequest = (message: string): Failure => new Failure('invalid_request_error', message)
