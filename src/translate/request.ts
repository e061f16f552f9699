import type { ClientProtocol } from '../core/context.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { Tool } from '../wire/anthropic/tools.ts'
import type {
  AssistantMessage,
  CacheMark,
  ChatMessage,
  ChatRequest,
  ChatTool,
  Part,
} from '../wire/openrouter/request.ts'
import { withBreakpoints } from './breakpoints.ts'
import { appendReminder, toMessages } from './messages.ts'
import { findSources, upstreamHeaders, wantsDetails, withStandIns } from './option-sources.ts'
import { type ServerLimits, sessionIdOf, stopSequences, toOptions } from './options.ts'
import { systemWithFormat } from './structured/asking.ts'
import { toSystem } from './system.ts'
import type { Target } from './target.ts'
import type { AnswerTerms } from './terms.ts'
import { hidesThinking } from './thinking.ts'
import { toToolChoice, wantsSingleCall } from './tool-choice.ts'
import { kindOf, toTools } from './tools.ts'
import type { Turn } from './turns.ts'

export interface TranslatedRequest {
  readonly body: ChatRequest
  readonly headers: Readonly<Record<string, string>>
  /** What the answer's translation must know; the caller adds the message's id and its estimate of the input. */
  readonly terms: Omit<AnswerTerms, 'id' | 'inputTokens'>
  /** Characters of the body that are pictures and files, not text. */
  readonly binaryChars: number
}

/**
 * A valid Anthropic request as a chat request for one target. Nothing of the client's objects is changed, and what
 * needs no change is shared with them. Throws a `Failure` for what only this target cannot do.
 */
export function translateRequest(
  asked: MessagesRequest,
  turns: readonly Turn[],
  target: Target,
  protocol: ClientProtocol,
  limits: ServerLimits,
): TranslatedRequest {
  const sources = findSources(asked, protocol.options, target)
  const request = withStandIns(asked, sources)
  const { tools, names, inputs } = toTools(request, turns, target)
  const choice = toToolChoice(request, tools.length > 0, target)
  const messages = toMessages(turns, target)
  const options = toOptions({
    request,
    sources,
    turns,
    target,
    hasTools: tools.length > 0,
    toolChoice: choice.options,
    lostThoughts: hasLostThoughts(messages),
    sessionId: sessionIdOf(request, protocol.sessionId),
    limits,
  })
  if (choice.reminder !== undefined) appendReminder(messages, choice.reminder, target)
  const system = toSystem(systemWithFormat(request, target, sources.headers), target)
  const unguarded: ChatRequest = {
    model: target.model,
    messages: system.length > 0 ? [...system, ...messages] : messages,
    ...(tools.length > 0 ? { tools: [...tools] } : {}),
    stream: request.stream === true,
    ...options,
  }
  const body = withBreakpoints(unguarded, target)
  return {
    body,
    headers: {
      ...upstreamHeaders(protocol.options, target),
      ...betaHeader(request, tools, target, protocol),
    },
    terms: {
      model: request.model,
      family: target.family,
      stopSequences: stopSequences(request, sources),
      toolNames: names,
      toolInputs: inputs,
      takenToolIds: toolIdsOf(turns),
      hideThinking: hidesThinking(request),
      singleCall: wantsSingleCall(request),
      asksContextEdits: Boolean(request.context_management),
      citesWeb: target.webTools === 'hosted' && (request.tools ?? []).some(isWebSearch),
      details: wantsDetails(sources),
      usage: { hourCache: isHourCache(body), fast: request.speed === 'fast' },
    },
    binaryChars: binaryChars(body.messages),
  }
}

const isWebSearch = (tool: Tool): boolean => kindOf(tool) === 'web_search'

/** Whether results have come for calls whose thoughts are not there any more. */
function hasLostThoughts(messages: readonly ChatMessage[]): boolean {
  const at = messages.findLastIndex((message) => message.role === 'assistant')
  const last = messages[at] as AssistantMessage | undefined
  return messages[at + 1]?.role === 'tool' && last?.reasoning_details === undefined
}

/** Betas that OpenRouter documents for Claude; it handles all others by itself. */
const FORWARDED_BETAS: ReadonlySet<unknown> = new Set(['interleaved-thinking-2025-05-14'])
const STRICT_TOOLS_BETA = 'structured-outputs-2025-11-13'

function betaHeader(
  request: MessagesRequest,
  tools: readonly ChatTool[],
  target: Target,
  protocol: ClientProtocol,
): Readonly<Record<string, string>> {
  if (target.family !== 'anthropic' || !target.openrouter) return {}
  const { betas = [] } = request as { betas?: unknown }
  const asked = new Set([...protocol.betas, ...(Array.isArray(betas) ? betas : [])])
  const sent = [...asked].filter((beta) => FORWARDED_BETAS.has(beta))
  if (tools.some((tool) => tool.type === 'function' && tool.function.strict)) sent.push(STRICT_TOOLS_BETA)
  return sent.length > 0 ? { 'x-anthropic-beta': sent.join(',') } : {}
}

function toolIdsOf(turns: readonly Turn[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const { content } of turns)
    for (const block of content) if (block.type === 'tool_use') ids.add(block.id)
  return ids
}

/** Cache writes count as one-hour writes only when no breakpoint asked for less. */
function isHourCache({ messages, tools, cache_control: top }: ChatRequest): boolean {
  let hours = 0
  let others = 0
  const count = (mark: CacheMark | undefined): void => {
    if (mark?.ttl === '1h') hours++
    else if (mark) others++
  }
  count(top as CacheMark | undefined)
  for (const tool of tools ?? []) if ('cache_control' in tool) count(tool.cache_control)
  eachPart(messages, (part) => count(part.cache_control))
  return hours > 0 && others === 0
}

function binaryChars(messages: readonly ChatMessage[]): number {
  let total = 0
  eachPart(messages, (part) => {
    total += binaryLength(part)
  })
  return total
}

function eachPart(messages: readonly ChatMessage[], visit: (part: Part) => void): void {
  for (const { content } of messages) if (Array.isArray(content)) for (const part of content) visit(part)
}

function binaryLength(part: Part): number {
  if (part.type === 'image_url') return part.image_url.url.length
  return part.type === 'file' ? part.file.file_data.length : 0
}
