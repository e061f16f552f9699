import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import type { Family } from '../../src/translate/family.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { replay } from '../../src/translate/machine.ts'
import { decodeToken, restoreDetails, type StoredDetail } from '../../src/translate/reasoning-token.ts'
import { piecesOf } from '../../src/translate/reasoning.ts'
import { streamMachine } from '../../src/translate/stream.ts'
import type { AnswerBlock } from '../../src/wire/anthropic/response.ts'
import type { Chunk, ReasoningDetail } from '../../src/wire/openrouter/chunk.ts'
import { cutAt } from './arbitrary.ts'
import { terms } from './grammar.ts'

// — the way there: entries, cut into the pieces that a stream brings —

const chunkOf = (piece: ReasoningDetail): Chunk => ({ choices: [{ delta: { reasoning_details: [piece] } }] })

const END: Chunk = { choices: [{ delta: { content: 'Done.' }, finish_reason: 'stop' }] }

function blocksOf(pieces: readonly ReasoningDetail[], family: Family, hideThinking: boolean): AnswerBlock[] {
  const machine = streamMachine(terms({ family, hideThinking }))
  return foldEvents(replay(machine, [...pieces.map(chunkOf), END])).content
}

/** The id and format come with the first piece only, as providers do it. */
function fragments(
  entry: ReasoningDetail,
  key: 'text' | 'summary',
  cuts: readonly number[],
): ReasoningDetail[] {
  const { type = '', index = null, signature } = entry
  const [first = '', ...rest] = cutAt(entry[key] ?? '', cuts)
  const { signature: _signature, ...opening } = entry
  return [
    { ...opening, [key]: first },
    ...rest.map((text) => ({ type, index, [key]: text })),
    ...(signature ? [{ type, index, [key]: '', signature }] : []),
  ]
}

// — the way back: blocks, read as a later request reads them —

const restore = (blocks: readonly AnswerBlock[]): StoredDetail[] =>
  blocks.flatMap((block): StoredDetail[] => {
    if (block.type === 'thinking') {
      const token = decodeToken(block.signature)
      if (token) return restoreDetails(token, block.thinking)
      return [{ type: 'reasoning.text', text: block.thinking, signature: block.signature }]
    }
    if (block.type !== 'redacted_thinking') return []
    const token = decodeToken(block.data)
    return token ? restoreDetails(token, '') : [{ type: 'reasoning.encrypted', data: block.data }]
  })

const someText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .filter((text) => text !== '[REDACTED]')
const cuts = fc.array(fc.nat(20), { maxLength: 4 })

describe('reasoning comes back as it was, however it was cut,', () => {
  test('in the raw form that Claude signed', () => {
    const entry = fc.oneof(
      fc.record({ type: fc.constant('reasoning.text'), text: someText }),
      fc.record({ type: fc.constant('reasoning.encrypted'), data: someText }),
    )
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), cuts, (bare, places) => {
        const format = 'anthropic-claude-v1'
        const entries: StoredDetail[] = bare.map((item, index) =>
          'text' in item ? { ...item, signature: `sig-${index}` } : { ...item, data: `${index}${item.data}` },
        )
        const pieces = entries.flatMap((item, index) =>
          item.text ? fragments({ ...item, index, format }, 'text', places) : [{ ...item, index, format }],
        )
        const blocks = blocksOf(pieces, 'anthropic', false)
        expect(blocks.map((block) => block.type).slice(0, -1)).toEqual(
          entries.map((item) => (item.text ? 'thinking' : 'redacted_thinking')),
        )
        expect(restore(blocks)).toEqual(entries)
      }),
      { numRuns: 300 },
    )
  })

  test('within the token of any other family, hidden or shown', () => {
    const entry = fc.oneof(
      fc.record({ type: fc.constant('reasoning.summary'), summary: someText }),
      fc.record({ type: fc.constant('reasoning.text'), text: someText }),
      fc.record({ type: fc.constant('reasoning.encrypted'), data: someText }),
    )
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 5 }),
        cuts,
        fc.boolean(),
        (bare, places, hidden) => {
          const entries: StoredDetail[] = bare.map((item, index) => ({
            ...item,
            ...('data' in item ? { data: `${index}${item.data}` } : {}),
            format: 'openai-responses-v1',
            id: `rs_${index}`,
            index,
          }))
          const pieces = entries.flatMap((item) => {
            if (item.text) return fragments(item, 'text', places)
            return item.summary ? fragments(item, 'summary', places) : [item]
          })
          const blocks = blocksOf(pieces, 'openai', hidden)
          expect(blocks).toHaveLength(2)
          expect(restore(blocks)).toEqual(entries)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('as the bare string that it was', () => {
    fc.assert(
      fc.property(
        someText,
        cuts,
        fc.constantFrom('reasoning', 'reasoning_content'),
        (text, places, field) => {
          const chunks: Chunk[] = cutAt(text, places).map((piece) => ({
            choices: [{ delta: { [field]: piece } }],
          }))
          const machine = streamMachine(terms({ family: 'deepseek' }))
          const { content } = foldEvents(replay(machine, [...chunks, END]))
          expect(restore(content)).toEqual([{ type: 'plain', field, text } as StoredDetail])
        },
      ),
      { numRuns: 300 },
    )
  })
})

const claude = { type: 'reasoning.text', format: 'anthropic-claude-v1' }

test("a signature in one piece with its text is the block's", () => {
  const [block] = blocksOf([{ ...claude, text: 'Hm.', signature: 'sig', index: 0 }], 'anthropic', false)
  expect(block).toEqual({ type: 'thinking', thinking: 'Hm.', signature: 'sig' })
})

test('a signature finds its text even under another index', () => {
  const blocks = blocksOf(
    [
      { ...claude, text: 'Hm.', index: 0 },
      { ...claude, signature: 'sig', index: 1 },
    ],
    'anthropic',
    false,
  )
  expect(blocks[0]).toEqual({ type: 'thinking', thinking: 'Hm.', signature: 'sig' })
  expect(blocks).toHaveLength(2)
})

test('text after a signature begins another block, though the index is the same', () => {
  const blocks = blocksOf(
    [
      { ...claude, text: 'One.', signature: 'sig-1', index: 0 },
      { ...claude, text: 'Two.', signature: 'sig-2', index: 0 },
    ],
    'anthropic',
    false,
  )
  expect(blocks.slice(0, 2)).toEqual([
    { type: 'thinking', thinking: 'One.', signature: 'sig-1' },
    { type: 'thinking', thinking: 'Two.', signature: 'sig-2' },
  ])
})

test('encrypted entries join only where an index says that they are pieces of one', () => {
  const piece = { type: 'reasoning.encrypted', format: 'google-gemini-v1' }
  const dataOf = (pieces: readonly ReasoningDetail[]): unknown[] =>
    restore(blocksOf(pieces, 'google', false)).map(({ data }) => data)
  expect(
    dataOf([
      { ...piece, data: 'AA', index: 0 },
      { ...piece, data: 'BB', index: 0 },
    ]),
  ).toEqual(['AABB'])
  expect(
    dataOf([
      { ...piece, data: 'AA', index: 0 },
      { ...piece, data: 'BB', index: 1 },
    ]),
  ).toEqual(['AA', 'BB'])
  expect(
    dataOf([
      { ...piece, data: 'AA' },
      { ...piece, data: 'BB' },
    ]),
  ).toEqual(['AA', 'BB'])
  expect(
    dataOf([
      { ...piece, data: 'AA' },
      { ...piece, data: 'AA' },
    ]),
  ).toEqual(['AA'])
})

test('a long summary that is repeated whole is told once', () => {
  const piece = { type: 'reasoning.summary', summary: 'Reading both files first.', index: 0 }
  const [block] = blocksOf([piece, piece], 'openai', false)
  expect(block).toMatchObject({ thinking: 'Reading both files first.' })
})

test('the string counts only where no detail of the same chunk has text', () => {
  const detail = { type: 'reasoning.text', text: 'a' }
  const encrypted = { type: 'reasoning.encrypted', data: 'AA' }
  const plain = { type: 'plain', field: 'reasoning', text: 'a' }
  expect(piecesOf({ reasoning: 'a', reasoning_details: [detail] })).toEqual([detail])
  expect(piecesOf({ reasoning: 'a', reasoning_details: [encrypted] })).toEqual([
    encrypted,
    plain,
  ] as StoredDetail[])
  expect(piecesOf({ reasoning: 'a', reasoning_content: 'a' })).toEqual([plain] as StoredDetail[])
  expect(piecesOf({ reasoning: '[REDACTED]', reasoning_details: [] })).toEqual([])
})
