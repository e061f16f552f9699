import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { SystemMessage, TextPart } from '../wire/openrouter/request.ts'
import { cacheMark } from './cache-mark.ts'
import type { Target } from './target.ts'

/** Claude Code's attribution line changes from request to request and would defeat every prompt cache. */
const BILLING_LINE = 'x-anthropic-billing-header:'

/** The system prompt: one part a block, in order, each with its cache breakpoint. Servers without caching get one string. */
export function toSystem(system: MessagesRequest['system'], target: Target): SystemMessage[] {
  if (!system) return []
  if (typeof system === 'string') return [{ role: 'system', content: system }]
  const parts = system
    .filter((block) => block.text !== '' && !block.text.startsWith(BILLING_LINE))
    .map((block): TextPart => ({ type: 'text', text: block.text, ...cacheMark(block, target) }))
  const [only] = parts
  if (!only) return []
  if (!target.openrouter) return [{ role: 'system', content: parts.map((part) => part.text).join('\n\n') }]
  return [{ role: 'system', content: parts.length === 1 && !only.cache_control ? only.text : parts }]
}
