import { describe, expect, test } from 'bun:test'

import { findWish, readCacheControl } from '../../src/messages/cache-wish.ts'
import type { MessagesRequest } from '../../src/wire/anthropic/request.ts'
import { GPT } from '../translate/ask.ts'

const ANY = { maxAgeMs: Infinity, store: true, onlyIfCached: false }
const NONE = { maxAgeMs: 0, store: false, onlyIfCached: false }

describe('cache-control', () => {
  test.each([
    ['', ANY],
    ['private, no-transform', ANY],
    ['no-store', NONE],
    ['No-Cache', { ...NONE, store: true }],
    ['max-age=60', { ...ANY, maxAgeMs: 60_000 }],
    ['max-age="60"', { ...ANY, maxAgeMs: 60_000 }],
    ['max-age=0', { ...ANY, maxAgeMs: 0 }],
    ['only-if-cached, max-age=5', { maxAgeMs: 5000, store: true, onlyIfCached: true }],
    ['max-age=60, no-cache', { ...ANY, maxAgeMs: 0 }],
  ])('"%s" is %o', (header, wish) => {
    expect(readCacheControl(header)).toEqual({ wish, losses: [] })
  })

  test.each(['max-age', 'max-age=', 'max-age=soon', 'max-age=-1', 'max-age=1.5'])(
    '"%s" gives nothing stored, and is told',
    (header) => {
      const { wish, losses } = readCacheControl(header)
      expect(wish).toEqual({ ...ANY, maxAgeMs: 0 })
      expect(losses.map(({ path }) => path)).toEqual(['header cache-control'])
    },
  )
})

describe('the wish of a request', () => {
  const wishOf = (sources: { body?: unknown; header?: unknown; cacheControl?: string; operator?: unknown }) =>
    findWish(
      { openrouter: { response_cache: sources.body } } as unknown as MessagesRequest,
      {
        cacheControl: sources.cacheControl,
        options: sources.header === undefined ? {} : { response_cache: sources.header },
      },
      { ...GPT, options: sources.operator === undefined ? {} : { response_cache: sources.operator } },
    ).wish

  test.each([
    ['nothing', {}, ANY],
    ['true', { body: true }, ANY],
    ['false', { body: false }, NONE],
    ['an age', { body: { max_age: 60 } }, { ...ANY, maxAgeMs: 60_000 }],
    ['not to be stored', { body: { store: false } }, { ...ANY, store: false }],
    ['only stored ones', { body: { only_if_cached: true } }, { ...ANY, onlyIfCached: true }],
    ['the header', { header: false }, NONE],
    ['the operator', { operator: false }, NONE],
    ['the body before the headers', { body: true, header: false, cacheControl: 'no-store' }, ANY],
    ['the header before cache-control', { header: false, cacheControl: 'max-age=1' }, NONE],
    [
      'cache-control before the operator',
      { cacheControl: 'max-age=1', operator: false },
      { ...ANY, maxAgeMs: 1000 },
    ],
    ['null, which says nothing', { body: null, header: false }, NONE],
  ])('is said by %s', (_who, sources, wish) => {
    expect(wishOf(sources)).toEqual(wish)
  })
})
