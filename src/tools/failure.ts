/** Why a run did not succeed. The metrics count by these, and the log names them. */
export const FAILURE_REASONS = [
  'unknown-tool',
  'invalid-input',
  'refused',
  'not-found',
  'not-read',
  'conflict',
  'too-large',
  'rate-limited',
  'timed-out',
  'failed',
  'internal',
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/**
 * What a tool says when it did not do what it was asked. The model reads the message, so it says what is wrong and
 * what to do instead. Anything else that a tool throws is a bug of ours.
 */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
