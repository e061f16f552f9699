import { describe, expect, test } from 'bun:test'

import { Failure } from '../../src/core/errors.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { toRun } from '../../src/runs/run.ts'
import { createRuns } from '../../src/runs/runs.ts'
import type { Run } from '../../src/wire/server/runs.ts'
import { NOON_MS, requestOf, storeOf } from './make.ts'

const clock = { now: () => NOON_MS + 5, watch: () => () => undefined }
const OK = { status: 200, outcome: 'ok', durationMs: 4 } as const

describe('an account of runs', () => {
  test('knows what is under way, and then what ended', () => {
    const runs = createRuns({ store: storeOf(), clock })
    const request = requestOf()
    request.trace.note('model', 'big')
    request.trace.open('call')
    runs.begin(request)
    expect(runs.active()).toMatchObject({
      count: 1,
      runs: [{ id: 'req_1', step: 'call', model: 'big', elapsed_ms: 5, steps: [{ outcome: 'running' }] }],
    })
    runs.end(request, OK)
    expect(runs.active()).toEqual({ count: 0, runs: [] })
    runs.flush()
    expect(runs.store?.list({ limit: 5 }).data).toMatchObject([{ id: 'req_1', duration_ms: 4 }])
    expect(runs.counts).toEqual({ stored: 1, lost: 0 })
  })

  test('is about requests to models only, in batches too', () => {
    const runs = createRuns({ store: storeOf(), clock })
    for (const request of [
      requestOf({ id: 'a', route: '/v1/models' }),
      requestOf({ id: 'b', route: '/v1/messages/count_tokens' }),
      requestOf({ id: 'c', route: '', batch: 'msgbatch_1' }),
    ]) {
      runs.begin(request)
      runs.end(request, OK)
    }
    runs.flush()
    expect(runs.store?.list({ limit: 5 }).data.map(({ id, batch }) => [id, batch])).toEqual([
      ['c', 'msgbatch_1'],
    ])
  })

  test('tells those who listen, also without a history', () => {
    const told: Run[] = []
    const runs = createRuns({ store: undefined, clock })
    const stop = runs.listen({ ended: (ended) => told.push(...ended) })
    for (const id of ['a', 'b']) {
      const request = requestOf({ id })
      runs.begin(request)
      runs.end(request, OK)
      runs.flush()
      stop()
    }
    expect(told.map(({ id }) => id)).toEqual(['a'])
  })

  test('tells no more than fifty at once, and how many more there were', () => {
    let leftOut = 0
    const runs = createRuns({ store: storeOf(), clock })
    runs.listen({ ended: (_, more) => (leftOut += more) })
    for (let index = 0; index < 100; index++) {
      const request = requestOf({ id: `req_${index}` })
      runs.begin(request)
      runs.end(request, OK)
    }
    runs.flush()
    expect(leftOut).toBe(50)
  })
})

describe('a run', () => {
  const runWith = (prepare: (trace: ReturnType<typeof createTrace>) => void) => {
    let nowMs = 0
    const trace = createTrace(() => nowMs++)
    prepare(trace)
    return toRun({ request: requestOf({ trace }), ending: OK })
  }

  test('has the facts in their fields, and all others as notes', () => {
    const run = runWith((trace) => {
      trace.note('upstream_model', 'test/model')
      trace.note('cost_usd', 0.25)
      trace.note('fallback', true)
      trace.note('tool_repairs', ['names'])
      trace.warn({ path: 'top_k', message: 'was left out' })
    })
    expect(run).toMatchObject({
      upstream_model: 'test/model',
      cost_usd: 0.25,
      fallback: true,
      warnings: ['top_k: was left out'],
      notes: { tool_repairs: ['names'] },
    })
  })

  test('shows no secret, wherever it was noted', () => {
    const run = runWith((trace) => {
      trace.note('error', 'api_error: the key sk-or-v1-0123456789 is wrong')
      trace.note('odd', { authorization: 'Bearer hunter2hunter2' })
      trace.open('call', { url: 'https://me:hunter2@example.com' })('error')
    })
    expect(JSON.stringify(run)).not.toMatch(/0123456789|hunter2/)
  })

  test('adds up the retries of its steps, and names the kind of its failure', () => {
    const run = runWith((trace) => {
      const end = trace.open('call')
      trace.describe('call', 'retries', 2)
      end('error')
      trace.open('call')('ok')
      trace.describe('call', 'retries', 1)
      trace.note('error', 'overloaded_error: no room')
      trace.fail(new Failure('overloaded_error', 'no room'))
    })
    expect(run).toMatchObject({ retries: 3, error_type: 'overloaded_error' })
  })
})
