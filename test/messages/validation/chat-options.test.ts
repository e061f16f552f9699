import { describe, expect, test } from 'bun:test'

import { Failure } from '../../../src/core/errors.ts'
import { readProtocol } from '../../../src/http/protocol.ts'
import { checkOptionSources } from '../../../src/messages/validation/chat-options.ts'
import { toTarget } from '../../../src/translate/target.ts'
import { CHAT_OPTIONS, SHARED_NAMES } from '../../../src/wire/openrouter/options.ts'
import { PLUGIN_IDS } from '../../../src/wire/openrouter/plugins.ts'
import { ProviderPreferences } from '../../../src/wire/openrouter/provider.ts'
import { COUNTING, refusalOf, request, STRICT } from './bodies.ts'
import { OPTION_SAMPLES, SHARED_SAMPLES } from './option-samples.ts'

const TARGET = toTarget('a/b', true)
const NO_HEADERS = {}

/** What is said of options that stand outside of the body. */
function refusalOfSources(headers: Record<string, string>, options: object = {}): string | undefined {
  try {
    const { options: given } = readProtocol(new Headers(headers), false)
    checkOptionSources(given, { ...TARGET, options: { ...options } })
    return undefined
  } catch (error) {
    if (error instanceof Failure && error.status === 400) return error.message
    throw error
  }
}

const headerOf = (name: string): string => `x-openrouter-${name.replaceAll('_', '-')}`
const inHeader = (name: string, value: unknown): Record<string, string> => ({
  [headerOf(name)]: typeof value === 'string' ? value : JSON.stringify(value),
})

test('the samples leave out no option', () => {
  expect(Object.keys(OPTION_SAMPLES)).toEqual([...CHAT_OPTIONS])
  expect(Object.keys(SHARED_SAMPLES)).toEqual([...SHARED_NAMES])
})

describe.each(Object.entries(OPTION_SAMPLES))('%s', (name, [good, wrong, words]) => {
  test('passes from every source', () => {
    expect(refusalOf(request({ [name]: good }))).toBeUndefined()
    expect(refusalOf(request({ openrouter: { [name]: good } }))).toBeUndefined()
    expect(refusalOf(request({ [name]: good }), STRICT)).toBeUndefined()
    expect(refusalOfSources(inHeader(name, good))).toBeUndefined()
  })

  test('may be null, which says nothing', () => {
    expect(refusalOf(request({ [name]: null, openrouter: { [name]: null } }))).toBeUndefined()
  })

  test('is refused with its address when it is wrong', () => {
    expect(refusalOf(request({ [name]: wrong }))).toBe(`${name}${words}`)
    expect(refusalOf(request({ openrouter: { [name]: wrong } }))).toBe(`openrouter.${name}${words}`)
    expect(refusalOfSources(inHeader(name, wrong))).toBe(`header ${headerOf(name)}${words}`)
    if (name === 'max_completion_tokens') return
    expect(refusalOfSources(NO_HEADERS, { [name]: good })).toBeUndefined()
    const [path = '', ...rest] = words.split(': ')
    expect(refusalOfSources(NO_HEADERS, { [name]: wrong })).toBe(
      `options.${name}${path} (this server's setting for a/b): ${rest.join(': ')}`,
    )
  })
})

describe("names that Anthropic has, too, have chat completions' form", () => {
  const samples = Object.entries(SHARED_SAMPLES)

  test.each(samples)('%s inside the extension', (name, [good, wrong, words]) => {
    expect(refusalOf(request({ openrouter: { [name]: good } }))).toBeUndefined()
    expect(refusalOf(request({ openrouter: { [name]: wrong } }))).toBe(`openrouter.${name}${words}`)
  })

  // x-openrouter-metadata is a header of OpenRouter's own.
  test.each(samples.filter(([name]) => name !== 'metadata'))(
    '%s in a header',
    (name, [good, wrong, words]) => {
      expect(refusalOfSources(inHeader(name, good))).toBeUndefined()
      expect(refusalOfSources(inHeader(name, wrong))).toBe(`header ${headerOf(name)}${words}`)
    },
  )
})

/** A provider preference, what is right of it and what is wrong. */
const PREFERENCES: Readonly<Record<string, readonly [readonly unknown[], unknown, string]>> = {
  order: [[['a', 'openai/priority']], 'a', ': Input should be a valid list'],
  only: [[['a']], [1], '.0: Input should be a valid string'],
  ignore: [[[]], {}, ': Input should be a valid list'],
  allow_fallbacks: [[true], 1, ': Input should be a valid boolean'],
  require_parameters: [[false], 'no', ': Input should be a valid boolean'],
  data_collection: [['allow', 'deny'], 'some', ": Input should be 'allow' or 'deny'"],
  zdr: [[true], 'yes', ': Input should be a valid boolean'],
  enforce_distillable_text: [[true], 'yes', ': Input should be a valid boolean'],
  quantizations: [
    [['int4', 'mxfp8', 'unknown']],
    ['fp5'],
    ".0: Input should be 'int4', 'int8', 'fp4', 'mxfp4', 'nvfp4', 'fp6', 'fp8', 'mxfp8', 'fp16', 'bf16', 'fp32' or 'unknown'",
  ],
  sort: [
    ['exacto', { by: 'latency', partition: 'model' }],
    'fame',
    ": Input should be 'price', 'throughput', 'latency' or 'exacto'",
  ],
  max_price: [
    [{ prompt: 1, completion: '2.5' }, {}],
    { image: -1 },
    '.image: Input should be greater than or equal to 0',
  ],
  preferred_min_throughput: [[50, { p50: 1 }], 'much', ': Input should be a valid number'],
  preferred_max_latency: [[0.5, { p99: 3 }], { p90: -1 }, '.p90: Input should be greater than or equal to 0'],
}

describe('provider', () => {
  test('has 13 keys', () => {
    expect(Object.keys(PREFERENCES)).toHaveLength(13)
    expect(Object.keys(PREFERENCES)).toEqual(Object.keys(ProviderPreferences.properties))
  })

  test.each(Object.entries(PREFERENCES))('%s', (key, [good, wrong, words]) => {
    for (const value of good)
      expect(refusalOf(request({ openrouter: { provider: { [key]: value } } }))).toBeUndefined()
    expect(refusalOf(request({ openrouter: { provider: { [key]: wrong } } }))).toBe(
      `openrouter.provider.${key}${words}`,
    )
  })

  test("passes tomorrow's keys, also where the server is strict", () => {
    const body = request({ openrouter: { provider: { new: 1 }, new: 2 }, provider: { new: 1 } })
    expect(refusalOf(body)).toBeUndefined()
    expect(refusalOf(body, STRICT)).toBeUndefined()
  })
})

const PLUGINS: Readonly<Record<string, readonly [object, object, string]>> = {
  web: [
    { engine: 'native', max_results: 1 },
    { engine: 'crystal ball' },
    ".engine: Input should be 'native', 'exa', 'firecrawl', 'parallel' or 'perplexity'",
  ],
  'web-fetch': [{ max_uses: 1 }, { max_uses: 0 }, '.max_uses: Input should be greater than or equal to 1'],
  'file-parser': [
    { pdf: { engine: 'pdf-text' } },
    { pdf: { engine: 'eyes' } },
    ".pdf.engine: Input should be 'native', 'mistral-ocr', 'cloudflare-ai' or 'pdf-text'",
  ],
  moderation: [{}, { enabled: 1 }, '.enabled: Input should be a valid boolean'],
  'response-healing': [{ enabled: true }, { enabled: 1 }, '.enabled: Input should be a valid boolean'],
  'context-compression': [
    { engine: 'middle-out' },
    { engine: 'zip' },
    ".engine: Input should be 'middle-out'",
  ],
  'auto-router': [
    { allowed_models: ['a/*'] },
    { allowed_models: 'a' },
    '.allowed_models: Input should be a valid list',
  ],
  'auto-beta-router': [
    { excluded_models: ['a/*'] },
    { cost_quality_tradeoff: 11 },
    '.cost_quality_tradeoff: Input should be less than or equal to 10',
  ],
  'pareto-router': [
    { min_coding_score: 1 },
    { min_coding_score: 2 },
    '.min_coding_score: Input should be less than or equal to 1',
  ],
  fusion: [
    { analysis_models: ['a'], max_tool_calls: 16 },
    { max_tool_calls: 17 },
    '.max_tool_calls: Input should be less than or equal to 16',
  ],
  'switchyard-router': [{}, { enabled: 1 }, '.enabled: Input should be a valid boolean'],
}

describe('plugins', () => {
  test('are 11', () => {
    expect(PLUGIN_IDS).toHaveLength(11)
    expect(Object.keys(PLUGINS)).toEqual([...PLUGIN_IDS])
  })

  test.each(Object.entries(PLUGINS))('%s', (id, [good, wrong, words]) => {
    expect(refusalOf(request({ plugins: [{ id, ...good }] }))).toBeUndefined()
    expect(refusalOf(request({ plugins: [{ id: 'tomorrow' }, { id, ...wrong }] }))).toBe(`plugins.1${words}`)
  })
})

describe('reasoning', () => {
  test.each([
    [{ effort: 'max' }],
    [{ max_tokens: 2000 }],
    [{ enabled: true }],
    [{ exclude: true }],
    [{ effort: 'low', summary: 'concise', context: 'current_turn', mode: 'standard' }],
    [{ effort: null, max_tokens: 5 }],
  ])('may be %j', (reasoning) => {
    expect(refusalOf(request({ reasoning }))).toBeUndefined()
  })

  test('is by effort or by budget, whoever says it', () => {
    const both = { effort: 'low', max_tokens: 5 }
    const words = 'give either `effort` or `max_tokens`'
    expect(refusalOf(request({ reasoning: both }))).toBe(`reasoning: ${words}`)
    expect(refusalOf(request({ openrouter: { reasoning: both } }))).toBe(`openrouter.reasoning: ${words}`)
    expect(refusalOfSources(inHeader('reasoning', both))).toBe(`header x-openrouter-reasoning: ${words}`)
    expect(refusalOfSources(NO_HEADERS, { reasoning: both })).toEndWith(words)
  })
})

describe('what cannot stand there', () => {
  test.each(['model', 'messages', 'stream', 'tools'])('openrouter.%s: it is the request itself', (name) => {
    expect(refusalOf(request({ openrouter: { [name]: [] } }))).toBe(
      `openrouter.${name}: Extra inputs are not permitted; send it beside \`openrouter\``,
    )
    expect(refusalOfSources(NO_HEADERS, { [name]: [] })).toStartWith(`options.${name} (`)
  })

  test.each([
    ['n', 2, 'there is one answer a request; send several requests'],
    ['functions', [], 'use `tools`'],
    ['function_call', 'auto', 'use `tool_choice`'],
    ['prompt', 'x', 'use `messages`'],
  ])('%s, and what to use instead', (name, value, advice) => {
    expect(refusalOf(request({ [name]: value }))).toBe(`${name}: ${advice}`)
    expect(refusalOf(request({ openrouter: { [name]: value } }))).toBe(`openrouter.${name}: ${advice}`)
    expect(refusalOfSources(NO_HEADERS, { [name]: value })).toEndWith(advice)
  })

  test('a limit that the operator would set for each request', () => {
    for (const name of ['max_tokens', 'max_completion_tokens'])
      expect(refusalOfSources(NO_HEADERS, { [name]: 5 })).toEndWith('MAX_TOKENS_LIMIT lowers it')
  })

  test('tools of the wrong form', () => {
    const refused = (tools_extra: unknown) => refusalOf(request({ openrouter: { tools_extra } }))
    expect(refused([{ type: 'openrouter:datetime' }])).toBeUndefined()
    expect(refused('x')).toBe('openrouter.tools_extra: Input should be a valid list')
    expect(refused([{ type: 'function' }])).toBe('openrouter.tools_extra.0.function: Field required')
  })
})

test('counting tokens needs no option, and refuses none', () => {
  const body = request({ seed: 'x', openrouter: { model: 'y' }, max_tokens: undefined })
  expect(refusalOf(body, COUNTING)).toBeUndefined()
})
