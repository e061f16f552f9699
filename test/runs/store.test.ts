import { describe, expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Failure } from '../../src/core/errors.ts'
import { RUNS_MIGRATIONS } from '../../src/runs/schema.ts'
import { openDatabase } from '../../src/store/database.ts'
import { NOON_MS, runOf, silentLog, storeOf } from './make.ts'

const entries = (count: number, fields: (index: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, index) => ({ run: runOf({ id: `req_${index}`, ...fields(index) }) }))

describe('the history', () => {
  test('gives a run back as it was', () => {
    const store = storeOf()
    const run = runOf({
      warnings: ['top_k: was left out'],
      retries: 2,
      fallback: true,
      notes: { odd: { deep: [1] } },
      steps: [
        { name: 'call', start_ms: 0.5, duration_ms: 3, outcome: 'error', attributes: { upstream: 'x' } },
      ],
    })
    store.add([{ run }])
    expect(store.find('req_1')).toEqual({ ...run, seq: 1, recorded: false })
    expect(store.find('req_2')).toBeUndefined()
  })

  test('is paged from the newest to the oldest, without a gap', () => {
    const store = storeOf()
    store.add(entries(7))
    const first = store.list({ limit: 3 })
    const second = store.list({ limit: 3, before: first.next_before ?? 0 })
    const last = store.list({ limit: 3, before: second.next_before ?? 0 })
    const ids = [first, second, last].map(({ data }) => data.map(({ id }) => id))
    expect(ids).toEqual([['req_6', 'req_5', 'req_4'], ['req_3', 'req_2', 'req_1'], ['req_0']])
    expect([first, second, last].map((page) => page.has_more)).toEqual([true, true, false])
    expect(first.total).toBe(7)
    expect(last.next_before).toBeNull()
  })

  test('is searched for text, taken literally', () => {
    const store = storeOf()
    store.add([
      { run: runOf({ id: 'req_a', conversation: 'half_done' }) },
      { run: runOf({ id: 'req_b', conversation: 'halfXdone' }) },
      { run: runOf({ id: 'req_c', error: '100 % wrong' }) },
    ])
    const find = (text: string) => store.list({ limit: 10, text }).data.map(({ id }) => id)
    expect(find('half_')).toEqual(['req_a'])
    expect(find('0 % w')).toEqual(['req_c'])
    expect(find("' OR 1=1 --")).toEqual([])
  })

  test.each([
    ['outcome', 'error'],
    ['model', 'small'],
    ['key', 'key-2'],
    ['conversation', 'other'],
    ['batch', 'msgbatch_1'],
  ])('is filtered by %s', (field, value) => {
    const store = storeOf()
    store.add([{ run: runOf({ id: 'req_a' }) }, { run: runOf({ id: 'req_b', [field]: value }) }])
    expect(store.list({ limit: 10, [field]: value }).data.map(({ id }) => id)).toEqual(['req_b'])
  })

  test('holds no more than it may, the newest', () => {
    const store = storeOf({ maxRuns: 5 })
    for (let round = 0; round < 4; round++) store.add(entries(3, (index) => ({ id: `req_${round}${index}` })))
    const page = store.list({ limit: 100 })
    expect(page.total).toBe(5)
    expect(page.data[0]?.id).toBe('req_32')
  })

  test('forgets what is too old', () => {
    const store = storeOf({ maxAgeMs: 60_000 })
    store.add([
      { run: runOf({ id: 'old', started_at: new Date(NOON_MS - 61_000).toISOString() }) },
      { run: runOf({ id: 'new' }) },
    ])
    expect(store.list({ limit: 10 }).data.map(({ id }) => id)).toEqual(['new'])
  })

  test('keeps what was said within bounds, the newest, and drops it with its run', () => {
    const recording = { message: 'x'.repeat(100), left_out: [] }
    const store = storeOf({ maxRecordedBytes: 150, maxRuns: 3 })
    for (const id of ['a', 'b', 'c', 'd'])
      store.add([{ run: runOf({ id }), recording: { ...recording, request: crypto.randomUUID() } }])
    expect(store.recording('d')).toMatchObject(recording)
    expect(store.find('d')?.recorded).toBe(true)
    expect(store.recording('b')).toBeUndefined()
    expect(store.find('b')?.recorded).toBe(false)
  })

  test('survives in its file', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'runs-')), 'runs.db')
    const open = () => openDatabase({ path, migrations: RUNS_MIGRATIONS, stamp: () => 'x', log: silentLog })
    const before = storeOf({ open })
    before.add(entries(2))
    before.close()
    expect(storeOf({ open }).list({ limit: 10 }).total).toBe(2)
  })

  test('that cannot be written says so, now and then, and throws nothing', () => {
    const warnings: string[] = []
    const log = { ...silentLog, warn: (event: string) => void warnings.push(event) }
    const store = storeOf({
      log,
      open: () => {
        throw new Error('disk is full')
      },
    })
    expect(store.add(entries(1))).toBeUndefined()
    expect(store.add(entries(1))).toBeUndefined()
    expect(warnings).toEqual(['runs-not-stored'])
    expect(() => store.list({ limit: 1 })).toThrow(Failure)
  })
})

describe('the summary', () => {
  const at = (minutes: number) => new Date(NOON_MS - minutes * 60_000).toISOString()
  const window = { fromMs: NOON_MS - 3_600_000, toMs: NOON_MS + 1, by: 'model' } as const

  test('adds up all runs of the window, over time and by model', () => {
    const store = storeOf()
    store.add([
      { run: runOf({ id: 'a', started_at: at(50), upstream_model: 'x', cost_usd: 1 }) },
      { run: runOf({ id: 'b', started_at: at(10), upstream_model: 'y', cost_usd: 2, outcome: 'error' }) },
      { run: runOf({ id: 'c', started_at: at(10), upstream_model: 'y', cost_usd: null, saved_usd: 0.25 }) },
      { run: runOf({ id: 'd', started_at: at(70), cost_usd: 99 }) },
    ])
    const { total, series, groups, bucket_ms } = store.summarise(window)
    expect(total).toEqual({
      runs: 3,
      errors: 1,
      input_tokens: 30,
      cached_tokens: 12,
      output_tokens: 15,
      cost_usd: 3,
      saved_usd: 0.25,
    })
    expect(series.reduce((sum, { runs }) => sum + runs, 0)).toBe(3)
    expect(series.length * bucket_ms).toBeGreaterThanOrEqual(3_600_000)
    expect(groups.map(({ name, runs, cost_usd }) => [name, runs, cost_usd])).toEqual([
      ['y', 2, 2],
      ['x', 1, 1],
    ])
    const [first] = groups
    expect(first?.costs.reduce((sum, cost) => sum + cost, 0)).toBe(2)
    expect(first?.tokens.reduce((sum, tokens) => sum + tokens, 0)).toBe(30)
  })

  test('knows the middle and the slow end of the times', () => {
    const store = storeOf()
    store.add(
      entries(100, (index) => ({ duration_ms: index + 1, first_event_ms: index < 50 ? null : index })),
    )
    const { latency_ms, first_event_ms } = store.summarise(window)
    expect(latency_ms).toEqual({ p50: 51, p95: 96 })
    expect(first_event_ms).toEqual({ p50: 75, p95: 97 })
  })

  test('of nothing is nothing', () => {
    const { total, latency_ms, groups } = storeOf().summarise(window)
    expect(total.runs).toBe(0)
    expect(latency_ms).toEqual({ p50: null, p95: null })
    expect(groups).toEqual([])
  })
})
