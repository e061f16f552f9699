import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { CachedAnswer } from '../../src/cache/answer.ts'
import { createCache } from '../../src/cache/cache.ts'
import { createDiskTier, type DiskTier } from '../../src/cache/disk.ts'
import { createMemoryTier } from '../../src/cache/memory.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import type { Clock } from '../../src/core/clock.ts'
import { silentLog as log } from '../support/log.ts'
import { until } from '../support/wait.ts'
import { makeAnswer, openAnswers } from './make.ts'

const quiet = (): void => {}

let nowMs = 0
const clock: Clock = { now: () => nowMs, watch: () => quiet }

let folder = ''
beforeEach(() => {
  nowMs = 1000
  folder = mkdtempSync(join(tmpdir(), 'cache-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const path = (): string => join(folder, 'cache.db')
const openFile = () => openAnswers(path())
const disk = (maxBytes = 1e6): DiskTier => createDiskTier({ open: openFile, maxBytes, clock, log })
const memory = (maxBytes = 1e6): CacheTier => createMemoryTier({ maxBytes, clock })

const answerOf = (text: string, lifeMs?: number, owner?: string): CachedAnswer =>
  makeAnswer(text, nowMs, lifeMs, owner)

describe.each([
  ['the memory tier', memory],
  ['the disk tier', disk],
])('%s', (_name, make) => {
  test('gives back what it was given', async () => {
    const tier = make()
    const long = answerOf('word '.repeat(10_000))
    await tier.set('a', answerOf('A'))
    await tier.set('b', long)
    expect(await tier.get('a')).toEqual(answerOf('A'))
    expect(await tier.get('b')).toEqual(long)
    expect(await tier.get('c')).toBeUndefined()
    expect(await tier.stats()).toMatchObject({ entries: 2, hits: 2, misses: 1, evictions: 0 })
  })

  test('forgets what is too old', async () => {
    const tier = make()
    await tier.set('a', answerOf('A', 100))
    await tier.set('b', answerOf('B', 900))
    nowMs += 500
    expect(await tier.get('a')).toBeUndefined()
    expect(await tier.get('b')).toBeDefined()
    await tier.removeExpired()
    expect(await tier.stats()).toMatchObject({ entries: 1, expired: 1 })
  })

  test('stays within its bytes, and what was used last stays longest', async () => {
    const tier = make(40_000)
    const text = (at: number): string => Bun.hash(String(at)).toString(36).repeat(20)
    for (let at = 0; at < 500; at++) {
      nowMs += 60_000
      await tier.set(`key ${at}`, answerOf(text(at), 1e9))
      nowMs += 60_000
      expect(await tier.get('key 0')).toBeDefined()
    }
    const stats = await tier.stats()
    expect(stats.bytes).toBeLessThanOrEqual(40_000)
    expect(stats.evictions).toBe(500 - stats.entries)
    expect(await tier.get('key 1')).toBeUndefined()
    expect(await tier.get('key 499')).toBeDefined()
  })

  test('is empty after it was cleared', async () => {
    const tier = make()
    for (let at = 0; at < 250; at++) await tier.set(String(at), answerOf('x'))
    expect(await tier.clear(undefined)).toBe(250)
    expect(await tier.stats()).toMatchObject({ entries: 0, bytes: 0 })
    expect(await tier.clear(undefined)).toBe(0)
  })

  test('replaces an answer without counting it twice', async () => {
    const tier = make()
    await tier.set('a', answerOf('A'))
    const { bytes } = await tier.stats()
    await tier.set('a', answerOf('B'))
    expect(await tier.stats()).toMatchObject({ entries: 1, bytes })
    expect(await tier.get('a')).toEqual(answerOf('B'))
  })
})

describe('the disk tier', () => {
  test('outlives its process, its salt too', async () => {
    const before = disk()
    await before.set('a', answerOf('A'))
    const { salt } = before
    before.close()
    expect(await disk().get('a')).toEqual(answerOf('A'))
    expect(disk().salt).toBe(salt)
    expect((await disk().stats()).bytes).toBeGreaterThan(0)
  })

  test('takes little room for what is long and says little', async () => {
    const tier = disk()
    await tier.set('a', answerOf('word '.repeat(10_000)))
    expect((await tier.stats()).bytes).toBeLessThan(2000)
  })

  test('begins anew where its file is damaged', async () => {
    const before = disk()
    await before.set('a', answerOf('A'))
    before.close()
    writeFileSync(path(), 'garbage '.repeat(2000))
    const after = disk()
    expect(await after.get('a')).toBeUndefined()
    await after.set('a', answerOf('B'))
    expect(await after.get('a')).toEqual(answerOf('B'))
    expect(readdirSync(folder).some((name) => name.includes('damaged'))).toBe(true)
  })

  test('whose file cannot be opened has nothing, says so once, and is tried again', async () => {
    let isThere = false
    const told: string[] = []
    const tier = createDiskTier({
      open: () => {
        if (isThere) return openFile()
        throw new Error('no disk')
      },
      maxBytes: 1e6,
      clock,
      log: { ...log, warn: (event) => told.push(event) },
    })
    await tier.set('a', answerOf('A'))
    expect(await tier.get('a')).toBeUndefined()
    const before = tier.salt
    isThere = true
    await tier.removeExpired()
    await tier.set('a', answerOf('A'))
    expect(await tier.get('a')).toEqual(answerOf('A'))
    expect(tier.salt).not.toBe(before)
    expect(told).toEqual(['cache-disk-failed'])
  })

  test('lets others have their turn while it removes a lot', async () => {
    const tier = disk()
    for (let at = 0; at < 350; at++) await tier.set(String(at), answerOf('x', 1))
    nowMs += 10
    let turns = 0
    const count = (): void => {
      turns++
      turn = setImmediate(count)
    }
    let turn = setImmediate(count)
    expect(await tier.removeExpired()).toBe(350)
    clearImmediate(turn)
    expect(turns).toBeGreaterThan(0)
    expect(await tier.stats()).toMatchObject({ entries: 0, bytes: 0, expired: 350 })
  })

  test('keeps what is stored while it is being cleared', async () => {
    const tier = disk()
    for (let at = 0; at < 250; at++) await tier.set(String(at), answerOf('x'))
    const clearing = tier.clear(undefined)
    await tier.set('new', answerOf('new'))
    expect(await clearing).toBe(250)
    expect(await tier.get('new')).toBeDefined()
  })

  test('that cannot write still gives what it has', async () => {
    const before = disk()
    await before.set('a', answerOf('A', 1e9))
    before.close()
    const readOnly = createDiskTier({
      open: () => {
        const database = openFile()
        database.run('PRAGMA query_only = ON')
        return database
      },
      maxBytes: 1e6,
      clock,
      log,
    })
    nowMs += 100_000
    expect(await readOnly.get('a')).toMatchObject({ owner: 'ann' })
  })

  test('that cannot write is a miss and not a failure', async () => {
    const broken = createDiskTier({
      open: () => {
        const database = openFile()
        database.run('PRAGMA query_only = ON')
        return database
      },
      maxBytes: 1e6,
      clock,
      log,
    })
    await broken.set('a', answerOf('A'))
    expect(await broken.stats()).toMatchObject({ entries: 0, bytes: 0 })
    expect(await broken.get('a')).toBeUndefined()
  })
})

describe('the cache', () => {
  const both = () => {
    const tiers = [memory(), disk()]
    return { tiers, cache: createCache({ tiers, ttlMs: 5000, salt: () => 's', clock }) }
  }

  test('brings what only the disk has into memory', async () => {
    const { tiers, cache } = both()
    await tiers[1]?.set('a', answerOf('A'))
    expect(await cache.find('a', 'ann', Infinity)).toEqual(answerOf('A'))
    expect(await tiers[0]?.get('a')).toEqual(answerOf('A'))
  })

  test('counts hits, misses and what was saved', async () => {
    const { cache } = both()
    await cache.find('a', 'ann', Infinity)
    await cache.store('a', answerOf('A'))
    await cache.find('a', 'ann', Infinity)
    await cache.find('a', 'ann', Infinity)
    expect(await cache.stats(undefined)).toMatchObject({
      hits: 2,
      misses: 1,
      stored: 1,
      tokensSaved: 36,
      costSavedUsd: 0.02,
      models: { 'a/b': { hits: 2, tokens: 36, costUsd: 0.02 } },
    })
  })

  test('has nothing for those who want it fresher', async () => {
    const { cache } = both()
    await cache.store('a', answerOf('A'))
    nowMs += 300
    expect(await cache.find('a', 'ann', 200)).toBeUndefined()
    expect(await cache.find('a', 'ann', 300)).toBeDefined()
  })

  test('tells and forgets what is one owner’s', async () => {
    const { cache } = both()
    await cache.store('a', answerOf('A'))
    await cache.store('b', answerOf('B', 5000, 'bob'))
    await cache.find('b', 'bob', Infinity)
    await cache.find('c', 'ann', Infinity)
    expect(await cache.stats('bob')).toMatchObject({
      hits: 1,
      misses: 0,
      stored: 1,
      models: { 'a/b': { hits: 1 } },
    })
    expect(await cache.stats('ann')).toMatchObject({ hits: 0, misses: 1, stored: 1, models: {} })
    expect(await cache.stats(undefined)).toMatchObject({ hits: 1, misses: 1, stored: 2 })
    expect(await cache.clear('bob')).toBe(1)
    expect(await cache.find('b', 'bob', Infinity)).toBeUndefined()
    expect(await cache.find('a', 'ann', Infinity)).toBeDefined()
  })

  test('that is being cleared does not bring back what its disk still has', async () => {
    const { tiers, cache } = both()
    for (let at = 0; at < 250; at++) await tiers[1]?.set(String(at), answerOf('x'))
    const clearing = cache.clear('ann')
    for (let at = 0; at < 250; at++) await cache.find(String(at), 'ann', Infinity)
    const late = cache.find('249', 'ann', Infinity)
    expect(await clearing).toBe(250)
    await late
    for (let at = 0; at < 250; at++) expect(await cache.find(String(at), 'ann', Infinity)).toBeUndefined()
  })

  test('that is cleared while it searches does not keep what it has found', async () => {
    const near = memory()
    const far = disk()
    const { promise: isCleared, resolve: goOn } = Promise.withResolvers<void>()
    const slow: CacheTier = {
      ...far,
      async get(key) {
        const found = await far.get(key)
        await isCleared
        return found
      },
    }
    const cache = createCache({ tiers: [near, slow], ttlMs: 5000, salt: () => 's', clock })
    await far.set('a', answerOf('A'))
    const searching = cache.find('a', 'ann', Infinity)
    await until('it has been found', async () => (await far.stats()).hits === 1)
    expect(await cache.clear('ann')).toBe(1)
    goOn()
    expect(await searching).toBeDefined()
    expect(await near.get('a')).toBeUndefined()
  })

  test('clears and cleans up all tiers', async () => {
    const { cache } = both()
    await cache.store('a', answerOf('A', 100))
    await cache.store('b', answerOf('B', 900))
    nowMs += 500
    expect(await cache.removeExpired()).toEqual({ removed: 1, remaining: 1 })
    expect(await cache.clear(undefined)).toBe(1)
    expect(await cache.find('b', 'ann', Infinity)).toBeUndefined()
  })
})
