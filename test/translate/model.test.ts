import { describe, expect, test } from 'bun:test'

import { mapModel, type ModelMap } from '../../src/translate/model.ts'

const DEFAULTS: ModelMap = {
  big: 'anthropic/claude-sonnet-4',
  small: 'anthropic/claude-3.7-sonnet',
  bigIsSet: false,
  smallIsSet: false,
  aliases: {},
  openrouter: true,
}

/** The operator has chosen targets for both tiers. */
const CHOSEN: ModelMap = {
  ...DEFAULTS,
  big: 'moonshotai/kimi-k2.5',
  small: 'qwen/qwen3-8b:free',
  bigIsSet: true,
  smallIsSet: true,
}
const ALIASES: ModelMap = {
  ...DEFAULTS,
  aliases: {
    sonnet: 'anthropic/claude-sonnet-4.5',
    'gpt-4.1': 'openai/gpt-4.1',
    'claude-opus-4-5': 'openai/gpt-5.2',
    'claude-*-haiku-*': 'small',
    'claude-opus-*': 'claude-opus-4-1-20250805',
    'gemini*': 'openrouter/google/gemini-3-pro-preview',
    'long[1m]': 'minimax/minimax-m1',
  },
}
const ELSEWHERE: ModelMap = { ...DEFAULTS, openrouter: false }

describe.each<[string, ModelMap, ReadonlyArray<readonly [string, string]>]>([
  [
    'with defaults',
    DEFAULTS,
    [
      ['big', 'anthropic/claude-sonnet-4'],
      ['small', 'anthropic/claude-3.7-sonnet'],
      ['Big', 'anthropic/claude-sonnet-4'],
      [' small ', 'anthropic/claude-3.7-sonnet'],
      ['claude-sonnet-4-5', 'anthropic/claude-sonnet-4.5'],
      ['claude-sonnet-4-5-20250929', 'anthropic/claude-sonnet-4.5'],
      ['claude-sonnet-4-20250514', 'anthropic/claude-sonnet-4'],
      ['claude-sonnet-4-0', 'anthropic/claude-sonnet-4'],
      ['claude-opus-4-1-20250805', 'anthropic/claude-opus-4.1'],
      ['claude-haiku-4-5@20251001', 'anthropic/claude-haiku-4.5'],
      ['claude-3-7-sonnet-latest', 'anthropic/claude-3.7-sonnet'],
      ['claude-3-5-haiku-20241022', 'anthropic/claude-3.5-haiku'],
      ['claude-3-opus-20240229', 'anthropic/claude-3-opus'],
      ['claude-sonnet-4.5', 'anthropic/claude-sonnet-4.5'],
      ['claude-opus-5-5', 'anthropic/claude-opus-5.5'],
      ['claude-fable-5-1', 'anthropic/claude-fable-5.1'],
      ['Claude-Sonnet-4-5', 'anthropic/claude-sonnet-4.5'],
      ['claude-sonnet-4-5[1m]', 'anthropic/claude-sonnet-4.5'],
      ['claude-sonnet-4-5-20250929[1M]', 'anthropic/claude-sonnet-4.5'],
      ['claude-sonnet-4-5-1m', 'anthropic/claude-sonnet-4.5'],
      ['big[1m]', 'anthropic/claude-sonnet-4'],
      ['claude-3-7-sonnet:thinking', 'anthropic/claude-3.7-sonnet:thinking'],
      ['claude-sonnet-4-5-20250929:beta', 'anthropic/claude-sonnet-4.5:beta'],
      ['anthropic/claude-sonnet-4', 'anthropic/claude-sonnet-4'],
      ['anthropic/claude-3.5-haiku-20241022', 'anthropic/claude-3.5-haiku-20241022'],
      ['anthropic/claude-sonnet-4[1m]', 'anthropic/claude-sonnet-4'],
      ['qwen/qwen2.5-14b-instruct-1m', 'qwen/qwen2.5-14b-instruct-1m'],
      ['deepseek/deepseek-r1:free', 'deepseek/deepseek-r1:free'],
      ['openrouter/openai/gpt-5.2', 'openai/gpt-5.2'],
      ['OpenRouter/openai/gpt-5.2', 'openai/gpt-5.2'],
      ['openrouter/deepseek/deepseek-r1:free', 'deepseek/deepseek-r1:free'],
      ['openrouter/auto', 'openrouter/auto'],
      ['openrouter/auto[1m]', 'openrouter/auto'],
      ['openrouter/free', 'openrouter/free'],
      ['openrouter/openrouter/auto', 'openrouter/auto'],
      ['openrouter/big', 'anthropic/claude-sonnet-4'],
      ['openrouter/claude-haiku-4-5', 'anthropic/claude-haiku-4.5'],
      ['@preset/mine', '@preset/mine'],
      ['~anthropic/claude-sonnet-latest', '~anthropic/claude-sonnet-latest'],
      ['gpt-5.2', 'gpt-5.2'],
      ['constructor', 'constructor'],
    ],
  ],
  [
    'with targets that the operator chose',
    CHOSEN,
    [
      ['big', 'moonshotai/kimi-k2.5'],
      ['small', 'qwen/qwen3-8b:free'],
      ['claude-opus-5', 'moonshotai/kimi-k2.5'],
      ['claude-sonnet-4-5-20250929', 'moonshotai/kimi-k2.5'],
      ['claude-haiku-4-5', 'qwen/qwen3-8b:free'],
      ['CLAUDE-HAIKU-4-5', 'qwen/qwen3-8b:free'],
      ['claude-3-5-haiku-20241022', 'qwen/qwen3-8b:free'],
      ['anthropic/claude-sonnet-4', 'anthropic/claude-sonnet-4'],
      ['openai/gpt-5.2', 'openai/gpt-5.2'],
    ],
  ],
  [
    'with one of them chosen',
    { ...DEFAULTS, small: 'qwen/qwen3-8b', smallIsSet: true },
    [
      ['claude-haiku-4-5', 'qwen/qwen3-8b'],
      ['claude-sonnet-4-5', 'anthropic/claude-sonnet-4.5'],
    ],
  ],
  [
    'with targets that are no slugs',
    {
      ...DEFAULTS,
      big: 'claude-sonnet-4-5[1m]',
      small: 'openrouter/google/gemini-3-flash',
      bigIsSet: true,
      smallIsSet: true,
    },
    [
      ['big', 'anthropic/claude-sonnet-4.5'],
      ['claude-opus-4-1', 'anthropic/claude-sonnet-4.5'],
      ['small', 'google/gemini-3-flash'],
    ],
  ],
  [
    'with aliases',
    ALIASES,
    [
      ['sonnet', 'anthropic/claude-sonnet-4.5'],
      ['Sonnet', 'anthropic/claude-sonnet-4.5'],
      ['sonnet[1m]', 'anthropic/claude-sonnet-4.5'],
      ['openrouter/sonnet', 'anthropic/claude-sonnet-4.5'],
      ['gpt-4.1', 'openai/gpt-4.1'],
      ['gpt-4x1', 'gpt-4x1'],
      ['claude-opus-4-5', 'openai/gpt-5.2'],
      ['claude-opus-4-6', 'anthropic/claude-opus-4.1'],
      ['claude-3-5-haiku-20241022', 'anthropic/claude-3.7-sonnet'],
      ['gemini', 'google/gemini-3-pro-preview'],
      ['gemini-2.5-flash', 'google/gemini-3-pro-preview'],
      ['my-gemini', 'my-gemini'],
      ['long[1m]', 'minimax/minimax-m1'],
      ['long', 'long'],
    ],
  ],
  [
    'for another server',
    ELSEWHERE,
    [
      ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-20250929'],
      ['claude-sonnet-4-5[1m]', 'claude-sonnet-4-5'],
      ['qwen3:8b', 'qwen3:8b'],
      ['openrouter/auto', 'auto'],
      ['openrouter/qwen/qwen3-8b', 'qwen/qwen3-8b'],
      ['big', 'anthropic/claude-sonnet-4'],
    ],
  ],
])('%s', (_, map, names) => {
  test.each(names)('%s → %s', (requested, slug) => {
    expect(mapModel(requested, map)).toBe(slug)
  })
})

test('a slug that was mapped stays what it is', () => {
  for (const requested of [
    'big',
    'claude-sonnet-4-5-20250929',
    'openrouter/openai/gpt-5.2',
    'claude-3-7-sonnet:thinking',
  ]) {
    const slug = mapModel(requested, DEFAULTS)
    expect(mapModel(slug, DEFAULTS)).toBe(slug)
  }
})
