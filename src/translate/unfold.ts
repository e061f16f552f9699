import type { BlockDelta, StreamEvent } from '../wire/anthropic/events.ts'
import type { AnswerBlock, MessageResponse } from '../wire/anthropic/response.ts'

/**
 * A whole message as the events that `foldEvents` makes the very same message of, unknown blocks and fields included
 * (Anthropic API, 4.2).
 */
export function unfoldMessage(message: MessageResponse): readonly StreamEvent[] {
  const { openrouter: details, ...start } = message
  const { content, usage, context_management: edits } = message
  return [
    { type: 'message_start', message: { ...start, content: [], ...withNulls(start) } },
    ...(content ?? []).flatMap(unfoldBlock),
    {
      type: 'message_delta',
      delta: pick(message, ENDINGS) as unknown as StreamEnd['delta'],
      ...(usage ? { usage } : ({} as Pick<StreamEnd, 'usage'>)),
      ...(edits ? { context_management: edits } : {}),
      ...(details ? { openrouter: details } : {}),
    },
    { type: 'message_stop' },
  ]
}

type StreamEnd = Extract<StreamEvent, { type: 'message_delta' }>
type Fields = Readonly<Record<string, unknown>>

/** What is known only when an answer is over. */
const ENDINGS = ['stop_reason', 'stop_sequence', 'stop_details', 'container'] as const

const withNulls = (message: MessageResponse): Fields =>
  Object.fromEntries(
    [...ENDINGS, 'context_management'].filter((name) => name in message).map((name) => [name, null]),
  )

const pick = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.filter((name) => name in fields).map((name) => [name, fields[name]]))

function unfoldBlock(block: AnswerBlock, index: number): readonly StreamEvent[] {
  const { shell, deltas } = emptied(block)
  return [
    { type: 'content_block_start', index, content_block: shell as AnswerBlock },
    ...deltas.map((delta): StreamEvent => ({
      type: 'content_block_delta',
      index,
      delta: delta as unknown as BlockDelta,
    })),
    { type: 'content_block_stop', index },
  ]
}

interface Emptied {
  readonly shell: Fields
  readonly deltas: readonly Fields[]
}

/** A block without what streams say piece by piece, and these pieces. Unknown blocks come complete. */
function emptied(block: Fields): Emptied {
  let shell = block
  const deltas: Fields[] = []
  for (const [field, { empty, isPart, toDeltas }] of Object.entries(PARTS[String(block['type'])] ?? {})) {
    const value = block[field]
    if (!isPart(value)) continue
    shell = { ...shell, [field]: empty }
    deltas.push(...toDeltas(value))
  }
  return { shell, deltas }
}

interface Part {
  readonly empty: unknown
  readonly isPart: (value: unknown) => boolean
  readonly toDeltas: (value: unknown) => readonly Fields[]
}

const isFilled = (value: unknown): boolean => typeof value === 'string' && value !== ''

const TEXT: Part = { empty: '', isPart: isFilled, toDeltas: (text) => [{ type: 'text_delta', text }] }
const CITATIONS: Part = {
  empty: [],
  isPart: (value) => Array.isArray(value) && value.length > 0,
  toDeltas: (citations) =>
    (citations as readonly unknown[]).map((citation) => ({ type: 'citations_delta', citation })),
}
const THINKING: Part = {
  empty: '',
  isPart: isFilled,
  toDeltas: (thinking) => [{ type: 'thinking_delta', thinking }],
}
const SIGNATURE: Part = {
  empty: '',
  isPart: isFilled,
  toDeltas: (signature) => [{ type: 'signature_delta', signature }],
}
const INPUT: Part = {
  empty: {},
  isPart: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  toDeltas: (input) => [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }],
}

const PARTS: Readonly<Record<string, Readonly<Record<string, Part>>>> = {
  text: { text: TEXT, citations: CITATIONS },
  thinking: { thinking: THINKING, signature: SIGNATURE },
  tool_use: { input: INPUT },
  server_tool_use: { input: INPUT },
  mcp_tool_use: { input: INPUT },
}
