import { type Failure, invalidRequest } from '../../core/errors.ts'
import type { Turn } from '../../translate/turns.ts'
import type { ToolResultBlock, ToolUseBlock } from '../../wire/anthropic/content.ts'
import { insideBlock, type Located, type Subject } from './subject.ts'

/** The calls of the assistant turn that the next user turn has to answer. */
interface Asked {
  readonly n: number
  readonly calls: ReadonlySet<string>
}

const NOTHING_ASKED: Asked = { n: -1, calls: new Set() }

/**
 * The user's turn after an assistant's answers every tool call once, first of all, and nothing else (Anthropic API,
 * V30–V34). System messages may stand in between.
 */
export function checkToolPairs({ turns }: Subject): void {
  checkUniqueCalls(turns)
  let asked = NOTHING_ASKED
  for (const [n, turn] of turns.entries()) {
    if (turn.role === 'system') continue
    checkAnswers(asked, n, turn.role === 'user' ? turn.content : [])
    asked = turn.role === 'assistant' ? { n, calls: callsOf(turn) } : NOTHING_ASKED
  }
  checkAnswers(asked, turns.length, [])
}

function callsOf({ content }: Turn): ReadonlySet<string> {
  const calls = new Set<string>()
  for (const block of content) if (isCall(block)) calls.add(block.id)
  return calls
}

const isCall = (block: Turn['content'][number]): block is ToolUseBlock => block.type === 'tool_use'
const isAnswer = (block: Turn['content'][number]): block is ToolResultBlock => block.type === 'tool_result'

function checkUniqueCalls(turns: readonly Turn[]): void {
  const seen = new Set<string>()
  turns.forEach(({ content }, n) =>
    content.forEach((block, m) => {
      if (!isCall(block)) return
      if (seen.has(block.id))
        throw invalidRequest(`messages.${n}.content.${m}: \`tool_use\` ids must be unique`)
      seen.add(block.id)
    }),
  )
}

function checkAnswers({ n: asked, calls }: Asked, n: number, content: Turn['content']): void {
  if (calls.size === 0 && !content.some(isAnswer)) return
  const answered = new Set<string>()
  for (const [m, block] of content.entries()) {
    if (!isAnswer(block)) continue
    const { tool_use_id: id } = block
    if (!calls.has(id)) throw orphan(n, m, id)
    if (answered.has(id)) throw answeredTwice(id)
    answered.add(id)
  }
  const isInOrder = calls.size === 0 || (content[0] !== undefined && isAnswer(content[0]))
  if (!isInOrder) throw unanswered(asked, calls)
  if (answered.size < calls.size) throw unanswered(asked, calls.difference(answered))
}

const answeredTwice = (id: string): Failure =>
  invalidRequest(
    `each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
  )

const orphan = (n: number, m: number, id: string): Failure =>
  invalidRequest(
    `messages.${n}.content.${m}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
      'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
  )

const unanswered = (n: number, ids: ReadonlySet<string>): Failure =>
  invalidRequest(
    `messages.${n}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ` +
      `${[...ids].join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the ` +
      'next message.',
  )

const LEGAL_ID = /^[a-zA-Z0-9_-]+$/

/** Ids are made of the characters that Anthropic's are made of (Anthropic API, V35). */
export function checkToolIds({ blocks }: Subject): void {
  for (const located of blocks) {
    const { block } = located
    if (block.type === 'tool_use') checkId(block.id, located, 'id')
    if (block.type === 'tool_result') checkId(block.tool_use_id, located, 'tool_use_id')
  }
}

function checkId(id: string, located: Located, field: string): void {
  if (LEGAL_ID.test(id)) return
  throw invalidRequest(`${insideBlock(located, field)}: String should match pattern '${LEGAL_ID.source}'`)
}

/** Every call of a server tool has its result, unless the last turn has stopped in the middle of it (V44). */
export function checkServerToolPairs({ blocks, turns }: Subject): void {
  const results = new Set(blocks.flatMap(({ block }) => ('tool_use_id' in block ? block.tool_use_id : [])))
  const last = turns.findLast(({ role }) => role === 'assistant')
  for (const { block, turn } of blocks) {
    if (block.type !== 'server_tool_use' || turn === last || results.has(block.id)) continue
    throw invalidRequest(
      `\`${block.name}\` tool use with id \`${block.id}\` was found without a corresponding ` +
        `\`${resultTypeOf(block.name)}\` block`,
    )
  }
}

const resultTypeOf = (tool: string): string =>
  tool.startsWith('tool_search_tool_') ? 'tool_search_tool_result' : `${tool}_tool_result`
