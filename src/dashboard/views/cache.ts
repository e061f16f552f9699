import type { CacheStatistics } from '../../wire/server/cache.ts'
import { send } from '../api.ts'
import { confirmed } from '../confirm.ts'
import { h } from '../dom.ts'
import { figures } from '../figures.ts'
import { bytes, count, duration, money, percent, short } from '../format.ts'
import { polledView } from '../polled-view.ts'
import { table } from '../table.ts'
import type { View } from '../view.ts'

const FORGET = { text: 'Forget all answers', question: 'Really forget them', doing: 'Forgetting…' }

const PATH = '/v1/messages/cache'

/** What the response cache holds and saved. */
export const cacheView = (): View =>
  polledView<CacheStatistics>('Response cache', `${PATH}/stats`, 5000, (stats, refresh) =>
    stats.cache_enabled
      ? [
          figures('Since the start', [
            [
              'Hit rate',
              percent(stats.hit_rate),
              `${count(stats.hits)} hits, ${count(stats.coalesced)} shared, ${count(stats.misses)} misses`,
            ],
            ['Saved', money(stats.cost_saved_usd), `${short(stats.tokens_saved)} tokens`],
            ['Answers', count(stats.entries), `${bytes(stats.bytes)} of ${bytes(stats.max_bytes)}`],
            [
              'Kept for',
              duration(stats.cache_ttl_seconds * 1000),
              `${count(stats.expired)} expired, ${count(stats.evictions)} made room`,
            ],
          ]),
          h('h3', {}, 'By model'),
          byModel(stats),
          h('h3', {}, 'Tiers'),
          table(
            'Tiers',
            ['Tier', 'Answers', 'Size', 'Hits', 'Misses', 'Made room', 'Expired'],
            stats.tiers.map((tier) => [
              tier.name,
              count(tier.entries),
              bytes(tier.bytes),
              count(tier.hits),
              count(tier.misses),
              count(tier.evictions),
              count(tier.expired),
            ]),
            [1, 2, 3, 4, 5, 6],
          ),
          h(
            'p.actions',
            {},
            confirmed('forget-answers', FORGET, async () => {
              await send('DELETE', `${PATH}/clear`)
              refresh()
            }),
          ),
        ]
      : [h('p.notice', {}, 'The response cache is off. ENABLE_CACHING=true remembers finished answers.')],
  )

const byModel = ({ models }: CacheStatistics): HTMLElement =>
  Object.keys(models).length === 0
    ? h('p.muted', {}, 'No answer was given again yet.')
    : table(
        'By model',
        ['Model', 'Hits', 'Tokens saved', 'Saved'],
        Object.entries(models).map(([model, { hits, tokens_saved, cost_saved_usd }]) => [
          model,
          count(hits),
          short(tokens_saved),
          money(cost_saved_usd),
        ]),
        [1, 2, 3],
      )
