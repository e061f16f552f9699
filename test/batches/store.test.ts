import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { type Creator, RETENTION_MS } from '../../src/batches/batch.ts'
import { createSqliteQueue } from '../../src/batches/sqlite-queue.ts'
import { createSqliteStore } from '../../src/batches/sqlite-store.ts'
import { OUTCOMES } from '../../src/batches/states.ts'
import type { BatchQueue, BatchStore } from '../../src/batches/store.ts'
import { BATCH_MIGRATIONS } from '../../src/batches/tables.ts'
import { thrownBy } from '../support/thrown.ts'
import { ANN, BOB, item, PROTOCOL } from './engine.ts'

let database: Database
let store: BatchStore
let queue: BatchQueue
beforeEach(() => {
  database = new Database(':memory:', { strict: true })
  for (const sql of BATCH_MIGRATIONS) database.run(sql)
  store = createSqliteStore(database)
  queue = createSqliteQueue(database)
})
afterEach(() => store.close())

let ids = 0
async function created(
  requests: number,
  { creator = ANN, atMs = 1000 }: { creator?: Creator; atMs?: number } = {},
) {
  const batch = await store.begin(`msgbatch_${ids++}`, creator)
  await store.add(
    batch,
    Array.from({ length: requests }, (_, index) => item(`${index}`)),
  )
  return store.publish(batch, atMs)
}

const finishAll = async (batch: number, nowMs = 2000): Promise<void> => {
  for (let next = await queue.claim(batch, nowMs); next; next = await queue.claim(batch, nowMs))
    await queue.finish(batch, next.seq, 'succeeded', '{"type":"succeeded"}', nowMs)
}

const countOf = (table: string): number =>
  database.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1

describe('a new batch', () => {
  test('is seen by nobody before all of it is there', async () => {
    const batch = await store.begin('b', ANN)
    await store.add(batch, [item('1')])
    expect(await store.find('b', 'ann')).toBeUndefined()
    expect(await queue.open()).toEqual([])
    expect(await store.page('ann', { limit: 5, cursor: undefined })).toEqual({ batches: [], hasMore: false })

    await store.add(batch, [item('2')])
    const record = await store.publish(batch, 1000)
    expect(record).toMatchObject({ id: 'b', total: 2, createdAtMs: 1000, state: 'in_progress' })
    expect(record.protocol).toEqual(PROTOCOL)
    expect(await store.find('b', 'ann')).toEqual(record)
    expect(await store.find('b', 'bob')).toBeUndefined()
    expect(await queue.open()).toEqual([record as typeof record & { state: 'in_progress' }])
  })

  test('names no request twice, in one group or in two', async () => {
    const message = "custom_id's must be unique within a batch. Duplicate custom_id found: twice"
    const batch = await store.begin('b', ANN)
    expect((await thrownBy(store.add(batch, [item('twice'), item('twice')]))).message).toContain(message)
    await store.add(batch, [item('twice')])
    expect((await thrownBy(store.add(batch, [item('once'), item('twice')]))).message).toContain(message)
    expect(countOf('items')).toBe(1)
  })

  test('that is given up is never published', async () => {
    const batch = await store.begin('b', ANN)
    expect(await store.remove(batch)).toBe(true)
    expect((await thrownBy(store.publish(batch, 1000))).message).toContain('could not be stored')
  })
})

describe('a list', () => {
  test('walked in pages of any size, forwards or backwards, has every batch of its owner once, newest first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ creator: fc.constantFrom<Creator>(ANN, BOB), atMs: fc.nat(3) }), {
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 5 }),
        async (batches, limit) => {
          database.run('DELETE FROM items')
          database.run('DELETE FROM batches')
          const records = []
          for (const fields of batches) records.push(await created(1, fields))
          const expected = records
            .filter(({ caller }) => caller.owner === 'ann')
            .toSorted((a, b) => b.createdAtMs - a.createdAtMs || b.seq - a.seq)
            .map(({ id }) => id)
          const walk = async (side: 'after' | 'before', from: string | undefined): Promise<string[]> => {
            const cursor = from === undefined ? undefined : { id: from, side }
            const page = await store.page('ann', { limit, cursor })
            const found = page?.batches.map(({ id }) => id) ?? []
            expect(found.length).toBeLessThanOrEqual(limit)
            if (!page?.hasMore) return found
            return side === 'after'
              ? [...found, ...(await walk(side, found.at(-1)))]
              : [...(await walk(side, found[0])), ...found]
          }
          expect(await walk('after', undefined)).toEqual(expected)
          const oldest = expected.at(-1)
          if (oldest) expect(await walk('before', oldest)).toEqual(expected.slice(0, -1))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('has no page next to a batch that is not in it', async () => {
    const { id } = await created(1, { creator: BOB })
    expect(await store.page('ann', { limit: 5, cursor: { side: 'after', id } })).toBeUndefined()
  })
})

describe('a request', () => {
  test('is claimed once, in order, when its time has come', async () => {
    const { seq } = await created(2)
    const first = await queue.claim(seq, 0)
    const second = await queue.claim(seq, 0)
    expect([first?.customId, second?.customId]).toEqual(['0', '1'])
    expect(await queue.claim(seq, 0)).toBeUndefined()
    expect(await queue.nextDueMs(seq)).toBeUndefined()

    await queue.putBack(first?.seq ?? 0, 500, true)
    expect(await queue.claim(seq, 499)).toBeUndefined()
    expect(await queue.nextDueMs(seq)).toBe(500)
    expect(await queue.claim(seq, 500)).toMatchObject({ customId: '0', failures: 1 })
  })

  test('comes to one end and is counted once', async () => {
    const { seq, id } = await created(2)
    const claimed = (await queue.claim(seq, 0))?.seq ?? 0
    expect(await queue.finish(seq, claimed, 'errored', '{"type":"errored"}', 5)).toBe(false)
    expect(await queue.finish(seq, claimed, 'succeeded', '{"type":"succeeded"}', 5)).toBe(false)
    await queue.putBack(claimed, 0, false)
    expect((await store.find(id, 'ann'))?.counts).toEqual({
      succeeded: 0,
      errored: 1,
      canceled: 0,
      expired: 0,
    })
    expect(await store.results(seq, 0, 10)).toMatchObject([
      { customId: '0', result: '{"type":"errored"}' },
      {},
    ])
  })

  test('gives up its text when it has a result, and both survive being packed', async () => {
    const long = 'word '.repeat(10_000)
    const batch = await store.begin('b', ANN)
    await store.add(batch, [item('long', { system: long })])
    await store.publish(batch, 0)
    const claimed = await queue.claim(batch, 0)
    expect(JSON.parse(Buffer.from(claimed?.text ?? []).toString()).params.system).toBe(long)
    const result = JSON.stringify({ type: 'succeeded', long })
    expect(await queue.finish(batch, claimed?.seq ?? 0, 'succeeded', result, 7)).toBe(true)
    expect(await store.results(batch, 0, 1)).toMatchObject([{ customId: 'long', result }])
    expect(database.query('SELECT request FROM items').get()).toEqual({ request: null })
    expect(await store.find('b', 'ann')).toMatchObject({ state: 'ended', endedAtMs: 7 })
  })
})

describe('a canceled batch', () => {
  test('ends in bounded steps what waits, and with its last request', async () => {
    const { seq, id } = await created(5)
    const running = await queue.claim(seq, 0)
    expect(await store.cancel(seq, 50)).toBe(true)
    expect(await store.cancel(seq, 60)).toBe(false)
    expect(await queue.finishWaiting(seq, 'canceled', 3, 100)).toEqual({ items: 3, ended: false })
    expect(await queue.finishWaiting(seq, 'canceled', 3, 100)).toEqual({ items: 1, ended: false })
    expect(await queue.finish(seq, running?.seq ?? 0, 'succeeded', '{"type":"succeeded"}', 110)).toBe(true)
    expect(await store.find(id, 'ann')).toMatchObject({
      state: 'ended',
      cancelInitiatedAtMs: 50,
      endedAtMs: 110,
      counts: { succeeded: 1, canceled: 4 },
    })
    const results = (await store.results(seq, 0, 10)).map(({ result }) => result)
    expect(results).toEqual(['{"type":"succeeded"}', ...Array<string>(4).fill('{"type":"canceled"}')])
  })
})

describe('after a crash', () => {
  test('what ran waits again, what was half created goes, what is just being created stays', async () => {
    const { seq } = await created(2)
    await queue.claim(seq, 0)
    const half = await store.begin('half', ANN)
    await store.add(half, [item('1')])
    const ours = await store.begin('ours', ANN)
    await queue.recover(new Set([ours]))
    expect((await queue.claim(seq, 0))?.customId).toBe('0')
    await thrownBy(store.publish(half, 0))
    expect((await store.publish(ours, 0)).id).toBe('ours')
  })
})

describe('what is removed or too old', () => {
  test('goes in bounded steps; of an old batch the record stays', async () => {
    const removed = await created(5)
    const old = await created(3, { atMs: 0 })
    const young = await created(2, { atMs: 10 })
    for (const { seq } of [removed, old, young]) await finishAll(seq)
    expect(await store.remove(removed.seq)).toBe(true)
    expect(await store.find(removed.id, 'ann')).toBeUndefined()
    const steps: number[] = []
    for (let rows = -1; rows !== 0; steps.push(rows)) rows = await queue.purge(5, 4)
    expect(steps.every((rows) => rows <= 4)).toBe(true)
    expect([countOf('batches'), countOf('items')]).toEqual([2, 2])
    expect(await store.find(old.id, 'ann')).toMatchObject({ state: 'ended', total: 3 })
    expect(RETENTION_MS).toBe(29 * 86_400_000)
  })

  test('is never a batch with work to do', async () => {
    const { seq } = await created(1)
    expect(await store.remove(seq)).toBe(false)
    expect(await queue.purge(Infinity, 10)).toBe(0)
  })
})

test('whatever is done to a batch, its counts and its rows tell the same, and it ends with the last of them', async () => {
  const step = fc.constantFrom('claim', 'succeed', 'fail', 'put-back', 'defer', 'cancel', 'close', 'crash')
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(step, { maxLength: 40 }),
      async (total, steps) => {
        const { seq, id } = await created(total)
        let running: number[] = []
        for (const what of steps) {
          const [first] = running
          if (what === 'claim') running.push((await queue.claim(seq, 1e9))?.seq ?? 0)
          else if (what === 'cancel') await store.cancel(seq, 1)
          else if (what === 'close') await queue.finishWaiting(seq, 'canceled', 2, 1)
          else if (what === 'crash') await queue.recover(new Set())
          else if (first !== undefined) {
            running = running.slice(1)
            if (what === 'defer') await queue.defer(first, { upstream: 'u', model: 'm', body: '{}' }, 1)
            else if (what === 'put-back') await queue.putBack(first, 5, true)
            else await queue.finish(seq, first, what === 'fail' ? 'errored' : 'succeeded', '{}', 1)
          }
          const record = await store.find(id, 'ann')
          const rows = database
            .query<{ state: string; n: number }, [number]>(
              'SELECT state, count(*) AS n FROM items WHERE batch = ? GROUP BY state',
            )
            .all(seq)
          const inState = (state: string): number => rows.find((row) => row.state === state)?.n ?? 0
          expect(record?.counts).toEqual({
            succeeded: inState('succeeded'),
            errored: inState('errored'),
            canceled: inState('canceled'),
            expired: inState('expired'),
          })
          const ends = OUTCOMES.reduce((sum, outcome) => sum + inState(outcome), 0)
          expect(record?.state === 'ended').toBe(ends === total)
        }
      },
    ),
    { numRuns: 100 },
  )
})
