import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { mergeTurns } from '../../src/translate/turns.ts'
import type { ContentBlock } from '../../src/wire/anthropic/content.ts'
import type { Message } from '../../src/wire/anthropic/request.ts'

const text = (words: string): ContentBlock => ({ type: 'text', text: words })

test('a string becomes one text block', () => {
  const [turn] = mergeTurns([{ role: 'user', content: 'hello' }])
  expect(turn?.content).toEqual([text('hello')])
})

test('neighbours of one role become one turn that remembers the first message', () => {
  const first: Message = { role: 'user', content: 'one' }
  const turns = mergeTurns([
    first,
    { role: 'user', content: [text('two')] },
    { role: 'assistant', content: 'three' },
    { role: 'assistant', content: 'four' },
  ])
  expect(turns.map(({ role, content }) => ({ role, content }))).toEqual([
    { role: 'user', content: [text('one'), text('two')] },
    { role: 'assistant', content: [text('three'), text('four')] },
  ])
  expect(turns[0]?.message).toBe(first)
})

test('system messages stay in place, alone, and keep their neighbours apart', () => {
  const turns = mergeTurns([
    { role: 'user', content: 'a' },
    { role: 'system', content: 'b' },
    { role: 'system', content: [text('c')] },
    { role: 'user', content: 'd' },
  ])
  expect(turns.map(({ role }) => role)).toEqual(['user', 'system', 'system', 'user'])
})

test.each([[''], [[]], [undefined]])(
  'a system message with the content %p is as if it were not there',
  (content) => {
    const empty: Message =
      content === undefined ? { role: 'system' } : { role: 'system', content: content as string }
    const turns = mergeTurns([{ role: 'user', content: 'a' }, empty, { role: 'user', content: 'b' }])
    expect(turns).toHaveLength(1)
    expect(turns[0]?.content).toEqual([text('a'), text('b')])
  },
)

test('an empty message of another role stays', () => {
  expect(mergeTurns([{ role: 'user', content: [] }])).toHaveLength(1)
})

test('blocks are handed on by reference, and so is the content of a lone message', () => {
  const block = text('a')
  const content = [block]
  const lone = mergeTurns([{ role: 'user', content }])
  expect(lone[0]?.content).toBe(content)
  const merged = mergeTurns([
    { role: 'user', content },
    { role: 'user', content: 'b' },
  ])
  expect(merged[0]?.content[0]).toBe(block)
  expect(content).toHaveLength(1)
})

const anyMessage: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom('user' as const, 'assistant' as const, 'system' as const),
  content: fc.oneof(fc.string(), fc.array(fc.string().map(text))),
})

test('merging loses no block and no order, and leaves no two neighbours to merge', () => {
  fc.assert(
    fc.property(fc.array(anyMessage), (messages) => {
      const turns = mergeTurns(messages)
      const said = messages.flatMap(({ role, content = [] }) => {
        if (typeof content !== 'string') return content
        return role === 'system' && content === '' ? [] : [text(content)]
      })
      expect(turns.flatMap(({ content }) => content)).toEqual(said)
      for (const [n, turn] of turns.entries())
        expect(turn.role !== 'system' && turn.role === turns[n + 1]?.role).toBe(false)
    }),
  )
})
