import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { fnv1a } from '../../src/translate/hash.ts'
import { decodeToken, encodeToken, isOurs, restoreDetails } from '../../src/translate/reasoning-token.ts'

test('a token carries any entry there and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.nat(), (data, provider, textHash) => {
      const token = {
        family: 'google' as const,
        provider,
        textHash,
        items: [{ type: 'reasoning.encrypted', data, id: 'call_1', unknown: { kept: [null, 1] } }],
      }
      const signature = encodeToken(token)
      expect(signature).toMatch(/^ors1\.[\w-]+$/)
      expect(decodeToken(signature)).toEqual(token)
    }),
  )
})

test('whatever a client sends back, reading it throws nothing', () => {
  const damaged = encodeToken({ family: 'openai', items: [{ type: 'plain', text: 'x' }] })
  fc.assert(
    fc.property(fc.nat(damaged.length), fc.string(), (length, rest) => {
      const token = decodeToken(damaged.slice(0, length) + rest)
      if (token) expect(restoreDetails(token, rest)).toBeArray()
    }),
  )
})

const encoded = (value: unknown): string => encodeToken(value as Parameters<typeof encodeToken>[0])

test.each([
  '',
  'EqQBCgIYAhIM',
  'ors1.',
  'ors1.!',
  'ors2.eyJ9',
  encoded(null),
  encoded({ family: 'openai' }),
  encoded({ family: 'openai', items: [null] }),
  encoded({ items: [] }),
])('%p is no token of ours', (signature) => {
  expect(decodeToken(signature)).toBeUndefined()
})

test.each([
  ['ors1.x', true],
  ['ors2.x', true],
  ['EqQBCgIYAhIM', false],
  ['orsx.', false],
])('%p looks like ours: %p', (signature, ours) => {
  expect(isOurs(signature)).toBe(ours)
})

test('text that the block shows is put back where it was cut out', () => {
  const token = {
    family: 'openai' as const,
    textHash: fnv1a('one\n\ntwo'),
    items: [
      { type: 'reasoning.summary', id: 'rs_1', at: [0, 3] as const },
      { type: 'reasoning.text', at: [5, 3] as const },
      { type: 'reasoning.encrypted', data: 'AAA=' },
    ],
  }
  expect(restoreDetails(token, 'one\n\ntwo')).toEqual([
    { type: 'reasoning.summary', id: 'rs_1', summary: 'one' },
    { type: 'reasoning.text', text: 'two' },
    { type: 'reasoning.encrypted', data: 'AAA=' },
  ])
})

test('where the client changed the text, only what needs no text is left', () => {
  const token = {
    family: 'openai' as const,
    textHash: fnv1a('one'),
    items: [
      { type: 'reasoning.summary', at: [0, 3] as const },
      { type: 'reasoning.encrypted', data: 'AAA=' },
    ],
  }
  expect(restoreDetails(token, 'other')).toEqual([{ type: 'reasoning.encrypted', data: 'AAA=' }])
})
