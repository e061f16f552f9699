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
  test('lasts as long as its function runs, and gives its result', () => {
    const { trace, pass } = traceOf()
    expect(trace.step('validate', () => (pass(2), 5))).toBe(5)
    expect(trace.spans()).toEqual([{ name: 'validate', startedAtMs: 100, durationMs: 2, outcome: 'ok' }])
  })

  test('that throws is an error, and the error goes on', () => {
    const { trace } = traceOf()
    const failure = new Error('no')
    const fail = () =>
      trace.step('convert', () => {
        throw failure
      })
    expect(fail).toThrow(failure)
    expect(trace.spans().map(({ name, outcome }) => [name, outcome])).toEqual([['convert', 'error']])
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
