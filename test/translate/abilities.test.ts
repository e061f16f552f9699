import { describe, expect, test } from 'bun:test'

import type { ModelFacts } from '../../src/translate/target.ts'
import { toTarget } from '../../src/translate/target.ts'
import { bodyOf, CLAUDE, DEEPSEEK, GEMINI, GPT, LOCAL, tool, withFacts } from './ask.ts'

const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }
const NOTE = '[an image that this model cannot see]'
const BLIND: ModelFacts = { inputModalities: ['text'] }
const SEEING: ModelFacts = { inputModalities: ['text', 'image'] }

describe('an image', () => {
  const messages = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look.' },
        { ...IMAGE, cache_control: { type: 'ephemeral' } },
      ],
    },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'go', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: [IMAGE] }] },
  ]
  const said = (facts: ModelFacts, target = DEEPSEEK) =>
    bodyOf({ tools: [tool('go')], messages }, withFacts(target, facts))['messages']

  test('is a note for a model that sees none, in words of the user and in results', () => {
    const [question, , result, ...more] = said(BLIND)
    expect(question.content).toEqual([
      { type: 'text', text: 'Look.' },
      { type: 'text', text: NOTE, cache_control: { type: 'ephemeral' } },
    ])
    expect(result).toEqual({ role: 'tool', tool_call_id: 'call_1', content: NOTE })
    expect(more).toEqual([])
  })

  test.each([
    ['that sees', SEEING],
    ['that is unknown', {}],
  ])('is an image for a model %s', (_, facts) => {
    const [question, , , moved] = said(facts)
    expect(question.content[1].type).toBe('image_url')
    expect(moved.content[1].type).toBe('image_url')
  })
})

describe('thinking', () => {
  const asked = { thinking: { type: 'enabled', budget_tokens: 2048 }, output_config: { effort: 'high' } }

  test('is not asked of a model that cannot', () => {
    const body = bodyOf(asked, withFacts(GPT, { supportedParameters: ['tools', 'temperature'] }))
    expect(body).not.toContainAnyKeys(['reasoning', 'verbosity'])
  })

  test.each([
    ['that can', { supportedParameters: ['reasoning'] }],
    [
      'of which more is known than the parameters say',
      { supportedParameters: [], reasoning: { mandatory: true } },
    ],
    ['that is unknown', {}],
  ])('is asked of a model %s', (_, facts) => {
    expect(bodyOf(asked, withFacts(GPT, facts))['reasoning']).toEqual({ enabled: true, max_tokens: 2048 })
  })
})

describe('the limit of the answer', () => {
  test.each([
    ['the newer name where the model knows only that', ['max_completion_tokens'], 'max_completion_tokens'],
    ['the older one where it knows both', ['max_tokens', 'max_completion_tokens'], 'max_tokens'],
    ['the older one where it knows neither', ['tools'], 'max_tokens'],
  ])('has %s', (_, supportedParameters, name) => {
    const body = bodyOf({ max_tokens: 100 }, withFacts(GPT, { supportedParameters }))
    expect(Object.keys(body).filter((key) => key.startsWith('max_'))).toEqual([name])
    expect(body[name]).toBe(100)
  })

  test('is no more than the model can write', () => {
    const body = bodyOf({ max_tokens: 100_000 }, withFacts(CLAUDE, { maxOutputTokens: 8192 }))
    expect(body['max_tokens']).toBe(8192)
  })
})

test.each(
  [CLAUDE, GPT, GEMINI, DEEPSEEK, LOCAL, toTarget('nobody/knows-it', true)].map(
    (target) => [target.model, target] as const,
  ),
)('%s works without any facts', (_, target) => {
  const fields = {
    system: 'Be kind.',
    tools: [tool('go')],
    tool_choice: { type: 'auto' },
    thinking: { type: 'adaptive' },
    temperature: 1,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Look.' }, IMAGE] }],
  }
  const body = bodyOf(fields, target)
  expect(body).toMatchObject({ model: target.model, max_tokens: 4096, tool_choice: 'auto' })
  expect(body['messages'][1].content[1].type).toBe('image_url')
  if (target.openrouter) expect(body['reasoning']).toEqual({ enabled: true })
})
