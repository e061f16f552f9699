import type { ContentBlock } from '../../wire/anthropic/content.ts'
import type { Message, MessagesRequest } from '../../wire/anthropic/request.ts'

/** The same Messages request with no earlier thought in it; undefined where there was none. */
export function withoutThinkingBlocks(body: string): string | undefined {
  const request = JSON.parse(body) as MessagesRequest
  if (!request.messages.some(hasThoughts)) return undefined
  const messages = request.messages.map(withoutThoughts).filter(saysSomething)
  // With a budget, Claude insists on the thoughts that led to its last calls.
  const thinking = request.thinking?.type === 'enabled' ? { thinking: { type: 'disabled' } } : {}
  return JSON.stringify({ ...request, ...thinking, messages })
}

const isThought = ({ type }: ContentBlock): boolean => type === 'thinking' || type === 'redacted_thinking'

const hasThoughts = ({ role, content }: Message): boolean =>
  role === 'assistant' && Array.isArray(content) && content.some(isThought)

const withoutThoughts = (message: Message): Message =>
  hasThoughts(message) && Array.isArray(message.content)
    ? { ...message, content: message.content.filter((block) => !isThought(block)) }
    : message

const saysSomething = ({ role, content }: Message): boolean => role !== 'assistant' || content.length > 0
