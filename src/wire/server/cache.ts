import { type Static, Type } from '@sinclair/typebox'

import { open } from '../schema.ts'

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
