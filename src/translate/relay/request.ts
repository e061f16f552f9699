import type { ClientProtocol, Fields } from '../../core/context.ts'
import type { Message, MessagesRequest } from '../../wire/anthropic/request.ts'
import type { Loss } from '../losses/fates.ts'
import { findSources, type OptionSources, toHeaderName, upstreamHeaders } from '../option-sources.ts'
import { type ServerLimits, sessionIdOf } from '../options.ts'
import type { Target } from '../target.ts'
import { toRelayedHistory, type Warn } from './history.ts'
import { OURS, relayedOptions, withoutAbsent } from './openrouter.ts'

export interface RelayedRequest {
  readonly body: Fields
  readonly headers: Readonly<Record<string, string>>
  /** Characters of the body that are pictures and files, not text. */
  readonly binaryChars: number
  /** What the upstream is not told. */
  readonly losses: readonly Loss[]
}

/**
 * A valid request as another Messages API takes it: the client's own, for the target's model. Nothing of the client's
 * objects is changed, and what needs no change is shared with them.
 */
export function toRelayedRequest(
  request: MessagesRequest,
  target: Target,
  protocol: ClientProtocol,
  limits: ServerLimits,
): RelayedRequest {
  const losses: Loss[] = []
  const warn: Warn = (path, message) => void losses.push({ path, message })
  const mention: Warn = (path, message) => void losses.push({ path, message, harmless: true })
  const sources = findSources(request, protocol.options, target)
  const { messages, lostThoughts } = toRelayedHistory(request.messages, target, warn)
  const fields: Fields = {
    ...ownFields(request),
    model: target.model,
    messages,
    max_tokens: outputLimit(request, target, limits, mention),
    ...(lostThoughts ? withoutBudget(request, mention) : {}),
    ...stops(request, sources),
  }
  return {
    body: target.openrouter
      ? forOpenRouter(fields, request, sources, protocol, warn)
      : forOthers(fields, sources, warn),
    headers: { ...headersOf(request, protocol), ...upstreamHeaders(protocol.options, target) },
    binaryChars: binaryCharsOf(messages),
    losses,
  }
}

/** The client's fields, without those that only speak to this server. It tries `fallbacks` itself, one by one. */
function ownFields(request: MessagesRequest): Fields {
  const fields: Record<string, unknown> = { ...request }
  for (const name of ['openrouter', 'betas', 'stop']) delete fields[name]
  if (Array.isArray(fields['fallbacks'])) delete fields['fallbacks']
  return fields
}

function forOpenRouter(
  fields: Fields,
  request: MessagesRequest,
  sources: OptionSources,
  protocol: ClientProtocol,
  warn: Warn,
): Fields {
  const { weaker, stronger } = relayedOptions(sources, warn)
  const sessionId = sessionIdOf(request, protocol.sessionId)
  const session = sessionId ? { session_id: sessionId.slice(0, MAX_SESSION_ID_CHARS) } : {}
  return { ...addMissing(withoutAbsent(fields, warn), { ...session, ...weaker }), ...stronger }
}

const MAX_SESSION_ID_CHARS = 256

/** Only the operator knows what another server takes besides Anthropic's parameters. */
function forOthers(fields: Fields, { inside, headers, model }: OptionSources, warn: Warn): Fields {
  for (const name of Object.keys(inside).filter(isForUpstream)) warn(`openrouter.${name}`, NOT_OPENROUTER)
  for (const name of Object.keys(headers).filter(isForUpstream))
    warn(`header ${toHeaderName(name)}`, NOT_OPENROUTER)
  return addMissing(fields, Object.fromEntries(Object.entries(model).filter(([name]) => isForUpstream(name))))
}

const isForUpstream = (name: string): boolean => !OURS.has(name)

const NOT_OPENROUTER = "is not sent: this model's upstream is not OpenRouter"

/** Fields come first and win, so that the order of what the client wrote stays. */
const addMissing = (fields: Fields, others: Fields): Fields => ({
  ...fields,
  ...Object.fromEntries(Object.entries(others).filter(([name]) => !(name in fields))),
})

function outputLimit(
  { max_tokens: asked }: MessagesRequest,
  { facts }: Target,
  { maxTokensLimit }: ServerLimits,
  mention: Warn,
): number {
  const most = Math.min(facts.maxOutputTokens ?? Infinity, maxTokensLimit ?? Infinity)
  if (asked <= most) return asked
  mention('max_tokens', `${asked} is more than the answer may have; ${most} is asked for`)
  return most
}

/** Claude with a budget refuses to go on after calls that have lost their thoughts. */
function withoutBudget({ thinking }: MessagesRequest, mention: Warn): Fields {
  if (thinking?.type !== 'enabled') return {}
  mention('thinking', 'the last calls were made by another model; this answer comes without thinking')
  return { thinking: { type: 'disabled' } }
}

/** `stop` is OpenAI's name for the stop sequences; it may stand wherever options stand, and all are meant. */
function stops(request: MessagesRequest, { inside, headers, model }: OptionSources): Fields {
  const own = request.stop_sequences ?? []
  const others = [(request as Fields)['stop'], inside['stop'], headers['stop'], model['stop']].flat()
  const given = others.filter(isGivenText)
  return given.length > 0 ? { stop_sequences: [...own, ...given] } : {}
}

const isGivenText = (text: unknown): boolean => typeof text === 'string' && text !== ''

/** SDKs may put betas into the body, which no Messages API takes there. */
function headersOf(
  request: MessagesRequest,
  { version, betas: named }: ClientProtocol,
): Record<string, string> {
  const { betas } = request as { betas?: unknown }
  const all = new Set<unknown>([...named, ...(Array.isArray(betas) ? betas : [])])
  return {
    'anthropic-version': version,
    ...(all.size > 0 ? { 'anthropic-beta': [...all].join(',') } : {}),
  }
}

// — size —

const binaryCharsOf = (messages: readonly Message[]): number =>
  messages.reduce((total, { content }) => total + binaryChars(content), 0)

/** Base64 data of images and documents, wherever they stand in a content. */
function binaryChars(content: unknown): number {
  if (Array.isArray(content)) return content.reduce((total: number, item) => total + binaryChars(item), 0)
  if (typeof content !== 'object' || content === null) return 0
  const { source, content: inner }: Fields = { ...content }
  return dataChars(source) + binaryChars(inner)
}

function dataChars(source: unknown): number {
  if (typeof source !== 'object' || source === null) return 0
  const { type, data, content }: Fields = { ...source }
  return type === 'base64' && typeof data === 'string' ? data.length : binaryChars(content)
}
