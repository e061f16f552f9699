import { describe, expect, test } from 'bun:test'

import {
  type Choice,
  type ChoiceTables,
  compileChoice,
  type RuleRow,
  type UpstreamRow,
} from '../../src/translate/choice.ts'
import type { ModelMap } from '../../src/translate/model.ts'

const MODELS: ModelMap = {
  big: 'anthropic/claude-sonnet-4',
  small: 'anthropic/claude-3.7-sonnet',
  bigIsSet: false,
  smallIsSet: false,
  aliases: {},
  openrouter: true,
}

const upstream = (name: string, row: Partial<UpstreamRow> = {}): UpstreamRow => ({
  name,
  wire: 'chat',
  dialect: 'openai',
  models: [],
  ...row,
})

const rule = (pattern: string, row: Partial<RuleRow> = {}): RuleRow => ({
  pattern,
  upstream: undefined,
  wire: undefined,
  fallbacks: undefined,
  options: {},
  cacheBreakpoints: undefined,
  ...row,
})

const OPENROUTER = upstream('default', { dialect: 'openrouter' })

interface Tables {
  readonly first?: UpstreamRow
  readonly others?: readonly UpstreamRow[]
  readonly rules?: readonly RuleRow[]
  readonly models?: Partial<ModelMap>
  readonly cacheBreakpoints?: ChoiceTables['cacheBreakpoints']
}

const choose = (requested: string, tables: Tables = {}): Choice =>
  compileChoice({
    models: { ...MODELS, ...tables.models },
    upstreams: [tables.first ?? OPENROUTER, ...(tables.others ?? [])],
    modelRules: tables.rules ?? [],
    cacheBreakpoints: tables.cacheBreakpoints ?? 'client',
  })(requested)

const placeOf = (requested: string, tables: Tables = {}): string => {
  const { upstream: name, model } = choose(requested, tables)
  return `${name}: ${model}`
}

test('without upstreams and rules everything goes to the default upstream', () => {
  expect(choose('openai/gpt-5')).toEqual({
    upstream: 'default',
    model: 'openai/gpt-5',
    wire: 'chat',
    fallbacks: [],
    options: {},
    cacheBreakpoints: 'client',
    serverTools: [],
  })
  expect(compileChoice()('any/name')).toEqual({ ...choose('any/name') })
})

describe('a name', () => {
  const others = [
    upstream('ollama'),
    upstream('second', { dialect: 'openrouter' }),
    upstream('claude', { models: ['claude-*'], wire: 'messages' }),
  ]

  test.each([
    ['ollama/qwen3:8b', 'ollama: qwen3:8b'],
    ['Ollama/Qwen/Qwen3-8B', 'ollama: Qwen/Qwen3-8B'],
    ['ollama/big', 'ollama: big'],
    ['ollama/claude-sonnet-4-5', 'ollama: claude-sonnet-4-5'],
    ['second/claude-sonnet-4-5-20250929', 'second: anthropic/claude-sonnet-4.5'],
    ['second/auto', 'second: auto'],
    ['default/claude-sonnet-4-5', 'default: anthropic/claude-sonnet-4.5'],
    ['default/ollama/qwen3', 'default: ollama/qwen3'],
    ['anthropic/claude-sonnet-4.5', 'default: anthropic/claude-sonnet-4.5'],
    ['openrouter/auto', 'default: openrouter/auto'],
    ['openrouter/openai/gpt-5', 'default: openai/gpt-5'],
    ['claude-sonnet-4-5-20250929', 'claude: claude-sonnet-4-5-20250929'],
    ['claude-sonnet-4-5[1m]', 'claude: claude-sonnet-4-5'],
    ['big', 'default: anthropic/claude-sonnet-4'],
    ['/x', 'default: /x'],
    ['ollama', 'default: ollama'],
    ['ollama/', 'ollama: '],
    ['constructor/x', 'default: constructor/x'],
  ])('%s is asked at %s', (requested, place) => {
    expect(placeOf(requested, { others })).toBe(place)
  })

  test('becomes what its alias says before its upstream is looked for', () => {
    const models = {
      aliases: { fast: 'ollama/qwen3', '*-mini': 'second/openai/gpt-5-mini' },
      big: 'claude/claude-opus-4-1',
      bigIsSet: true,
    }
    expect(placeOf('fast', { others, models })).toBe('ollama: qwen3')
    expect(placeOf('o4-mini', { others, models })).toBe('second: openai/gpt-5-mini')
    expect(placeOf('claude-sonnet-4-5', { others, models })).toBe('claude: claude-opus-4-1')
  })

  test('goes to an upstream that is called like a vendor, unless only its slug says so', () => {
    const anthropic = [upstream('anthropic')]
    expect(placeOf('anthropic/claude-opus-4-1', { others: anthropic })).toBe('anthropic: claude-opus-4-1')
    expect(placeOf('claude-opus-4-1', { others: anthropic })).toBe('default: anthropic/claude-opus-4.1')
  })

  test('may begin with openrouter/ where that is an upstream beside another one', () => {
    const tables = {
      first: upstream('default'),
      others: [upstream('openrouter', { dialect: 'openrouter' })],
      models: { openrouter: false, aliases: { fast: 'openrouter/openai/gpt-5-mini' } },
    } as const
    expect(placeOf('claude-opus-4-1', tables)).toBe('default: claude-opus-4-1')
    expect(placeOf('openrouter/claude-opus-4-1', tables)).toBe('openrouter: anthropic/claude-opus-4.1')
    expect(placeOf('openrouter/z-ai/glm-4.6', tables)).toBe('openrouter: z-ai/glm-4.6')
    expect(placeOf('openrouter/auto', tables)).toBe('openrouter: openrouter/auto')
    expect(placeOf('fast', tables)).toBe('openrouter: openai/gpt-5-mini')
  })
})

describe('the upstream of a model', () => {
  const others = [upstream('a', { models: ['gpt-*', 'o3'] }), upstream('b', { models: ['gpt-5*', '*'] })]

  test.each([
    ['gpt-4', 'a'],
    ['GPT-5-mini', 'b'],
    ['o3', 'a'],
    ['o3-mini', 'b'],
  ])('%s is the one with the most specific pattern: %s', (model, name) => {
    expect(choose(model, { others }).upstream).toBe(name)
  })

  test('is what a rule says, before patterns of upstreams and behind a name in the name', () => {
    const rules = [rule('gpt-*', { upstream: 'b' }), rule('gpt-5*', { wire: 'messages' })]
    expect(choose('gpt-5', { others, rules })).toMatchObject({ upstream: 'b', wire: 'messages' })
    expect(choose('a/gpt-5', { others, rules })).toMatchObject({ upstream: 'a', model: 'gpt-5' })
  })

  test('may be the default one by its own patterns', () => {
    const first = upstream('default', { models: ['gpt-4.1'] })
    expect(choose('gpt-4.1', { first, others }).upstream).toBe('default')
  })
})

describe('the rules for a model', () => {
  test('are found by the name without upstream, with it, and by the slug of OpenRouter', () => {
    const others = [upstream('local')]
    const wireOf = (requested: string, pattern: string): string =>
      choose(requested, { others, rules: [rule(pattern, { wire: 'messages' })] }).wire
    expect(wireOf('local/qwen3', 'qwen3')).toBe('messages')
    expect(wireOf('local/qwen3', 'LOCAL/*')).toBe('messages')
    expect(wireOf('claude-sonnet-4-5', 'claude-*')).toBe('messages')
    expect(wireOf('claude-sonnet-4-5', 'anthropic/*')).toBe('messages')
    expect(wireOf('claude-sonnet-4-5', 'claude')).toBe('chat')
  })

  test('may be about all models of an upstream, however they came there', () => {
    const others = [upstream('local', { models: ['qwen*'] })]
    const rules = [rule('local/*', { options: { seed: 7 } }), rule('default/*', { options: { seed: 8 } })]
    const seedOf = (model: string): unknown => choose(model, { others, rules }).options['seed']
    expect(['local/x', 'qwen3', 'openai/gpt-5'].map(seedOf)).toEqual([7, 7, 8])
  })

  test('are put together, the most specific one first', () => {
    const rules = [
      rule('*', { options: { seed: 1, top_k: 1 }, fallbacks: ['x'], cacheBreakpoints: 'auto' }),
      rule('openai/gpt-5', { options: { seed: 3 }, fallbacks: [] }),
      rule('openai/*', { options: { seed: 2, user: 'me' }, wire: 'messages', cacheBreakpoints: 'client' }),
    ]
    expect(choose('openai/gpt-5', { rules, cacheBreakpoints: 'auto' })).toMatchObject({
      options: { seed: 3, top_k: 1, user: 'me' },
      fallbacks: [],
      wire: 'messages',
      cacheBreakpoints: 'client',
    })
  })

  test('that are equally specific count in their order', () => {
    const rules = [rule('gpt-*', { fallbacks: ['first'] }), rule('*-gpt', { fallbacks: ['second'] })]
    expect(choose('gpt-gpt', { rules }).fallbacks).toEqual(['first'])
  })

  test('leave to the upstream and the settings what they do not say', () => {
    const first = upstream('default', { wire: 'messages' })
    expect(choose('x', { first, cacheBreakpoints: 'auto', rules: [rule('x')] })).toMatchObject({
      wire: 'messages',
      cacheBreakpoints: 'auto',
    })
  })
})

describe('a pattern', () => {
  const fits = (pattern: string, name: string): boolean =>
    choose(name, { rules: [rule(pattern, { wire: 'messages' })] }).wire === 'messages'

  test.each([
    ['*', 'anything', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['a*bc*c', 'abc', false],
    ['**x', 'x', true],
    ['gpt-4.1', 'gpt-4x1', false],
    ['GPT-4*', 'gpt-4.1', true],
    ['*mini', 'gpt-mini-2', false],
  ])('%s on %s: %p', (pattern, name, expected) => {
    expect(fits(pattern, name)).toBe(expected)
  })

  test('is compared in a time that grows with the name only', () => {
    const startedAtMs = performance.now()
    expect(fits('*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(100_000))).toBe(false)
    expect(performance.now() - startedAtMs).toBeLessThan(1000)
  })
})
