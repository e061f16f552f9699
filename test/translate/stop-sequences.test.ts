import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { scanForStop } from '../../src/translate/stop-sequences.ts'
import { cutAt } from './arbitrary.ts'

/** All that passes the scan of text in pieces, with what is held in the end. */
function scanAll(
  sequences: readonly string[],
  pieces: readonly string[],
): { text: string; hit: string | undefined } {
  let text = ''
  let held = ''
  for (const piece of pieces) {
    const scan = scanForStop(sequences, held, piece)
    text += scan.text
    held = scan.held
    if (scan.hit !== undefined) return { text, hit: scan.hit }
  }
  return { text: text + held, hit: undefined }
}

const letters = (constraints: fc.StringConstraints): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), ...constraints })

test('cutting changes nothing: the text before the sequence that is complete first', () => {
  fc.assert(
    fc.property(
      fc.array(letters({ minLength: 1, maxLength: 4 }), { maxLength: 3 }),
      letters({ maxLength: 30 }),
      fc.array(fc.nat(30)),
      (sequences, text, cuts) => {
        const cut = scanAll(sequences, cutAt(text, cuts))
        expect(cut).toEqual(scanAll(sequences, [text]))
        for (const sequence of sequences) expect(cut.text).not.toContain(sequence)
        if (cut.hit === undefined) expect(cut.text).toBe(text)
        else expect(text.startsWith(cut.text + cut.hit)).toBe(true)
      },
    ),
  )
})

test('the tail is held back only as far as it begins a sequence', () => {
  expect(scanForStop(['</answer>'], '', 'x </ans')).toEqual({ text: 'x ', held: '</ans', hit: undefined })
  expect(scanForStop(['</answer>'], '</ans', 'o')).toEqual({ text: '</anso', held: '', hit: undefined })
  expect(scanForStop(['</answer>'], '</ans', 'wer> y')).toEqual({ text: '', held: '', hit: '</answer>' })
})

test.each([
  [['b', 'abc'], 'xabc', 'xa', 'b'],
  [['c', 'abc'], 'xabc', 'x', 'abc'],
])('of %p in %p the text before is %p and the match %p', (sequences, text, before, hit) => {
  expect(scanForStop(sequences, '', text)).toEqual({ text: before, held: '', hit })
})
