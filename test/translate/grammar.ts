import { expect } from 'bun:test'

import type { AnswerTerms } from '../../src/translate/terms.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'

/** The delta types that may stand in a block (Anthropic API, 4.2). */
const DELTAS: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  redacted_thinking: [],
  tool_use: ['input_json_delta'],
}

/** Holds for every event stream: the order of Anthropic API 4.2, whole or cut off where an answer broke. */
export function expectGrammar(events: readonly StreamEvent[], isWhole: boolean): void {
  const types = events.map((event) => event.type)
  if (isWhole || events.length > 0) expect(types[0]).toBe('message_start')
  expect(types.lastIndexOf('message_start')).toBeLessThanOrEqual(0)
  expect(types.slice(-2)).toEqual(isWhole ? ['message_delta', 'message_stop'] : types.slice(-2))
  expectBlocks(events, isWhole)
}

function expectBlocks(events: readonly StreamEvent[], isWhole: boolean): void {
  let index = -1
  let open: string | undefined
  let signed = false
  let visible = ''
  for (const event of events) {
    switch (event.type) {
      case 'content_block_start':
        expect(open).toBeUndefined()
        expect(event.index).toBe(++index)
        open = event.content_block.type
        signed = false
        visible = ''
        break
      case 'content_block_delta':
        expect(event.index).toBe(index)
        expect(DELTAS[open ?? '']).toContain(event.delta.type)
        expect(signed).toBe(false)
        signed = event.delta.type === 'signature_delta'
        if (event.delta.type === 'text_delta') visible += event.delta.text
        break
      case 'content_block_stop':
        expect(event.index).toBe(index)
        expect(open).toBeDefined()
        if (open === 'thinking') expect(signed).toBe(true)
        if (open === 'text') expect(visible.trim()).not.toBe('')
        open = undefined
        break
      case 'message_delta':
        expect(open).toBeUndefined()
        expect(isWhole).toBe(true)
        break
      case 'message_start':
      case 'message_stop':
        break
    }
  }
}

/** What an answer must know of its request, for a request that asks for nothing in particular. */
export const terms = (overrides: Partial<AnswerTerms> = {}): AnswerTerms => ({
  id: 'msg_1',
  model: 'big',
  family: 'other',
  inputTokens: 100,
  stopSequences: [],
  toolNames: new Map(['Bash', 'Read'].map((name) => [name, name])),
  toolInputs: new Map(),
  takenToolIds: new Set(),
  hideThinking: false,
  singleCall: false,
  asksContextEdits: false,
  citesWeb: false,
  details: false,
  usage: { hourCache: false, fast: false },
  ...overrides,
})
