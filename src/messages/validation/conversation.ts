import { invalidRequest } from '../../core/errors.ts'
import type { Turn } from '../../translate/turns.ts'
import type { ContentBlock } from '../../wire/anthropic/content.ts'
import type { Message } from '../../wire/anthropic/request.ts'
import { formatPath, type Subject } from './subject.ts'

/** The turns begin with the user's and each of them says something (Anthropic API, V10, V11, V16, V17). */
export function checkTurns({ turns }: Subject): void {
  if (turns.length === 0) throw invalidRequest('messages: at least one message is required')
  if (turns[0]?.role !== 'user') throw invalidRequest('messages: first message must use the "user" role')
  const silent = turns.findIndex((turn, n) => isSilent(turn) && !isPrefill(turn, n, turns))
  if (silent >= 0)
    throw invalidRequest(
      `messages.${silent}: all messages must have non-empty content except for the optional final assistant message`,
    )
  const end = turns.at(-1)?.content.at(-1)
  if (turns.at(-1)?.role === 'assistant' && end?.type === 'text' && end.text !== end.text.trimEnd())
    throw invalidRequest('messages: final assistant content cannot end with trailing whitespace')
}

/** A system message may say nothing and still set the effort. */
const isSilent = ({ role, content, message }: Turn): boolean =>
  role !== 'system' && (content.length === 0 || (content.length === 1 && message.content === ''))

const isPrefill = ({ role }: Turn, n: number, turns: readonly Turn[]): boolean =>
  role === 'assistant' && n === turns.length - 1

/**
 * Text says something (Anthropic API, V14, V15). Unless strict, an assistant's blank text may come back: many models
 * write a line break before a tool call.
 */
export function checkText({ blocks, turns, options, request }: Subject): void {
  const system = options.strict && Array.isArray(request.system) ? request.system : []
  for (const { text } of system) checkOneText('system', text, true)
  for (const { block, turn, nested } of blocks) {
    if (nested || block.type !== 'text' || (isSilent(turn) && turn === turns.at(-1))) continue
    checkOneText('messages', block.text, options.strict || turn.role !== 'assistant')
  }
}

function checkOneText(field: string, text: string, refusesBlank: boolean): void {
  if (text === '') throw invalidRequest(`${field}: text content blocks must be non-empty`)
  if (refusesBlank && text.trim() === '')
    throw invalidRequest(`${field}: text content blocks must contain non-whitespace text`)
}

/** Blocks that only one role can say (Anthropic API, §2.2). */
const SPEAKERS: Partial<Record<ContentBlock['type'] | 'browser_state', Message['role']>> = {
  thinking: 'assistant',
  redacted_thinking: 'assistant',
  tool_use: 'assistant',
  server_tool_use: 'assistant',
  mcp_tool_use: 'assistant',
  tool_result: 'user',
  tool_addition: 'system',
  tool_removal: 'system',
}

const SYSTEM_BLOCKS: ReadonlySet<string> = new Set(['text', 'tool_addition', 'tool_removal'])

/** Every block stands in a message of a role that can say it (Anthropic API, §2.2). */
export function checkSpeakers({ blocks }: Subject): void {
  for (const { block, turn, path, nested } of blocks) {
    if (nested) continue
    const speaker = SPEAKERS[block.type] ?? turn.role
    if (speaker !== turn.role)
      throw invalidRequest(
        `${formatPath(path)}: \`${block.type}\` blocks can only be in \`${speaker}\` messages`,
      )
    if (turn.role === 'system' && !SYSTEM_BLOCKS.has(block.type))
      throw invalidRequest(
        `${formatPath(path)}: Input tag '${block.type}' found using 'type' does not match any of the expected tags: ` +
          "'text', 'tool_addition', 'tool_removal'",
      )
  }
}
