import { describe, expect, test } from 'bun:test'

import type { OpenBatch } from '../../src/batches/store.ts'
import { type ActiveBatch, createTurns, toActive, type Widths } from '../../src/batches/turns.ts'
import { plainCaller } from '../../src/core/caller.ts'

const WIDTHS: Widths = { total: 6, perOwner: 4, perBatch: 3 }

const batch = (owner: string, fields: Partial<OpenBatch> = {}, widths = WIDTHS): ActiveBatch =>
  toActive(
    { caller: plainCaller(owner), state: 'in_progress', expiresAtMs: 1000, ...fields } as OpenBatch,
    widths,
  )

/** Begins calls until nobody may begin another; returns whose they were. */
function begin(batches: readonly ActiveBatch[], widths = WIDTHS, nowMs = 0): ActiveBatch[] {
  const turns = createTurns(widths)
  const order: ActiveBatch[] = []
  for (let next = turns.next(batches, nowMs); next; next = turns.next(batches, nowMs)) {
    order.push(next)
    next.running.set(order.length, new AbortController())
  }
  return order
}

describe('turns', () => {
  test('alternate between owners, and between the batches of each', () => {
    const [a1, a2, b1] = [batch('ann'), batch('ann'), batch('bob')] as const
    expect(begin([a1, a2, b1])).toEqual([a1, b1, a2, b1, a1, b1])
  })

  test('stop where a batch, an owner or all have enough', () => {
    expect(begin([batch('ann')])).toHaveLength(3)
    expect(begin([batch('ann'), batch('ann')])).toHaveLength(4)
    expect(begin([batch('ann'), batch('ann'), batch('bob'), batch('bob')])).toHaveLength(6)
  })

  test('give a key no more than its own limit', () => {
    const caller = plainCaller('ann', { limits: { concurrentRequests: 2 } })
    expect(begin([batch('ann', { caller }), batch('bob')])).toHaveLength(5)
  })

  test('pass over a batch that pauses, has nothing to do, is canceled or has expired', () => {
    const paused = batch('ann')
    paused.pace = { ...paused.pace, pausedUntilMs: 11 }
    const idle = batch('ann')
    idle.idleUntilMs = Infinity
    const closing = [batch('ann', { state: 'canceling' }), batch('ann', { expiresAtMs: 10 })]
    expect(begin([paused, idle, ...closing], WIDTHS, 10)).toEqual([])
    expect(begin([paused, idle, ...closing], WIDTHS, 11)).toEqual([paused, paused, paused])
  })

  test('follow the pace of each batch', () => {
    const slow = batch('ann')
    slow.pace = { ...slow.pace, width: 1 }
    expect(begin([slow, batch('bob')])).toHaveLength(4)
  })
})
