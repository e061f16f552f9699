import type { ContentBlock } from '../wire/anthropic/content.ts'
import type { AssistantMessage } from '../wire/openrouter/request.ts'
import type { Family } from './family.ts'
import {
  decodeToken,
  isOurs,
  type PlainField,
  type ReasoningToken,
  restoreDetails,
  type StoredDetail,
} from './reasoning-token.ts'
import type { Target } from './target.ts'

/** Models that want earlier thoughts back as plain text, above all on turns with tool calls (openrouter §7.4). */
const PLAIN_REASONERS: ReadonlySet<Family> = new Set([
  'deepseek',
  'moonshotai',
  'z-ai',
  'qwen',
  'minimax',
  'other',
])

type Reasoning = Pick<AssistantMessage, 'reasoning' | 'reasoning_content' | 'reasoning_details'>

/** An assistant turn's thinking as the model that answers next can use it: complete, in order, or not at all. */
export function toReasoning(content: readonly ContentBlock[], target: Target): Reasoning {
  const details: StoredDetail[] = []
  const plain: string[] = []
  let field: PlainField = target.openrouter ? 'reasoning' : 'reasoning_content'
  for (const block of content) {
    if (block.type !== 'thinking' && block.type !== 'redacted_thinking') continue
    const opaque = block.type === 'thinking' ? (block.signature ?? '') : block.data
    const text = block.type === 'thinking' ? block.thinking : ''
    const token = decodeToken(opaque)
    const restored = token
      ? fromToken(token, text, target)
      : fromClaude(block.type, opaque, text, target, details.length)
    for (const detail of restored) {
      if (detail.type !== 'plain') addDetail(details, detail)
      else {
        plain.push(detail.text ?? '')
        field = detail.field ?? field
      }
    }
  }
  return {
    ...plainReasoning(plain, field, target),
    ...(details.length > 0 ? { reasoning_details: details } : {}),
  }
}

function plainReasoning(plain: readonly string[], field: PlainField, target: Target): Reasoning {
  if (plain.length === 0 || !PLAIN_REASONERS.has(target.family)) return {}
  return { [field]: plain.join('\n') }
}

function fromToken(token: ReasoningToken, text: string, target: Target): StoredDetail[] {
  const details = restoreDetails(token, text)
  if (token.family !== target.family || !target.openrouter) return asPlain(details, target)
  return details.filter((detail) => isReplayable(detail, token.family))
}

/** Gemini continues its thoughts from the encrypted entry alone and refuses their text. */
const isReplayable = (detail: StoredDetail, family: Family): boolean =>
  family !== 'google' || detail.type !== 'reasoning.text'

/** Thoughts of another model family: as text for those who want text, else nothing. */
function asPlain(details: readonly StoredDetail[], target: Target): StoredDetail[] {
  if (!PLAIN_REASONERS.has(target.family)) return []
  return details.flatMap((detail) => {
    const text = detail.text || detail.summary
    if (!text) return []
    return [{ type: 'plain', text, ...(detail.field ? { field: detail.field } : {}) } satisfies StoredDetail]
  })
}

/** A signature that is not ours is Claude's own, or there is none because another proxy wrote the block. */
function fromClaude(
  type: 'thinking' | 'redacted_thinking',
  opaque: string,
  text: string,
  target: Target,
  index: number,
): StoredDetail[] {
  if (target.family !== 'anthropic' || !target.openrouter) return asPlain([{ type: 'plain', text }], target)
  if (opaque === '' || isOurs(opaque)) return []
  const common = { format: 'anthropic-claude-v1', index }
  return type === 'thinking'
    ? [{ type: 'reasoning.text', text, signature: opaque, ...common }]
    : [{ type: 'reasoning.encrypted', data: opaque, ...common }]
}

/** Adds an entry once; a signature that came late goes to the text it signs. */
function addDetail(details: StoredDetail[], detail: StoredDetail): void {
  const { late, ...entry } = detail
  const unsigned = details.at(-1)
  if (late && unsigned?.type === 'reasoning.text' && !unsigned.signature) {
    details[details.length - 1] = { ...unsigned, signature: entry.signature ?? null }
    return
  }
  if (!details.some((known) => isSame(known, entry))) details.push(entry)
}

const isSame = (a: StoredDetail, b: StoredDetail): boolean =>
  a.type === b.type &&
  ((Boolean(a.data) && a.data === b.data) ||
    (Boolean(a.signature) && a.signature === b.signature) ||
    (Boolean(a.summary) && a.summary === b.summary))

/** Claude's unsigned text must not go back; what no late signature has signed by now stays away. */
export const withoutUnsigned = (reasoning: Reasoning, target: Target): Reasoning => {
  if (target.family !== 'anthropic' || !reasoning.reasoning_details) return reasoning
  const signed = (reasoning.reasoning_details as StoredDetail[]).filter(
    (detail) => detail.type !== 'reasoning.text' || Boolean(detail.signature),
  )
  const { reasoning_details: _details, ...rest } = reasoning
  return signed.length > 0 ? { ...rest, reasoning_details: signed } : rest
}
