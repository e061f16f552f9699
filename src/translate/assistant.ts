import type { ContentBlock, ToolUseBlock } from '../wire/anthropic/content.ts'
import type { AssistantMessage, ChatMessage, ChatToolCall, Part } from '../wire/openrouter/request.ts'
import { toParts } from './blocks.ts'
import { cacheMark, markLastPart } from './cache-mark.ts'
import { noteOf } from './notes.ts'
import { textPart, toContent } from './parts.ts'
import { toReasoning } from './reasoning-replay.ts'
import type { Target } from './target.ts'
import { toUpstreamToolId } from './tool-id.ts'
import { toUpstreamToolName } from './tool-name.ts'

/**
 * An assistant turn as one message, put behind the others; the ids of its calls are the result (openrouter §7.2).
 * Chat completions hold one text and one list of calls, so that text after a call moves in front of it.
 */
export function addAssistant(
  messages: ChatMessage[],
  turn: readonly ContentBlock[],
  target: Target,
): readonly string[] {
  const content = sinceCompaction(messages, turn, target)
  const calls = content.filter((block) => block.type === 'tool_use')
  const parts = content.flatMap((block) => spokenParts(block, target))
  // Thoughts alone lead nowhere: they are for the calls or the text that they led to.
  if (calls.length === 0 && parts.length === 0) return []
  const message: AssistantMessage = {
    role: 'assistant',
    content: parts.length > 0 ? toContent(parts, target) : null,
    ...toReasoning(content, calls.length > 0, target),
  }
  if (calls.length > 0) message.tool_calls = calls.map(toCall)
  messages.push(message)
  markCalls(messages, message, calls, target)
  return calls.map((call) => call.id)
}

/** A summary replaces all that came before it. One that only its maker can read replaces nothing. */
function sinceCompaction(
  messages: ChatMessage[],
  content: readonly ContentBlock[],
  target: Target,
): readonly ContentBlock[] {
  const at = content.findLastIndex(isSummary)
  const summary = content[at]
  if (!summary) return content
  messages.splice(0, messages.length, { role: 'user', content: toContent(toParts(summary, target), target) })
  return content.slice(at + 1)
}

/** A compaction that says what it stands for. */
export const isSummary = (block: ContentBlock): boolean =>
  block.type === 'compaction' && Boolean(block.content)

function spokenParts(block: ContentBlock, target: Target): Part[] {
  switch (block.type) {
    case 'thinking':
    case 'redacted_thinking':
    case 'tool_use':
      return []
    case 'text':
      return block.text.trim() === '' ? [] : toParts(block, target)
    // Only a user's message can hold them.
    case 'image':
    case 'document':
      return [{ ...textPart(noteOf(block)), ...cacheMark(block, target) }]
    default:
      return toParts(block, target)
  }
}

const toCall = (block: ToolUseBlock): ChatToolCall => ({
  id: toUpstreamToolId(block.id),
  type: 'function',
  function: { name: toUpstreamToolName(block.name), arguments: JSON.stringify(block.input) },
})

/** Tool calls have no place for a breakpoint: it moves to the text before them, else to the message before. */
function markCalls(
  messages: readonly ChatMessage[],
  message: AssistantMessage,
  calls: readonly ToolUseBlock[],
  target: Target,
): void {
  for (const call of calls) {
    const mark = cacheMark(call, target).cache_control
    if (mark) markLastPart(message.content === null ? messages.at(-2) : message, mark)
  }
}
