import type { ContentBlock, RedactedThinkingBlock, ThinkingBlock } from '../wire/anthropic/content.ts'
import { unsignedCall } from '../wire/openrouter/thought-signature.ts'
import type { Family } from './family.ts'
import {
  decodeToken,
  encodeToken,
  familyOfToken,
  type ReasoningToken,
  type StoredDetail,
} from './reasoning-token.ts'
import type { Target } from './target.ts'
import type { Turn } from './turns.ts'

/**
 * Families whose providers encrypt thoughts for themselves: what Google Vertex wrote is refused by Google AI Studio,
 * what OpenAI wrote by Azure, and the other way round (openrouter §3.4 rule 7). Claude's signatures are good at all of
 * its providers.
 */
const BOUND: ReadonlySet<Family> = new Set(['google', 'openai', 'x-ai'])

/** Providers of these families, as answers name them → as OpenRouter's routing does. */
const SLUGS: ReadonlyMap<string, string> = new Map([
  ['Google AI Studio', 'google-ai-studio'],
  ['Google Vertex', 'google-vertex'],
  ['Google', 'google-vertex'],
  ['OpenAI', 'openai'],
  ['Azure', 'azure'],
  ['Amazon Bedrock', 'amazon-bedrock'],
  ['xAI', 'xai'],
])

/**
 * Who must go on with the conversation, as `provider` preferences: the one provider that can read its encrypted
 * thoughts; others still serve when it is down. Only where nothing else keeps the conversation in its place: `order`
 * would switch off the sticky routing that a session's id brings, and with it the prompt cache (openrouter §7.12).
 * `options` are all others of the request.
 */
export function providerPin(
  turns: readonly Turn[],
  target: Target,
  options: Readonly<Record<string, unknown>>,
): { provider?: ProviderPin } {
  if (options['session_id'] || options['provider']) return {}
  const slug = SLUGS.get(thoughtProvider(turns, target) ?? '')
  return slug === undefined ? {} : { provider: { order: [slug], allow_fallbacks: true } }
}

interface ProviderPin {
  readonly order: readonly [string]
  readonly allow_fallbacks: true
}

/**
 * The conversation with only those encrypted thoughts that one provider can read, the one that wrote the newest: with
 * any other's among them, each further request would be refused.
 */
export function withReadableThoughts(turns: readonly Turn[], target: Target): readonly Turn[] {
  const provider = thoughtProvider(turns, target)
  if (provider === undefined) return turns
  return turns.map((turn) => {
    const isReadable = !turn.content.some((block) => isForeign(boundToken(block, target), provider))
    return isReadable
      ? turn
      : { ...turn, content: turn.content.flatMap((block) => adopt(block, provider, target)) }
  })
}

/** Who wrote the newest encrypted thoughts, where only their writer can read them. */
function thoughtProvider(turns: readonly Turn[], target: Target): string | undefined {
  if (!BOUND.has(target.family) || !target.openrouter) return undefined
  for (const { content } of turns.toReversed())
    for (const block of content.toReversed()) {
      const provider = boundToken(block, target)?.provider
      if (provider !== undefined) return provider
    }
  return undefined
}

/** The token of a thinking block that holds encrypted thoughts of the target's family. */
function boundToken(block: ContentBlock, target: Target): ReasoningToken | undefined {
  const opaque = isThought(block) ? opaqueOf(block) : ''
  if (familyOfToken(opaque) !== target.family) return undefined
  const token = decodeToken(opaque)
  return token?.items.some(isEncrypted) ? token : undefined
}

const isThought = (block: ContentBlock): block is ThinkingBlock | RedactedThinkingBlock =>
  block.type === 'thinking' || block.type === 'redacted_thinking'

const opaqueOf = (block: ThinkingBlock | RedactedThinkingBlock): string =>
  block.type === 'thinking' ? (block.signature ?? '') : block.data

const isEncrypted = ({ type }: StoredDetail): boolean => type === 'reasoning.encrypted'

const isForeign = (token: ReasoningToken | undefined, provider: string): boolean =>
  token?.provider !== undefined && token.provider !== provider

/** A block without what another provider encrypted. Gemini still needs to hear of each call that it was signed. */
function adopt(block: ContentBlock, provider: string, target: Target): readonly ContentBlock[] {
  const token = boundToken(block, target)
  if (!token || !isForeign(token, provider)) return [block]
  if (target.family !== 'google') return []
  const items = token.items.filter(isEncrypted).flatMap(({ id }) => (id ? [unsignedCall(id)] : []))
  return [{ type: 'redacted_thinking', data: encodeToken({ family: token.family, items }) }]
}
