import type { Fields } from '../core/context.ts'
import type { Loss } from '../translate/losses/fates.ts'
import { findSources } from '../translate/option-sources.ts'
import type { Target } from '../translate/target.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { ResponseCacheOptions } from '../wire/server/cache.ts'

/** What one request asks of the response cache. */
export interface CacheWish {
  /** The oldest answer that will do; 0 asks anew. */
  readonly maxAgeMs: number
  /** Whether the answer may be remembered. */
  readonly store: boolean
  /** Whether an answer that would have to be made is none. */
  readonly onlyIfCached: boolean
}

const ANY: CacheWish = { maxAgeMs: Infinity, store: true, onlyIfCached: false }
/** Neither read nor written. */
const NO_CACHE: CacheWish = { maxAgeMs: 0, store: false, onlyIfCached: false }

/** A wish, and what of it is not done. */
export interface FoundWish {
  readonly wish: CacheWish
  readonly losses: readonly Loss[]
}

/** The headers in which a client can say it. */
interface Headers {
  readonly cacheControl: string | undefined
  readonly options: Fields
}

/**
 * What is wished of the cache, by the strongest who says something: `openrouter.response_cache` of the body, the header
 * `x-openrouter-response-cache`, the header `cache-control`, and the operator's options for the model.
 */
export function findWish(
  request: MessagesRequest,
  { cacheControl, options }: Headers,
  target: Target,
): FoundWish {
  const { inside, headers, model } = findSources(request, options, target)
  const own = inside['response_cache'] ?? headers['response_cache']
  if (own !== undefined && own !== null) return { wish: toWish(own as ResponseCacheOptions), losses: [] }
  if (cacheControl !== undefined) return readCacheControl(cacheControl)
  const preset = model['response_cache']
  return { wish: toWish((preset ?? true) as ResponseCacheOptions), losses: [] }
}

function toWish(options: ResponseCacheOptions): CacheWish {
  if (typeof options === 'boolean') return options ? ANY : NO_CACHE
  return {
    maxAgeMs: (options.max_age ?? Infinity) * 1000,
    store: options.store ?? true,
    onlyIfCached: options.only_if_cached ?? false,
  }
}

/**
 * Reads a `cache-control` header as far as it concerns stored answers (RFC 9111, 5.2.1); other directives have no
 * meaning here. An age that is none is an age of nothing, as the RFC advises, and is told.
 */
export function readCacheControl(header: string): FoundWish {
  const directives = new Map(
    header
      .toLowerCase()
      .split(',')
      .map((directive) => directive.trim().split('='))
      .map(([name = '', value]) => [name.trim(), value?.trim().replaceAll('"', '')]),
  )
  const isAnew = directives.has('no-cache') || directives.has('no-store')
  const maxAge = directives.get('max-age')
  const isWrong = directives.has('max-age') && !/^\d+$/.test(maxAge ?? '')
  const maxAgeSeconds = maxAge === undefined ? Infinity : Number(maxAge)
  return {
    wish: {
      maxAgeMs: isAnew || isWrong ? 0 : maxAgeSeconds * 1000,
      store: !directives.has('no-store'),
      onlyIfCached: directives.has('only-if-cached'),
    },
    losses: isWrong ? [WRONG_AGE] : [],
  }
}

const WRONG_AGE: Loss = {
  path: 'header cache-control',
  message: 'max-age must be a whole number of seconds; no stored answer is given',
}
