import { expect, test } from 'bun:test'

import { continuesAnswers } from '../../src/translate/prefill.ts'
import { toTarget } from '../../src/translate/target.ts'

test.each([
  ['anthropic/claude-3.7-sonnet', true],
  ['anthropic/claude-3-5-haiku-20241022', true],
  ['claude-3-haiku-20240307', true],
  ['anthropic/claude-sonnet-4', true],
  ['anthropic/claude-opus-4.1', true],
  ['claude-sonnet-4-5-20250929', true],
  ['claude-opus-4-20250514', true],
  ['anthropic/claude-opus-4.6', false],
  ['anthropic/claude-opus-5', false],
  ['claude-opus-5-20260901', false],
  ['openai/gpt-5', false],
  ['google/gemini-2.5-pro', false],
  ['x-ai/grok-4', false],
  ['deepseek/deepseek-chat', true],
  ['meta-llama/llama-4-maverick', true],
])('%s continues answers: %p', (model, expected) => {
  expect(continuesAnswers(toTarget(model, true))).toBe(expected)
})
