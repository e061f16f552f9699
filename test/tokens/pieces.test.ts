import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { MAX_RUN, toPieces } from '../../src/tokens/pieces.ts'

const hasRunOver = (limit: number, text: string): boolean =>
  new RegExp(
    `\\p{L}{${limit + 1}}|\\p{N}{${limit + 1}}|\\s{${limit + 1}}|[^\\s\\p{L}\\p{N}]{${limit + 1}}`,
    'u',
  ).test(text)

/** Texts of long runs: the same few characters over and over, of one kind or of mixed ones. */
const runs = (characters: readonly string[]) =>
  fc
    .array(fc.tuple(fc.constantFrom(...characters), fc.nat(450)), { maxLength: 8 })
    .map((parts) => parts.map(([character, times]) => character.repeat(times)).join(''))

describe('toPieces', () => {
  test('leaves prose and code whole', () => {
    const code = 'const sum = (a: number, b: number) => a + b // 1234567890\n'.repeat(500)
    expect(toPieces(code)).toEqual([code])
    expect(toPieces('')).toEqual([''])
  })

  test.each([
    ['letters', 'a'],
    ['digits', '7'],
    ['spaces', ' '],
    ['newlines', '\n'],
    ['symbols', '!'],
    ['combining marks', '\u0301'],
    ['ideographs', '中'],
  ])('cuts 100,000 %s into runs of 200', (_, character) => {
    const pieces = toPieces(character.repeat(100_000))
    expect(pieces).toHaveLength(500)
    expect(new Set(pieces)).toEqual(new Set([character.repeat(MAX_RUN)]))
  })

  test('loses nothing and leaves no long run, whatever the mixture', () => {
    fc.assert(
      fc.property(runs(['a', 'é', 'ж', '中', '7', '٣', ' ', '\n', '\u2003', '!', '-', '\u0301']), (text) => {
        const pieces = toPieces(text)
        expect(pieces.join('')).toBe(text)
        expect(pieces.some((piece) => hasRunOver(MAX_RUN, piece))).toBe(false)
      }),
    )
  })

  test('bounds runs of letters beyond the basic plane too, and never splits a pair', () => {
    fc.assert(
      fc.property(runs(['中', '\u{20000}', '中\u{20000}', '7', '😀', 'a😀']), (text) => {
        const pieces = toPieces(text)
        expect(pieces.join('')).toBe(text)
        expect(pieces.every((piece) => piece.isWellFormed())).toBe(true)
        expect(pieces.some((piece) => hasRunOver(2 * MAX_RUN, piece))).toBe(false)
      }),
    )
  })

  test('keeps unpaired surrogates', () => {
    const text = '\udc00\ud800'.repeat(300)
    expect(toPieces(text).join('')).toBe(text)
  })
})
