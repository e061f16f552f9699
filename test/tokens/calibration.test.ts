import { describe, expect, test } from 'bun:test'

import { calibrationOf } from '../../src/tokens/calibration.ts'

describe('calibrationOf', () => {
  test.each([
    'claude-opus-4-7',
    'anthropic/claude-opus-4.7',
    'anthropic/claude-opus-4.8:beta',
    'claude-opus-5',
    'claude-sonnet-5-5-20260901',
    'claude-fable-5-1',
    'claude-haiku-10',
    'claude-sonnet-latest',
  ])('takes %s for a model with the new tokenizer', (model) => {
    expect(calibrationOf(model).textFactor).toBe(1.35)
  })

  test.each([
    'claude-3-5-haiku-20241022',
    'anthropic/claude-3.7-sonnet:thinking',
    'claude-sonnet-4-20250514',
    'anthropic/claude-sonnet-4',
    'claude-opus-4-1-20250805',
    'claude-opus-4-5@20251101',
    'us.anthropic.claude-sonnet-4-6-v1:0',
    'claude-2.1',
  ])('takes %s for a model with the tokenizer before', (model) => {
    expect(calibrationOf(model).textFactor).toBe(1.1)
  })

  test.each(['openai/gpt-5', 'o3-mini', 'google/gemini-3-pro', 'deepseek/deepseek-v3', ''])(
    'takes %j for another family',
    (model) => {
      expect(calibrationOf(model).textFactor).toBe(1)
    },
  )

  test('knows how much larger the tool prompt of the 4.5 generation is', () => {
    expect(calibrationOf('claude-sonnet-4-5').toolPrompt.auto).toBeGreaterThan(
      calibrationOf('claude-sonnet-4').toolPrompt.auto,
    )
  })
})
