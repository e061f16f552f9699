import type { Failure } from '../core/errors.ts'
import type { MessageBatchResult } from '../wire/anthropic/batches.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'

/** An answer as the results tell it. */
export const succeeded = (message: MessageResponse): MessageBatchResult => ({
  type: 'succeeded',
  message: { ...message, usage: { ...message.usage, service_tier: 'batch' } },
})

/** A failure as the results tell it; what was refused before it ran has no request id (Anthropic API, §7). */
export const errored = (failure: Failure, requestId: string): MessageBatchResult => ({
  type: 'errored',
  error: {
    type: 'error',
    error: { type: failure.kind, message: failure.message, details: failure.details ?? null },
    request_id: failure.kind === 'invalid_request_error' ? null : requestId,
  },
})
