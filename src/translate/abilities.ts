import type { Target } from './target.ts'

/** What the catalogue says that a model can do. One that it does not know is trusted with everything. */

/** Whether it sees images. What it cannot see is told to it in words: refused, it would block the conversation. */
export const seesImages = ({ facts }: Target): boolean => facts.inputModalities?.includes('image') ?? true

/** Whether it can think before it answers, so that it may be told how. */
export const canReason = ({ facts: { supportedParameters, reasoning } }: Target): boolean =>
  supportedParameters === undefined || reasoning !== undefined || supportedParameters.includes('reasoning')

/** Whether it knows the limit of its answer only by the newer name. */
export const wantsCompletionLimit = ({ facts: { supportedParameters } }: Target): boolean =>
  supportedParameters?.includes('max_completion_tokens') === true &&
  !supportedParameters.includes('max_tokens')
