import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { toObjectText } from '../../../src/translate/repair/json-text.ts'
import { anyObject } from '../arbitrary.ts'

const meaningOf = (text: string, isCut = false): unknown => {
  const meant = toObjectText(text, isCut)
  return meant && JSON.parse(meant.json)
}

describe('put right is', () => {
  test.each([
    ["{'a': 'b'}", { a: 'b' }],
    ["{'a': 'it\\'s', 'b': \"it's\"}", { a: "it's", b: "it's" }],
    ["{'a': 'say \"hi\"'}", { a: 'say "hi"' }],
    ['{"a": True, "b": False, "c": None}', { a: true, b: false, c: null }],
    ['{"a": 1.10, "b": [1, 2,],}', { a: 1.1, b: [1, 2] }],
    ['{a: 1, $b_2: "x"}', { a: 1, $b_2: 'x' }],
    ['{"a": "one\n\ttwo"}', { a: 'one\n\ttwo' }],
    ['{"a": [1, {"b": 2', { a: [1, { b: 2 }] }],
    ['{"a": [1, 2}', { a: [1, 2] }],
    ['{"a": 1}}]', { a: 1 }],
    ["{'a': '{', 'b': [\"[\", '],'], 'c': ', ',}", { a: '{', b: ['[', '],'], c: ', ' }],
    ['```json\n{"a": 1}\n```', { a: 1 }],
    ["```\n{'a': 1}```", { a: 1 }],
  ])('%p', (text, meant) => {
    expect(meaningOf(text)).toEqual(meant)
    expect(toObjectText(text, false)?.kinds).toEqual(['syntax'])
  })

  test('what was encoded twice, and what is wrong within', () => {
    expect(toObjectText('"{\\"a\\":1}"', false)).toEqual({ json: '{"a":1}', kinds: ['encoded'] })
    expect(toObjectText('"{\'a\':1}"', false)).toEqual({ json: '{"a":1}', kinds: ['encoded', 'syntax'] })
  })
})

test.each(['', ' ', 'null', '[]', '""', '"null"'])('%p means no arguments', (text) => {
  expect(meaningOf(text)).toEqual({})
})

describe('left alone is', () => {
  test.each([
    'ls -la',
    '[1, 2]',
    '7',
    '"x"',
    '{"a": "echo "hi""}',
    '{"a": "x", y", "b": 1}',
    '{"a": ls}',
    '{"a": NaN}',
    '{"a": "x',
    "{'a': 'x",
    '{"a": tru',
    '{"a": 1.',
    '{"a":',
    '{"a": 1, "b"',
    '{"a": 1, "b":}',
    '{"a": 1 "b": 2}',
    '{"a": 1,, "b": 2}',
    '{"a": 007}',
    '{"a": "\\d+"}',
    '{"a": "it\\\'s"}',
    '{"a": [1, ...]}',
    '{"a": ["b": 1]}',
    '{"a": 1}{"b": 2}',
    '{"a": 1} and so on',
    'Here: {"a": 1}',
  ])('%p, which may mean anything', (text) => {
    expect(toObjectText(text, false)).toBeUndefined()
  })

  test('all that was cut off', () => {
    for (const text of ['{"a": 1', "{'a': 1}", '{"a": 1,}', '```\n{}\n```'])
      expect(toObjectText(text, true)).toBeUndefined()
    expect(meaningOf('{"a": 1}', true)).toEqual({ a: 1 })
  })

  test('what nests too deep', () => {
    expect(toObjectText(`{'a':${'['.repeat(100_000)}`, false)).toBeUndefined()
  })
})

test('an object is what it is, to the letter', () => {
  fc.assert(
    fc.property(anyObject, (object) => {
      const json = JSON.stringify(object, null, 1)
      expect(toObjectText(json, false)).toEqual({ json, kinds: [] })
    }),
  )
})

test('wherever an object is cut, nothing is made up', () => {
  fc.assert(
    fc.property(anyObject, fc.nat(), (object, place) => {
      const json = JSON.stringify(object)
      const meant = meaningOf(json.slice(0, Math.max(1, place % json.length)))
      if (meant !== undefined) expect(JSON.stringify(meant).length).toBeLessThanOrEqual(json.length)
    }),
  )
})

test.each(['a', '"', "'", '-', '1,', ' ', '{', '"a" ', '\\'])('a megabyte of %p is soon given up', (unit) => {
  expect(toObjectText(`{"a":${unit.repeat(1_000_000 / unit.length)}`, false)).toBeUndefined()
})
