import { Failure, type FailureKind, FAILURES } from '../../core/errors.ts'
import { isRecord } from '../../core/record.ts'
import { toFailure, type UpstreamRefusal } from '../failure.ts'
import { wordsOf } from '../words.ts'

/**
 * An Anthropic-format error as the failure that the client sees: the upstream's own type, status and details. Where
 * chat upstreams get another kind, that one stands, too: for an unknown model, and for a prompt that is too long. Reads
 * any error, however odd, and never throws.
 */
export function toRelayFailure(refusal: UpstreamRefusal, nowMs: number): Failure {
  const read = toFailure(refusal, nowMs)
  const { error, status, model } = refusal
  if (typeof error !== 'object' || !isKind(error.type)) return read
  if (error.type === 'not_found_error' && NO_MODEL.test(wordsOf(error)))
    return new Failure('not_found_error', `model: ${model}`)
  const kind = isOwnFault(read.kind) && error.type !== 'conflict_error' ? read.kind : error.type
  return new Failure(kind, read.message, {
    ...(kind === error.type && status >= 400 ? { status } : {}),
    ...(kind === read.kind ? { retryable: read.retryable } : {}),
    ...(read.retryAfterMs === undefined ? {} : { retryAfterMs: read.retryAfterMs }),
    ...('details' in error && isRecord(error.details) ? { details: error.details } : {}),
  })
}

/** Anthropic's words for a model that there is not, with the upstream's name for it. */
const NO_MODEL = /^model: \S+$/

const isOwnFault = (kind: FailureKind): boolean =>
  kind === 'invalid_request_error' || kind === 'not_found_error'

const isKind = (type: unknown): type is FailureKind =>
  typeof type === 'string' && Object.hasOwn(FAILURES, type)
