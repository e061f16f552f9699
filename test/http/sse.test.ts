import { expect, test } from 'bun:test'

import { encodeEvent } from '../../src/http/sse.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'

const delta = (fields: object): object => ({ type: 'content_block_delta', index: 0, ...fields })

test.each<[what: string, event: object]>([
  ['text', delta({ delta: { type: 'text_delta', text: 'a "quoted"\nline' } })],
  ['a piece of input', delta({ delta: { type: 'input_json_delta', partial_json: '{"a":' } })],
  ['a piece of a thought', delta({ delta: { type: 'thinking_delta', thinking: 'Hm.' } })],
  ['a field that nobody knows', delta({ delta: { type: 'text_delta', text: 'a', more: 1 } })],
  ['a field beside the delta', delta({ delta: { type: 'text_delta', text: 'a' }, more: 1 })],
  ['no delta', delta({})],
  ['no delta among other fields', delta({ a: 1, b: 2, c: 3 })],
  ['no text in it', delta({ delta: { type: 'text_delta', more: 1 } })],
  ['no text but a number', delta({ delta: { type: 'input_json_delta', partial_json: 0 } })],
  ['an index that is none', { ...delta({ delta: { type: 'text_delta', text: 'a' } }), index: { a: 1 } }],
  ['no index', { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } }],
])('an event with %s is written as its JSON', (_, event) => {
  const frame = encodeEvent(event as StreamEvent)
  expect(frame).toBe(`event: content_block_delta\ndata: ${JSON.stringify(event)}\n\n`)
})
