import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { fullPace, retryDelayMs, slowDown, speedUp } from '../../src/batches/pace.ts'

const refusal = (startedAtMs: number, nowMs: number, retryAfterMs?: number) => ({
  startedAtMs,
  nowMs,
  retryAfterMs,
  random: 1,
})

describe('a refusal', () => {
  test('halves what runs at once and pauses, longer each time', () => {
    let pace = fullPace(16)
    const pauses: number[] = []
    for (let nowMs = 0, nth = 0; nth < 8; nth++) {
      pace = slowDown(pace, refusal(nowMs, nowMs))
      pauses.push(pace.pausedUntilMs - nowMs)
      nowMs = pace.pausedUntilMs
    }
    expect(pace.width).toBe(1)
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  test('counts once for all calls that were under way together', () => {
    const first = slowDown(fullPace(16), refusal(0, 100))
    const second = slowDown(first, refusal(50, 120))
    expect(second).toEqual(first)
    expect(slowDown(second, refusal(1100, 1200)).width).toBe(4)
  })

  test('is obeyed when it says how long to wait, by all that hear it', () => {
    const first = slowDown(fullPace(4), refusal(0, 1, 5000))
    expect(first.pausedUntilMs).toBe(6001)
    expect(slowDown(first, refusal(0, 10, 30_000)).pausedUntilMs).toBe(30_010)
  })
})

test('answers bring the pace back, one more at once for each', () => {
  let pace = slowDown(slowDown(fullPace(4), refusal(0, 0)), refusal(2000, 2000))
  const widths: number[] = []
  for (let nth = 0; nth < 4; nth++) {
    pace = speedUp(pace, 4)
    widths.push(pace.width)
  }
  expect(widths).toEqual([2, 3, 4, 4])
  expect(pace.strikes).toBe(0)
})

test('whatever happens, some calls may run, never too many, and no pause is endless', () => {
  const event = fc.record({
    succeeds: fc.boolean(),
    afterMs: fc.nat(5000),
    tookMs: fc.nat(5000),
    retryAfterMs: fc.option(fc.nat(10_000), { nil: undefined }),
    random: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.array(event), (most, events) => {
      let pace = fullPace(most)
      let nowMs = 0
      for (const { succeeds, afterMs, tookMs, ...rest } of events) {
        nowMs += afterMs
        pace = succeeds
          ? speedUp(pace, most)
          : slowDown(pace, { ...rest, startedAtMs: nowMs - tookMs, nowMs })
        expect(pace.width).toBeWithin(1, most + 1)
        expect(pace.pausedUntilMs - nowMs).toBeLessThanOrEqual(70_000)
      }
    }),
  )
})

test('a request that failed waits longer each time, up to a minute', () => {
  expect([0, 1, 2, 20].map((failures) => retryDelayMs(failures, 1))).toEqual([500, 1000, 2000, 60_000])
  expect(retryDelayMs(3, 0)).toBe(0)
})
