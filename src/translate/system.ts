import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { SystemMessage, TextPart } from '../wire/openrouter/request.ts'
import { cacheMark } from './cache-mark.ts'
import { textPart, toContent } from './parts.ts'
import type { Target } from './target.ts'

const BILLING_HEADER = /x-anthropic-billing-header:/i
const BILLING_LINE = /^[ \t]*x-anthropic-billing-header:[^\n]*\n*/gim

/** Claude Code's attribution line changes from request to request and would defeat every prompt cache. */
export const withoutBillingLine = (text: string): string =>
  // System prompts are long, and a search for plain words costs a twentieth of the whole pattern's.
  BILLING_HEADER.test(text) ? text.replaceAll(BILLING_LINE, '') : text

/**
 * The system prompt: one part a block, in order, each with its cache breakpoint. A block that says nothing disappears;
 * its breakpoint goes to the one before it.
 */
export function toSystem(system: MessagesRequest['system'], target: Target): SystemMessage[] {
  const parts: TextPart[] = []
  for (const block of typeof system === 'string' ? [textPart(system)] : (system ?? [])) {
    const text = withoutBillingLine(block.text)
    const mark = cacheMark(block, target)
    const last = parts.at(-1)
    if (text !== '') parts.push({ type: 'text', text, ...mark })
    else if (last) Object.assign(last, mark)
  }
  return parts.length > 0 ? [{ role: 'system', content: toContent(parts, target) }] : []
}
