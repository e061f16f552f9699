import { afterEach, expect, test } from 'bun:test'

import { watchStrain } from '../../src/limits/strain.ts'

let nowMs = 0
let memoryBytes = 100
let strain: ReturnType<typeof watchStrain>
afterEach(() => strain.stop())

const start = () =>
  (strain = watchStrain(
    { maxLagMs: 500, maxMemoryBytes: 1000 },
    () => memoryBytes,
    () => nowMs,
  ))

/** Lets the timer come so much too late. */
const late = (ms: number): void => {
  nowMs += 100 + ms
  strain.sample()
}

test('a timer that is on time is no strain', () => {
  start()
  for (let n = 0; n < 50; n++) late(0)
  expect(strain.reason()).toBeUndefined()
  expect(strain.lagMs).toBe(0)
})

test('a single pause is no strain, lasting lateness is one until it is over', () => {
  start()
  late(1000)
  expect(strain.reason()).toBeUndefined()
  for (let n = 0; n < 5; n++) late(1000)
  expect(strain.reason()).toBe('the server cannot keep up')
  for (let n = 0; n < 5; n++) late(0)
  expect(strain.reason()).toBeUndefined()
})

test('memory above the limit is a strain', () => {
  start()
  memoryBytes = 1001
  for (let n = 0; n < 10; n++) late(0)
  expect(strain.reason()).toBe('the server is short of memory')
  strain.configure({ maxLagMs: 500, maxMemoryBytes: 2000 })
  expect(strain.reason()).toBeUndefined()
  memoryBytes = 100
})
