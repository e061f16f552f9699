import { describe, expect, test } from 'bun:test'

import { createTrace } from '../../src/observability/trace.ts'

/** A trace whose clock is moved by hand. */
function traceOf() {
  let nowMs = 100
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { trace: createTrace(() => nowMs), pass }
}

describe('a step', () => {
  test('lasts until its promise is kept', async () => {
    const { trace, pass } = traceOf()
    const { promise, resolve } = Promise.withResolvers<string>()
    const result = trace.step('call', async () => promise)
    pass(7)
    expect(trace.spans()).toEqual([])
    resolve('answer')
    expect(await result).toBe('answer')
    expect(trace.spans()).toEqual([{ name: 'call', startedAtMs: 100, durationMs: 7, outcome: 'ok' }])
  })

  test('may be a plain function', async () => {
    const { trace, pass } = traceOf()
    expect(await trace.step('validate', () => (pass(2), 5))).toBe(5)
    expect(trace.spans()).toEqual([{ name: 'validate', startedAtMs: 100, durationMs: 2, outcome: 'ok' }])
  })

  test('that throws is an error, and the error goes on', async () => {
    const { trace } = traceOf()
    const failure = new Error('no')
    const sync = trace.step('convert', () => {
      throw failure
    })
    expect(await sync.catch((error: unknown) => error)).toBe(failure)
    const late = trace.step('call', async () => Promise.reject(failure))
    expect(await late.catch((error: unknown) => error)).toBe(failure)
    expect(trace.spans().map(({ name, outcome }) => [name, outcome])).toEqual([
      ['convert', 'error'],
      ['call', 'error'],
    ])
  })
})

describe('an open step', () => {
  test.each(['ok', 'error', 'cancelled'] as const)('ends as %s, once', (outcome) => {
    const { trace, pass } = traceOf()
    const end = trace.open('respond')
    pass(3)
    end(outcome)
    pass(9)
    end('ok')
    end('error')
    expect(trace.spans()).toEqual([{ name: 'respond', startedAtMs: 100, durationMs: 3, outcome }])
  })

  test('is listed by its start, when it is over', () => {
    const { trace, pass } = traceOf()
    const endFirst = trace.open('respond')
    pass(1)
    const endSecond = trace.open('call')
    endSecond('ok')
    expect(trace.spans().map(({ name }) => name)).toEqual(['call'])
    endFirst('cancelled')
    trace.open('tools')
    expect(trace.spans().map(({ name }) => name)).toEqual(['respond', 'call'])
  })
})

test('a note is the last that was said of its fact', () => {
  const { trace } = traceOf()
  expect(trace.notes()).toEqual({})
  trace.note('model', 'big')
  trace.note('attempt', 1)
  trace.note('attempt', 2)
  expect(trace.notes()).toEqual({ model: 'big', attempt: 2 })
})
