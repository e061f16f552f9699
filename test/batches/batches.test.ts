import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'

import { LIFETIME_MS, RETENTION_MS } from '../../src/batches/batch.ts'
import { Failure } from '../../src/core/errors.ts'
import { thrownBy } from '../support/thrown.ts'
import { until } from '../support/wait.ts'
import {
  ANN,
  BOB,
  createBatch,
  createHandUpstream,
  createPlace,
  groupsOf,
  item,
  PROTOCOL,
  resultsOf,
  stopNow,
} from './engine.ts'

let place: ReturnType<typeof createPlace>
let upstream: ReturnType<typeof createHandUpstream>
beforeEach(() => {
  place = createPlace()
  upstream = createHandUpstream()
})
afterEach(async () => place.remove())

const opens = async (count: number): Promise<void> =>
  until(`${count} open calls`, () => upstream.open.size === count)
const begins = async (count: number): Promise<void> =>
  until(`${count} calls`, () => upstream.calls.length === count)
const noRoom = (retryAfterMs?: number) =>
  new Failure('rate_limit_error', 'slow down', retryAfterMs === undefined ? {} : { retryAfterMs })

describe('a batch', () => {
  test('runs with the owner and the headers of its creation, so many at once, and ends', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 10)
    expect(batch).toMatchObject({ state: 'in_progress', total: 10 })
    expect(batch.expiresAtMs - batch.createdAtMs).toBe(LIFETIME_MS)
    await opens(4)
    expect(upstream.calls[0]).toMatchObject({
      params: { model: 'm' },
      item: { batchId: batch.id, customId: '1', caller: { owner: 'ann', models: ['m'] }, protocol: PROTOCOL },
    })
    while (upstream.calls.length < 10 || upstream.open.size > 0) {
      upstream.answerAll()
      await Bun.sleep(0)
      expect(upstream.open.size).toBeLessThanOrEqual(4)
    }
    await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
    expect(Object.keys(await resultsOf(engine, batch))).toHaveLength(10)
    expect((await resultsOf(engine, batch))['7']).toMatchObject({
      type: 'succeeded',
      message: { content: [{ text: 'fine' }], usage: { service_tier: 'batch' } },
    })
  })

  test('isolates what goes wrong in one request from all others', async () => {
    const engine = place.start(upstream.run)
    const batch = await engine.create(
      groupsOf([item('good'), item('wrong'), item('refused', { stream: true }), item('bug')]),
      ANN,
    )
    await opens(3)
    const call = (id: string) => upstream.calls.find((one) => one.item.customId === id)
    call('good')?.answer()
    call('wrong')?.fail(new Failure('not_found_error', 'model: x', { details: { a: 1 } }))
    call('bug')?.fail(new TypeError('x is not a function'))
    await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
    expect(await resultsOf(engine, batch)).toMatchObject({
      good: { type: 'succeeded' },
      wrong: {
        type: 'errored',
        error: {
          type: 'error',
          error: { type: 'not_found_error', message: 'model: x', details: { a: 1 } },
          request_id: call('wrong')?.item.id,
        },
      },
      refused: {
        type: 'errored',
        error: {
          error: {
            type: 'invalid_request_error',
            message: expect.stringContaining('stream=True'),
            details: null,
          },
          request_id: null,
        },
      },
      bug: { type: 'errored', error: { error: { type: 'api_error', message: 'Internal server error' } } },
    })
    expect((await engine.get(batch.id, 'ann')).counts).toEqual({
      succeeded: 1,
      errored: 3,
      canceled: 0,
      expired: 0,
    })
    expect(place.logged('unexpected-error')).toBe(1)
  })

  test('is nobody else’s', async () => {
    const engine = place.start(upstream.run)
    const { id } = await createBatch(engine, 1)
    const notFound = { kind: 'not_found_error', message: `Message Batch ${id} not found.` }
    for (const ask of ['get', 'cancel', 'remove'] as const)
      expect(await thrownBy(engine[ask](id, 'bob'))).toMatchObject(notFound)
    expect((await engine.list('bob', { limit: 10, cursor: undefined })).batches).toEqual([])
  })

  test('shares the room fairly with the batches of others', async () => {
    const engine = place.start(upstream.run, { widths: { total: 4, perOwner: 3, perBatch: 3 } })
    await createBatch(engine, 50)
    await opens(3)
    await createBatch(engine, 5, BOB)
    await opens(4)
    const owners: string[] = []
    for (let nth = 0; nth < 8; nth++) {
      const before = upstream.calls.length
      ;[...upstream.open][0]?.answer()
      await begins(before + 1)
      owners.push(upstream.calls.at(-1)?.item.caller.owner ?? '')
    }
    expect(owners.filter((owner) => owner === 'bob').length).toBeGreaterThanOrEqual(3)
    upstream.answerAll()
  })
})

describe('an upstream without room', () => {
  test('slows the whole batch and fails none of it', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 6)
    await opens(4)
    place.clock.advance(1)
    for (const call of upstream.open) call.fail(noRoom())
    await opens(0)
    place.clock.advance(999)
    await Bun.sleep(5)
    expect(upstream.calls).toHaveLength(4)
    place.clock.advance(1)
    await opens(2)
    place.clock.advance(1)
    for (const call of upstream.open) call.fail(noRoom(10_000))
    await opens(0)
    place.clock.advance(11_999)
    await Bun.sleep(5)
    expect(upstream.calls).toHaveLength(6)
    place.clock.advance(1)
    await opens(1)
    await until('the end', async () => {
      upstream.answerAll()
      return (await engine.get(batch.id, 'ann')).state === 'ended'
    })
    expect((await engine.get(batch.id, 'ann')).counts.succeeded).toBe(6)
  })

  test('slows no other batch', async () => {
    const engine = place.start(upstream.run)
    await createBatch(engine, 4)
    await opens(4)
    for (const call of upstream.open) call.fail(noRoom(60_000))
    await opens(0)
    await createBatch(engine, 2, BOB)
    await opens(2)
    expect([...upstream.open].map((call) => call.item.caller.owner)).toEqual(['bob', 'bob'])
  })
})

test('a failure that may pass is tried again later, so often, and the others do not wait for it', async () => {
  const engine = place.start(upstream.run, { widths: { total: 1, perOwner: 1, perBatch: 1 } })
  const batch = await createBatch(engine, 2)
  const passing = new Failure('api_error', 'hiccup')
  await begins(1)
  upstream.calls[0]?.fail(passing)
  await begins(2)
  expect(upstream.calls[1]?.item.customId).toBe('2')
  upstream.calls[1]?.answer()
  await opens(0)
  place.clock.advance(500)
  await begins(3)
  upstream.calls[2]?.fail(passing)
  await opens(0)
  place.clock.advance(1000)
  await begins(4)
  upstream.calls[3]?.fail(passing)
  await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
  expect((await resultsOf(engine, batch))['1']).toMatchObject({
    type: 'errored',
    error: { error: { type: 'api_error', message: 'hiccup' } },
  })
})

describe('cancel', () => {
  test('stops what runs, begins nothing more, keeps what is done, and may be asked for again', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 300)
    await opens(4)
    upstream.calls[0]?.answer()
    await begins(5)
    expect(await engine.cancel(batch.id, 'ann')).toMatchObject({ state: 'canceling' })
    expect(await engine.cancel(batch.id, 'ann')).toMatchObject({ state: 'canceling' })
    await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
    expect(upstream.calls).toHaveLength(5)
    expect(await engine.get(batch.id, 'ann')).toMatchObject({ counts: { succeeded: 1, canceled: 299 } })
    expect((await resultsOf(engine, batch))['300']).toEqual({ type: 'canceled' })
    expect(await thrownBy(engine.cancel(batch.id, 'ann'))).toMatchObject({ kind: 'invalid_request_error' })
  })
})

describe('time', () => {
  test('C179 ends what has not run in 24 hours as expired', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 8)
    await opens(4)
    upstream.calls[0]?.answer()
    await begins(5)
    place.clock.advance(LIFETIME_MS - 1)
    await Bun.sleep(5)
    expect(await engine.get(batch.id, 'ann')).toMatchObject({ state: 'in_progress' })
    place.clock.advance(1)
    await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
    expect(await engine.get(batch.id, 'ann')).toMatchObject({ counts: { succeeded: 1, expired: 7 } })
    expect((await resultsOf(engine, batch))['8']).toEqual({ type: 'expired' })
    expect(upstream.open.size).toBe(0)
  })

  test('takes the results away after 29 days and leaves the record', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 4)
    await opens(4)
    upstream.answerAll()
    await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
    place.clock.advance(RETENTION_MS - 1)
    expect(Object.keys(await resultsOf(engine, batch))).toHaveLength(4)
    place.clock.advance(1)
    expect((await thrownBy(resultsOf(engine, batch))).message).toContain('has no available results')
    expect(await engine.get(batch.id, 'ann')).toMatchObject({ state: 'ended', total: 4 })
    const database = place.open()
    await until('the rows to go', () => {
      place.clock.advance(60_000)
      return database.query('SELECT 1 FROM items').get() === null
    })
    database.close()
  })
})

describe('remove', () => {
  test('is for ended batches, takes all of it, and breaks off whoever is reading it', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 60)
    expect((await thrownBy(engine.remove(batch.id, 'ann'))).message).toContain(
      'In progress batches cannot be deleted',
    )
    await until('the end', async () => {
      upstream.answerAll()
      return (await engine.get(batch.id, 'ann')).state === 'ended'
    })
    const { head, row, tail } = { head: '', row: () => '\n', tail: '' }
    const reader = (await engine.results(batch.id, 'ann', { head, row, tail })).getReader()
    expect((await reader.read()).value?.length).toBe(50)
    await engine.remove(batch.id, 'ann')
    expect((await thrownBy(engine.get(batch.id, 'ann'))).message).toContain('not found')
    const database = place.open()
    await until('the rows to go', () => database.query('SELECT 1 FROM items').get() === null)
    database.close()
    expect((await thrownBy(reader.read())).message).toContain('removed while they were read')
  })
})

describe('a create call that breaks off', () => {
  test('leaves nothing behind', async () => {
    const engine = place.start(upstream.run)
    const broken = async function* () {
      yield [item('1')]
      throw new Failure('request_too_large', 'too much')
    }
    expect((await thrownBy(engine.create(broken(), ANN))).message).toContain('too much')
    expect((await engine.list('ann', { limit: 10, cursor: undefined })).batches).toEqual([])
    const database = place.open()
    await until('the rows to go', () => database.query('SELECT 1 FROM items').get() === null)
    expect(database.query('SELECT 1 FROM batches').get()).toBeNull()
    database.close()
    expect(upstream.calls).toEqual([])
  })

  test('is the first thing an engine does, and still goes well when it does not break off', async () => {
    const engine = place.start(upstream.run)
    const slow = async function* () {
      yield [item('1')]
      await Bun.sleep(20)
      yield [item('2')]
    }
    expect(await engine.create(slow(), ANN)).toMatchObject({ total: 2 })
  })
})

describe('a stop', () => {
  test('lets calls finish for a time, then cuts them off; the next start goes on with them', async () => {
    const first = place.start(upstream.run)
    const batch = await createBatch(first, 6)
    await opens(4)
    const stopping = first.stop(1000)
    upstream.calls[0]?.answer('before the end')
    await opens(3)
    expect(upstream.calls).toHaveLength(4)
    place.clock.advance(1000)
    await stopping
    first.close()
    expect(upstream.open.size).toBe(0)

    const second = place.start(upstream.run)
    second.resume()
    await begins(8)
    await until('the end', async () => {
      upstream.answerAll()
      return (await second.get(batch.id, 'ann')).state === 'ended'
    })
    expect(upstream.calls).toHaveLength(9)
    const results = await resultsOf(second, batch)
    expect(results['1'].message.content[0].text).toBe('before the end')
    expect(Object.keys(results)).toHaveLength(6)
  })
})

describe('two programs on one data folder', () => {
  test('see the same batches, but only one runs them, until it is gone', async () => {
    const others = createHandUpstream()
    const first = place.start(upstream.run)
    const second = place.start(others.run)
    first.resume()
    const own = await createBatch(first, 1)
    await opens(1)
    const foreign = await createBatch(second, 1)
    place.clock.tick()
    await opens(2)
    expect(others.calls).toEqual([])
    expect(await second.get(own.id, 'ann')).toMatchObject({ state: 'in_progress' })

    await second.cancel(foreign.id, 'ann')
    place.clock.tick()
    await until('the end', async () => (await second.get(foreign.id, 'ann')).state === 'ended')

    await stopNow(first)
    place.clock.tick()
    await until('the other to go on', () => others.open.size === 1)
    others.answerAll()
    await until('the end', async () => (await second.get(own.id, 'ann')).state === 'ended')
  })
})

describe('a full disk', () => {
  /** A database that cannot grow beyond what it holds and some pages more. */
  const openFull = (pages: number): Database => {
    const database = place.open()
    const { page_count } = database.query<{ page_count: number }, []>('PRAGMA page_count').get() ?? {
      page_count: 0,
    }
    database.run(`PRAGMA max_page_count = ${page_count + pages}`)
    return database
  }
  const FULL = {
    kind: 'api_error',
    status: 503,
    message: "the disk of the server's data folder is full; nothing was stored",
  }
  /** Random, so that it cannot be packed. */
  const noise = (): string => crypto.getRandomValues(Buffer.alloc(30_000)).toString('hex')

  test('refuses a batch clearly and stores none of it; a smaller one has room', async () => {
    const engine = place.start(upstream.run, { open: () => openFull(40) })
    const tooMuch = Array.from({ length: 20 }, (_, index) => item(`${index}`, { system: noise() }))
    expect(await thrownBy(engine.create(groupsOf(tooMuch.slice(0, 1), tooMuch.slice(1)), ANN))).toMatchObject(
      FULL,
    )
    expect((await engine.list('ann', { limit: 9, cursor: undefined })).batches).toEqual([])
    await until('room again', async () => {
      place.clock.advance(60_000)
      return createBatch(engine, 2).then(
        () => true,
        () => false,
      )
    })
    await opens(2)
  })

  test('keeps answers that were paid for until there is room, and begins nothing new before', async () => {
    let database: Database | undefined
    const engine = place.start(upstream.run, { open: () => (database = openFull(30)) })
    const batch = await createBatch(engine, 8)
    await opens(4)
    const answers = upstream.calls.map((_, index) => `${index} ${noise()} ${noise()}`)
    upstream.calls.slice(0, 4).forEach((call, index) => call.answer(answers[index]))
    await until('the complaint', () => place.logged('batch-store-failed') === 1)
    await Bun.sleep(10)
    for (let nth = 0; nth < 5; nth++) place.clock.advance(1000)
    expect(upstream.calls).toHaveLength(4)
    expect(place.logged('batch-store-failed')).toBe(1)

    database?.run('PRAGMA max_page_count = 100000')
    place.clock.advance(1000)
    await begins(8)
    expect(place.logged('batch-store-works-again')).toBe(1)
    upstream.answerAll()
    await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
    const results = await resultsOf(engine, batch)
    for (const [index, text] of answers.entries())
      expect(results[`${index + 1}`].message.content[0].text).toBe(text)
    expect(upstream.calls).toHaveLength(8)
  })
})

describe('a database that another program has locked', () => {
  const LOCKED = {
    kind: 'api_error',
    status: 503,
    message: "the server's database is locked by another program; nothing was stored",
  }

  test('refuses to create and to cancel, still tells, and loses no answer', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 5)
    await opens(4)
    const other = new Database(place.path)
    other.run('BEGIN IMMEDIATE')
    expect(await thrownBy(createBatch(engine, 1))).toMatchObject(LOCKED)
    expect(await thrownBy(engine.cancel(batch.id, 'ann'))).toMatchObject(LOCKED)
    expect(await engine.get(batch.id, 'ann')).toMatchObject({ state: 'in_progress' })
    upstream.answerAll()
    await until('the complaint', () => place.logged('batch-store-failed') === 1)
    expect(upstream.calls).toHaveLength(4)

    other.run('ROLLBACK')
    other.close()
    place.clock.advance(1000)
    await begins(5)
    upstream.answerAll()
    await until('the end', async () => (await engine.get(batch.id, 'ann')).state === 'ended')
    expect((await engine.get(batch.id, 'ann')).counts.succeeded).toBe(5)
    expect(await createBatch(engine, 1)).toMatchObject({ total: 1 })
  })
})

describe('settle', () => {
  test('waits for the end, for as long as it may, or until nobody listens', async () => {
    const engine = place.start(upstream.run)
    const batch = await createBatch(engine, 1)
    await opens(1)
    const never = new AbortController().signal
    const short = engine.settle(batch, 300, never)
    place.clock.advance(300)
    expect(await short).toMatchObject({ state: 'in_progress' })

    const left = new AbortController()
    const unheard = engine.settle(batch, 1e6, left.signal)
    left.abort()
    place.clock.tick()
    expect(await unheard).toMatchObject({ state: 'in_progress' })

    const whole = engine.settle(batch, 1e6, never)
    upstream.answerAll()
    expect(await whole).toMatchObject({ state: 'ended' })

    const interrupted = engine.settle(await createBatch(engine, 1), 1e6, never)
    await opens(1)
    await engine.stop(0)
    expect(await interrupted).toMatchObject({ state: 'in_progress' })
  })
})

test('statistics count what waits, runs and is done', async () => {
  const engine = place.start(upstream.run)
  await createBatch(engine, 6)
  await opens(4)
  upstream.calls[0]?.answer()
  await begins(5)
  expect(await engine.stats()).toEqual({
    batches: { in_progress: 1, canceling: 0, ended: 0 },
    items: { pending: 1, running: 4, succeeded: 1, errored: 0, canceled: 0, expired: 0 },
    running: 4,
    requestsPerSecond: 1,
  })
})
