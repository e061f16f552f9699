import { expect, test } from 'bun:test'

import fc from 'fast-check'

import {
  MARKUP_START,
  flushMarkup,
  type MarkupPiece,
  mayBeMarkup,
  readMarkup,
} from '../../src/translate/markup.ts'
import { cutAt } from './arbitrary.ts'
import { terms } from './grammar.ts'

const TERMS = terms({ family: 'other' })
const call = (name: string): string => `<tool_call>{"name":"${name}","arguments":{"a":"<"}}</tool_call>`
const kimi = (name: string): string =>
  `<|tool_calls_section_begin|><|tool_call_begin|>functions.${name}:0<|tool_call_argument_begin|>{"a":1}` +
  '<|tool_call_end|><|tool_calls_section_end|>'

/** What an answer's text holds, with neighbouring pieces of one kind as one. */
function read(pieces: readonly string[], given = TERMS): readonly (readonly [kind: string, text: string])[] {
  const found: MarkupPiece[] = []
  let markup = MARKUP_START
  for (const piece of pieces) {
    const [next, more] = readMarkup(markup, piece, given)
    markup = next
    found.push(...more)
  }
  found.push(...flushMarkup(markup))
  const joined: [kind: string, text: string][] = []
  for (const piece of found) {
    const text = piece.kind === 'call' ? `${piece.call.name} ${piece.call.args}` : piece.text
    const last = joined.at(-1)
    if (last && last[0] === piece.kind && piece.kind !== 'call') last[1] += text
    else joined.push([piece.kind, text])
  }
  return joined
}

test.each<[what: string, text: string, found: readonly (readonly [string, string])[]]>([
  ['plain text', 'Hello <b>you</b>.', [['text', 'Hello <b>you</b>.']]],
  ['nothing', '', []],
  ['white space', ' \n', [['text', ' \n']]],
  [
    'a thought',
    '<think>Hm.</think>\n\nHello',
    [
      ['thought', 'Hm.'],
      ['text', 'Hello'],
    ],
  ],
  ['an empty thought', '<think></think>Hello', [['text', 'Hello']]],
  ['a thought without an end', '<think>Hm.</thi', [['thought', 'Hm.</thi']]],
  ['half a mark', '<thi', [['text', '<thi']]],
  [
    'a second thought',
    '<think>A</think>B<think>C</think>',
    [
      ['thought', 'A'],
      ['text', 'B<think>C</think>'],
    ],
  ],
  [
    'a call',
    `So: ${call('Bash')}!`,
    [
      ['text', 'So: '],
      ['call', 'Bash {"a":"<"}'],
      ['text', '!'],
    ],
  ],
  ['a call in other markup', kimi('Read'), [['call', 'Read {"a":1}']]],
  ['a call of an unknown tool', call('Launch'), [['text', call('Launch')]]],
  ['a call that has not ended', '<tool_call>{"name":"Bash"', [['text', '<tool_call>{"name":"Bash"']]],
  [
    'calls around broken ones',
    `${call('Bash')}${call('x')}${call('Read')}`,
    [
      ['call', 'Bash {"a":"<"}'],
      ['text', call('x')],
      ['call', 'Read {"a":"<"}'],
    ],
  ],
])('%s', (_, text, found) => {
  expect(read([text])).toEqual(found)
})

const parts = fc.constantFrom(
  '<',
  '<think>',
  '</think>',
  '<tool_call>',
  '</tool_call>',
  '<|tool_calls_section_begin|>',
  call('Bash'),
  call('x'),
  kimi('Read'),
  'Hello ',
  '\n',
  '{}',
)

test('text may be cut anywhere', () => {
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 8 }), (words, places) => {
      const whole = words.join('')
      expect(read(cutAt(whole, places))).toEqual(read([whole]))
    }),
    { numRuns: 2000 },
  )
})

test('nothing is lost but marks and the white space behind a thought', () => {
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), (words) => {
      const whole = words.join('')
      const texts = read([whole]).filter(([kind]) => kind !== 'call')
      for (const [, text] of texts) expect(whole).toContain(text)
      if (!whole.trimStart().startsWith('<think>') && !/tool_call/.test(whole))
        expect(texts.map(([, text]) => text).join('')).toBe(whole)
    }),
    { numRuns: 1000 },
  )
})

test('a call that does not end does not hold the text for ever', () => {
  const endless = `<tool_call>${'x'.repeat(70_000)}`
  const [markup, pieces] = readMarkup(MARKUP_START, endless, TERMS)
  expect(markup.held).toBe('')
  expect(pieces).toEqual([{ kind: 'text', text: endless }])
})

test('without tools no text waits for a call', () => {
  expect(
    readMarkup({ phase: 'text', held: '' }, '<tool_', terms({ family: 'other', toolNames: new Map() }))[0]
      .held,
  ).toBe('')
})

test('models of services that read their own markup are taken by their word', () => {
  for (const family of ['anthropic', 'openai', 'google', 'x-ai'] as const)
    expect(mayBeMarkup(MARKUP_START, '<think>', terms({ family }))).toBe(false)
})
