import type { ContentBlock, RedactedThinkingBlock, ThinkingBlock } from '../wire/anthropic/content.ts'
import type { AssistantMessage } from '../wire/openrouter/request.ts'
import type { Family } from './family.ts'
import {
  decodeToken,
  familyOfToken,
  isOurs,
  type PlainField,
  restoreDetails,
  type StoredDetail,
} from './reasoning-token.ts'
import type { Target } from './target.ts'

/** Models that read earlier thoughts as plain text, whoever had them (openrouter §7.4). */
const READS_TEXT: ReadonlySet<Family> = new Set(['deepseek', 'moonshotai', 'z-ai', 'qwen', 'minimax'])
/** Of these, the ones that refuse a turn with calls and no word of thoughts. */
const MISSES_THOUGHTS: ReadonlySet<Family> = new Set(['deepseek', 'moonshotai'])
/** Models that continue only what they have signed or encrypted, and refuse bare text. */
const NEEDS_SIGNATURE: ReadonlySet<Family> = new Set(['anthropic', 'google'])

type Reasoning = Pick<AssistantMessage, 'reasoning' | 'reasoning_content' | 'reasoning_details'>
type ThoughtBlock = ThinkingBlock | RedactedThinkingBlock

/**
 * An assistant turn's thinking as the model that answers next can use it: complete and in order, or not at all. Never
 * as text of the answer, which the model would imitate.
 */
export function toReasoning(content: readonly ContentBlock[], hasCalls: boolean, target: Target): Reasoning {
  if (!content.some(isThought)) return hasCalls ? nothingThought(target) : {}
  const details: StoredDetail[] = []
  const plain: StoredDetail[] = []
  for (const block of content) {
    if (!isThought(block)) continue
    for (const detail of thoughtsOf(block, details.length, target))
      if (detail.type === 'plain') plain.push(detail)
      else addDetail(details, detail)
  }
  const signed = target.family === 'anthropic' ? details.filter(isSigned) : details
  const said = plain.map((detail) => detail.text ?? '').filter((text) => text !== '')
  if (signed.length === 0 && said.length === 0) return hasCalls ? nothingThought(target) : {}
  return {
    ...(said.length > 0 ? { [fieldOf(plain, target)]: said.join('\n') } : {}),
    ...(signed.length > 0 ? { reasoning_details: signed } : {}),
  }
}

const isThought = (block: ContentBlock): block is ThoughtBlock =>
  block.type === 'thinking' || block.type === 'redacted_thinking'

/** The field that the upstream's own thoughts came in. */
const fieldOf = (plain: readonly StoredDetail[], target: Target): PlainField =>
  plain.findLast((detail) => detail.field)?.field ?? (target.openrouter ? 'reasoning' : 'reasoning_content')

/** What "no thoughts" must look like. Moonshot's own server takes the empty string for a missing one. */
function nothingThought(target: Target): Reasoning {
  if (!MISSES_THOUGHTS.has(target.family)) return {}
  return target.openrouter ? { reasoning_details: [] } : { reasoning_content: ' ' }
}

/** Whether anything of a thinking block reaches the target. Cheap: looks at whose it is, not into it. */
export function isReplayed(block: ThoughtBlock, target: Target): boolean {
  const [text, opaque] = sayingOf(block)
  const family = familyOfToken(opaque)
  if (family === target.family && target.openrouter) return true
  if (family === undefined && isClaudes(opaque, target)) return true
  return READS_TEXT.has(target.family) && (text !== '' || family !== undefined)
}

function thoughtsOf(block: ThoughtBlock, index: number, target: Target): readonly StoredDetail[] {
  const [text, opaque] = sayingOf(block)
  const token = decodeToken(opaque)
  if (token?.family === target.family) return ownThoughts(restoreDetails(token, text), target)
  if (token) return asPlain(restoreDetails(token, text), target)
  if (isClaudes(opaque, target)) return [claudeDetail(block, index)]
  return asPlain([{ type: 'plain', text }], target)
}

/** What a block shows, and what of it only its maker can read. */
const sayingOf = (block: ThoughtBlock): readonly [text: string, opaque: string] =>
  block.type === 'thinking' ? [block.thinking, block.signature ?? ''] : ['', block.data]

/** Whether something opaque, and no token of ours, is Claude's own and goes to Claude. */
const isClaudes = (opaque: string, { family, openrouter }: Target): boolean =>
  family === 'anthropic' && openrouter && opaque !== '' && !isOurs(opaque)

/** A signature that is not ours is Claude's own. */
const claudeDetail = (block: ThoughtBlock, index: number): StoredDetail => ({
  ...(block.type === 'thinking'
    ? { type: 'reasoning.text', text: block.thinking, signature: block.signature ?? null }
    : { type: 'reasoning.encrypted', data: block.data }),
  format: 'anthropic-claude-v1',
  index,
})

/** Thoughts of the model's own family. Other servers than OpenRouter know them as text only. */
function ownThoughts(details: readonly StoredDetail[], target: Target): readonly StoredDetail[] {
  const plain = NEEDS_SIGNATURE.has(target.family) ? [] : details.filter(isPlain)
  const structured = details.filter((detail) => !isPlain(detail))
  if (!target.openrouter) return [...plain, ...asPlain(structured, target)]
  return [...plain, ...structured.filter((detail) => !isGeminiText(detail, target))]
}

const isPlain = (detail: StoredDetail): boolean => detail.type === 'plain'

/** Gemini continues its thoughts from the encrypted entry alone. */
const isGeminiText = (detail: StoredDetail, target: Target): boolean =>
  target.family === 'google' && detail.type === 'reasoning.text'

const isSigned = (detail: StoredDetail): boolean =>
  detail.type !== 'reasoning.text' || Boolean(detail.signature)

/** Thoughts as text for those who want text, else nothing. */
function asPlain(details: readonly StoredDetail[], target: Target): readonly StoredDetail[] {
  if (!READS_TEXT.has(target.family)) return []
  return details.map((detail): StoredDetail => ({
    type: 'plain',
    text: detail.text || detail.summary || '',
    ...(detail.field ? { field: detail.field } : {}),
  }))
}

/** Adds an entry once; a signature that came late goes to the text it signs, or nowhere when that is gone. */
function addDetail(details: StoredDetail[], { late, ...entry }: StoredDetail): void {
  if (late && isSignatureOf(entry)) {
    const unsigned = details.at(-1)
    if (unsigned?.type === 'reasoning.text' && !unsigned.signature)
      details[details.length - 1] = { ...unsigned, signature: entry.signature ?? null }
    return
  }
  if (!details.some((known) => isSame(known, entry))) details.push(entry)
}

const isSignatureOf = (entry: StoredDetail): boolean =>
  entry.type === 'reasoning.text' && Boolean(entry.signature) && !entry.text

/** The same entry again, which breaks the replay at OpenAI's and Google's. Parts of one summary share an id. */
const isSame = (a: StoredDetail, b: StoredDetail): boolean =>
  a.type === b.type &&
  (isShared(a.data, b.data) ||
    isShared(a.signature, b.signature) ||
    isShared(a.summary, b.summary) ||
    (isShared(a.text, b.text) && !a.signature && !b.signature) ||
    (a.type === 'reasoning.encrypted' && isShared(a.id, b.id)))

const isShared = (a: unknown, b: unknown): boolean => Boolean(a) && a === b
