import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { SystemMessage, TextPart } from '../wire/openrouter/request.ts'
import { cacheMark } from './cache-mark.ts'
import { textPart, toContent } from './parts.ts'
import type { Target } from './target.ts'

/** Claude Code's attribution line changes from request to request and would defeat every prompt cache. */
const BILLING_LINE = /^x-anthropic-billing-header:[^\n]*\n*/

/** The system prompt: one part a block, in order, each with its cache breakpoint. */
export function toSystem(system: MessagesRequest['system'], target: Target): SystemMessage[] {
  const blocks = typeof system === 'string' ? [textPart(system)] : (system ?? [])
  const parts = blocks.flatMap((block): TextPart[] => {
    const text = block.text.replace(BILLING_LINE, '')
    return text === '' ? [] : [{ type: 'text', text, ...cacheMark(block, target) }]
  })
  return parts.length > 0 ? [{ role: 'system', content: toContent(parts, target) }] : []
}
