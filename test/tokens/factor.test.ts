import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { MAX_RATIO, MIN_RATIO, UNLEARNED, learnRatio } from '../../src/tokens/factor.ts'

const learnAll = (ratios: readonly number[]) => ratios.reduce(learnRatio, UNLEARNED)

describe('learnRatio', () => {
  test('moves half way at the first bill and arrives within twenty', () => {
    expect(learnAll([1.5]).value).toBe(1.25)
    expect(learnAll(Array.from({ length: 20 }, () => 1.5)).value).toBeCloseTo(1.5, 1)
  })

  test('follows a model that changes', () => {
    const long = learnAll(Array.from({ length: 500 }, () => 0.8))
    const changed = Array.from({ length: 30 }, () => 1.2).reduce(learnRatio, long)
    expect(changed.value).toBeCloseTo(1.2, 1)
  })

  test.each([0, -1, 0.19, 5.1, 1_000, NaN, Infinity])('ignores a ratio of %p', (ratio) => {
    expect(learnRatio(UNLEARNED, ratio)).toBe(UNLEARNED)
  })

  test('stays among the ratios it believed, whatever it is told', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double(), fc.double({ min: 0, max: 6 }))), (ratios) => {
        const { value } = learnAll(ratios)
        expect(value).toBeGreaterThanOrEqual(MIN_RATIO)
        expect(value).toBeLessThanOrEqual(MAX_RATIO)
      }),
    )
  })
})
