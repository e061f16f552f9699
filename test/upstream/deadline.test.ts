import { describe, expect, test } from 'bun:test'

import { startDeadline } from '../../src/upstream/deadline.ts'
import { reach } from '../../src/upstream/reach.ts'
import { createTestClock } from '../support/clock.ts'

const LIMITS = {
  connectTimeoutMs: 10_000,
  firstByteTimeoutMs: 60_000,
  idleTimeoutMs: 20_000,
  requestTimeoutMs: 100_000,
}

function started(streaming = true, canReach?: (timeoutMs: number) => Promise<boolean>) {
  const clock = createTestClock()
  const client = new AbortController()
  const deadline = startDeadline(clock, LIMITS, streaming, client.signal, canReach)
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await Promise.resolve()
    await Promise.resolve()
  }
  return { clock, client, deadline, pass, told: () => deadline.expired?.message }
}

describe('a call', () => {
  test('has so long for its first byte, for each silence, and in all', async () => {
    const first = started()
    await first.pass(60_001)
    expect(first.told()).toBe('the upstream did not begin to answer within 60 s')

    const idle = started()
    idle.deadline.begin()
    await idle.pass(15_000)
    idle.deadline.touch()
    await idle.pass(20_000)
    expect(idle.told()).toBeUndefined()
    await idle.pass(1)
    expect(idle.told()).toBe('the upstream did not send anything more within 20 s')

    const total = started()
    total.deadline.begin()
    for (let n = 0; n < 11; n++) {
      await total.pass(10_000)
      total.deadline.touch()
    }
    expect(total.told()).toBe('the upstream did not finish within 100 s')
    expect(total.deadline.signal.aborted).toBe(true)
  })

  test('ends soon where nobody can be reached', async () => {
    const asked: number[] = []
    const { told, pass } = started(true, async (timeoutMs) => asked.push(timeoutMs) === 0)
    await pass(5000)
    expect(asked).toEqual([])
    await pass(1)
    expect(asked).toEqual([5000])
    expect(told()).toBe('the upstream could not be reached within 10 s')
  })

  test('goes on where somebody is there who only takes long, and looks but once', async () => {
    let looked = 0
    const { told, pass } = started(false, async () => ++looked > 0)
    for (let n = 0; n < 9; n++) await pass(10_000)
    expect(looked).toBe(1)
    expect(told()).toBeUndefined()
  })

  test('does not look once the answer has begun', async () => {
    let looked = 0
    const { deadline, pass } = started(true, async () => ++looked > 0)
    deadline.connected()
    await pass(50_000)
    expect(looked).toBe(0)
  })

  test('leaves nothing behind', () => {
    const { clock, deadline } = started()
    expect(clock.watchers()).toBe(1)
    deadline.end()
    expect(clock.watchers()).toBe(0)
  })
})

describe('reaching', () => {
  test('tells whether a server is there', async () => {
    const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    expect(await reach(`http://127.0.0.1:${server.port}/v1`, 5000)).toBe(true)
    server.stop(true)
    expect(await reach(`http://127.0.0.1:${server.port}/v1`, 5000)).toBe(false)
  })

  test('does not wait longer than it is told', async () => {
    // Nobody is at an address that is reserved for documents.
    expect(await reach('http://192.0.2.1:9/v1', 50)).toBe(false)
  })
})
