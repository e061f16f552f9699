import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { expectsValue, JSON_START, missingBrackets, scanJson } from '../../src/translate/json-scan.ts'
import { anyObject, cutAt } from './arbitrary.ts'

test('the end of an object is found wherever it is cut, and nothing behind it is looked at', () => {
  fc.assert(
    fc.property(anyObject, fc.string(), fc.array(fc.nat(200)), (object, rest, cuts) => {
      const json = JSON.stringify(object)
      let scan = JSON_START
      let passed = 0
      for (const piece of cutAt(json + rest, cuts)) {
        const step = scanJson(scan, piece)
        scan = step.scan
        if (step.end >= 0) {
          expect(passed + step.end).toBe(json.length)
          break
        }
        passed += piece.length
      }
      expect(scan.complete).toBe(true)
    }),
  )
})

test('missing brackets complete an object that lacks only those', () => {
  fc.assert(
    fc.property(anyObject, (object) => {
      const json = JSON.stringify(object)
      const { scan } = scanJson(JSON_START, json.replace(/[}\]]+$/, ''))
      const start = json.replace(/[}\]]+$/, '')
      if (missingBrackets(scan) !== '') expect(start + missingBrackets(scan)).toBe(json)
    }),
  )
})

test.each([
  ['{"a":[{"b":1', '}]}'],
  ['{"a":"}', ''],
  ['{"a":', ''],
  ['{"a":1,', ''],
  ['{', '}'],
  ['', ''],
])('what is missing of %p is %p', (text, missing) => {
  expect(missingBrackets(scanJson(JSON_START, text).scan)).toBe(missing)
})

test.each([
  ['', true],
  ['{', true],
  ['{"a":', true],
  ['{"a":1, ', true],
  ['{"a":[', true],
  ['{"a":"[', false],
  ['{"a":1', false],
  ['{"a":"\\"', false],
])('after %p a key or a value must come: %p', (text, expected) => {
  expect(expectsValue(scanJson(JSON_START, text).scan)).toBe(expected)
})
