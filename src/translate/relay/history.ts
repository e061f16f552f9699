import type { ContentBlock, RedactedThinkingBlock, ThinkingBlock } from '../../wire/anthropic/content.ts'
import type { Message } from '../../wire/anthropic/request.ts'
import type { Family } from '../family.ts'
import { noteOf } from '../notes.ts'
import { decodeToken, isOurs, restoreDetails, type StoredDetail } from '../reasoning-token.ts'
import type { Target } from '../target.ts'
import { toUpstreamToolId } from '../tool-id.ts'

/** Tells of a loss: where in the request, and what becomes of it. */
export type Warn = (path: string, message: string) => void

export interface RelayedHistory {
  readonly messages: readonly Message[]
  /** The last turn's calls have lost the thoughts that led to them. */
  readonly lostThoughts: boolean
}

/**
 * The conversation as another Messages API takes it: as it came, but for what this server has put into it for other
 * upstreams, and for what the target's API lacks. What needs no change is shared with the client's objects.
 */
export function toRelayedHistory(messages: readonly Message[], target: Target, warn: Warn): RelayedHistory {
  const relayed = messages.map((message, index) => relayMessage(message, index, target, warn))
  const last = messages.findLastIndex(({ role }) => role === 'assistant')
  return {
    messages: relayed.filter((message, index) => message === messages[index] || !isEmpty(message)),
    lostThoughts: hasThought(messages[last]) && hasCall(messages[last]) && !hasThought(relayed[last]),
  }
}

const blocksOf = (message: Message | undefined): readonly ContentBlock[] =>
  Array.isArray(message?.content) ? message.content : []

const isEmpty = ({ role, content }: Message): boolean => role === 'assistant' && content.length === 0

const hasCall = (message: Message | undefined): boolean =>
  blocksOf(message).some(({ type }) => type === 'tool_use')

const hasThought = (message: Message | undefined): boolean => blocksOf(message).some(isThought)

type ThoughtBlock = ThinkingBlock | RedactedThinkingBlock

const isThought = (block: ContentBlock): block is ThoughtBlock =>
  block.type === 'thinking' || block.type === 'redacted_thinking'

function relayMessage(message: Message, index: number, target: Target, warn: Warn): Message {
  if (!Array.isArray(message.content)) return message
  const content: ContentBlock[] = []
  for (const [at, block] of message.content.entries()) {
    if (isThought(block)) addThought(content, block, target)
    else content.push(relayBlock(block, `messages.${index}.content.${at}`, target, warn))
  }
  const kept = needsSignature(target) ? content.filter(isSignedOrOther) : content
  return isSame(kept, message.content) ? message : { ...message, content: kept }
}

const isSame = (a: readonly ContentBlock[], b: readonly ContentBlock[]): boolean =>
  a.length === b.length && a.every((block, index) => block === b[index])

// — blocks —

function relayBlock(block: ContentBlock, path: string, target: Target, warn: Warn): ContentBlock {
  if (block.type === 'tool_use') {
    const id = toRelayedId(block.id)
    return id === block.id ? block : { ...block, id }
  }
  if (block.type === 'tool_result') {
    const tool_use_id = toRelayedId(block.tool_use_id)
    return tool_use_id === block.tool_use_id ? block : { ...block, tool_use_id }
  }
  if (!target.openrouter || !isAbsent(block)) return block
  warn(path, `${block.type}: OpenRouter's Messages API does not have this block; it is sent as text`)
  return { type: 'text', text: noteOf(block) }
}

const LEGAL_ID = /^[a-zA-Z0-9_-]+$/

/** The id as the upstream gave it that made the call, where Anthropic takes such ids; else ours (openrouter §7.6). */
function toRelayedId(id: string): string {
  const original = toUpstreamToolId(id)
  return LEGAL_ID.test(original) ? original : id
}

/** What runs on Anthropic's own servers only (openrouter §1.3): results, and the calls that they belong to. */
const ABSENT_BLOCKS: ReadonlySet<string> = new Set([
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'container_upload',
  'mcp_tool_use',
  'mcp_tool_result',
  'mcp_tool_listing',
  'fallback',
])
const ABSENT_CALLS: ReadonlySet<string> = new Set([
  'web_fetch',
  'code_execution',
  'bash_code_execution',
  'text_editor_code_execution',
])

const isAbsent = (block: ContentBlock): boolean =>
  ABSENT_BLOCKS.has(block.type) || (block.type === 'server_tool_use' && ABSENT_CALLS.has(block.name))

// — thoughts —

/** Families that continue only thoughts which they have signed. */
const NEEDS_SIGNATURE: ReadonlySet<Family> = new Set(['anthropic', 'google'])

const needsSignature = ({ family }: Target): boolean => NEEDS_SIGNATURE.has(family)

const isSignedOrOther = (block: ContentBlock): boolean =>
  block.type !== 'thinking' || (block.signature ?? '') !== ''

/**
 * Thoughts of another Messages API go back as they came. Those that this server has signed itself, as they came from
 * chat completions, are taken out of their token, or stay behind where the target could not read them (openrouter §7.4).
 */
function addThought(content: ContentBlock[], block: ThoughtBlock, target: Target): void {
  const opaque = block.type === 'thinking' ? (block.signature ?? '') : block.data
  if (!isOurs(opaque)) {
    content.push(block)
    return
  }
  const text = block.type === 'thinking' ? block.thinking : ''
  if (!needsSignature(target)) {
    if (text !== '') content.push({ type: 'thinking', thinking: text, signature: '' })
    return
  }
  const token = decodeToken(opaque)
  if (token?.family !== 'anthropic' || target.family !== 'anthropic') return
  for (const detail of restoreDetails(token, text)) addDetail(content, detail)
}

/** A signature that came late belongs to the thought before it. */
function addDetail(content: ContentBlock[], { type, late, text, signature, data }: StoredDetail): void {
  const before = content.at(-1)
  if (late && signature && before?.type === 'thinking' && !before.signature)
    content[content.length - 1] = { ...before, signature }
  else if (type === 'reasoning.text' && !late)
    content.push({ type: 'thinking', thinking: text ?? '', signature: signature ?? '' })
  else if (type === 'reasoning.encrypted' && data) content.push({ type: 'redacted_thinking', data })
}
