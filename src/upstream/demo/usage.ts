import { LRUCache } from 'lru-cache'

import type { ChatUsage } from '../../wire/openrouter/chunk.ts'
import type { DemoMessage, DemoRequest } from './conversation.ts'
import type { WholeMessage } from './fold.ts'
import type { Price } from './models.ts'

/** Tokens of a prompt; `cached` and `written` are parts of `total`. */
interface PromptSize {
  readonly total: number
  readonly cached: number
  readonly written: number
}

interface Prefix {
  readonly hash: bigint
  readonly characters: number
  readonly marked: boolean
}

/** How the demo turns text into tokens, in both directions. */
export const CHARACTERS_PER_TOKEN = 4
const REMEMBERED_PREFIXES = 4096
/** What an inlined image or file counts, whatever its bytes. */
const DATA_URL = `data:${'.'.repeat(4000)}`

const tokensIn = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN)

/**
 * Measures prompts and plays the provider's prompt cache: a prefix that an earlier request marked with
 * `cache_control` counts as cached. Remembers a bounded number of prefixes by their hash.
 */
export const createPromptMeter = (): ((model: string, request: DemoRequest) => PromptSize) => {
  const seen = new LRUCache<bigint, true>({ max: REMEMBERED_PREFIXES })
  return (model, request) => {
    const prefixes = prefixesOf(model, request)
    const total = tokensIn(prefixes.at(-1)?.characters ?? 0)
    const lastMark = prefixes.findLastIndex(({ marked }) => marked)
    const reachable = prefixes.slice(0, lastMark + 1)
    const cached = floorTokens(reachable.findLast(({ hash }) => seen.get(hash)))
    for (const { hash, marked } of reachable) if (marked) seen.set(hash, true)
    return { total, cached, written: floorTokens(reachable.at(-1)) - cached }
  }
}

const floorTokens = (prefix: Prefix | undefined): number =>
  Math.floor((prefix?.characters ?? 0) / CHARACTERS_PER_TOKEN)

const prefixesOf = (model: string, request: DemoRequest): Prefix[] => {
  const prefixes: Prefix[] = []
  let hash = BigInt(Bun.hash(model))
  let characters = 0
  const add = (unit: unknown, marked: boolean): void => {
    const text = JSON.stringify(unit, bare)
    hash = BigInt(Bun.hash(text, hash))
    characters += text.length
    prefixes.push({ hash, characters, marked })
  }
  if (request.tools?.length) add(request.tools, request.tools.some(isMarked))
  for (const message of request.messages)
    add(plain(message), isMarked(message) || partsOf(message).some(isMarked))
  const last = prefixes.at(-1)
  return last && isMarked(request) ? prefixes.with(-1, { ...last, marked: true }) : prefixes
}

const isMarked = (value: object): boolean => 'cache_control' in value && Boolean(value.cache_control)
const partsOf = ({ content }: DemoMessage) => (Array.isArray(content) ? content : [])

/** A single text part equals a string: clients turn one into the other when their cache mark moves on. */
const plain = (message: DemoMessage): DemoMessage => {
  const [part, ...others] = partsOf(message)
  return part?.text !== undefined && others.length === 0 ? { ...message, content: part.text } : message
}

const bare = (key: string, value: unknown): unknown => {
  if (key === 'cache_control') return undefined
  return typeof value === 'string' && value.startsWith('data:') ? DATA_URL : value
}

/** OpenRouter's usage object with all that it adds to OpenAI's (openrouter §4). */
export const usageOf = (prompt: PromptSize, message: WholeMessage, price: Price): ChatUsage => {
  const reasoning = tokensIn(message.reasoning?.length ?? 0)
  const completion = tokensIn(charactersIn(message))
  const usage = {
    prompt_tokens: prompt.total,
    completion_tokens: completion,
    total_tokens: prompt.total + completion,
    prompt_tokens_details: {
      cached_tokens: prompt.cached,
      cache_write_tokens: prompt.written,
      audio_tokens: 0,
    },
    completion_tokens_details: { reasoning_tokens: reasoning },
    cost: costOf(prompt, completion, price),
    is_byok: false,
    cost_details: { upstream_inference_cost: null },
  }
  return usage
}

const charactersIn = ({ content, reasoning, tool_calls }: WholeMessage): number =>
  (content?.length ?? 0) +
  (reasoning?.length ?? 0) +
  (tool_calls ?? []).reduce((sum, call) => sum + JSON.stringify(call.function ?? '').length, 0)

const costOf = ({ total, cached, written }: PromptSize, completion: number, price: Price): number => {
  const cost =
    (total - cached - written) * price.prompt +
    cached * price.cacheRead +
    written * price.cacheWrite +
    completion * price.completion
  return Number(cost.toFixed(9))
}
