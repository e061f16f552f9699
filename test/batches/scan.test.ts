import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { createListScanner } from '../../src/batches/scan.ts'

const LIMITS = { maxElementBytes: 1e6 }

/** Scans a text cut into pieces of the given lengths, the last one over and over. */
function scan(text: string, lengths: readonly number[] = [1e9]) {
  const bytes = Buffer.from(text)
  const scanner = createListScanner('requests', LIMITS)
  const elements: string[] = []
  for (let from = 0, nth = 0; from < bytes.length; nth++) {
    const length = Math.max(1, lengths[Math.min(nth, lengths.length - 1)] ?? 1)
    for (const element of scanner.push(bytes.subarray(from, from + length)))
      elements.push(Buffer.from(element).toString())
    from += length
  }
  return { elements, around: scanner.end() }
}

describe('the scanner', () => {
  test('finds in any JSON, cut anywhere, what JSON.parse finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3, noNullPrototype: true }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(undefined, 1, '\t'),
        (requests, others, lengths, space) => {
          delete others['requests']
          delete others['__proto__']
          const text = JSON.stringify({ ...others, requests }, undefined, space)
          const { elements, around } = scan(text, lengths)
          expect(elements.map((element) => JSON.parse(element))).toEqual(JSON.parse(text).requests)
          expect(around).toEqual({ ...JSON.parse(text), requests: requests.map(() => 0) })
        },
      ),
      { numRuns: 400 },
    )
  })

  test.each([
    ['{"requests":[', 'unexpected end of data'],
    ['{"requests":[{"a":"b]}', 'unexpected end of data'],
    ['{"requests":[{}}}', "Expected ']'"],
    ['{"requests":[{},,{}]}', 'Unexpected'],
    ['{"requests":[{}{}]}', 'Expected'],
    ['{"requests":[{},]}', 'Unexpected'],
    ['{"requests":[{}]} x', 'Unable to parse'],
    ['}', 'unexpected bracket'],
    ['', 'unexpected end of data'],
    ['nonsense', 'Unexpected identifier'],
    ['{"requests" [1]}', 'Expected'],
  ])('refuses %p', (text, detail) => {
    expect(() => scan(text, [3])).toThrow(detail)
    expect(() => scan(text, [3])).toThrow('The request body is not valid JSON')
  })

  test('looks for its field in the top-level object alone', () => {
    expect(scan('{"a":{"requests":[1]},"b":[{"requests":[2]}],"requests":[3]}').elements).toEqual(['3'])
    expect(scan('[{"requests":[1]}]').elements).toEqual([])
    expect(scan('{"requests":{"requests":[1]}}').elements).toEqual([])
    expect(scan('{"a":"requests","b":[1]}').elements).toEqual([])
    expect(scan('{"\\u0072equests":[1]}').elements).toEqual(['1'])
    expect(scan('\uFEFF{"requests":[1]}').elements).toEqual(['1'])
  })

  test('refuses a list that is given twice', () => {
    expect(() => scan('{"requests":[1],"requests":[2]}')).toThrow('requests: given twice')
  })

  test('refuses what would fill the memory or the stack', () => {
    expect(() => scan(`{"requests":[{"a":"${'x'.repeat(1_000_001)}"}]}`, [65_536])).toThrow(
      'requests.0: Request exceeds the maximum size of 1000000 bytes',
    )
    expect(() => scan(`{"a":"${'x'.repeat(1_100_000)}","requests":[]}`)).toThrow('beside its requests')
    expect(() => scan(`{"requests":[${'['.repeat(2000)}`)).toThrow('nested too deeply')
  })
})
