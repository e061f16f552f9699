import { Failure } from '../core/errors.ts'
import type { AssistantMessage, ChatRequest } from '../wire/openrouter/request.ts'
import { unsignedCall } from '../wire/openrouter/thought-signature.ts'
import { FirstRead } from './first-read.ts'
import type { Upstream } from './upstream.ts'

/**
 * How providers refuse earlier thoughts: signatures and encrypted blobs are good only for the provider that made
 * them, and not forever (openrouter §7.4).
 */
const REFUSED_THOUGHTS: readonly RegExp[] = [
  // Claude, at Anthropic, Vertex and Bedrock
  /invalid [`'"]?(?:signature|data)[`'"]? in [`'"]?(?:redacted_)?thinking/i,
  /expected [`'"]?thinking[`'"]? or [`'"]?redacted_thinking/i,
  /thinking[`'"]? blocks? .{0,60}cannot be modified/i,
  /thinking\.signature\b.{0,60}(?:field required|input should be)/i,
  /each thinking block must contain/i,
  // Gemini, at Google AI Studio and Vertex
  /(?:corrupted|invalid|missing a) [`'"]?thought[ _]?signature/i,
  /thought[ _]?signature[`'"]? is (?:not valid|invalid|corrupted)/i,
  /thought[ _]?signature\b.{0,60}base64/i,
  // GPT and Grok, at OpenAI, Azure and xAI
  /encrypted[ _]content\b.{0,120}could not be (?:verified|decrypted|parsed)/i,
  /(?:decrypt|verify|decode)\b.{0,40}\bencrypted[ _]content/i,
  /invalid_encrypted_content/i,
  /encrypted_content`? was not issued to this caller/i,
  /of type 'reasoning' was provided without its required following item/i,
  /was provided without its required 'reasoning' item/i,
  /\bitem with id '?rs_\w+'? not found/i,
  /duplicate item found with id '?rs_/i,
]
/** All that OpenRouter says at times when a provider could not read what another one had encrypted. */
const OPAQUE_REFUSAL = /^provider returned error(?: \([^)]*\))?\.?$/i

/** The same body with no earlier thought in it; undefined where there was none. */
export type Lighten = (body: string) => string | undefined

/**
 * An upstream that, when its provider refuses the conversation's earlier thoughts, is asked once more without them.
 * `onDrop` hears of it; `lighten` knows the form of the upstream's requests.
 */
export const withThoughtRecovery = <Item>(
  upstream: Upstream<Item>,
  onDrop: (failure: Failure) => void,
  lighten: Lighten = withoutThoughts,
): Upstream<Item> => ({
  stream: (call, signal) =>
    new FirstRead(upstream.stream(call, signal), async (attempt) => {
      try {
        return await attempt.stream.next()
      } catch (error) {
        const refusal = signal.aborted ? undefined : refusedThoughts(error, call.body)
        const body = refusal && lighten(call.body)
        if (refusal === undefined || body === undefined) throw error
        onDrop(refusal)
        attempt.stream = upstream.stream({ ...call, body }, signal)
        return attempt.stream.next()
      }
    }),
})

/** The failure, if it is about earlier thoughts. */
function refusedThoughts(error: unknown, body: string): Failure | undefined {
  if (!(error instanceof Failure) || error.kind !== 'invalid_request_error') return undefined
  const isTold = REFUSED_THOUGHTS.some((wording) => wording.test(error.message))
  const isLikely = OPAQUE_REFUSAL.test(error.message) && body.includes('"reasoning.encrypted"')
  return isTold || isLikely ? error : undefined
}

/**
 * A chat request without the assistant's reasoning; undefined where that changes nothing. Gemini must be told of each
 * call that its signature is lost.
 */
function withoutThoughts(text: string): string | undefined {
  const body = JSON.parse(text) as ChatRequest
  const isGemini = /^google\/gemini/i.test(body.model)
  const changed = body.messages.filter(
    (message) => message.role === 'assistant' && forgetThoughts(message, isGemini),
  )
  if (changed.length === 0) return undefined
  // With a budget, Claude insists on the thoughts that led to its last calls.
  if (hasBudget(body['reasoning']) && !isGemini) body['reasoning'] = { enabled: false }
  return JSON.stringify(body)
}

/** Tells whether there was anything to forget, or to say about a call. */
function forgetThoughts(message: AssistantMessage, isGemini: boolean): boolean {
  const hadThoughts = THOUGHTS.some((field) => message[field] !== undefined && message[field].length > 0)
  const call = isGemini ? message.tool_calls?.[0] : undefined
  if (!hadThoughts && !call) return false
  for (const field of THOUGHTS) delete message[field]
  if (call) message.reasoning_details = [unsignedCall(call.id)]
  return true
}

const THOUGHTS = ['reasoning', 'reasoning_content', 'reasoning_details'] as const

const hasBudget = (reasoning: unknown): boolean =>
  typeof reasoning === 'object' && reasoning !== null && 'max_tokens' in reasoning
