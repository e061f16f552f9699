import { describe, expect, test } from 'bun:test'

import { readProtocol } from '../../src/http/protocol.ts'
import { findOptionLosses } from '../../src/translate/option-sources.ts'
import type { Target } from '../../src/translate/target.ts'
import type { MessagesRequest } from '../../src/wire/anthropic/request.ts'
import { OPTION_SAMPLES } from '../messages/validation/option-samples.ts'
import { ask, bodyOf, CLAUDE, GPT, LOCAL, tool, withFacts } from './ask.ts'

const withOptions = (options: object, target: Target = GPT): Target => ({
  ...target,
  options: { ...options },
})
const headerOf = (name: string): string => `x-openrouter-${name.replaceAll('_', '-')}`

/** Options with rules of their own, told in the tests around. */
const RULED = new Set([
  'plugins',
  'stream_options',
  'parallel_tool_calls',
  'max_completion_tokens',
  'include_reasoning',
])
const SAMPLES = Object.entries(OPTION_SAMPLES).filter(([name]) => !RULED.has(name))

describe('an option', () => {
  test.each(SAMPLES)('%s passes as a header and as what the operator set', (name, [value]) => {
    const headers = { [headerOf(name)]: typeof value === 'string' ? value : JSON.stringify(value) }
    expect(bodyOf({}, GPT, { headers })[name]).toEqual(value)
    expect(bodyOf({}, withOptions({ [name]: value }))[name]).toEqual(value)
    expect(bodyOf({}, withOptions({ [name]: value }, LOCAL))[name]).toEqual(value)
  })
})

describe('of several sources', () => {
  const operator = withOptions({ seed: 4 })
  const headers = { 'x-openrouter-seed': '3' }

  test.each([
    ['the extension wins', { seed: 2, openrouter: { seed: 1 } }, 1],
    ["then what stands beside Anthropic's fields", { seed: 2 }, 2],
    ['then the header', {}, 3],
    ['null in the extension hides all others', { seed: 2, openrouter: { seed: null } }, undefined],
    ['null beside hides those after it', { seed: null }, undefined],
  ])('%s', (_, fields, expected) => {
    expect(bodyOf(fields, operator, { headers })['seed']).toBe(expected)
  })

  test('the operator is heard last', () => {
    expect(bodyOf({}, operator)['seed']).toBe(4)
    expect(bodyOf({}, operator, { headers: { 'x-openrouter-seed': 'null' } })).not.toHaveProperty('seed')
  })

  test('a value replaces a weaker one as a whole', () => {
    const target = withOptions({ provider: { zdr: true, sort: 'price' } })
    expect(bodyOf({ provider: { sort: 'latency' } }, target)['provider']).toEqual({ sort: 'latency' })
  })

  test('all stop sequences are meant', () => {
    const { body, terms } = ask(
      { stop_sequences: ['a'], stop: 'b', openrouter: { stop: ['c'] } },
      withOptions({ stop: ['e'] }),
      { headers: { 'x-openrouter-stop': 'd' } },
    )
    expect(terms.stopSequences).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(body['stop']).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('fields that Anthropic has, too,', () => {
  const headers = {
    'x-openrouter-temperature': '0.3',
    'x-openrouter-top-k': '20',
    'x-openrouter-service-tier': 'flex',
    'x-openrouter-speed': 'fast',
  }

  test('stand in for those that the body leaves out', () => {
    const { body, terms } = ask({ temperature: 0.7 }, GPT, { headers })
    expect(body).toMatchObject({ temperature: 0.7, top_k: 20, service_tier: 'priority' })
    expect(terms.usage.fast).toBe(true)
  })

  test('keep to the rules of the model that they are for', () => {
    const body = bodyOf({ thinking: { type: 'adaptive' } }, CLAUDE, { headers })
    expect(body).not.toHaveProperty('temperature')
    expect(body).not.toHaveProperty('top_k')
  })

  test('leave the body alone where the extension says something else', () => {
    const body = bodyOf({ openrouter: { temperature: null } }, GPT, { headers })
    expect(body).not.toHaveProperty('temperature')
  })

  test.each([
    ['a header', { headers: { 'x-openrouter-tool-choice': 'required' } }, GPT],
    ['the operator', {}, withOptions({ tool_choice: 'required' })],
  ])("tool_choice of %s counts where there are tools and no choice of the client's", (_, options, target) => {
    const tools = [tool('a')]
    expect(bodyOf({ tools }, target, options)['tool_choice']).toBe('required')
    expect(bodyOf({ tools, tool_choice: { type: 'none' } }, target, options)['tool_choice']).toBe('none')
    expect(bodyOf({}, target, options)).not.toHaveProperty('tool_choice')
  })

  test("the operator's metadata and user join none of the client's", () => {
    const target = withOptions({ metadata: { team: 'red' }, user: 'operator' })
    expect(bodyOf({}, target)).toMatchObject({ metadata: { team: 'red' }, user: 'operator' })
    const body = bodyOf({ metadata: { user_id: 'me' } }, target)
    expect(body).toMatchObject({ user: 'me' })
    expect(body).not.toHaveProperty('metadata')
  })
})

describe('how to reason is heard from the operator', () => {
  const target = withOptions({ reasoning: { effort: 'low' } })

  test('where the client says nothing of it', () => {
    expect(bodyOf({}, target)['reasoning']).toEqual({ effort: 'low' })
    const reasoner = withFacts(target, { reasoning: { defaultEnabled: true } })
    expect(bodyOf({}, reasoner)['reasoning']).toEqual({ effort: 'low' })
  })

  test.each([
    ['thinking', { thinking: { type: 'adaptive' } }, { enabled: true }],
    ['no thinking', { thinking: { type: 'disabled' } }, { enabled: false }],
    ['words of chat completions', { openrouter: { reasoning: { enabled: true } } }, { enabled: true }],
  ])('not where it asks for %s', (_, fields, expected) => {
    expect(bodyOf(fields, target)['reasoning']).toEqual(expected)
  })

  test('nor beside the other words for it', () => {
    expect(bodyOf({ reasoning_effort: 'high' }, target)).not.toHaveProperty('reasoning')
    expect(bodyOf({ output_config: { effort: 'high' } }, target)['reasoning']).not.toEqual({ effort: 'low' })
  })
})

describe("the operator's options", () => {
  test("are passed on whatever their names, but for the server's own", () => {
    const target = withOptions(
      { chat_template_kwargs: { a: 1 }, details: true, tools_extra: [], n: 1 },
      LOCAL,
    )
    const { body, terms } = ask({}, target)
    expect(body).toMatchObject({ chat_template_kwargs: { a: 1 } })
    for (const name of ['details', 'tools_extra', 'n']) expect(body).not.toHaveProperty(name)
    expect(terms.details).toBe(true)
  })

  test('may name plugins; the one against cutting prompts stays', () => {
    const target = withOptions({ plugins: [{ id: 'web' }] })
    expect(bodyOf({}, target)['plugins']).toEqual([
      { id: 'web' },
      { id: 'context-compression', enabled: false },
    ])
    expect(bodyOf({ plugins: [] }, target)['plugins']).toEqual([
      { id: 'context-compression', enabled: false },
    ])
  })

  test('add to a stream what they say of streams', () => {
    const target = withOptions({ stream_options: { include_obfuscation: false } })
    expect(bodyOf({ stream: true }, target)['stream_options']).toEqual({
      include_usage: true,
      include_obfuscation: false,
    })
    expect(bodyOf({}, target)).not.toHaveProperty('stream_options')
  })
})

describe('details', () => {
  test.each([
    ['nobody', {}, GPT, {}, false],
    ['the extension', { openrouter: { details: true } }, GPT, {}, true],
    ['a header', {}, GPT, { 'x-openrouter-details': 'true' }, true],
    ['the operator', {}, withOptions({ details: true }), {}, true],
    [
      'the operator, against the client',
      { openrouter: { details: false } },
      withOptions({ details: true }),
      {},
      false,
    ],
  ])('are asked for by %s, and never upstream', (_, fields, target, headers, expected) => {
    const { body, terms } = ask(fields, target, { headers })
    expect(terms.details).toBe(expected)
    expect(body).not.toHaveProperty('details')
  })
})

describe('headers', () => {
  const headers = {
    'x-openrouter-title': 'My app',
    'x-openrouter-categories': 'cli-agent',
    'x-openrouter-metadata': 'enabled',
    'x-openrouter-cache': 'true',
    'x-openrouter-cache-ttl': '60',
    'x-openrouter-cache-clear': 'true',
  }

  test('that OpenRouter reads itself go upstream as headers', () => {
    const { body, headers: sent } = ask({}, GPT, { headers })
    expect(sent).toEqual(headers)
    for (const name of ['title', 'categories', 'metadata', 'cache', 'cache_ttl'])
      expect(body).not.toHaveProperty(name)
    expect(ask({}, LOCAL, { headers }).headers).toEqual({})
  })

  test('may be spelled with either sign', () => {
    expect(bodyOf({}, GPT, { headers: { 'x-openrouter-min_p': '0.1' } })['min_p']).toBe(0.1)
    expect(bodyOf({}, GPT, { headers: { 'X-OpenRouter-Min-P': '0.1' } })['min_p']).toBe(0.1)
  })

  test('hold text where an option is text', () => {
    const sent = bodyOf({}, GPT, {
      headers: {
        'x-openrouter-user': '42',
        'x-openrouter-session-id': '20261122001122334455',
        'x-openrouter-preset': '"quoted"',
      },
    })
    expect(sent).toMatchObject({ user: '42', session_id: '20261122001122334455', preset: 'quoted' })
  })

  test('of the request itself or of unknown names change nothing', () => {
    const sent = bodyOf({}, GPT, { headers: { 'x-openrouter-model': 'other', 'x-openrouter-new': '1' } })
    expect(sent).toEqual(bodyOf({}, GPT))
  })
})

describe('what is lost is told', () => {
  const lossesOf = (headers: Record<string, string>, target: Target, fields: object = {}) =>
    findOptionLosses(
      fields as MessagesRequest,
      readProtocol(new Headers(headers), false).options,
      target,
    ).map(({ path, message }) => `${path}: ${message}`)

  test('headers that set nothing', () => {
    const headers = { 'x-openrouter-seed': '1', 'x-openrouter-new': '1', 'x-openrouter-title': 'x' }
    expect(lossesOf(headers, GPT)).toEqual([
      'header x-openrouter-new: is not the name of an option, and is not sent',
    ])
  })

  test("headers of OpenRouter's for another server, but for who asks", () => {
    const headers = { 'x-openrouter-title': 'x', 'x-openrouter-cache': 'true' }
    expect(lossesOf(headers, GPT)).toEqual([])
    expect(lossesOf(headers, LOCAL)).toEqual([
      "header x-openrouter-cache: is not sent: this model's upstream is not OpenRouter",
    ])
  })

  test.each([
    ['debug', {}, { debug: {} }],
    ['openrouter.debug', {}, { openrouter: { debug: {} } }],
    ['header x-openrouter-debug', { 'x-openrouter-debug': '{}' }, {}],
  ])('%s without a stream', (path, headers, fields) => {
    expect(lossesOf(headers, GPT, fields)).toEqual([`${path}: has an effect only with \`stream: true\``])
    expect(lossesOf(headers, GPT, { ...fields, stream: true })).toEqual([])
  })

  test('nothing else', () => {
    expect(lossesOf({}, GPT)).toEqual([])
  })
})

describe('require_parameters', () => {
  const schema = { type: 'object', properties: {}, additionalProperties: false }
  const format = { output_config: { format: { type: 'json_schema', schema } } }
  const forced = { tools: [tool('a')], tool_choice: { type: 'any' } }
  const providerOf = (fields: object, target: Target = GPT) =>
    bodyOf(fields, target, { requireParameters: true })['provider']

  test.each([
    ['a schema', format],
    [
      'a schema in the words of chat completions',
      { response_format: { type: 'json_schema', json_schema: { name: 'a' } } },
    ],
    ['a forced call', forced],
    ['a certain call', { ...forced, tool_choice: { type: 'tool', name: 'a' } }],
  ])('is asked for beside %s, where the server is told so', (_, fields) => {
    expect(providerOf(fields)).toEqual({ require_parameters: true })
    expect(bodyOf(fields)).not.toHaveProperty('provider')
    expect(providerOf(fields, LOCAL)).toBeUndefined()
  })

  test.each([
    ['nothing special', {}],
    ['a free choice', { ...forced, tool_choice: { type: 'auto' } }],
    ['no call', { ...forced, tool_choice: { type: 'none' } }],
    ['plain JSON', { response_format: { type: 'json_object' } }],
  ])('is not, beside %s', (_, fields) => {
    expect(providerOf(fields)).toBeUndefined()
  })

  test("joins the client's preferences and never overrides them", () => {
    expect(providerOf({ ...format, provider: { sort: 'price' } })).toEqual({
      require_parameters: true,
      sort: 'price',
    })
    expect(providerOf({ ...format, provider: { require_parameters: false } })).toEqual({
      require_parameters: false,
    })
  })
})
