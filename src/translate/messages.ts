import type { ToolResultBlock } from '../wire/anthropic/content.ts'
import type { ChatMessage, Part, TextPart } from '../wire/openrouter/request.ts'
import { addAssistant } from './assistant.ts'
import { toParts } from './blocks.ts'
import { takesEffortUpdates } from './effort.ts'
import { textPart, toContent } from './parts.ts'
import { withoutBillingLine } from './system.ts'
import type { Target } from './target.ts'
import { withReadableThoughts } from './thought-provider.ts'
import { toToolResults } from './tool-results.ts'
import type { Turn } from './turns.ts'

/**
 * The conversation as chat messages (openrouter §7.2). A left fold: what stands after turn n depends only on
 * turns up to n, so a growing conversation keeps its prefix, and with it the provider's prompt cache. Only a change of
 * the provider takes back what the one before had encrypted; its cache is lost then anyway.
 */
export function toMessages(turns: readonly Turn[], target: Target): ChatMessage[] {
  const messages: ChatMessage[] = []
  let calls: readonly string[] = []
  let waiting: readonly Turn[] = []
  for (const turn of withReadableThoughts(turns, target)) {
    // Nothing may stand between calls and their results.
    if (turn.role === 'system' && calls.length > 0) waiting = [...waiting, turn]
    else {
      calls = addTurn(messages, turn, calls, target)
      for (const system of waiting) addSystem(messages, system, target)
      waiting = []
    }
  }
  for (const system of waiting) addSystem(messages, system, target)
  return messages
}

/** The result: ids of calls that the next turn has to answer. */
function addTurn(
  messages: ChatMessage[],
  turn: Turn,
  calls: readonly string[],
  target: Target,
): readonly string[] {
  switch (turn.role) {
    case 'assistant':
      return addAssistant(messages, turn.content, target)
    case 'user':
      addUser(messages, turn, calls, target)
      return []
    case 'system':
      addSystem(messages, turn, target)
      return []
  }
}

function addUser(messages: ChatMessage[], turn: Turn, calls: readonly string[], target: Target): void {
  const results: ToolResultBlock[] = []
  const parts: Part[] = []
  for (const block of turn.content)
    if (block.type === 'tool_result') results.push(block)
    else parts.push(...toParts(block, target))
  if (results.length === 0) return appendUser(messages, parts, target)
  const { messages: answers, moved } = toToolResults(results, calls, target)
  messages.push(...answers)
  appendUser(messages, [...moved, ...parts], target)
}

/** Neighbouring user messages become one: several providers insist on alternation. */
function appendUser(messages: ChatMessage[], parts: Part[], target: Target): void {
  if (parts.length === 0) return
  const last = messages.at(-1)
  // Mistral takes no user message right behind a tool's result.
  if (last?.role === 'tool' && target.family === 'mistralai')
    messages.push({ role: 'assistant', content: 'OK.' })
  if (last?.role !== 'user') {
    messages.push({ role: 'user', content: toContent(parts, target) })
    return
  }
  const before = typeof last.content === 'string' ? [textPart(last.content)] : last.content
  last.content = toContent([...before, ...parts], target)
}

/**
 * A system message stays where it stands: moved to the top it would break the prompt cache on every turn. Models whose
 * providers know no such message in mid-conversation read it as a reminder in the user's words.
 */
function addSystem(messages: ChatMessage[], turn: Turn, target: Target): void {
  addEffortUpdate(messages, turn, target)
  const parts = turn.content
    .flatMap((block) => toParts(block, target))
    .filter((part): part is TextPart => part.type === 'text')
    .map((part) => ({ ...part, text: withoutBillingLine(part.text) }))
    .filter((part) => part.text !== '')
  if (parts.length === 0) return
  if (takesSystemAnywhere(target)) messages.push({ role: 'system', content: toContent(parts, target) })
  else appendUser(messages, parts.map(asReminder), target)
}

const takesSystemAnywhere = (target: Target): boolean =>
  target.openrouter && (target.family === 'openai' || target.family === 'x-ai')

const asReminder = (part: TextPart): TextPart => ({ ...part, text: reminder(part.text) })

const reminder = (text: string): string => `<system-reminder>\n${text}\n</system-reminder>`

/** Reminds the model of something at the very end of the conversation. */
export const appendReminder = (messages: ChatMessage[], text: string, target: Target): void =>
  appendUser(messages, [textPart(reminder(text))], target)

/** A change of effort stands before the user's message for which it is made. */
function addEffortUpdate(messages: ChatMessage[], { message }: Turn, target: Target): void {
  const effort = message.role === 'system' ? message.output_config?.effort : undefined
  if (!effort || !takesEffortUpdates(target)) return
  const at = messages.at(-1)?.role === 'user' ? messages.length - 1 : messages.length
  messages.splice(at, 0, { role: 'system', content: '', configuration_update: { reasoning: { effort } } })
}
