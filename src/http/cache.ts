import { Elysia } from 'elysia'

import type { CacheStats, ResponseCache } from '../cache/cache.ts'
import type { TierStats } from '../cache/tier.ts'
import type { CacheCleanedUp, CacheCleared, CacheStatistics } from '../wire/server/cache.ts'
import { apiOperation, ref } from './openapi/operation.ts'
import { json } from './respond.ts'
import { baseHeaders, type Handler, route } from './route.ts'
import type { Server } from './server.ts'

/** What the response cache holds, and how to empty it. An owner sees and empties what is theirs; an admin, everything. */
export const cacheRoutes = (server: Server, prefix: string) => {
  const answer =
    (make: (cache: ResponseCache | undefined, owner: string | undefined) => Promise<object>): Handler =>
    async (request, { context }) =>
      json(await make(server.services.cache, context.caller?.isAdmin ? undefined : context.owner), {
        ...baseHeaders(server, request),
        'request-id': context.id,
      })
  const clear = route(server, answer(clearCache))
  return new Elysia({ name: `cache ${prefix}`, prefix: `${prefix}/messages/cache` })
    .get('/stats', route(server, answer(statistics)), { detail: GET_STATISTICS })
    .delete('/clear', clear, { detail: clearOperation('clearCache') })
    .post('/clear', clear, { detail: clearOperation('clearCacheByPost'), parse: 'none' })
    .post('/cleanup', route(server, answer(cleanUp)), { detail: CLEAN_UP, parse: 'none' })
}

async function clearCache(
  cache: ResponseCache | undefined,
  owner: string | undefined,
): Promise<CacheCleared> {
  const cleared = (await cache?.clear(owner)) ?? 0
  return { status: 'success', message: `${cleared} answers were forgotten`, cleared_entries: cleared }
}

async function cleanUp(cache: ResponseCache | undefined): Promise<CacheCleanedUp> {
  const { removed, remaining } = (await cache?.removeExpired()) ?? { removed: 0, remaining: 0 }
  return { status: 'success', expired_entries_removed: removed, remaining_entries: remaining }
}

const OFF: CacheStats = {
  hits: 0,
  misses: 0,
  coalesced: 0,
  stored: 0,
  tokensSaved: 0,
  costSavedUsd: 0,
  models: {},
  tiers: [],
}

async function statistics(
  cache: ResponseCache | undefined,
  owner: string | undefined,
): Promise<CacheStatistics> {
  const stats = (await cache?.stats(owner)) ?? OFF
  const requests = stats.hits + stats.misses
  const largest = stats.tiers.toSorted((a, b) => b.maxBytes - a.maxBytes)[0]
  const sum = (pick: (tier: TierStats) => number): number =>
    stats.tiers.reduce((total, tier) => total + pick(tier), 0)
  return {
    cache_enabled: cache !== undefined,
    cache_ttl_seconds: (cache?.ttlMs ?? 0) / 1000,
    total_requests: requests,
    hits: stats.hits,
    misses: stats.misses,
    coalesced: stats.coalesced,
    hit_rate: requests === 0 ? 0 : (stats.hits + stats.coalesced) / requests,
    stored: stats.stored,
    entries: largest?.entries ?? 0,
    bytes: largest?.bytes ?? 0,
    max_bytes: largest?.maxBytes ?? 0,
    evictions: sum((tier) => tier.evictions),
    expired: sum((tier) => tier.expired),
    tokens_saved: stats.tokensSaved,
    cost_saved_usd: stats.costSavedUsd,
    models: Object.fromEntries(
      Object.entries(stats.models).map(([model, { hits, tokens, costUsd }]) => [
        model,
        { hits, tokens_saved: tokens, cost_saved_usd: costUsd },
      ]),
    ),
    tiers: stats.tiers.map(({ maxBytes, ...tier }) => ({ ...tier, max_bytes: maxBytes })),
  }
}

const GET_STATISTICS = apiOperation({
  operationId: 'getCacheStatistics',
  tag: 'Cache',
  summary: 'What the response cache holds and saved',
  description:
    'Counts begin with the process and are those of your key; the admin key, or a server without keys, shows all. The ' +
    'tiers are everybody’s. All zero while ENABLE_CACHING is off.',
  answer: {
    description: 'The counts, together and by tier and model',
    content: { 'application/json': { schema: ref('CacheStatistics') } },
  },
})

const clearOperation = (operationId: string) =>
  apiOperation({
    operationId,
    tag: 'Cache',
    summary: 'Forget the answers',
    description: 'Those of your key; with the admin key, or on a server without keys, all.',
    answer: {
      description: 'How many there were',
      content: { 'application/json': { schema: ref('CacheCleared') } },
    },
  })

const CLEAN_UP = apiOperation({
  operationId: 'cleanUpCache',
  tag: 'Cache',
  summary: 'Remove answers that are too old',
  description: 'They are never given to anyone; this only frees their space at once.',
  answer: {
    description: 'How many went and how many are left',
    content: { 'application/json': { schema: ref('CacheCleanedUp') } },
  },
})
