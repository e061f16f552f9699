import { describe, expect, test } from 'bun:test'

import { Failure, type FailureOptions } from '../../src/core/errors.ts'
import { createRetryBudgets } from '../../src/upstream/retry-budget.ts'
import { withRetries } from '../../src/upstream/retry.ts'
import { createTestClock } from '../support/clock.ts'
import { CALL, type Script, scriptedUpstream } from './scripted.ts'

const down = (options: FailureOptions = {}): Failure =>
  new Failure('api_error', 'down', { status: 502, ...options })
const SIGNAL = new AbortController().signal

function retried(retries: number, random: number, ...scripts: readonly Script[]) {
  const { upstream, seen } = scriptedUpstream(...scripts)
  const waits: number[] = []
  const sleep = async (ms: number): Promise<void> => void waits.push(ms)
  const tried = withRetries(upstream, { retries, sleep, random: () => random, onRetry: () => {} })
  return { seen, waits, first: async () => tried.stream(CALL, SIGNAL).next() }
}

describe('retries', () => {
  test('wait anything up to a time that doubles', async () => {
    for (const random of [0, 0.5, 1]) {
      const { seen, waits, first } = retried(7, random, [down()])
      expect(first()).rejects.toThrow('down')
      await first().catch(() => {})
      const most = [300, 600, 1200, 2400, 4800, 9600, 10_000]
      expect(waits.slice(0, 7)).toEqual(most.map((ms) => ms * random))
      expect(seen.calls).toBeGreaterThanOrEqual(8)
    }
  })

  test('wait as long as the upstream says, and a little more each', async () => {
    const { waits, first } = retried(1, 0.5, [down({ retryAfterMs: 2000 })], [['x']])
    expect((await first()).value).toEqual(['x'])
    expect(waits).toEqual([2150])
  })

  test('are left to the client where the upstream names a long time', async () => {
    const { seen, first } = retried(3, 0, [down({ retryAfterMs: 2001 })])
    await first().catch(() => {})
    expect(seen.calls).toBe(1)
  })

  test.each(['rate_limit_error', 'timeout_error', 'invalid_request_error'] as const)(
    'are not made for %s',
    async (kind) => {
      const { seen, first } = retried(3, 0, [new Failure(kind, 'no')])
      await first().catch(() => {})
      expect(seen.calls).toBe(1)
    },
  )
})

describe('the budget', () => {
  test('keeps retries to a part of all calls', async () => {
    const clock = createTestClock()
    const budgets = createRetryBudgets(20, clock)
    const { upstream, seen } = scriptedUpstream([down()])
    const tried = withRetries(upstream, {
      retries: 5,
      sleep: async () => {},
      random: () => 0,
      onRetry: () => {},
      budget: budgets.of('main'),
    })
    for (let n = 0; n < 100; n++)
      await tried
        .stream(CALL, SIGNAL)
        .next()
        .catch(() => {})
    expect(seen.calls).toBe(120)
    expect(budgets.stats()).toMatchObject({ main: { calls: 100, retries: 20 } })
    clock.advance(10_000)
    await tried
      .stream(CALL, SIGNAL)
      .next()
      .catch(() => {})
    expect(seen.calls).toBe(120 + 1 + 3)
  })

  test('is each upstream’s own', () => {
    const budgets = createRetryBudgets(0, createTestClock())
    expect([1, 2, 3, 4].map(() => budgets.of('a').spend())).toEqual([true, true, true, false])
    expect(budgets.of('b').spend()).toBe(true)
  })
})
