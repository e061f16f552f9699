import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openDatabase } from '../../src/store/database.ts'
import type { UsageEntry } from '../../src/usage/entry.ts'
import { createLedger } from '../../src/usage/ledger.ts'
import type { Dimension } from '../../src/usage/query.ts'
import { USAGE_MIGRATIONS } from '../../src/usage/tables.ts'
import { createTestClock } from '../support/clock.ts'
import { silentLog } from '../support/log.ts'

const folder = mkdtempSync(join(tmpdir(), 'usage-'))
afterAll(() => rmSync(folder, { recursive: true }))

const DAY_MS = 86_400_000
let files = 0

/** A ledger on a file of its own, which can be opened again. */
function ledgers() {
  const path = join(folder, `${files++}`, 'usage.db')
  const clock = createTestClock()
  const openLedger = () =>
    createLedger({
      open: () => openDatabase({ path, migrations: USAGE_MIGRATIONS, stamp: () => 'now', log: silentLog }),
      retentionMs: 40 * DAY_MS,
      clock,
      log: silentLog,
    })
  let requests = 0
  const entry = (fields: Partial<UsageEntry> = {}): UsageEntry => ({
    atMs: clock.now(),
    requestId: `req_${requests++}`,
    owner: 'key-1',
    conversation: undefined,
    agent: undefined,
    asked: 'big',
    model: 'a/b',
    upstream: 'default',
    inputTokens: 100,
    cachedTokens: 40,
    cacheWriteTokens: 10,
    outputTokens: 20,
    costUsd: 0.5,
    isEstimate: false,
    savedUsd: 0,
    outcome: 'ok',
    ...fields,
  })
  return { clock, openLedger, entry }
}

const all = (groupBy: readonly Dimension[], owner?: string) => ({
  owner,
  fromMs: 0,
  toMs: Number.MAX_SAFE_INTEGER,
  groupBy,
  limit: 100,
})

describe('a ledger', () => {
  test('adds up by any dimension', () => {
    const { openLedger, entry } = ledgers()
    const ledger = openLedger()
    ledger.record(entry({ conversation: 's1', agent: 'a1' }))
    ledger.record(entry({ conversation: 's1', model: 'c/d', costUsd: 0.25, isEstimate: true }))
    ledger.record(entry({ owner: 'key-2', requestId: 'req_same' }))
    ledger.record(entry({ owner: 'key-2', requestId: 'req_same', outcome: 'error' }))
    ledger.record(entry({ outcome: 'cached', costUsd: 0, savedUsd: 0.5, inputTokens: 0, outputTokens: 0 }))
    expect(ledger.query(all([]))).toEqual([
      {
        requests: 4,
        calls: 5,
        input_tokens: 400,
        cached_tokens: 200,
        cache_write_tokens: 50,
        output_tokens: 80,
        cost_usd: 1.75,
        estimated_cost_usd: 0.25,
        saved_usd: 0.5,
      },
    ])
    expect(
      ledger.query(all(['key'])).map(({ key, requests, cost_usd }) => [key, requests, cost_usd]),
    ).toEqual([
      ['key-1', 3, 0.75],
      ['key-2', 1, 1],
    ])
    expect(
      ledger
        .query(all(['conversation', 'agent'], 'key-1'))
        .map(({ conversation, agent }) => [conversation, agent]),
    ).toEqual([
      [null, null],
      ['s1', null],
      ['s1', 'a1'],
    ])
    expect(ledger.query(all(['day', 'model'])).map(({ day, model }) => `${day} ${model}`)).toEqual([
      '2026-11-22 a/b',
      '2026-11-22 c/d',
    ])
    ledger.close()
  })

  test('tells what was spent today and this month, and forgets neither at a restart', () => {
    const { clock, openLedger, entry } = ledgers()
    const first = openLedger()
    first.record(entry({ costUsd: 1 }))
    clock.advance(DAY_MS)
    first.record(entry({ costUsd: 2 }))
    first.record(entry({ owner: 'key-2', costUsd: 4 }))
    expect(first.spentBy('key-1')).toEqual({ dayUsd: 2, monthUsd: 3 })
    expect(first.spentBy(undefined)).toEqual({ dayUsd: 6, monthUsd: 7 })
    first.close()
    const second = openLedger()
    expect(second.spentBy('key-1')).toEqual({ dayUsd: 2, monthUsd: 3 })
    expect(second.spentBy(undefined)).toEqual({ dayUsd: 6, monthUsd: 7 })
    clock.advance(DAY_MS)
    expect(second.spentBy('key-1')).toEqual({ dayUsd: 0, monthUsd: 3 })
    clock.advance(10 * DAY_MS)
    expect(second.spentBy('key-1')).toEqual({ dayUsd: 0, monthUsd: 0 })
    second.close()
  })

  test('forgets calls after their time, but not what was spent', () => {
    const { clock, openLedger, entry } = ledgers()
    const ledger = openLedger()
    ledger.record(entry())
    ledger.flush()
    clock.advance(41 * DAY_MS)
    ledger.record(entry())
    ledger.flush()
    expect(ledger.query(all([]))[0]?.calls).toBe(1)
    ledger.close()
  })

  test('writes by itself, soon, in one go', async () => {
    const { openLedger, entry } = ledgers()
    const ledger = openLedger()
    for (let n = 0; n < 250; n++) ledger.record(entry())
    expect(ledger.stats()).toMatchObject({ recorded: 250, pending: 250 })
    while (ledger.stats().pending > 0) await Bun.sleep(10)
    const other = openLedger()
    expect(other.query(all([]))[0]?.calls).toBe(250)
    ledger.close()
    other.close()
  })

  test('goes on in memory while the disk fails, and catches up', () => {
    const { clock, entry } = ledgers()
    let fails = true
    const path = join(folder, 'failing', 'usage.db')
    const ledger = createLedger({
      open() {
        if (fails) throw new Error('no disk')
        return openDatabase({ path, migrations: USAGE_MIGRATIONS, stamp: () => 'now', log: silentLog })
      },
      retentionMs: DAY_MS,
      clock,
      log: silentLog,
    })
    ledger.record(entry())
    ledger.flush()
    expect(ledger.stats()).toMatchObject({ pending: 1, lost: 0 })
    expect(ledger.spentBy('key-1').dayUsd).toBe(0.5)
    fails = false
    ledger.flush()
    expect(ledger.stats().pending).toBe(0)
    expect(ledger.query(all([]))[0]?.calls).toBe(1)
    ledger.close()
  })

  test('may keep nothing on disk', () => {
    const { clock, entry } = ledgers()
    const ledger = createLedger({ open: undefined, retentionMs: 0, clock, log: silentLog })
    ledger.record(entry())
    expect(ledger.spentBy('key-1').dayUsd).toBe(0.5)
    expect(ledger.query(all([]))).toEqual([])
    ledger.close()
  })
})
