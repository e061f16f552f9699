import { describe, expect, test } from 'bun:test'

import { Failure, type FailureKind } from '../../src/core/errors.ts'
import { createBreakers } from '../../src/upstream/breaker.ts'
import { createTestClock } from '../support/clock.ts'
import { silentLog } from '../support/log.ts'
import { CALL, type Script, scriptedUpstream } from './scripted.ts'

const DOWN = new Failure('api_error', 'down', { status: 502 })
const SIGNAL = new AbortController().signal

function guarded(...scripts: readonly Script[]) {
  const clock = createTestClock()
  const breakers = createBreakers({ failures: 3, cooldownMs: 10_000 }, { clock, log: silentLog })
  const { upstream, seen } = scriptedUpstream(...scripts)
  const inner = breakers.guard('main', upstream)
  const call = async (model = 'a/b', signal = SIGNAL): Promise<unknown> => {
    const stream = inner.stream({ ...CALL, upstreamModel: model }, signal)
    try {
      return (await stream.next()).value
    } catch (error) {
      return error
    }
  }
  const isOpen = async (model?: string): Promise<boolean> => {
    const before = seen.calls
    const found = await call(model)
    return found instanceof Failure && found.message.includes('keeps failing') && seen.calls === before + 1
  }
  return { clock, breakers, inner, seen, call, isOpen }
}

const phase = ({ breakers }: ReturnType<typeof guarded>): string | undefined => breakers.stats()[0]?.phase

describe('a breaker', () => {
  test('opens after so many failures, and says when to come again', async () => {
    const all = guarded([DOWN])
    for (let n = 0; n < 3; n++) expect(await all.call()).toBe(DOWN)
    all.clock.advance(4000)
    const failure = await all.call()
    expect(failure).toMatchObject({
      kind: 'overloaded_error',
      status: 529,
      retryable: true,
      retryAfterMs: 6000,
    })
    expect((failure as Failure).message).toBe(
      'the upstream main keeps failing for the model a/b; it is tried again in 6 s',
    )
    expect(all.breakers.stats()).toMatchObject([
      { upstream: 'main', model: 'a/b', phase: 'open', failures: 3, refused: 1 },
    ])
  })

  test('is each model’s own', async () => {
    const all = guarded([DOWN])
    for (let n = 0; n < 3; n++) await all.call('a/b')
    expect(await all.isOpen('a/b')).toBe(true)
    expect(await all.call('c/d')).toBe(DOWN)
  })

  test('lets one call through when the time is over, and closes when it succeeds', async () => {
    const all = guarded([DOWN], [DOWN], [DOWN], [['x']])
    for (let n = 0; n < 3; n++) await all.call()
    all.clock.advance(10_000)
    const [probe, other] = await Promise.all([all.call(), all.call()])
    expect(probe).toEqual(['x'])
    expect(other).toBeInstanceOf(Failure)
    expect(phase(all)).toBe('closed')
    expect(await all.call()).toEqual(['x'])
  })

  test('stays open for twice as long when the probe fails, within bounds', async () => {
    const all = guarded([DOWN])
    for (let n = 0; n < 3; n++) await all.call()
    for (const waitMs of [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
      all.clock.advance(waitMs - 1)
      expect(await all.isOpen()).toBe(true)
      all.clock.advance(1)
      expect(await all.call()).toBe(DOWN)
    }
  })

  test('goes on trying when the client of the probe hangs up', async () => {
    const all = guarded([DOWN], [DOWN], [DOWN], [new Error('aborted')], [['x']])
    for (let n = 0; n < 3; n++) await all.call()
    all.clock.advance(10_000)
    const hangUp = new AbortController()
    hangUp.abort()
    await all.call('a/b', hangUp.signal)
    expect(await all.call()).toEqual(['x'])
  })

  test('goes on trying when nobody reads the probe', async () => {
    const all = guarded([DOWN], [DOWN], [DOWN], [['x']])
    for (let n = 0; n < 3; n++) await all.call()
    all.clock.advance(10_000)
    const probe = all.inner.stream(CALL, SIGNAL)
    const read = probe.next()
    await probe.return()
    await read
    expect(await all.call()).toEqual(['x'])
  })

  test('does not open while most calls succeed', async () => {
    const scripts = Array.from({ length: 20 }, (_, n): Script => (n % 3 === 0 ? [DOWN] : [['x']]))
    const all = guarded(...scripts)
    for (let n = 0; n < 20; n++) await all.call()
    expect(phase(all)).toBe('closed')
  })

  test('forgets failures of long ago', async () => {
    const all = guarded([DOWN])
    for (let n = 0; n < 10; n++) {
      expect(await all.call()).toBe(DOWN)
      all.clock.advance(16_000)
    }
  })

  test('counts an answer that breaks off', async () => {
    const all = guarded([['x'], DOWN])
    for (let n = 0; n < 6; n++) {
      const stream = all.inner.stream(CALL, SIGNAL)
      await stream.next().catch(() => {})
      await stream.next().catch(() => {})
      if (phase(all) === 'open') return
    }
    throw new Error('never opened')
  })

  test.each<FailureKind>([
    'invalid_request_error',
    'authentication_error',
    'billing_error',
    'permission_error',
    'not_found_error',
    'request_too_large',
    'rate_limit_error',
  ])('is not moved by %s', async (kind) => {
    const all = guarded([new Failure(kind, 'no')])
    for (let n = 0; n < 10; n++) await all.call()
    expect(phase(all)).toBe('closed')
  })

  test('can be turned off', async () => {
    const all = guarded([DOWN])
    all.breakers.configure({ failures: 0, cooldownMs: 1000 })
    for (let n = 0; n < 10; n++) expect(await all.call()).toBe(DOWN)
    expect(all.breakers.stats()).toEqual([])
  })
})
