import type { ContentBlock, ToolResultBlock, ToolUseBlock } from '../wire/anthropic/content.ts'
import type {
  AssistantMessage,
  ChatMessage,
  ChatToolCall,
  Part,
  ToolMessage,
} from '../wire/openrouter/request.ts'
import { noteOf, textPart, toParts } from './blocks.ts'
import { cacheMark, markLastPart } from './cache-mark.ts'
import { toReasoning, withoutUnsigned } from './reasoning-replay.ts'
import type { Target } from './target.ts'
import { toUpstreamToolId } from './tool-id.ts'
import { toUpstreamToolName } from './tool-name.ts'
import type { Turn } from './turns.ts'

/**
 * The conversation as chat messages (openrouter §7.2). A left fold: what stands after turn n depends only on
 * turns up to n, so a growing conversation keeps its prefix, and with it the provider's prompt cache.
 */
export function toMessages(turns: readonly Turn[], target: Target): ChatMessage[] {
  const messages: ChatMessage[] = []
  let calls: readonly string[] = []
  let deferred: Turn[] = []
  for (const turn of turns) {
    if (turn.role === 'assistant') {
      calls = addAssistant(messages, turn, target)
      continue
    }
    // Nothing may stand between calls and their results.
    if (turn.role === 'system' && calls.length > 0) {
      deferred.push(turn)
      continue
    }
    if (turn.role === 'system') addSystem(messages, turn, target)
    else addUser(messages, turn, calls, target)
    calls = []
    for (const system of deferred) addSystem(messages, system, target)
    deferred = []
  }
  for (const system of deferred) addSystem(messages, system, target)
  return messages
}

// — assistant —

function addAssistant(messages: ChatMessage[], turn: Turn, target: Target): readonly string[] {
  const compacted = turn.content.findLastIndex((block) => block.type === 'compaction')
  if (compacted >= 0) startOver(messages, turn.content[compacted])
  const content = turn.content.slice(compacted + 1)
  const calls = content.filter((block) => block.type === 'tool_use')
  const text = content.flatMap((block) => assistantText(block, target))
  const reasoning = withoutUnsigned(toReasoning(content, target), target)
  if (calls.length === 0 && text.length === 0 && Object.keys(reasoning).length === 0) return []
  const message: AssistantMessage = { role: 'assistant', content: simplify(text), ...reasoning }
  if (calls.length > 0) message.tool_calls = calls.map(toCall)
  messages.push(message)
  markCalls(messages, message, calls, target)
  return calls.map((call) => call.id)
}

/** A compaction block replaces all that came before it by its summary. */
function startOver(messages: ChatMessage[], block: ContentBlock | undefined): void {
  const systems = messages.filter((message, at) => message.role === 'system' && at === 0)
  messages.splice(0, messages.length, ...systems)
  if (block) messages.push({ role: 'user', content: noteOf(block) })
}

function assistantText(block: ContentBlock, target: Target): Part[] {
  switch (block.type) {
    case 'thinking':
    case 'redacted_thinking':
    case 'tool_use':
      return []
    case 'text':
      return block.text.trim() === '' ? [] : toParts(block, target)
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

/** One plain text as a string, which every provider takes; null where there is none. */
function simplify(parts: Part[]): string | Part[] | null {
  const [only] = parts
  if (!only) return null
  return parts.length === 1 && only.type === 'text' && !only.cache_control ? only.text : parts
}

// — user —

function addUser(messages: ChatMessage[], turn: Turn, calls: readonly string[], target: Target): void {
  const results = turn.content.filter((block) => block.type === 'tool_result')
  const moved: Part[] = []
  for (const result of inCallOrder(results, calls)) messages.push(toToolMessage(result, target, moved))
  const rest = turn.content.flatMap((block) => (block.type === 'tool_result' ? [] : toParts(block, target)))
  appendUser(messages, [...moved, ...rest])
}

const inCallOrder = (
  results: readonly ToolResultBlock[],
  calls: readonly string[],
): readonly ToolResultBlock[] =>
  results.toSorted((a, b) => calls.indexOf(a.tool_use_id) - calls.indexOf(b.tool_use_id))

/** Neighbouring user messages become one: several providers insist on alternation. */
function appendUser(messages: ChatMessage[], parts: Part[]): void {
  if (parts.length === 0) return
  const last = messages.at(-1)
  if (last?.role !== 'user') {
    messages.push({ role: 'user', content: simplify(parts) ?? '' })
    return
  }
  const before = typeof last.content === 'string' ? [textPart(last.content)] : last.content
  last.content = [...before, ...parts]
}

function toToolMessage(block: ToolResultBlock, target: Target, moved: Part[]): ToolMessage {
  const parts = typeof block.content === 'string' ? [textPart(block.content)] : resultParts(block, target)
  const kept = keepInResult(parts, block, target, moved)
  const content = block.is_error ? asError(kept) : kept
  const message: ToolMessage = {
    role: 'tool',
    tool_call_id: toUpstreamToolId(block.tool_use_id),
    content: joinTexts(content),
  }
  const mark = cacheMark(block, target).cache_control
  if (mark) markLastPart(message, mark)
  return message
}

const resultParts = (block: ToolResultBlock, target: Target): Part[] =>
  Array.isArray(block.content) ? block.content.flatMap((inner) => toParts(inner as ContentBlock, target)) : []

/** Claude's providers take images and files inside a tool result; elsewhere they follow in the user's message. */
function keepInResult(parts: Part[], block: ToolResultBlock, target: Target, moved: Part[]): Part[] {
  if (target.family === 'anthropic' && target.openrouter) return parts
  let count = 0
  return parts.map((part) => {
    if (part.type === 'text') return part
    count++
    const what = `${part.type === 'file' ? 'file' : 'image'} ${count} of tool result ${block.tool_use_id}`
    moved.push(textPart(`[${what}]`), part)
    return textPart(`[${what} follows]`)
  })
}

/** Chat completions have no flag for a failed tool, so the text says it. */
function asError(parts: readonly Part[]): Part[] {
  const [first, ...rest] = parts
  if (first?.type !== 'text') return [textPart('Error: the tool failed'), ...parts]
  return /^\s*(error\b|<tool_use_error>)/i.test(first.text)
    ? [...parts]
    : [{ ...first, text: `Error: ${first.text}` }, ...rest]
}

/** Plain texts as one string; parts where there is more to say than text. */
function joinTexts(parts: readonly Part[]): string | Part[] {
  const plain = parts.every((part) => part.type === 'text' && !part.cache_control)
  return plain ? parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n') : [...parts]
}

// — system messages within the conversation —

/**
 * Stays where it stands: moved to the top it would break the prompt cache on every turn. Models whose API knows no
 * such role read it as a reminder in the user's words.
 */
function addSystem(messages: ChatMessage[], turn: Turn, target: Target): void {
  const parts = turn.content.flatMap((block) => toParts(block, target)).filter((part) => part.type === 'text')
  if (parts.length === 0) return
  if (takesSystemAnywhere(target)) {
    messages.push({ role: 'system', content: parts })
    return
  }
  appendUser(
    messages,
    parts.map((part) => ({ ...part, text: `<system-reminder>\n${part.text}\n</system-reminder>` })),
  )
}

const takesSystemAnywhere = (target: Target): boolean =>
  target.openrouter && (target.family === 'openai' || target.family === 'x-ai')
