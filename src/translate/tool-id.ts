import { fromBase64url, toBase64url } from './base64url.ts'

/**
 * Tool-call ids, both ways and without state (openrouter §7.6). Anthropic's ids begin with `toolu_` and match
 * `^[a-zA-Z0-9_-]+$`; other providers send `call_1`, `functions.Bash:0` or `7`. The original travels inside ours,
 * because Gemini links its encrypted reasoning to it.
 */
const LEGAL = /^[a-zA-Z0-9_-]+$/
const VERBATIM = 'toolu_or0_'
const ENCODED = 'toolu_or1_'

/** The id a client sees. `taken` holds the ids that the conversation already uses; a second use gets a suffix. */
export function toClientToolId(upstreamId: string, taken: ReadonlySet<string>): string {
  const id = wrap(upstreamId)
  if (!taken.has(id)) return id
  for (let n = 2; ; n++) {
    const next = wrap(`${upstreamId}_${n}`)
    if (!taken.has(next)) return next
  }
}

function wrap(id: string): string {
  if (id.startsWith('toolu_') && LEGAL.test(id)) return id
  return LEGAL.test(id) ? VERBATIM + id : ENCODED + toBase64url(id)
}

/** The id the upstream knows. Ids that never came from us are made legal the same way. */
export function toUpstreamToolId(clientId: string): string {
  if (clientId.startsWith(VERBATIM)) return clientId.slice(VERBATIM.length)
  if (clientId.startsWith(ENCODED)) {
    return fromBase64url(clientId.slice(ENCODED.length)) ?? clientId
  }
  return LEGAL.test(clientId) ? clientId : wrap(clientId)
}
