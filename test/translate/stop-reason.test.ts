import { expect, test } from 'bun:test'

import { type Ending, toMessageDelta } from '../../src/translate/stop-reason.ts'

const ending = (overrides: Partial<Ending>): Ending => ({
  finish: undefined,
  native: undefined,
  hasToolCall: false,
  refusal: undefined,
  stopSequence: undefined,
  requestedStops: [],
  ...overrides,
})

test.each([
  // finish, native, without a tool call, with one
  ['stop', undefined, 'end_turn', 'tool_use'],
  ['tool_calls', undefined, 'end_turn', 'tool_use'],
  ['function_call', undefined, 'end_turn', 'tool_use'],
  [undefined, undefined, 'end_turn', 'tool_use'],
  ['something new', 'something else', 'end_turn', 'tool_use'],
  ['constructor', 'toString', 'end_turn', 'tool_use'],
  ['stop', 'pause_turn', 'pause_turn', 'tool_use'],
  ['stop', 'refusal', 'refusal', 'refusal'],
  ['stop', 'SAFETY', 'refusal', 'refusal'],
  ['content_filter', undefined, 'refusal', 'refusal'],
  ['length', undefined, 'max_tokens', 'max_tokens'],
  ['length', 'MAX_TOKENS', 'max_tokens', 'max_tokens'],
  [
    'length',
    'model_context_window_exceeded',
    'model_context_window_exceeded',
    'model_context_window_exceeded',
  ],
  ['stop', 'model_context_window_exceeded', 'model_context_window_exceeded', 'tool_use'],
] as const)('finish %p (%p) is %p, and with a tool call %p', (finish, native, without, withCall) => {
  expect(toMessageDelta(ending({ finish, native })).stop_reason).toBe(without)
  expect(toMessageDelta(ending({ finish, native, hasToolCall: true })).stop_reason).toBe(withCall)
})

test('a stop sequence that was found here counts more than how the upstream went on', () => {
  const found = { stopSequence: 'END', requestedStops: ['END', 'STOP'] }
  for (const finish of [undefined, 'stop', 'length'])
    expect(toMessageDelta(ending({ ...found, finish }))).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: 'END',
    })
  expect(toMessageDelta(ending({ ...found, hasToolCall: true })).stop_reason).toBe('tool_use')
})

test.each([
  [['END'], 'stop_sequence', 'END'],
  [['END', 'STOP'], 'stop_sequence', null],
  [[], 'end_turn', null],
] as const)(
  'of the sequences %p that the provider matched, the answer is %p with %p',
  (stops, reason, value) => {
    const delta = toMessageDelta(ending({ finish: 'stop', native: 'stop_sequence', requestedStops: stops }))
    expect(delta).toMatchObject({ stop_reason: reason, stop_sequence: value })
  },
)

test('a refusal carries the words of the model', () => {
  expect(toMessageDelta(ending({ finish: 'stop', refusal: 'No.' }))).toEqual({
    stop_reason: 'refusal',
    stop_sequence: null,
    stop_details: { type: 'refusal', category: null, explanation: 'No.' },
    container: null,
  })
  expect(toMessageDelta(ending({ finish: 'content_filter' })).stop_details?.explanation).toBeNull()
  expect(toMessageDelta(ending({ finish: 'stop' })).stop_details).toBeNull()
})
