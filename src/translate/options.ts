import { invalidRequest } from '../core/errors.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { CHAT_OPTIONS } from '../wire/openrouter/options.ts'
import { cacheMark } from './cache-mark.ts'
import { effortOf } from './effort.ts'
import { fnv1aHex } from './hash.ts'
import { toAnswerSchema } from './schema.ts'
import type { Target } from './target.ts'
import { isThinking, toReasoningOptions } from './thinking.ts'
import type { Turn } from './turns.ts'

type Options = Record<string, unknown>

/** What the server itself sets, besides what the client asked for. */
export interface ServerLimits {
  readonly maxTokensLimit: number | undefined
}

export interface OptionTerms {
  readonly request: MessagesRequest
  readonly turns: readonly Turn[]
  readonly target: Target
  readonly hasTools: boolean
  /** `tool_choice` and what belongs to it. */
  readonly toolChoice: Options
  /** The last calls stand there without the thoughts that led to them. */
  readonly lostThoughts: boolean
  readonly sessionId: string | undefined
  readonly limits: ServerLimits
}

/** Every option of the chat request, in a stable order: the client's own chat options come last and win. */
export function toOptions(terms: OptionTerms): Options {
  const { request, target } = terms
  const own = ownOptions(terms)
  const maxTokens = outputLimit(terms)
  return {
    ...('max_completion_tokens' in own ? {} : { [limitName(target)]: maxTokens }),
    ...sampling(request, target),
    ...stops(request, target),
    ...terms.toolChoice,
    ...responseFormat(request, target),
    ...(REASONING_OPTIONS.some((name) => name in own) ? {} : reasoning(terms, maxTokens)),
    ...service(request, target),
    ...metadata(request),
    ...(target.openrouter ? openrouterDefaults(terms) : {}),
    ...(request.stream ? { stream_options: { include_usage: true } } : {}),
    ...own,
    ...(target.openrouter ? plugins(own) : {}),
  }
}

// — limits and sampling —

/** OpenAI's models refuse less. */
const OPENAI_MIN_TOKENS = 16

function outputLimit({ request, target, limits }: OptionTerms): number {
  // 0 means "only warm the prompt cache", which takes an answer of one token here; its output is dropped.
  const least = target.family === 'openai' ? OPENAI_MIN_TOKENS : 1
  const most = Math.min(target.facts.maxOutputTokens ?? Infinity, limits.maxTokensLimit ?? Infinity)
  return Math.max(least, Math.min(request.max_tokens, most))
}

/** OpenAI's reasoning models, at OpenAI's own server: it refuses what they do not take, where OpenRouter drops it. */
const isBareReasoner = ({ openrouter, model }: Target): boolean =>
  !openrouter && /^(o\d|gpt-[5-9](?!.*chat))/i.test(model)

const limitName = (target: Target): string =>
  isBareReasoner(target) ? 'max_completion_tokens' : 'max_tokens'

/** What Claude takes of `top_p` while it thinks. */
const LEAST_THINKING_TOP_P = 0.95

function sampling(request: MessagesRequest, target: Target): Options {
  const { temperature, top_p, top_k } = request
  // Claude samples in its own way while it thinks, and refuses to be told another one.
  if (target.family === 'anthropic' && isThinking(request))
    return present({ top_p: (top_p ?? 0) >= LEAST_THINKING_TOP_P ? top_p : undefined })
  const knowsTopK = target.openrouter || target.family !== 'openai'
  return present({ temperature, top_p, top_k: (knowsTopK && top_k) || undefined })
}

/** Chat completions take at most four stop sequences; the rest is enforced by our own scan of the answer. */
const MAX_STOPS = 4

/** The client's stop sequences, `stop` being an alias that OpenAI clients use. */
export function stopSequences(request: MessagesRequest): readonly string[] {
  const { stop, openrouter } = request as { stop?: unknown; openrouter?: { stop?: unknown } | null }
  return [request.stop_sequences, stop, openrouter?.stop]
    .flat()
    .filter((text): text is string => typeof text === 'string' && text !== '')
}

function stops(request: MessagesRequest, target: Target): Options {
  const sequences = stopSequences(request)
  return sequences.length > 0 && !isBareReasoner(target) ? { stop: sequences.slice(0, MAX_STOPS) } : {}
}

// — answers —

function responseFormat(request: MessagesRequest, target: Target): Options {
  const format = request.output_config?.format ?? request.output_format
  if (!format) return {}
  const { schema, strict } = toAnswerSchema(format.schema, target.family)
  return { response_format: { type: 'json_schema', json_schema: { name: 'output', strict, schema } } }
}

/** Where the client says in chat completions' own words how to reason, nothing is added to it. */
const REASONING_OPTIONS = ['reasoning', 'reasoning_effort', 'include_reasoning'] as const

const reasoning = ({ request, turns, target, lostThoughts }: OptionTerms, maxTokens: number): Options =>
  toReasoningOptions({
    thinking: request.thinking,
    effort: effortOf(request, turns, target),
    maxTokens,
    lostThoughts,
    target,
  })

// — service —

function service({ speed, service_tier: tier }: MessagesRequest, target: Target): Options {
  if (speed === 'fast') return { service_tier: 'priority' }
  if (!tier || tier === 'auto') return {}
  if (tier === 'standard_only') return target.openrouter ? { service_tier: 'default' } : {}
  return { service_tier: tier }
}

/** What a client says about itself beside `user_id`, which has a field of its own. */
function metadata(request: MessagesRequest): Options {
  const { user_id: _user, ...rest } = request.metadata ?? {}
  return Object.keys(rest).length > 0 ? { metadata: rest } : {}
}

function openrouterDefaults({ request, target, sessionId }: OptionTerms): Options {
  const userId = request.metadata?.user_id
  return {
    ...(userId ? { user: toUser(userId) } : {}),
    ...(sessionId ? { session_id: sessionId.slice(0, MAX_ID_CHARS) } : {}),
    ...cacheMark(request, target),
    ...(target.fallbacks.length > 0 ? { models: target.fallbacks } : {}),
  }
}

const MAX_ID_CHARS = 256

/** Upstream a user is an opaque mark, so what is too long or names a person may be any other mark. */
const toUser = (userId: string): string =>
  userId.length > MAX_ID_CHARS || userId.includes('@') ? `user-${fnv1aHex(userId)}` : userId

/** The conversation's id for sticky routing: Claude Code's header, else what its user id holds. */
export function sessionIdOf(request: MessagesRequest, header: string | undefined): string | undefined {
  if (header) return header
  const userId = request.metadata?.user_id ?? ''
  return /"session_id":\s*"([^"]+)"/.exec(userId)?.[1] ?? /_session_([0-9a-f-]{36})$/.exec(userId)?.[1]
}

// — the client's own —

/** What `openrouter` cannot say, as it is the request itself. */
const BODY_FIELDS = ['model', 'messages', 'stream', 'tools'] as const

/** Chat options of the client: beside Anthropic's fields, or inside `openrouter`, which wins (openrouter §7.9). */
function ownOptions({ request, hasTools }: OptionTerms): Options {
  const inner: Options = request.openrouter ?? NOTHING
  const options: Options = {}
  for (const name of CHAT_OPTIONS)
    set(options, name, name in inner ? inner[name] : (request as Options)[name])
  if (inner !== NOTHING) addInner(options, inner)
  if (!hasTools) delete options['parallel_tool_calls']
  if (!request.stream) delete options['stream_options']
  else if (options['stream_options'])
    options['stream_options'] = { include_usage: true, ...(options['stream_options'] as object) }
  return options
}

const NOTHING: Options = {}
const IS_CHAT_OPTION: ReadonlySet<string> = new Set([...CHAT_OPTIONS, 'stop', 'tools_extra'])

/** Options that have no name here yet. `stop` and `tools_extra` go other ways. */
function addInner(options: Options, inner: Options): void {
  const misplaced = BODY_FIELDS.find((name) => inner[name] !== undefined)
  if (misplaced)
    throw invalidRequest(
      `openrouter.${misplaced}: Extra inputs are not permitted; send it beside \`openrouter\``,
    )
  for (const [name, value] of Object.entries(inner)) if (!IS_CHAT_OPTION.has(name)) set(options, name, value)
}

/** OpenRouter would otherwise cut the middle out of long prompts for small models, tool pairs included. */
const NO_COMPRESSION = { id: 'context-compression', enabled: false }

/** The client's plugins do not replace the server's, unless they are about the same thing. */
function plugins(own: Options): Options {
  const given: readonly { id?: unknown }[] = Array.isArray(own['plugins']) ? own['plugins'] : []
  const isSet = 'transforms' in own || given.some((plugin) => plugin?.id === NO_COMPRESSION.id)
  return isSet ? {} : { plugins: [...given, NO_COMPRESSION] }
}

function present(fields: Options): Options {
  const options: Options = {}
  for (const name in fields) set(options, name, fields[name])
  return options
}

function set(options: Options, name: string, value: unknown): void {
  if (value !== undefined && value !== null) options[name] = value
}
