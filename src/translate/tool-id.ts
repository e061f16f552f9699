import { fromBase64url, toBase64url } from './base64url.ts'

/**
 * Tool-call ids, both ways and without state (openrouter §7.6). Anthropic's ids begin with `toolu_` and match
 * `^[a-zA-Z0-9_-]+$`; other providers send `call_1`, `functions.Bash:0` or `7`. The original travels inside ours,
 * because Gemini links its encrypted reasoning to it.
 */
const LEGAL = /^[a-zA-Z0-9_-]+$/
const VERBATIM = 'toolu_or0_'
const ENCODED = 'toolu_or1_'

/** The id a client sees. A second use of an id within the conversation gets a suffix. */
export function toClientToolId(upstreamId: string, isTaken: (id: string) => boolean): string {
  let id = wrap(upstreamId)
  for (let n = 2; isTaken(id); n++) id = wrap(`${upstreamId}_${n}`)
  return id
}

function wrap(id: string): string {
  if (!LEGAL.test(id)) return ENCODED + toBase64url(id)
  const isAnthropic = id.startsWith('toolu_') && !id.startsWith(VERBATIM) && !id.startsWith(ENCODED)
  return isAnthropic ? id : VERBATIM + id
}

/** The id the upstream knows. Ids that never came from us are made legal the same way. */
export function toUpstreamToolId(clientId: string): string {
  if (clientId.startsWith(VERBATIM)) return clientId.slice(VERBATIM.length)
  const original = clientId.startsWith(ENCODED) ? fromBase64url(clientId.slice(ENCODED.length)) : undefined
  return original ?? (LEGAL.test(clientId) ? clientId : wrap(clientId))
}
