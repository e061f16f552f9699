import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { wantsCompletionLimit } from './abilities.ts'
import { cacheMark } from './cache-mark.ts'
import { effortOf } from './effort.ts'
import { fnv1aHex } from './hash.ts'
import { clientOptions, everyStop, modelOptions, type OptionSources } from './option-sources.ts'
import { toResponseFormat } from './structured/asking.ts'
import type { Target } from './target.ts'
import { isThinking, toReasoningOptions } from './thinking.ts'
import { providerPin } from './thought-provider.ts'
import type { Turn } from './turns.ts'

type Options = Record<string, unknown>

/** What the server itself sets, besides what the client asked for. */
export interface ServerLimits {
  readonly maxTokensLimit: number | undefined
  /** Ask only providers that know every parameter where an answer's schema or a tool call is a must. */
  readonly requireParameters?: boolean
}

export interface OptionTerms {
  /** With the stand-ins of its sources. */
  readonly request: MessagesRequest
  readonly sources: OptionSources
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

/**
 * Every option of the chat request, in a stable order: the operator's come first, then what the client's Anthropic
 * fields mean, and the client's own chat options last. Of two, the later wins.
 */
export function toOptions(terms: OptionTerms): Options {
  const { request, target, limits } = terms
  const own = fit(clientOptions(request, terms.sources), terms)
  const options = houseOptions(terms, own)
  const isToldToReason = saysReasoning(own) || saysReasoning(options)
  const isToldOfStream = 'stream_options' in options
  const maxTokens = outputLimit(terms)
  if (!('max_completion_tokens' in own || 'max_tokens' in own)) options[limitName(target)] = maxTokens
  add(options, sampling(request, target))
  add(options, stops(terms))
  add(options, terms.toolChoice)
  if (!isToldToReason) add(options, reasoning(terms, maxTokens))
  add(options, service(request, target))
  add(options, metadata(request))
  if (target.openrouter) add(options, openrouterDefaults(terms))
  if (request.stream && !isToldOfStream) options['stream_options'] = { include_usage: true }
  add(options, own)
  add(options, toResponseFormat(request, target, terms.sources.headers))
  if (!target.openrouter) return options
  add(options, providerPin(terms.turns, target, options))
  add(options, plugins(options))
  if (limits.requireParameters) add(options, requireParameters(options))
  return options
}

/** Most parts add nothing, and a loop costs least then: this is half of a small request's translation. */
function add(options: Options, more: Options): void {
  for (const name in more) options[name] = more[name]
}

// — limits and sampling —

/** OpenAI's models refuse less. */
const OPENAI_MIN_TOKENS = 16

/** How many tokens the answer may have upstream. */
export function outputLimit({
  request,
  target,
  limits,
}: Pick<OptionTerms, 'request' | 'target' | 'limits'>): number {
  // 0 means "only warm the prompt cache", which takes an answer of one token here; its output is dropped.
  const least = target.family === 'openai' ? OPENAI_MIN_TOKENS : 1
  const most = Math.min(target.facts.maxOutputTokens ?? Infinity, limits.maxTokensLimit ?? Infinity)
  return Math.max(least, Math.min(request.max_tokens, most))
}

/** OpenAI's reasoning models, at OpenAI's own server: it refuses what they do not take, where OpenRouter drops it. */
const isBareReasoner = ({ openrouter, model }: Target): boolean =>
  !openrouter && /^(o\d|gpt-[5-9](?!.*chat))/i.test(model)

const limitName = (target: Target): string =>
  isBareReasoner(target) || wantsCompletionLimit(target) ? 'max_completion_tokens' : 'max_tokens'

/** What Claude takes of `top_p` while it thinks. */
const LEAST_THINKING_TOP_P = 0.95

/** `temperature`, `top_p` and `top_k` as far as the target takes them. */
export function sampling(request: MessagesRequest, target: Target): Options {
  const { temperature, top_p, top_k } = request
  // Claude samples in its own way while it thinks, and refuses to be told another one.
  if (target.family === 'anthropic' && isThinking(request))
    return present({ top_p: (top_p ?? 0) >= LEAST_THINKING_TOP_P ? top_p : undefined })
  const knowsTopK = target.openrouter || target.family !== 'openai'
  return present({ temperature, top_p, top_k: (knowsTopK && top_k) || undefined })
}

/** Chat completions take at most four stop sequences; the rest is enforced by our own scan of the answer. */
const MAX_STOPS = 4

/** All stop sequences, whoever set them. */
export const stopSequences = (request: MessagesRequest, sources: OptionSources): readonly string[] =>
  everyStop(request, sources).filter((text) => text !== '')

function stops({ request, sources, target }: OptionTerms): Options {
  const sequences = stopSequences(request, sources)
  return sequences.length > 0 && !isBareReasoner(target) ? { stop: sequences.slice(0, MAX_STOPS) } : {}
}

// — reasoning —

/** Where the client says in chat completions' own words how to reason, nothing is added to it. */
export const REASONING_OPTIONS = ['reasoning', 'reasoning_effort', 'include_reasoning'] as const

/** How to reason, from `thinking` and the effort. */
export const reasoning = (
  {
    request,
    turns,
    target,
    lostThoughts,
  }: Pick<OptionTerms, 'request' | 'turns' | 'target' | 'lostThoughts'>,
  maxTokens: number,
): Options =>
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
  if (!request.metadata) return {}
  const { user_id: _user, ...rest } = request.metadata
  return Object.keys(rest).length > 0 ? { metadata: rest } : {}
}

function openrouterDefaults({ request, target, sessionId }: OptionTerms): Options {
  const userId = request.metadata?.user_id
  const options: Options = {}
  if (userId) options['user'] = toUser(userId)
  if (sessionId) options['session_id'] = sessionId.slice(0, MAX_ID_CHARS)
  add(options, cacheMark(request, target))
  if (target.fallbacks.length > 0) options['models'] = target.fallbacks
  return options
}

const MAX_ID_CHARS = 256

/** Upstream a user is an opaque mark, so what is too long or names a person may be any other mark. */
const toUser = (userId: string): string =>
  userId.length > MAX_ID_CHARS || userId.includes('@') ? `user-${fnv1aHex(userId)}` : userId

/** The conversation's id for sticky routing: Claude Code's header, else what its user id holds. */
export function sessionIdOf(request: MessagesRequest, header: string | undefined): string | undefined {
  if (header) return header
  const userId = request.metadata?.user_id
  if (!userId) return undefined
  return /"session_id":\s*"([^"]+)"/.exec(userId)?.[1] ?? /_session_([0-9a-f-]{36})$/.exec(userId)?.[1]
}

// — the client's own, and the operator's —

/** Makes of the given options what may stand beside the rest of the request. */
function fit(options: Options, { request, hasTools }: OptionTerms): Options {
  if (!hasTools) {
    delete options['parallel_tool_calls']
    delete options['tool_choice']
  }
  if (!request.stream) delete options['stream_options']
  else if (options['stream_options'])
    options['stream_options'] = { include_usage: true, ...(options['stream_options'] as object) }
  return options
}

/** How to reason is one decision: the operator's is heard where the client says nothing of it in any words. */
function houseOptions(terms: OptionTerms, own: Options): Options {
  const house = fit(modelOptions(terms.request, terms.sources), terms)
  if (terms.request.thinking || saysEffort(terms) || saysReasoning(own))
    for (const name of REASONING_OPTIONS) delete house[name]
  return house
}

const saysEffort = ({ request, turns, target }: OptionTerms): boolean =>
  effortOf(request, turns, target) !== undefined

const saysReasoning = (options: Options): boolean => REASONING_OPTIONS.some((name) => name in options)

/** OpenRouter would otherwise cut the middle out of long prompts for small models, tool pairs included. */
const NO_COMPRESSION = { id: 'context-compression', enabled: false }

/** Given plugins do not replace the server's, unless they are about the same thing. */
function plugins(options: Options): Options {
  const given: readonly { id?: unknown }[] = Array.isArray(options['plugins']) ? options['plugins'] : []
  const isSet = 'transforms' in options || given.some((plugin) => plugin?.id === NO_COMPRESSION.id)
  return isSet ? {} : { plugins: [...given, NO_COMPRESSION] }
}

/** Providers that would pass over a schema or a forced call in silence are passed over themselves (openrouter §7.12). */
function requireParameters(options: Options): Options {
  const { provider, response_format: format, tool_choice: choice } = options
  const isForced = choice === 'required' || typeof choice === 'object'
  if (!isForced && (format as { type?: unknown } | undefined)?.type !== 'json_schema') return {}
  return { provider: { require_parameters: true, ...(provider as object | undefined) } }
}

function present(fields: Options): Options {
  const options: Options = {}
  for (const name in fields) set(options, name, fields[name])
  return options
}

function set(options: Options, name: string, value: unknown): void {
  if (value !== undefined && value !== null) options[name] = value
}
