import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { createSeam } from '../../../src/messages/rescue/seam.ts'

/** What the client gets of a continuation that comes in these pieces; undefined when it is none. */
function join(said: string, ...pieces: readonly string[]): string | undefined {
  const seam = createSeam(said)
  let text = ''
  for (const piece of pieces) {
    const passed = seam.take(piece)
    if (passed === undefined) return undefined
    text += passed
  }
  return text + seam.end()
}

test.each([
  ['goes on', 'Once upon', [' a', ' time'], ' a time'],
  ['begins with the white space that was cut off', 'Once upon ', [' a time'], 'a time'],
  ['begins with it alone', 'Once upon \n', [' ', '\na time'], 'a time'],
  ['leaves it out', 'Once upon ', ['a time'], 'a time'],
  ['begins like what was said', 'The cat saw the dog. ', ['The', ' dog ran.'], 'The dog ran.'],
  [
    'tells all of it again first',
    'Once upon a time there was',
    ['Once upon a ti', 'me there was a cat'],
    ' a cat',
  ],
  ['says nothing', 'Once upon', [], ''],
])('a continuation that %s', (_, said, pieces, expected) => {
  expect(join(said, ...pieces)).toBe(expected)
})

test('a continuation that tells it another way is none', () => {
  expect(join('Once upon a time there was a cat', 'Once upon a time there lived a dog')).toBeUndefined()
})

test('a continuation that tells it again and breaks off adds nothing', () => {
  expect(join('Once upon a time there was a cat', 'Once upon a time there')).toBe('')
})

test('however it is cut, the same comes out', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.array(fc.nat(10)), (said, rest, cuts) => {
      const pieces: string[] = []
      let at = 0
      for (const cut of cuts) {
        pieces.push(rest.slice(at, at + cut))
        at += cut
      }
      pieces.push(rest.slice(at))
      expect(join(said, ...pieces)).toBe(join(said, rest))
    }),
  )
})
