import { expect, test } from 'bun:test'

import { noteOf } from '../../src/translate/notes.ts'
import type { ContentBlock } from '../../src/wire/anthropic/content.ts'

const found = (tool_references: unknown): ContentBlock => ({
  type: 'tool_search_tool_result',
  tool_use_id: 'srvtoolu_1',
  content: { type: 'tool_search_tool_search_result', tool_references },
})

test('the tools that a search has found are told by name', () => {
  expect(noteOf(found([{ type: 'tool_reference', tool_name: 'weather' }]))).toBe(
    '[tool search tool result]\nTool available: weather',
  )
})

test.each([null, 7, 'weather', {}])('what names no tool is told as such: %j', (reference) => {
  expect(noteOf(found([reference]))).toBe('[tool search tool result]\nTool available: one without a name')
})
