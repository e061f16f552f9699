import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { compilePattern } from '../../../src/translate/structured/pattern.ts'

const free = (): void => {}

const matches = (pattern: string, text: string): boolean | undefined => compilePattern(pattern, free)?.(text)

describe('compilePattern', () => {
  test.each([
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'abC', false],
    ['b', 'abc', true],
    ['^\\d{4}-\\d{2}$', '2026-11', true],
    ['^\\d{4}-\\d{2}$', '2026-1', false],
    ['^a{2,}$', 'a', false],
    ['^a{2,3}?$', 'aaa', true],
    ['^(?:ab|cd)*$', 'abcdab', true],
    ['^(?<year>\\d+)|x$', '1', true],
    ['\\bcat\\b', 'a cat!', true],
    ['\\bcat\\b', 'concat', false],
    ['a\\Bb', 'ab', true],
    ['^[\\]\\\\^-]+$', ']\\^-', true],
    ['^\\u{1F600}$', '😀', true],
    ['^\\ud83d\\ude00$', '😀', true],
    ['^.$', '😀', true],
    ['^.$', '\n', false],
    ['^\\p{Lu}\\P{Lu}$', 'Éa', true],
    ['^\\x41\\u0042\\.\\/\\t$', 'AB./\t', true],
    ['^$', '', true],
    ['', 'anything', true],
    ['^[^]{3}$', 'a\nb', true],
    ['^a{,2}$', 'a{,2}', true],
    ['^(|a|b)c$', 'bc', true],
  ])('%s and %j: %p', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  test.each([
    '(?=a)b',
    '(?<!a)b',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '(?i:a)',
    '(',
    '(a{1001}){1001}',
    '(){99999999999}',
  ])('cannot tell about %s', (pattern) => {
    expect(compilePattern(pattern, free)).toBeUndefined()
  })

  test.each(['^(a+)+$', '^(a|a)*$', '^(a*)*b$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    'takes few steps for %s on a text that it does not match',
    (pattern) => {
      let steps = 0
      const matcher = compilePattern(pattern, (count) => {
        steps += count
      })
      expect(matcher?.(`${'a'.repeat(2000)}!`)).toBe(false)
      expect(steps).toBeLessThan(100_000)
    },
  )

  test('agrees with the engine of the language', () => {
    const character = fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '\\w', '\\d', '\\b', '^', '$', '\\.')
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { depthSize: 'small' },
        character,
        fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `${one}${other}`),
        fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `(${one}|${other})`),
        fc
          .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{2,}', '*?'))
          .map(([one, sign]) => `(?:${one})${sign}`),
      ),
    }))
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '-', '\n'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        expect(matches(source, subject)).toBe(new RegExp(source, 'u').test(subject))
      }),
      { numRuns: 2000 },
    )
  })
})
