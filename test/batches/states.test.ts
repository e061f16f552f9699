import { describe, expect, test } from 'bun:test'

import { batchSourcesOf, itemSourcesOf, OUTCOMES } from '../../src/batches/states.ts'

describe('a batch', () => {
  test('is shown once it is all there, ends once, and is only removed when it was never shown or has ended', () => {
    expect(batchSourcesOf('creating')).toEqual([])
    expect(batchSourcesOf('in_progress')).toEqual(['creating'])
    expect(batchSourcesOf('canceling')).toEqual(['in_progress'])
    expect(batchSourcesOf('ended')).toEqual(['in_progress', 'canceling'])
    expect(batchSourcesOf('removing')).toEqual(['creating', 'ended'])
  })
})

describe('a request', () => {
  test('waits again when its call was cut off', () => {
    expect(itemSourcesOf('pending')).toEqual(['running', 'waiting'])
    expect(itemSourcesOf('running')).toEqual(['pending'])
  })

  test('waits for the upstream only when it ran', () => {
    expect(itemSourcesOf('waiting')).toEqual(['running'])
  })

  test('only succeeds or fails when it ran, and keeps its end', () => {
    expect(itemSourcesOf('succeeded')).toEqual(['running'])
    expect(itemSourcesOf('errored')).toEqual(['running'])
    expect(itemSourcesOf('canceled')).toEqual(['pending', 'running', 'waiting'])
    expect(itemSourcesOf('expired')).toEqual(['pending', 'running', 'waiting'])
    const ends: readonly string[] = OUTCOMES
    for (const outcome of OUTCOMES)
      expect(itemSourcesOf(outcome).filter((state) => ends.includes(state))).toEqual([])
  })
})
