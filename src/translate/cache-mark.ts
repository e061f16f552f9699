import type { CacheControl } from '../wire/anthropic/cache-control.ts'
import type { CacheMark, ChatMessage, ChatTool, Part } from '../wire/openrouter/request.ts'
import type { Target } from './target.ts'

/** Servers other than OpenRouter may refuse the key. */
export const takesCacheMarks = (target: Target): boolean => target.openrouter

/** A cache breakpoint as OpenRouter wants it; none for others. */
export function cacheMark(marked: object, target: Target): { cache_control?: CacheMark } {
  const { cache_control: mark }: { cache_control?: CacheControl | null } = marked
  if (!mark || !takesCacheMarks(target)) return {}
  return { cache_control: mark.ttl ? { type: 'ephemeral', ttl: mark.ttl } : { type: 'ephemeral' } }
}

/** Puts a breakpoint at the end of a message, for blocks that have no part of their own, such as tool calls. */
export function markLastPart(message: ChatMessage | undefined, mark: CacheMark): void {
  if (message) message.content = markedContent(message.content, mark)
}

/** What a message says, with a breakpoint at its end; the same where there is nothing that could carry one. */
export function markedContent<Content extends ChatMessage['content']>(
  content: Content,
  mark: CacheMark,
): Content {
  if (content === null || content === '') return content
  const parts: readonly Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  const last = parts.at(-1)
  return (last ? [...parts.slice(0, -1), { ...last, cache_control: mark }] : content) as Content
}

/** The same tools with a breakpoint on the last one that can carry it: what OpenRouter runs itself cannot. */
export function withMarkedTool(tools: readonly ChatTool[], mark: CacheMark): ChatTool[] {
  const at = tools.findLastIndex((tool) => tool.type === 'function')
  return tools.map((tool, index) => (index === at ? { ...tool, cache_control: mark } : tool))
}
