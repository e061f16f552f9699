import { describe, expect, test } from 'bun:test'

import { duration, renderProgress } from '../../src/cli/batches/progress-bar.ts'

const BATCH = {
  batch_id: 'msgbatch_1',
  status: 'processing',
  total_messages: 2000,
  processed_messages: 1040,
  successful_messages: 1037,
  failed_messages: 3,
  success_rate: 99.71,
  progress: 0.52,
  messages_per_second: 34.66,
  completion_time: 30,
  created_at: '2026-11-28T00:00:00.000Z',
  ended_at: null,
} as const

describe('the progress of a batch', () => {
  test('is a bar, and what it cannot show', () => {
    expect(renderProgress(BATCH)).toBe(
      '[###############...............]  52 %  1,040 of 2,000  3 failed  34.7/s  28 s left',
    )
  })

  test('is waiting before the first is done', () => {
    const nothing = { processed_messages: 0, failed_messages: 0, progress: 0, messages_per_second: 0 }
    expect(renderProgress({ ...BATCH, ...nothing })).toBe(`[${'.'.repeat(30)}]   0 %  0 of 2,000  waiting`)
  })

  test('is not full before the last is done, and says how it ended', () => {
    const almost = renderProgress({ ...BATCH, processed_messages: 1999, progress: 0.9995 })
    expect(almost).toStartWith(`[${'#'.repeat(29)}.]  99 %`)
    const all = { processed_messages: 2000, failed_messages: 0, progress: 1, completion_time: 75.4 }
    expect(renderProgress({ ...BATCH, ...all, status: 'completed' })).toBe(
      `[${'#'.repeat(30)}] 100 %  2,000 of 2,000  completed in 1 min 15 s`,
    )
  })
})

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [3599, '59 min 59 s'],
  [7850, '2 h 10 min'],
])('%p seconds are %p', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})
