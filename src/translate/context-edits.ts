import type { ContentBlock, ToolResultBlock } from '../wire/anthropic/content.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { Turn } from './turns.ts'

/** One edit of `context_management` as the client asked for it (Anthropic API, §2.9). */
export type Edit = NonNullable<NonNullable<MessagesRequest['context_management']>['edits']>[number]

/** What a request says of its own size before any edit; tokens are an estimate. */
export interface ContextSize {
  readonly inputTokens: number
}

/** A conversation after an edit, and how much of it the edit took away. */
export interface EditedTurns {
  readonly turns: readonly Turn[]
  /** Tool uses or turns of thinking; with 0 the turns are the very ones that were given. */
  readonly cleared: number
}

interface Kind {
  /** Whether it needs to know the size of the prompt. */
  readonly isTriggeredBySize: (edit: Edit) => boolean
  readonly run: (turns: readonly Turn[], edit: Edit, size: ContextSize) => EditedTurns
  /** The name of its count in the answer's `applied_edits`. */
  readonly countField: 'cleared_tool_uses' | 'cleared_thinking_turns'
}

/** The edits that this server does itself, by their `type`. */
export const EDIT_KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  [
    'clear_tool_uses_20250919',
    {
      isTriggeredBySize: (edit) => triggerOf(edit).type !== 'tool_uses',
      run: clearToolUses,
      countField: 'cleared_tool_uses',
    },
  ],
  [
    'clear_thinking_20251015',
    { isTriggeredBySize: () => false, run: clearThinking, countField: 'cleared_thinking_turns' },
  ],
])

interface Measure {
  readonly type?: unknown
  readonly value?: unknown
}

const measureOf = (given: unknown): Measure => (typeof given === 'object' && given !== null ? given : {})

const valueOf = (given: unknown, otherwise: number): number => {
  const { value } = measureOf(given)
  return typeof value === 'number' && value >= 0 ? value : otherwise
}

/** How many tokens the edit must save to be done at all. */
export const leastSaving = (edit: Edit): number => valueOf(edit.clear_at_least, 0)

// — tool uses —

const DEFAULT_TRIGGER_TOKENS = 100_000
const DEFAULT_KEPT_USES = 3

const triggerOf = ({ trigger }: Edit): Measure => measureOf(trigger)

/** Stands where a result was, so that the model knows of it and may call again. Claude Code says it so too. */
const CLEARED = '[Old tool result content cleared]'

/**
 * Takes the results of the oldest tool uses away once the prompt is beyond the trigger, and keeps the newest. The calls
 * stay; `clear_tool_inputs` empties their inputs too.
 */
function clearToolUses(turns: readonly Turn[], edit: Edit, { inputTokens }: ContextSize): EditedTurns {
  const uses = usesOf(turns)
  const { type } = triggerOf(edit)
  const isTriggered =
    type === 'tool_uses'
      ? uses.length > valueOf(edit.trigger, Infinity)
      : inputTokens > valueOf(edit.trigger, DEFAULT_TRIGGER_TOKENS)
  if (!isTriggered) return { turns, cleared: 0 }
  const excluded = new Set(namesOf(edit.exclude_tools))
  const answered = answeredIds(turns)
  const old = uses
    .slice(0, Math.max(0, uses.length - valueOf(edit.keep, DEFAULT_KEPT_USES)))
    .filter(({ id, name }) => !excluded.has(name) && answered.has(id))
  if (old.length === 0) return { turns, cleared: 0 }
  const ids = new Set(old.map(({ id }) => id))
  const emptied = new Set(old.filter(({ name }) => clearsInput(edit, name)).map(({ id }) => id))
  return {
    turns: mapBlocks(turns, (block) => clearUse(block, ids, emptied)),
    cleared: ids.size,
  }
}

interface Use {
  readonly id: string
  readonly name: string
}

/** Every call of a tool, whoever ran it, oldest first. */
const usesOf = (turns: readonly Turn[]): readonly Use[] =>
  turns.flatMap(({ content }) =>
    content.flatMap((block) =>
      'input' in block && 'id' in block ? [{ id: block.id, name: block.name }] : [],
    ),
  )

/** The calls whose results still say something. */
function answeredIds(turns: readonly Turn[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const { content } of turns)
    for (const block of content) if ('tool_use_id' in block && !isCleared(block)) ids.add(block.tool_use_id)
  return ids
}

const isCleared = (block: ContentBlock): boolean => block.type === 'tool_result' && block.content === CLEARED

const namesOf = (list: unknown): readonly string[] =>
  Array.isArray(list) ? list.filter((name) => typeof name === 'string') : []

const clearsInput = ({ clear_tool_inputs: which }: Edit, name: string): boolean =>
  which === true || namesOf(which).includes(name)

function clearUse(block: ContentBlock, ids: ReadonlySet<string>, emptied: ReadonlySet<string>): ContentBlock {
  if ('tool_use_id' in block && ids.has(block.tool_use_id))
    return block.type === 'tool_result' ? clearedResult(block) : { type: 'text', text: CLEARED }
  return 'input' in block && 'id' in block && emptied.has(block.id) ? { ...block, input: {} } : block
}

/** References stay: they are what loaded a tool. */
function clearedResult(block: ToolResultBlock): ToolResultBlock {
  const content = Array.isArray(block.content) ? block.content : []
  const references = content.filter(({ type }) => type === 'tool_reference')
  return {
    ...block,
    content: references.length > 0 ? [{ type: 'text', text: CLEARED }, ...references] : CLEARED,
  }
}

// — thinking —

const DEFAULT_KEPT_THINKING = 1

/**
 * Takes the thinking of older turns away. A turn lasts until the user speaks again: the steps of a tool loop are one,
 * and Claude would refuse to go on in the middle of one without its thoughts.
 */
function clearThinking(turns: readonly Turn[], { keep }: Edit): EditedTurns {
  if (keep === 'all' || measureOf(keep).type === 'all') return { turns, cleared: 0 }
  const lasting = exchangesOf(turns)
  const thinking = [...new Set(lasting.filter((_, index) => turns[index]?.content.some(isThinking)))]
  const kept = valueOf(keep, DEFAULT_KEPT_THINKING)
  const old = new Set(thinking.slice(0, Math.max(0, thinking.length - kept)))
  if (old.size === 0) return { turns, cleared: 0 }
  return {
    turns: turns.map((turn, index) =>
      old.has(lasting[index] ?? -1) && turn.content.some(isThinking)
        ? { ...turn, content: turn.content.filter((block) => !isThinking(block)) }
        : turn,
    ),
    cleared: old.size,
  }
}

/** For each turn, the number of the user's question that it belongs to. */
function exchangesOf(turns: readonly Turn[]): readonly number[] {
  let exchange = 0
  return turns.map(({ role, content }) => {
    if (role === 'user' && content.some((block) => block.type !== 'tool_result')) exchange++
    return exchange
  })
}

const isThinking = ({ type }: ContentBlock): boolean => type === 'thinking' || type === 'redacted_thinking'

// — passing system messages —

/**
 * Leaves out the text of system messages that were only for the turn before them (`clear_at: "next_user_message"`)
 * once the user has said more. What such a message does to the tools or the effort stays.
 */
export function dropPassingMessages(turns: readonly Turn[]): readonly Turn[] {
  if (!turns.some(isPassing)) return turns
  const lastUser = turns.findLastIndex(({ role }) => role === 'user')
  return turns.flatMap((turn, index) => {
    if (index > lastUser || !isPassing(turn)) return [turn]
    const content = turn.content.filter(({ type }) => type !== 'text')
    return content.length > 0 || setsEffort(turn) ? [{ ...turn, content }] : []
  })
}

const isPassing = ({ message }: Turn): boolean =>
  message.role === 'system' && message.clear_at === 'next_user_message'

const setsEffort = ({ message }: Turn): boolean =>
  message.role === 'system' && Boolean(message.output_config?.effort)

function mapBlocks(turns: readonly Turn[], change: (block: ContentBlock) => ContentBlock): readonly Turn[] {
  return turns.map((turn) => {
    const content = turn.content.map(change)
    return content.some((block, index) => block !== turn.content[index]) ? { ...turn, content } : turn
  })
}
