import type { ContentBlock, ToolResultBlock, ToolUseBlock } from '../../wire/anthropic/content.ts'
import type { Turn } from '../turns.ts'
import { isServedResult, toToolResult } from './read-result.ts'
import { fromServedId } from './served-id.ts'

/** A block of a conversation that says which tool a service was to run. */
export type ServedUseBlock = Extract<
  ContentBlock,
  { readonly type: 'server_tool_use' } | { readonly type: 'mcp_tool_use' }
>

export const isServedUse = (block: ContentBlock): block is ServedUseBlock =>
  block.type === 'server_tool_use' || block.type === 'mcp_tool_use'

/** The name by which the model may call the tool now; undefined where it may not. */
export type NameOf = (block: ServedUseBlock) => string | undefined

/**
 * The conversation as it was between the model and the server: an answer that ran tools on its way becomes the turns
 * that it was made of, with calls and their results. What the model cannot call any more stays as it is, and is told to
 * it as text: a call in its history would make it call again. The same turns where nothing changes.
 */
export function unstitch(turns: readonly Turn[], nameOf: NameOf): readonly Turn[] {
  if (!turns.some(({ content }) => content.some(isServedUse))) return turns
  const out: Turn[] = []
  let carried: readonly ToolResultBlock[] = []
  for (const turn of turns) {
    if (turn.role === 'assistant') carried = addAnswer(out, turn, nameOf)
    else if (turn.role === 'user' && carried.length > 0) {
      out.push(toTurn('user', [...carried, ...turn.content]))
      carried = []
    } else out.push(turn)
  }
  if (carried.length > 0) out.push(toTurn('user', carried))
  return out
}

/** One turn of the model's, and what its calls gave. */
interface Segment {
  readonly blocks: ContentBlock[]
  readonly results: ToolResultBlock[]
}

/** The result: what belongs into the user's next turn, beside the results of the client's own calls. */
function addAnswer(out: Turn[], turn: Turn, nameOf: NameOf): readonly ToolResultBlock[] {
  const segments = segmentsOf(turn.content, nameOf)
  if (segments.every(({ results }) => results.length === 0)) {
    out.push(turn)
    return []
  }
  const last = segments.at(-1)
  const waits = last?.blocks.some((block) => block.type === 'tool_use' && !isAnswered(block, last)) ?? false
  for (const { blocks, results } of segments) {
    out.push(toTurn('assistant', blocks))
    if (results.length > 0 && !(waits && results === last?.results)) out.push(toTurn('user', results))
  }
  return waits ? (last?.results ?? []) : []
}

const isAnswered = ({ id }: ToolUseBlock, { results }: Segment): boolean =>
  results.some(({ tool_use_id }) => tool_use_id === id)

function segmentsOf(content: readonly ContentBlock[], nameOf: NameOf): readonly Segment[] {
  const answered = new Set(content.filter(isServedResult).map(({ tool_use_id }) => tool_use_id))
  const taken = new Set<string>()
  const segments: Segment[] = [{ blocks: [], results: [] }]
  const current = (goesOn: (segment: Segment) => boolean): Segment => {
    const last = segments.at(-1)
    if (last && (last.results.length === 0 || goesOn(last))) return last
    const next: Segment = { blocks: [], results: [] }
    segments.push(next)
    return next
  }
  for (const block of content) {
    if (isServedUse(block)) {
      const name = answered.has(block.id) ? nameOf(block) : undefined
      if (name !== undefined) taken.add(block.id)
      current(never).blocks.push(name === undefined ? block : toToolUse(block, name))
    } else if (isServedResult(block) && taken.has(block.tool_use_id))
      segments.at(-1)?.results.push(toToolResult(block))
    // A client's call stands behind the results of its own turn.
    else current(block.type === 'tool_use' ? hasThought : never).blocks.push(block)
  }
  return segments
}

const never = (): boolean => false

/** Without new thoughts in between, calls behind results belong to the thoughts before them. */
const hasThought = ({ blocks }: Segment): boolean =>
  blocks.some(({ type }) => type === 'thinking' || type === 'redacted_thinking')

/** The call as the model made it. */
export const toToolUse = ({ id, input, cache_control }: ServedUseBlock, name: string): ToolUseBlock => ({
  type: 'tool_use',
  id: fromServedId(id),
  name,
  input: typeof input === 'object' && input !== null ? { ...input } : {},
  ...(cache_control ? { cache_control } : {}),
})

function toTurn(role: 'assistant' | 'user', content: readonly ContentBlock[]): Turn {
  return { role, content, message: { role, content: [...content] } }
}
