import { type Static, Type } from '@sinclair/typebox'

import { oneOf, open } from '../schema.ts'

/** What a request may ask of the response cache. */
export const ResponseCacheOptions = Type.Union([
  Type.Boolean(),
  open({
    max_age: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Seconds; an older answer is asked for anew' }),
    ),
    store: Type.Optional(Type.Boolean({ description: 'Whether the answer may be remembered' })),
    only_if_cached: Type.Optional(
      Type.Boolean({ description: 'Status 504 where the answer would have to be made' }),
    ),
  }),
])
export type ResponseCacheOptions = Static<typeof ResponseCacheOptions>

/** How an answer has to do with the response cache; shown by `openrouter.details`. */
export const ResponseCacheMark = open({
  status: oneOf(['hit', 'shared'], {
    description: 'Given before, or made for somebody who asked the same at the same time',
  }),
  age: Type.Integer({ minimum: 0, description: 'Seconds since it was made' }),
  saved_cost: Type.Number({ minimum: 0, description: 'USD that another call would have cost' }),
})
export type ResponseCacheMark = Static<typeof ResponseCacheMark>

const count = Type.Integer({ minimum: 0 })
const usd = Type.Number({ minimum: 0 })

const CacheTierStats = open({
  name: Type.String({ description: 'memory or disk' }),
  entries: count,
  bytes: count,
  max_bytes: count,
  hits: count,
  misses: count,
  evictions: count,
  expired: count,
})

/** GET /v1/messages/cache/stats. Counts since the start of the process; entries and bytes are those of the largest tier. */
export const CacheStatistics = open(
  {
    cache_enabled: Type.Boolean(),
    cache_ttl_seconds: Type.Number(),
    total_requests: count,
    hits: count,
    misses: count,
    coalesced: Type.Integer({ minimum: 0, description: 'Misses that shared the call of an equal request' }),
    hit_rate: Type.Number({ minimum: 0, maximum: 1, description: 'Hits and shared calls, of all requests' }),
    stored: count,
    entries: count,
    bytes: count,
    max_bytes: count,
    evictions: count,
    expired: count,
    tokens_saved: count,
    cost_saved_usd: usd,
    models: Type.Record(Type.String(), open({ hits: count, tokens_saved: count, cost_saved_usd: usd })),
    tiers: Type.Array(CacheTierStats),
  },
  { $id: 'CacheStatistics' },
)
export type CacheStatistics = Static<typeof CacheStatistics>

/** DELETE or POST /v1/messages/cache/clear. */
export const CacheCleared = open(
  { status: Type.Literal('success'), message: Type.String(), cleared_entries: count },
  { $id: 'CacheCleared' },
)
export type CacheCleared = Static<typeof CacheCleared>

/** POST /v1/messages/cache/cleanup. */
export const CacheCleanedUp = open(
  { status: Type.Literal('success'), expired_entries_removed: count, remaining_entries: count },
  { $id: 'CacheCleanedUp' },
)
export type CacheCleanedUp = Static<typeof CacheCleanedUp>
