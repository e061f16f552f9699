import { LRUCache } from 'lru-cache'

import type { Clock } from '../core/clock.ts'

export interface ConversationsOptions {
  readonly clock: Pick<Clock, 'now'>
  /** How many conversations are remembered; the ones that were silent longest go first. */
  readonly maxEntries: number
}

/** What one answer's bill says of the prompt cache. */
export interface CacheUse {
  /** The model upstream: each has a cache of its own. */
  readonly model: string
  /** All prompt tokens, read from the cache or not. */
  readonly promptTokens: number
  readonly cachedTokens: number
  /** Who served the answer, where the upstream says so. */
  readonly provider?: string | undefined
}

/** A prompt that grew, and yet was not read from the cache that had most of it a moment ago. */
export interface CacheCollapse {
  readonly model: string
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly previousPromptTokens: number
  readonly previousCachedTokens: number
  /** Since the answer before. */
  readonly elapsedMs: number
  /** The likely reason, where another provider has served the answer. */
  readonly providers: readonly [string, string] | undefined
}

/** A short memory of each conversation's last turn, by the client's session. */
export interface Conversations {
  /** Remembers how an answer used the prompt cache; tells when the cache's help has collapsed. */
  observe(conversation: string, use: CacheUse): CacheCollapse | undefined
}

/** How long a provider keeps a prompt (openrouter §2.6). */
const CACHE_LIFE_MS = 5 * 60_000
/** Smaller prompts cost too little to be worth a word, and many providers do not cache them. */
const LEAST_PROMPT_TOKENS = 4000
const WAS_CACHED = 0.5
const IS_CACHED = 0.1

interface LastTurn extends CacheUse {
  readonly atMs: number
}

/** Made once; holds a few numbers for each conversation and model, and no word of any. */
export function createConversations({ clock, maxEntries }: ConversationsOptions): Conversations {
  const lastTurns = new LRUCache<string, LastTurn>({ max: maxEntries })

  return {
    observe(conversation, use) {
      // A client's background requests use the same session, mostly with a smaller model.
      const key = `${use.model} ${conversation}`
      const atMs = clock.now()
      const before = lastTurns.get(key)
      const previous = before && atMs - before.atMs <= CACHE_LIFE_MS ? before : undefined
      // A request beside the conversation, or after its compaction: it says nothing about the turn before.
      if (previous && use.promptTokens < previous.promptTokens) return undefined
      lastTurns.set(key, { ...use, atMs })
      return previous && hasCollapsed(previous, use) ? toCollapse(previous, use, atMs) : undefined
    },
  }
}

const hasCollapsed = (previous: CacheUse, use: CacheUse): boolean =>
  previous.promptTokens >= LEAST_PROMPT_TOKENS && shareOf(previous) >= WAS_CACHED && shareOf(use) < IS_CACHED

const shareOf = ({ cachedTokens, promptTokens }: CacheUse): number => cachedTokens / promptTokens

const toCollapse = (previous: LastTurn, use: CacheUse, atMs: number): CacheCollapse => ({
  model: use.model,
  promptTokens: use.promptTokens,
  cachedTokens: use.cachedTokens,
  previousPromptTokens: previous.promptTokens,
  previousCachedTokens: previous.cachedTokens,
  elapsedMs: atMs - previous.atMs,
  providers:
    previous.provider && use.provider && previous.provider !== use.provider
      ? [previous.provider, use.provider]
      : undefined,
})

/** Whose memory a request belongs to: a sub-agent's conversation is its own. Undefined without a session. */
export const conversationOf = (
  sessionId: string | undefined,
  agentId: string | undefined,
): string | undefined => (sessionId === undefined ? undefined : `${sessionId} ${agentId ?? ''}`)

/** One sentence for the log and for the client's warnings. */
export function describeCollapse(collapse: CacheCollapse): string {
  const { cachedTokens, promptTokens, previousCachedTokens, previousPromptTokens, providers } = collapse
  const reason = providers ? `; the provider changed from ${providers[0]} to ${providers[1]}` : ''
  return (
    `the prompt cache gave ${cachedTokens} of ${promptTokens} tokens after ${previousCachedTokens} of ` +
    `${previousPromptTokens} in the turn before${reason}`
  )
}
