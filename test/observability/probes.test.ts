import { expect, test } from 'bun:test'

import { createChecks, worstOf } from '../../src/observability/probes.ts'

test('what a probe throws is its fault, as bad as it is said to be', async () => {
  const check = createChecks(
    [
      { name: 'good', severity: 'unhealthy', look: () => ({ status: 'healthy' }) },
      {
        name: 'bad',
        severity: 'degraded',
        look() {
          throw new Error('the disk is full')
        },
      },
    ],
    { now: () => 0 },
  )
  expect(await check()).toMatchObject([
    { name: 'good', status: 'healthy' },
    { name: 'bad', status: 'degraded', message: 'the disk is full' },
  ])
})

test('a probe that never answers is given up in two seconds', async () => {
  const check = createChecks(
    [{ name: 'slow', severity: 'unhealthy', look: async () => new Promise(() => {}) }],
    { now: () => 0 },
  )
  const startedAt = performance.now()
  expect(await check()).toMatchObject([{ status: 'unhealthy', message: 'no answer within 2 seconds' }])
  expect(performance.now() - startedAt).toBeLessThan(4000)
})

test('however often one asks, it is looked every five seconds only', async () => {
  let nowMs = 0
  let looks = 0
  const check = createChecks(
    [
      {
        name: 'counted',
        severity: 'degraded',
        look() {
          looks++
          return { status: 'healthy' }
        },
      },
    ],
    { now: () => nowMs },
  )
  await Promise.all([check(), check()])
  nowMs = 4999
  await check()
  expect(looks).toBe(1)
  nowMs = 5000
  await check()
  expect(looks).toBe(2)
})

test('the whole is as well as its worst part', () => {
  expect(worstOf(['healthy', 'unhealthy', 'degraded'])).toBe('unhealthy')
  expect(worstOf(['healthy', 'degraded'])).toBe('degraded')
  expect(worstOf([])).toBe('healthy')
})
