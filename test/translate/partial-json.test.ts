import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { parseCutObject, parseDespiteComma, parseObject } from '../../src/translate/partial-json.ts'
import { anyObject } from './arbitrary.ts'

/** Whether a value is another one of which members at the ends are missing. */
function isPartOf(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part) && Array.isArray(whole)) return part.every((item, n) => isPartOf(item, whole[n]))
  if (isObject(part) && isObject(whole))
    return Object.keys(part).every((key) => Object.hasOwn(whole, key) && isPartOf(part[key], whole[key]))
  return Object.is(part, whole)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

test('wherever JSON is cut, what remains is a part of it', () => {
  fc.assert(
    fc.property(anyObject, fc.nat(), (object, place) => {
      const json = JSON.stringify(object)
      const part = parseCutObject(json.slice(0, place % (json.length + 1)))
      expect(isPartOf(part, JSON.parse(json))).toBe(true)
    }),
  )
})

test.each([
  ['{"a":1,"b":{"c":[1,2],"d":"x"}}', { a: 1, b: { c: [1, 2], d: 'x' } }],
  ['{"a":"x"', { a: 'x' }],
  ['{"a":{"b":"x"}', { a: { b: 'x' } }],
  ['{"a":true', { a: true }],
  ['{"a":1,"b":23', { a: 1 }],
  ['{"a":1,"b":"tex', { a: 1 }],
  ['{"a":1,"b":"te,{x', { a: 1 }],
  ['{"a":1,"b', { a: 1 }],
  ['{"a":1,"b":', { a: 1 }],
  ['{"a":[{"b":1},{"c"', { a: [{ b: 1 }, {}] }],
  ['{"a":"\\"', {}],
  ['', {}],
  ['no json', {}],
  ['[1,2]', {}],
])('%p, cut off, is %p', (text, object) => {
  expect(parseCutObject(text)).toEqual(object as Record<string, unknown>)
})

test.each([
  ['{"a":1,}', { a: 1 }],
  ['{"a":[1,2,]}', { a: [1, 2] }],
  ['{"a":"x,"}', undefined],
  ['{"a":1,"b":}', undefined],
  ['{"a":1', undefined],
])('%p, forgiven a comma at its end, is %p', (text, object) => {
  expect(parseDespiteComma(text)).toEqual(object)
})

test.each(['1', '"x"', 'null', '[{}]', '{', ''])('%p is no object', (text) => {
  expect(parseObject(text)).toBeUndefined()
})
