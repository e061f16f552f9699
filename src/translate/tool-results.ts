import type { ToolResultBlock } from '../wire/anthropic/content.ts'
import type { Part, ToolMessage } from '../wire/openrouter/request.ts'
import { toParts } from './blocks.ts'
import { cacheMark, markLastPart } from './cache-mark.ts'
import { textPart } from './parts.ts'
import type { Target } from './target.ts'
import { toUpstreamToolId } from './tool-id.ts'

export interface TranslatedResults {
  /** In the order of the calls, as chat completions want them. */
  readonly messages: readonly ToolMessage[]
  /** What tools returned and a tool message cannot hold; it follows in a user message, behind all results. */
  readonly moved: readonly Part[]
}

/** The results of a user turn (openrouter §7.2). */
export function toToolResults(
  results: readonly ToolResultBlock[],
  calls: readonly string[],
  target: Target,
): TranslatedResults {
  const moved: Part[] = []
  const messages = inCallOrder(results, calls).map((result) => toToolMessage(result, target, moved))
  return { messages, moved }
}

const inCallOrder = (
  results: readonly ToolResultBlock[],
  calls: readonly string[],
): readonly ToolResultBlock[] =>
  results.length > 1
    ? results.toSorted((a, b) => calls.indexOf(a.tool_use_id) - calls.indexOf(b.tool_use_id))
    : results

function toToolMessage(block: ToolResultBlock, target: Target, moved: Part[]): ToolMessage {
  const kept = keepOrMove(partsOf(block, target), block, target, moved)
  const message: ToolMessage = {
    role: 'tool',
    tool_call_id: toUpstreamToolId(block.tool_use_id),
    content: joinTexts(block.is_error ? asError(kept) : kept),
  }
  const mark = cacheMark(block, target).cache_control
  if (mark) markLastPart(message, mark)
  return message
}

/** Some providers refuse an empty result, and a cache breakpoint cannot stand on one, so it says that it is empty. */
function partsOf({ content }: ToolResultBlock, target: Target): Part[] {
  if (typeof content === 'string') return [textPart(content === '' ? NO_OUTPUT : content)]
  const parts = (content ?? []).flatMap((block) => toParts(block, target))
  return parts.length > 0 ? parts : [textPart(NO_OUTPUT)]
}

const NO_OUTPUT = '(no output)'

/** Claude's providers take images and files inside a tool result; elsewhere it says where to find them. */
function keepOrMove(parts: Part[], block: ToolResultBlock, target: Target, moved: Part[]): Part[] {
  if (target.family === 'anthropic' && target.openrouter) return parts
  let count = 0
  return parts.map((part) => {
    if (part.type === 'text') return part
    count++
    const what = `${part.type === 'file' ? 'file' : 'image'} ${count} of tool result ${toUpstreamToolId(block.tool_use_id)}`
    moved.push(textPart(`[${what}]`), part)
    return textPart(`[${what} follows]`)
  })
}

/** Chat completions have no flag for a failed tool, so the text says it. */
function asError(parts: readonly Part[]): Part[] {
  const [first, ...rest] = parts
  if (first?.type !== 'text') return [textPart('Error: the tool failed'), ...parts]
  if (/^\s*(error\b|<tool_use_error>)/i.test(first.text)) return [...parts]
  return [{ ...first, text: `Error: ${first.text}` }, ...rest]
}

/** Plain texts as one string; parts where there is more to say than text. */
function joinTexts(parts: readonly Part[]): string | Part[] {
  const [only] = parts
  if (parts.length === 1 && only?.type === 'text' && !only.cache_control) return only.text
  const plain = parts.every((part) => part.type === 'text' && !part.cache_control)
  return plain ? parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n') : [...parts]
}
