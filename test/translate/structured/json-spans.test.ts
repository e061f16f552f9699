import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { findJsonSpans } from '../../../src/translate/structured/json-spans.ts'

describe('findJsonSpans', () => {
  test.each([
    ['{"a": 1}', ['{"a": 1}']],
    ['Here: {"a": [1]}.', ['{"a": [1]}']],
    ['See [1]: {"a": "}"} or [2]', ['{"a": "}"}', '[1]', '[2]']],
    ['```json\n{"a": 1}\n```', ['{"a": 1}']],
    ['First {"b": 2}, then\n```\n5\n```', ['5', '{"b": 2}']],
    ['```json\n{"a": 1}', ['{"a": 1}']],
    ['Oh: {"a": [1, "x', ['{"a": [1, "x']],
    ['{"a": "\\"}"} end', ['{"a": "\\"}"}']],
    ['No JSON here.', []],
    ['', []],
  ])('of %j', (text, spans) => {
    expect(findJsonSpans(text)).toEqual(spans)
  })

  test('finds any object or list in the midst of words', () => {
    const json = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
    fc.assert(
      fc.property(json, (value) => {
        const written = JSON.stringify(value, null, 1)
        fc.pre(!written.includes('```'))
        expect(findJsonSpans(`Well, it is this: ${written}\nDone!`)[0]).toBe(written)
      }),
    )
  })

  test('is quick with brackets that never close', () => {
    const startedAtMs = performance.now()
    expect(findJsonSpans('['.repeat(200_000)).length).toBe(1)
    expect(performance.now() - startedAtMs).toBeLessThan(1000)
  })
})
