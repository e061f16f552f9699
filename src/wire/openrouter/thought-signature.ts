/** What Gemini takes in place of a signature that is lost or cannot be read any more; Google documents it for that. */
const SKIPS_VALIDATION = 'skip_thought_signature_validator'

/**
 * The entry of `reasoning_details` that lets Gemini accept a call without its signature: it refuses calls of the
 * current turn that have none (openrouter §3.4 rule 7).
 */
export const unsignedCall = (callId: string) => ({
  type: 'reasoning.encrypted',
  data: SKIPS_VALIDATION,
  format: 'google-gemini-v1',
  id: callId,
  index: 0,
})
