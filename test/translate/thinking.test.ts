import { expect, test } from 'bun:test'

import type { ModelFacts, Target } from '../../src/translate/target.ts'
import { toTarget } from '../../src/translate/target.ts'
import { bodyOf, CLAUDE, DEEPSEEK, GEMINI, GPT, LOCAL, tool, withFacts } from './ask.ts'

const ON = { type: 'enabled', budget_tokens: 2048 }
const ADAPTIVE = { type: 'adaptive' }
const OFF = { type: 'disabled' }
const BETWEEN = { type: 'between_tools' }
const high = { output_config: { effort: 'high' } }
const max = { output_config: { effort: 'max' } }

const on = (reasoning: NonNullable<ModelFacts['reasoning']>, target: Target = GPT): Target =>
  withFacts(target, { reasoning })
const EFFORT_ONLY = on({ supportsMaxTokens: false, supportedEfforts: ['low', 'medium', 'high'] })
const MANDATORY = on({ mandatory: true, defaultEnabled: true })
const ON_BY_DEFAULT = on({ defaultEnabled: true }, DEEPSEEK)
const elsewhere = (model: string): Target => toTarget(model, false)

/** What of a body is about reasoning. */
const reasoningOf = ({ reasoning, reasoning_effort, verbosity }: Record<string, any>): object =>
  JSON.parse(JSON.stringify({ reasoning, reasoning_effort, verbosity }))

const CASES: ReadonlyArray<readonly [string, object, Target, object]> = [
  ['a budget is a budget', { thinking: ON }, CLAUDE, { reasoning: { enabled: true, max_tokens: 2048 } }],
  ['a budget for Gemini too', { thinking: ON }, GEMINI, { reasoning: { enabled: true, max_tokens: 2048 } }],
  [
    'Claude hears of the effort beside a budget as verbosity',
    { thinking: ON, ...high },
    CLAUDE,
    { reasoning: { enabled: true, max_tokens: 2048 }, verbosity: 'high' },
  ],
  [
    'others hear of the budget alone, never of both',
    { thinking: ON, ...high },
    GEMINI,
    { reasoning: { enabled: true, max_tokens: 2048 } },
  ],
  [
    'a model without budgets gets the effort that is nearest to its share: half',
    { thinking: ON },
    EFFORT_ONLY,
    { reasoning: { enabled: true, effort: 'medium' } },
  ],
  [
    'nearly all',
    { thinking: { ...ON, budget_tokens: 4000 } },
    EFFORT_ONLY,
    { reasoning: { enabled: true, effort: 'high' } },
  ],
  [
    'a quarter',
    { thinking: { ...ON, budget_tokens: 1024 } },
    EFFORT_ONLY,
    { reasoning: { enabled: true, effort: 'low' } },
  ],
  [
    'a tenth, and the model knows no less than low',
    { thinking: { ...ON, budget_tokens: 2000 }, max_tokens: 20_000 },
    EFFORT_ONLY,
    { reasoning: { enabled: true, effort: 'low' } },
  ],
  [
    'what the client says of effort counts more than the share',
    { thinking: ON, ...high },
    EFFORT_ONLY,
    { reasoning: { enabled: true, effort: 'high' } },
  ],
  ['adaptive invents no effort', { thinking: ADAPTIVE }, CLAUDE, { reasoning: { enabled: true } }],
  [
    'adaptive with effort (T57)',
    { thinking: ADAPTIVE, ...max },
    CLAUDE,
    { reasoning: { enabled: true, effort: 'max' } },
  ],
  [
    'an effort that the model does not know becomes the next lower one',
    { thinking: ADAPTIVE, ...max },
    EFFORT_ONLY,
    { reasoning: { enabled: true, effort: 'high' } },
  ],
  [
    'or the lowest that it knows',
    { thinking: ADAPTIVE, output_config: { effort: 'low' } },
    on({ supportedEfforts: ['none', 'high', 'xhigh'] }),
    { reasoning: { enabled: true, effort: 'high' } },
  ],
  ['between tools', { thinking: BETWEEN }, CLAUDE, { reasoning: { enabled: true } }],
  [
    'display changes nothing',
    { thinking: { ...ADAPTIVE, display: 'omitted' } },
    CLAUDE,
    { reasoning: { enabled: true } },
  ],
  ['disabled', { thinking: OFF }, GPT, { reasoning: { enabled: false } }],
  [
    'disabled, without the effort beside it (T56)',
    { thinking: OFF, ...high },
    CLAUDE,
    { reasoning: { enabled: false } },
  ],
  ['who cannot stop is not told to', { thinking: OFF, ...high }, MANDATORY, {}],
  ['absent says nothing (T58)', {}, GPT, {}],
  ['absent switches off what is on by default (T58)', {}, ON_BY_DEFAULT, { reasoning: { enabled: false } }],
  ['absent leaves Claude its default', {}, on({ defaultEnabled: true }, CLAUDE), {}],
  ['effort without thinking is verbosity for Claude', high, CLAUDE, { verbosity: 'high' }],
  ['effort without thinking is nothing for others', high, GPT, {}],
  ['but who reasons anyway hears of it', high, MANDATORY, { reasoning: { effort: 'high' } }],
  ['another server: disabled has no word', { thinking: OFF }, elsewhere('gpt-5.2'), {}],
  [
    'another server: effort',
    { thinking: ADAPTIVE, ...high },
    elsewhere('gpt-5.2'),
    { reasoning_effort: 'high' },
  ],
  [
    'another server: three levels',
    { thinking: ADAPTIVE, ...max },
    elsewhere('o4-mini'),
    { reasoning_effort: 'high' },
  ],
  ['another server: none is invented', { thinking: ADAPTIVE }, elsewhere('o4-mini'), {}],
  ['another server: a budget', { thinking: ON }, elsewhere('gpt-oss:20b'), { reasoning_effort: 'medium' }],
  [
    'another server: a small budget',
    { thinking: { ...ON, budget_tokens: 1024 }, max_tokens: 64_000 },
    elsewhere('gemini-3-pro'),
    { reasoning_effort: 'low' },
  ],
  ['another server: a model that takes no effort', { thinking: ADAPTIVE, ...high }, LOCAL, {}],
  ['another server: a chat model', { thinking: ADAPTIVE, ...high }, elsewhere('gpt-5-chat-latest'), {}],
  ['another server: absent', high, elsewhere('gpt-5.2'), {}],
]

test.each(CASES)('%s', (_, fields, target, expected) => {
  expect(reasoningOf(bodyOf(fields, target))).toEqual(expected)
})

test('a budget stays below the max_tokens that go upstream', () => {
  const thinking = { type: 'enabled', budget_tokens: 31_999 }
  const { reasoning, max_tokens } = bodyOf({ thinking, max_tokens: 32_000 }, CLAUDE, { maxTokensLimit: 8000 })
  expect({ max_tokens, reasoning }).toEqual({
    max_tokens: 8000,
    reasoning: { enabled: true, max_tokens: 7999 },
  })
})

test('with interleaved thinking a budget above max_tokens is lowered', () => {
  const thinking = { type: 'enabled', budget_tokens: 50_000 }
  const options = { betas: ['interleaved-thinking-2025-05-14'] }
  expect(bodyOf({ thinking }, CLAUDE, options)['reasoning']).toEqual({ enabled: true, max_tokens: 4095 })
})

test('where no budget has room there is no thinking', () => {
  const body = bodyOf({ thinking: ON }, CLAUDE, { maxTokensLimit: 1024 })
  expect(body['reasoning']).toEqual({ enabled: false })
})

test.each([
  ['reasoning', { max_tokens: 5000 }],
  ['reasoning_effort', 'minimal'],
  ['include_reasoning', false],
])("the client's own %s replaces all that would be said", (name, value) => {
  const body = bodyOf({ thinking: ON, ...high, [name]: value })
  expect(reasoningOf(body)).toEqual(name === 'include_reasoning' ? {} : { [name]: value })
  expect(body[name]).toEqual(value)
})

const called = {
  tools: [tool('go')],
  messages: [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'go', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }] },
  ],
}

test('lost thoughts are no reason for adaptive thinking to stop, nor for other models (T72)', () => {
  expect(bodyOf({ ...called, thinking: ADAPTIVE })['reasoning']).toEqual({ enabled: true })
  expect(bodyOf({ ...called, thinking: ON }, GEMINI)['reasoning']).toEqual({
    enabled: true,
    max_tokens: 2048,
  })
  expect(bodyOf({ ...called, thinking: ON })['reasoning']).toEqual({ enabled: false })
})

test('a model that must think is not told to stop when its thoughts are lost', () => {
  const target = on({ mandatory: true }, CLAUDE)
  expect(bodyOf({ ...called, thinking: ON }, target)['reasoning']).toBeUndefined()
})

test('a later turn without calls does not count as lost thoughts', () => {
  const messages = [
    ...called.messages,
    { role: 'assistant', content: 'Done.' },
    { role: 'user', content: 'And?' },
  ]
  expect(bodyOf({ ...called, messages, thinking: ON })['reasoning']).toEqual({
    enabled: true,
    max_tokens: 2048,
  })
})
