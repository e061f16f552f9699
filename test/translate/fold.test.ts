import { expect, test } from 'bun:test'

import { Failure } from '../../src/core/errors.ts'
import { begin, START } from '../../src/translate/answer-state.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { estimatedUsage } from '../../src/translate/usage.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import type { StopReason } from '../../src/wire/anthropic/response.ts'
import { terms } from './grammar.ts'

const start = (): StreamEvent[] => {
  const events: StreamEvent[] = []
  begin(START, terms(), events)
  return events
}

const ended = (stop_reason: StopReason): StreamEvent[] => [
  {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence: null, stop_details: null, container: null },
    usage: estimatedUsage(7, 3),
  },
  { type: 'message_stop' },
]

/** A tool call whose arguments come as this text. */
const toolCall = (partial_json: string): StreamEvent[] => [
  {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {}, caller: { type: 'direct' } },
  },
  { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json } },
  { type: 'content_block_stop', index: 0 },
]

const inputOf = (partial_json: string, stop: StopReason): unknown => {
  const [block] = foldEvents([...start(), ...toolCall(partial_json), ...ended(stop)]).content
  return block?.type === 'tool_use' ? block.input : undefined
}

test('the end replaces what the beginning guessed', () => {
  const message = foldEvents([...start(), ...ended('end_turn')])
  expect(message).toMatchObject({
    content: [],
    stop_reason: 'end_turn',
    usage: { input_tokens: 7, output_tokens: 3 },
  })
})

test('arguments become an object', () => {
  expect(inputOf('{"command":"ls"}', 'tool_use')).toEqual({ command: 'ls' })
  expect(inputOf('{"command":"ls",}', 'tool_use')).toEqual({ command: 'ls' })
})

test.each(['max_tokens', 'model_context_window_exceeded', 'refusal'] as const)(
  'arguments that %s cut off keep their complete members',
  (stop) => {
    expect(inputOf('{"command":"ls","timeout":10', stop)).toEqual({ command: 'ls' })
    expect(inputOf('', stop)).toEqual({})
  },
)

test.each(['ls -la', '[1]', '"x"', '{"command":"ls"', '{"a":1}{"b":2}'])(
  'the arguments %p of a finished call are a failure, not an empty object',
  (text) => {
    expect(() => inputOf(text, 'tool_use')).toThrow(Failure)
  },
)

test('events without a beginning are a failure', () => {
  expect(() => foldEvents(ended('end_turn'))).toThrow(Failure)
})

test('blocks, deltas, events and fields that nobody here knows do no harm, and what can stay stays', () => {
  const odd = [
    ...start(),
    { type: 'ping' },
    { type: 'content_block_start', index: 0, content_block: { type: 'of_tomorrow', parts: [1], text: 'a' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'tomorrow_delta', text: 'b' } },
    { type: 'content_block_delta', index: 7, delta: { type: 'text_delta', text: 'lost' } },
    { type: 'content_block_start', index: 1, content_block: { type: 'compaction', content: null } },
    {
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'compaction_delta', content: 'sum', encrypted_content: 'x' },
    },
    {
      type: 'message_delta',
      delta: { stop_reason: 'of_tomorrow' },
      usage: { output_tokens: 3, speed: null },
      extra: 1,
    },
    { type: 'message_stop' },
  ] as unknown as StreamEvent[]
  expect(foldEvents(odd) as object).toMatchObject({
    content: [
      { type: 'of_tomorrow', parts: [1], text: 'a' },
      { type: 'compaction', content: 'sum', encrypted_content: 'x' },
    ],
    stop_reason: 'of_tomorrow',
    usage: { input_tokens: 100, output_tokens: 3 },
    extra: 1,
  })
})

test.each(['tool_use', 'server_tool_use'])('a %s without any text of arguments has none', (type) => {
  const block = { type, id: 'toolu_1', name: 'Bash', input: {} }
  const events = [
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '' } },
  ] as unknown as StreamEvent[]
  expect(foldEvents([...start(), ...events, ...ended('tool_use')]).content as unknown[]).toEqual([block])
})
