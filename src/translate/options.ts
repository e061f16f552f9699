import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { CHAT_OPTIONS } from '../wire/openrouter/options.ts'
import { toAnswerSchema } from './schema.ts'
import type { Target } from './target.ts'
import { isThinking, toReasoningOptions } from './thinking.ts'
import { toToolChoice } from './tools.ts'

type Options = Record<string, unknown>

/** What the server itself sets, besides what the client asked for. */
export interface ServerLimits {
  readonly maxTokensLimit: number | undefined
}

/** Chat completions take at most four stop sequences; the rest is enforced by our own scan of the answer. */
const MAX_STOPS = 4
/** Some OpenAI models refuse less. */
const OPENAI_MIN_TOKENS = 16

/** Every option of the chat request, in a stable order: the client's own chat options come last and win. */
export function toOptions(
  request: MessagesRequest,
  target: Target,
  hasTools: boolean,
  sessionId: string | undefined,
  limits: ServerLimits,
): Options {
  return {
    ...tokenLimit(request, target, limits),
    ...sampling(request, target),
    ...stops(request),
    ...toToolChoice(request.tool_choice, hasTools, canForceTool(request, target)),
    ...responseFormat(request, target),
    ...toReasoningOptions(request, target),
    ...service(request),
    ...(target.openrouter ? openrouterDefaults(request, sessionId) : {}),
    ...(request.stream ? { stream_options: { include_usage: true } } : {}),
    ...clientOptions(request),
  }
}

function tokenLimit(request: MessagesRequest, target: Target, limits: ServerLimits): Options {
  // 0 means "only warm the prompt cache", which takes an answer of one token here; its output is dropped.
  const least = target.family === 'openai' ? OPENAI_MIN_TOKENS : 1
  const most = Math.min(target.facts.maxOutputTokens ?? Infinity, limits.maxTokensLimit ?? Infinity)
  const value = Math.max(least, Math.min(request.max_tokens, most))
  const renamed = !target.openrouter && /^(o\d|gpt-[5-9])/.test(target.model)
  return { [renamed ? 'max_completion_tokens' : 'max_tokens']: value }
}

function sampling(request: MessagesRequest, target: Target): Options {
  // Claude refuses any temperature but 1 while it thinks.
  const fixed = target.family === 'anthropic' && isThinking(request)
  return present({
    temperature: fixed ? undefined : request.temperature,
    top_p: request.top_p,
    top_k: request.top_k || undefined,
  })
}

/** The client's stop sequences, `stop` being an alias that OpenAI clients use. */
export function stopSequences(request: MessagesRequest): readonly string[] {
  const { stop = [] } = request as { stop?: unknown }
  const aliases: unknown[] = Array.isArray(stop) ? stop : [stop]
  return [...(request.stop_sequences ?? []), ...aliases].filter(
    (text): text is string => typeof text === 'string' && text !== '',
  )
}

function stops(request: MessagesRequest): Options {
  const sequences = stopSequences(request)
  return sequences.length > 0 ? { stop: sequences.slice(0, MAX_STOPS) } : {}
}

/** Claude refuses to be forced to a tool while it thinks with a budget. */
const canForceTool = (request: MessagesRequest, target: Target): boolean =>
  !(target.family === 'anthropic' && request.thinking?.type === 'enabled')

function responseFormat(request: MessagesRequest, target: Target): Options {
  const format = request.output_config?.format ?? request.output_format
  if (!format) return {}
  const schema = toAnswerSchema(format.schema, target.family)
  return { response_format: { type: 'json_schema', json_schema: { name: 'output', strict: true, schema } } }
}

function service(request: MessagesRequest): Options {
  if (request.speed === 'fast') return { service_tier: 'priority' }
  const tier = request.service_tier
  if (!tier || tier === 'auto') return {}
  return { service_tier: tier === 'standard_only' ? 'default' : tier }
}

function openrouterDefaults(request: MessagesRequest, sessionId: string | undefined): Options {
  const userId = request.metadata?.user_id
  return {
    ...(userId && userId.length <= MAX_ID_CHARS ? { user: userId } : {}),
    ...(sessionId ? { session_id: sessionId.slice(0, MAX_ID_CHARS) } : {}),
    ...(request.cache_control ? { cache_control: request.cache_control } : {}),
    ...fallbackModels(request),
    // OpenRouter would otherwise cut the middle out of long prompts for small models, tool pairs included.
    plugins: [{ id: 'context-compression', enabled: false }],
  }
}

const MAX_ID_CHARS = 256

const fallbackModels = ({ fallbacks }: MessagesRequest): Options =>
  Array.isArray(fallbacks) && fallbacks.length > 0 ? { models: fallbacks.map(({ model }) => model) } : {}

/** Chat options of the client: beside Anthropic's fields, or inside `openrouter`, which wins. */
function clientOptions(request: MessagesRequest): Options {
  const sent: Options = {}
  const outer = request as Options
  for (const name of CHAT_OPTIONS) if (outer[name] !== undefined) sent[name] = outer[name]
  return { ...sent, ...request.openrouter }
}

const present = (fields: Options): Options =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))

/** The conversation's id for sticky routing: Claude Code's header, else what its user id holds. */
export function sessionIdOf(request: MessagesRequest, header: string | undefined): string | undefined {
  if (header) return header
  const userId = request.metadata?.user_id ?? ''
  return /"session_id":"([^"]+)"/.exec(userId)?.[1] ?? /_session_([0-9a-f-]{36})$/.exec(userId)?.[1]
}
