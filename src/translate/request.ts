import type { ClientProtocol } from '../core/context.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { AssistantMessage, ChatMessage, ChatRequest, Part } from '../wire/openrouter/request.ts'
import { toMessages } from './messages.ts'
import { type ServerLimits, sessionIdOf, stopSequences, toOptions } from './options.ts'
import type { AnswerTerms } from './stream.ts'
import { toSystem } from './system.ts'
import type { Target } from './target.ts'
import { isThinking } from './thinking.ts'
import { toTools } from './tools.ts'
import type { Turn } from './turns.ts'

export interface TranslatedRequest {
  readonly body: ChatRequest
  readonly headers: Readonly<Record<string, string>>
  /** What the answer's translation must know; the caller adds the message's id and its estimate of the input. */
  readonly terms: Omit<AnswerTerms, 'id' | 'inputTokens'>
  /** Characters of the body that are pictures and files, not text. */
  readonly binaryChars: number
}

/** A valid Anthropic request as a chat request for one target. Nothing of the client's objects is changed. */
export function translateRequest(
  request: MessagesRequest,
  turns: readonly Turn[],
  target: Target,
  protocol: ClientProtocol,
  limits: ServerLimits,
): TranslatedRequest {
  const { tools, names } = toTools(request.tools ?? [], turns, target)
  const messages = [...toSystem(request.system, target), ...toMessages(turns, target)]
  const options = toOptions(
    request,
    target,
    tools.length > 0,
    sessionIdOf(request, protocol.sessionId),
    limits,
  )
  const body: ChatRequest = {
    model: target.model,
    messages,
    ...(tools.length > 0 ? { tools: [...tools] } : {}),
    stream: request.stream === true,
    ...options,
  }
  if (mustNotThink(request, messages, target)) body['reasoning'] = { enabled: false }
  return {
    body,
    headers: betaHeader(request, target, protocol),
    terms: {
      model: request.model,
      family: target.family,
      stopSequences: stopSequences(request),
      toolNames: names,
      takenToolIds: toolIdsOf(turns),
      hideThinking: hidesThinking(request),
      usage: { hourCache: usesHourCache(request, turns), fast: request.speed === 'fast' },
    },
    binaryChars: binaryChars(messages),
  }
}

/** Claude with a thinking budget refuses to go on after a tool call whose turn has lost its thoughts. */
function mustNotThink(request: MessagesRequest, messages: readonly ChatMessage[], target: Target): boolean {
  if (target.family !== 'anthropic' || !target.openrouter || request.thinking?.type !== 'enabled')
    return false
  if (messages.at(-1)?.role !== 'tool') return false
  const last = messages.findLast((message): message is AssistantMessage => message.role === 'assistant')
  return last?.reasoning_details === undefined
}

/** Betas that OpenRouter documents for Claude; it handles all others by itself. */
const FORWARDED_BETAS: ReadonlySet<string> = new Set(['interleaved-thinking-2025-05-14'])
const STRICT_TOOLS_BETA = 'structured-outputs-2025-11-13'

function betaHeader(
  request: MessagesRequest,
  target: Target,
  protocol: ClientProtocol,
): Readonly<Record<string, string>> {
  if (target.family !== 'anthropic' || !target.openrouter) return {}
  const betas = protocol.betas.filter((beta) => FORWARDED_BETAS.has(beta))
  if (request.tools?.some((tool) => 'strict' in tool && tool.strict)) betas.push(STRICT_TOOLS_BETA)
  return betas.length > 0 ? { 'x-anthropic-beta': betas.join(',') } : {}
}

function toolIdsOf(turns: readonly Turn[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const { content } of turns)
    for (const block of content) if (block.type === 'tool_use') ids.add(block.id)
  return ids
}

const hidesThinking = (request: MessagesRequest): boolean =>
  request.thinking !== undefined &&
  request.thinking !== null &&
  'display' in request.thinking &&
  request.thinking.display === 'omitted' &&
  isThinking(request)

/** Cache writes count as one-hour writes only when no breakpoint asked for less. */
function usesHourCache(request: MessagesRequest, turns: readonly Turn[]): boolean {
  const marks: Array<{ ttl?: unknown } | null | undefined> = [request.cache_control]
  if (Array.isArray(request.system)) for (const block of request.system) marks.push(block.cache_control)
  for (const tool of request.tools ?? [])
    if ('cache_control' in tool) marks.push(tool.cache_control as object)
  for (const { content } of turns)
    for (const block of content) if ('cache_control' in block) marks.push(block.cache_control as object)
  const present = marks.filter((mark) => mark !== undefined && mark !== null)
  return present.length > 0 && present.every((mark) => mark.ttl === '1h')
}

function binaryChars(messages: readonly ChatMessage[]): number {
  let total = 0
  for (const { content } of messages)
    if (Array.isArray(content)) for (const part of content as readonly Part[]) total += binaryLength(part)
  return total
}

function binaryLength(part: Part): number {
  if (part.type === 'image_url') return part.image_url.url.length
  return part.type === 'file' ? part.file.file_data.length : 0
}
