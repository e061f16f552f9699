import type { CacheControl } from '../wire/anthropic/content.ts'
import type { CacheMark, ChatMessage } from '../wire/openrouter/request.ts'
import type { Target } from './target.ts'

/** A cache breakpoint as OpenRouter wants it; other servers may refuse the key, so they get none. */
export function cacheMark(marked: object, target: Target): { cache_control?: CacheMark } {
  const { cache_control: mark }: { cache_control?: CacheControl | null } = marked
  if (!mark || !target.openrouter) return {}
  return { cache_control: mark.ttl ? { type: 'ephemeral', ttl: mark.ttl } : { type: 'ephemeral' } }
}

/** Puts a breakpoint at the end of a message, for blocks that have no part of their own, such as tool calls. */
export function markLastPart(message: ChatMessage | undefined, mark: CacheMark): void {
  if (!message || message.content === null || message.content === '') return
  if (typeof message.content === 'string')
    message.content = [{ type: 'text', text: message.content, cache_control: mark }]
  const last = message.content.at(-1)
  if (last) last.cache_control = mark
}
