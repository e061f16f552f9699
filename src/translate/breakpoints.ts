import type { CacheMark, ChatMessage, ChatRequest, ChatTool, Part } from '../wire/openrouter/request.ts'
import { markedContent, withMarkedTool } from './cache-mark.ts'
import type { Family } from './family.ts'
import type { Target } from './target.ts'

/** As many as Claude takes; the one at the top of the request counts as well (openrouter §2.6). */
const MAX_BREAKPOINTS = 4

/**
 * A chat request with the cache breakpoints that its model can use: the client's own, of which the earliest go where
 * there are too many, or, where it set none and the target asks for it, the server's (openrouter §2.6).
 */
export function withBreakpoints(body: ChatRequest, target: Target): ChatRequest {
  if (!target.openrouter) return body
  const count = countBreakpoints(body)
  if (count > MAX_BREAKPOINTS) return withoutEarliest(body, count - MAX_BREAKPOINTS)
  return count === 0 && target.cacheBreakpoints === 'auto' ? withOwn(body, target.family) : body
}

// — the client's —

function countBreakpoints({ tools = [], messages, cache_control: top }: ChatRequest): number {
  let count = top ? 1 : 0
  for (const tool of tools) if (isMarked(tool)) count++
  for (const { content } of messages)
    if (Array.isArray(content)) for (const part of content) if (isMarked(part)) count++
  return count
}

const isMarked = (place: ChatTool | Part): boolean =>
  'cache_control' in place && place.cache_control !== undefined

/** What stands last covers what stands before it, so the earliest breakpoints say the least. */
function withoutEarliest(body: ChatRequest, excess: number): ChatRequest {
  let left = excess
  const unmark = <Place extends ChatTool | Part>(place: Place): Place => {
    if (left === 0 || !isMarked(place)) return place
    left--
    const { cache_control: _, ...unmarked } = place as Place & { cache_control?: CacheMark }
    return unmarked as Place
  }
  const tools = body.tools?.map(unmark)
  const messages = body.messages.map((message) =>
    Array.isArray(message.content)
      ? ({ ...message, content: message.content.map((part: Part) => unmark(part)) } as ChatMessage)
      : message,
  )
  return { ...body, ...(tools ? { tools } : {}), messages }
}

// — the server's —

type Place = 'tools' | 'system' | 'turns'

/**
 * Where breakpoints help. Of Gemini's only the last one counts, and a cache is read only where it stood before: one
 * that moved with the conversation would be written anew, and paid, at every turn. Families that are not here cache
 * by themselves, or not at all.
 */
const PLACES: Partial<Readonly<Record<Family, readonly Place[]>>> = {
  anthropic: ['tools', 'system', 'turns'],
  qwen: ['system', 'turns'],
  google: ['system'],
}

/** The last turn writes what the next request reads; the one before it reads what the last request wrote. */
const MARKED_TURNS = 2

const MARK: CacheMark = { type: 'ephemeral' }

function withOwn(body: ChatRequest, family: Family): ChatRequest {
  const places = PLACES[family] ?? []
  const at = new Set([
    ...(places.includes('system') ? systemEnd(body.messages) : []),
    ...(places.includes('turns') ? userTurnEnds(body.messages).slice(-MARKED_TURNS) : []),
  ])
  if (at.size === 0) return body
  return {
    ...body,
    ...(body.tools && places.includes('tools') ? { tools: withMarkedTool(body.tools, MARK) } : {}),
    messages: body.messages.map((message, index) => (at.has(index) ? marked(message) : message)),
  }
}

const marked = (message: ChatMessage): ChatMessage =>
  ({ ...message, content: markedContent(message.content, MARK) }) as ChatMessage

/** The system prompt is the first message, or missing. */
const systemEnd = (messages: readonly ChatMessage[]): readonly number[] =>
  messages[0]?.role === 'system' ? [0] : []

/** The last message of each user turn: results and words that follow each other are one. */
const userTurnEnds = (messages: readonly ChatMessage[]): readonly number[] =>
  [...messages.keys()].filter((index) => isUsers(messages[index]) && !isUsers(messages[index + 1]))

const isUsers = (message: ChatMessage | undefined): boolean =>
  message?.role === 'user' || message?.role === 'tool'
