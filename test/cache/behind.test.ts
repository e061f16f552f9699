import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createDiskTier, type DiskOptions, type DiskTier } from '../../src/cache/disk.ts'
import { silentLog } from '../support/log.ts'
import { until } from '../support/wait.ts'
import { makeAnswer, makeNoise, openAnswers } from './make.ts'

// The disk tier writes behind the backs of requests, many answers in one transaction.

const NEVER_MS = 1e8
const PAGE_BYTES = 4096

let nowMs = 0
let folder = ''
beforeEach(() => {
  nowMs = 1000
  folder = mkdtempSync(join(tmpdir(), 'cache-behind-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const path = (): string => join(folder, 'cache.db')
const answerOf = (text: string, lifeMs?: number, owner?: string) => makeAnswer(text, nowMs, lifeMs, owner)
const disk = (options: Partial<DiskOptions> = {}): DiskTier =>
  createDiskTier({
    open: (damage) => openAnswers(path(), damage),
    maxBytes: 1e9,
    clock: { now: () => nowMs },
    log: silentLog,
    flushEveryMs: NEVER_MS,
    ...options,
  })
const setMany = async (
  tier: DiskTier,
  count: number,
  textOf = (at: number): string => String(at),
): Promise<void> => {
  for (let at = 0; at < count; at++) await tier.set(`key ${at}`, answerOf(textOf(at)))
}
/** How many answers another process would see. */
const written = (): number => {
  using other = new Database(path(), { readonly: true })
  return other.query<{ count: number }, []>('SELECT count(*) AS count FROM answers').get()?.count ?? 0
}

/** Overwrites the page at which a table or an index begins. */
const spoil = (name: string): void => {
  using other = new Database(path())
  other.run('PRAGMA wal_checkpoint(TRUNCATE)')
  const page = other
    .query<{ rootpage: number }, [string]>('SELECT rootpage FROM sqlite_master WHERE name = ?')
    .get(name)
  const file = readFileSync(path())
  file.fill('garbage ', ((page?.rootpage ?? 0) - 1) * PAGE_BYTES, (page?.rootpage ?? 0) * PAGE_BYTES)
  writeFileSync(path(), file)
}

describe('an answer that waits to be written', () => {
  test('is found, until it is too old', async () => {
    const tier = disk()
    await tier.set('a', answerOf('A', 100))
    expect(written()).toBe(0)
    expect(await tier.get('a')).toEqual(answerOf('A', 100))
    nowMs += 100
    expect(await tier.get('a')).toBeUndefined()
    expect(await tier.stats()).toMatchObject({ hits: 1, misses: 1 })
  })

  test('takes the place of an older one, written or not', async () => {
    const tier = disk()
    await tier.set('a', answerOf('A'))
    await tier.set('a', answerOf('B'))
    expect(await tier.get('a')).toEqual(answerOf('B'))
    expect(await tier.stats()).toMatchObject({ entries: 1 })
    await tier.set('a', answerOf('C'))
    expect(await tier.get('a')).toEqual(answerOf('C'))
    expect(await tier.stats()).toMatchObject({ entries: 1 })
    tier.close()
    expect(await disk().get('a')).toEqual(answerOf('C'))
  })

  test('is written before long', async () => {
    const tier = disk({ flushEveryMs: 1 })
    await tier.set('a', answerOf('A'))
    await until('it is written', () => written() === 1)
    await tier.set('b', answerOf('B'))
    await until('the next one is, too', () => written() === 2)
  })

  test('is written together with the others when they are many', async () => {
    const tier = disk()
    await setMany(tier, 99)
    expect(written()).toBe(0)
    await tier.set('one more', answerOf('x'))
    expect(written()).toBe(100)
  })

  test('is written together with the others when they are large', async () => {
    const tier = disk()
    await setMany(tier, 3, (at) => makeNoise(300_000, at))
    expect(written()).toBe(0)
    await tier.set('large', answerOf(makeNoise(900_000, 0)))
    const before = written()
    expect(before).toBeGreaterThan(0)
    await tier.set('small', answerOf('x'))
    await tier.set('smaller', answerOf(''))
    expect(written()).toBe(before)
  })

  test('is counted', async () => {
    const tier = disk()
    await setMany(tier, 5)
    const before = await tier.stats()
    expect(before.entries).toBe(5)
    tier.close()
    expect(await disk().stats()).toMatchObject({ entries: 5, bytes: before.bytes })
  })

  test('is written at the end', async () => {
    const tier = disk()
    await setMany(tier, 5)
    tier.close()
    expect(written()).toBe(5)
    await tier.set('too late', answerOf('x'))
    expect(await tier.get('too late')).toBeUndefined()
  })

  test('is cleared, counted once, and does not come back', async () => {
    const before = disk()
    await before.set('a', answerOf('A'))
    before.close()
    const tier = disk({ flushEveryMs: 1 })
    await tier.set('a', answerOf('A'))
    await tier.set('b', answerOf('B', 5000, 'bob'))
    expect(await tier.clear('ann')).toBe(1)
    expect(await tier.get('a')).toBeUndefined()
    await until('what is left is written', () => written() === 1)
    tier.close()
    const after = disk()
    expect(await after.get('a')).toBeUndefined()
    expect(await after.get('b')).toBeDefined()
  })

  test('is cleared even where it cannot be written', async () => {
    const tier = disk({
      open: () => {
        const database = openAnswers(path())
        database.run('PRAGMA query_only = ON')
        return database
      },
    })
    await tier.set('a', answerOf('A'))
    await tier.clear('ann')
    expect(await tier.get('a')).toBeUndefined()
  })

  test('is removed when it is too old', async () => {
    const tier = disk()
    await tier.set('a', answerOf('A', 100))
    await tier.set('b', answerOf('B', 900))
    nowMs += 500
    expect(await tier.removeExpired()).toBe(1)
    expect(await tier.stats()).toMatchObject({ entries: 1, expired: 1 })
  })

  test('makes room for itself and those beside it', async () => {
    const tier = disk({ maxBytes: 100_000 })
    for (let at = 0; at < 300; at++) {
      nowMs += 60_000
      await tier.set(`key ${at}`, makeAnswer(makeNoise(1000, at), nowMs, 1e9))
    }
    const { entries, bytes, evictions } = await tier.stats()
    expect(bytes).toBeLessThanOrEqual(100_000)
    expect(bytes).toBeGreaterThan(80_000)
    expect(evictions).toBe(300 - entries)
    expect(entries).toBe(written())
    expect(await tier.get('key 299')).toBeDefined()
  })
})

describe('a disk', () => {
  test('that is full takes nothing, says so once, and is used again when there is room', async () => {
    const told: string[] = []
    const database = openAnswers(path())
    const tier = disk({ open: () => database, log: { ...silentLog, warn: (event) => told.push(event) } })
    const limit = (pages: number): void => void database.query(`PRAGMA max_page_count = ${pages}`).get()
    limit(40)
    for (let round = 0; round < 50; round++)
      await tier.set(`large ${round % 2}`, answerOf(makeNoise(round % 2 ? 100 : 900_000, round), 1e9))
    // Small ones find room now and then, which is no reason to begin to complain anew.
    await setMany(tier, 1000, (at) => makeNoise(1000, at))
    expect(told).toEqual(['cache-disk-failed'])
    expect((await tier.stats()).entries).toBe(written())
    limit(100_000)
    await tier.set('a', answerOf('A'))
    expect((await tier.stats()).entries).toBe(written())
    tier.close()
    expect(await disk().get('a')).toEqual(answerOf('A'))
  })

  test.each([
    ['the answers', 'answers'],
    ['their keys', 'sqlite_autoindex_answers_1'],
  ])('on which %s are found damaged fails nobody, says so once, and begins anew', async (_what, table) => {
    const before = disk()
    await setMany(before, 1000, (at) => makeNoise(1000, at))
    before.close()
    const told: string[] = []
    const tier = disk({ log: { ...silentLog, warn: (event) => told.push(event) } })
    spoil(table)
    for (let round = 0; round < 5; round++) await setMany(tier, 100)
    expect(await tier.get('key 999')).toBeUndefined()
    expect(await tier.get('key 99')).toEqual(answerOf('99'))
    expect(await tier.stats()).toMatchObject({ entries: 100 })
    expect(await tier.clear('ann')).toBe(100)
    expect(told).toEqual(['cache-disk-failed'])
    expect(readdirSync(folder)).toContain('cache.db.damaged-then')
  })

  test('that another process has begun anew is used as it is', async () => {
    const before = disk()
    await setMany(before, 1000, (at) => makeNoise(1000, at))
    before.close()
    const tiers = [disk(), disk()]
    spoil('sqlite_autoindex_answers_1')
    for (let round = 0; round < 3; round++) for (const tier of tiers) await setMany(tier, 100)
    const [one, other] = tiers
    await one?.set('a', answerOf('A'))
    await one?.stats()
    expect(await other?.get('a')).toEqual(answerOf('A'))
    expect(readdirSync(folder).filter((name) => name.endsWith('damaged-then'))).toHaveLength(1)
  })

  test('whose trouble is over is complained of again when it comes back', async () => {
    const told: string[] = []
    const database = openAnswers(path())
    const tier = disk({ open: () => database, log: { ...silentLog, warn: (event) => told.push(event) } })
    const allowWrites = (isAllowed: boolean): void => {
      database.run(`PRAGMA query_only = ${isAllowed ? 'OFF' : 'ON'}`)
    }
    for (let trouble = 1; trouble <= 2; trouble++) {
      allowWrites(false)
      await setMany(tier, 200)
      expect(told).toHaveLength(trouble)
      allowWrites(true)
      nowMs += 600_000
      await setMany(tier, 100)
    }
    expect(written()).toBe(100)
  })

  test('is shared by two processes', async () => {
    disk().close()
    const script = fileURLToPath(import.meta.resolve('./write-many.ts'))
    const writers = ['ann', 'bob'].map((name) =>
      Bun.spawn([process.execPath, script, path(), name, '2000'], { stdout: 'pipe', stderr: 'inherit' }),
    )
    const outputs = await Promise.all(writers.map(async ({ stdout }) => new Response(stdout).text()))
    expect(outputs).toEqual(['', ''])
    expect(written()).toBe(4000)
    expect(await disk().get('bob 1999')).toBeDefined()
  })
})
