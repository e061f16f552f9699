import { describe, expect, test } from 'bun:test'

import {
  type Asking,
  howToAsk,
  systemWithFormat,
  toResponseFormat,
} from '../../../src/translate/structured/asking.ts'
import { type AnswerFormat, findFormat } from '../../../src/translate/structured/format.ts'
import { toTarget } from '../../../src/translate/target.ts'
import type { MessagesRequest } from '../../../src/wire/anthropic/request.ts'

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const FORMAT = { type: 'json_schema' as const, schema: SCHEMA }
const CHAT_FORMAT = {
  type: 'json_schema',
  json_schema: { name: 'place', schema: SCHEMA, strict: false },
}
const JSON_OBJECT = { type: 'json_object' }

const requestOf = (fields: object): MessagesRequest =>
  ({ model: 'm', max_tokens: 10, messages: [], ...fields }) as unknown as MessagesRequest
const withSchema = (schema: object, fields: object = {}): MessagesRequest =>
  requestOf({ output_config: { format: { type: 'json_schema', schema } }, ...fields })

const TOOLS = { tools: [{ name: 'look', input_schema: { type: 'object' } }] }

function formatOf(request: MessagesRequest, headers = {}): AnswerFormat {
  const format = findFormat(request, headers)
  if (!format) throw new Error('no format')
  return format
}

describe('findFormat', () => {
  test.each([
    ['output_config.format', { output_config: { format: FORMAT } }, {}],
    ['output_format', { output_format: FORMAT }, {}],
    ['response_format.json_schema', { response_format: CHAT_FORMAT }, {}],
    ['openrouter.response_format.json_schema', { openrouter: { response_format: CHAT_FORMAT } }, {}],
    ['x-openrouter-response_format.json_schema', {}, { response_format: CHAT_FORMAT }],
  ])('reads %s', (path, fields, headers) => {
    expect(findFormat(requestOf(fields), headers)).toMatchObject({ path, schema: SCHEMA })
  })

  test('hears chat completions words first, those inside `openrouter` before all others', () => {
    const fields = { output_config: { format: FORMAT }, response_format: CHAT_FORMAT }
    expect(findFormat(requestOf(fields))?.name).toBe('place')
    const inside = { ...fields, openrouter: { response_format: JSON_OBJECT } }
    expect(findFormat(requestOf(inside))?.schema).toBeUndefined()
  })

  test.each([
    {},
    { output_config: null },
    { output_config: { effort: 'low' } },
    { response_format: { type: 'text' } },
    { response_format: 'json' },
    { response_format: { type: 'json_schema' } },
  ])('finds none in %j', (fields) => {
    expect(findFormat(requestOf(fields))).toBeUndefined()
  })

  test('takes json_schema without a schema for any JSON', () => {
    const fields = { response_format: { type: 'json_schema', json_schema: {} } }
    expect(findFormat(requestOf(fields))).toMatchObject({ schema: undefined, name: 'output' })
  })
})

describe('howToAsk', () => {
  const knowing = (...supportedParameters: string[]) => ({ facts: { supportedParameters } })
  const MAP = { type: 'object', additionalProperties: { type: 'number' } }
  const TREE = { $defs: { n: { properties: { n: { $ref: '#/$defs/n' } } } }, $ref: '#/$defs/n' }
  const TWICE = {
    $defs: { n: { type: 'string' } },
    type: 'object',
    properties: { a: { $ref: '#/$defs/n' }, b: { $ref: '#/$defs/n' } },
    additionalProperties: false,
  }

  const CASES: ReadonlyArray<readonly [string, MessagesRequest, Parameters<typeof toTarget>, Asking]> = [
    [
      'a model that OpenRouter says knows schemas',
      withSchema(SCHEMA),
      ['x/y', true, knowing('structured_outputs')],
      'native',
    ],
    ['a model that is not in the catalogue', withSchema(SCHEMA), ['x/y', true], 'native'],
    ['a model that knows JSON only', withSchema(SCHEMA), ['x/y', true, knowing('response_format')], 'json'],
    ['a model that knows neither', withSchema(SCHEMA), ['x/y', true, knowing('tools')], 'prompt'],
    ['JSON only, and tools', withSchema(SCHEMA, TOOLS), ['x/y', true, knowing('response_format')], 'prompt'],
    ['Claude', withSchema(SCHEMA), ['anthropic/claude-opus-5.5', true], 'native'],
    ['Claude with tools', withSchema(SCHEMA, TOOLS), ['anthropic/claude-opus-5.5', true], 'native'],
    [
      'Claude and a schema that is used twice',
      withSchema(TWICE),
      ['anthropic/claude-opus-5.5', true],
      'native',
    ],
    ['Claude and a map', withSchema(MAP), ['anthropic/claude-opus-5.5', true], 'prompt'],
    ['Claude and recursion', withSchema(TREE), ['anthropic/claude-opus-5.5', true], 'prompt'],
    ['GPT and recursion', withSchema(TREE), ['openai/gpt-5.5', true], 'native'],
    [
      'an old Claude',
      withSchema(SCHEMA),
      ['anthropic/claude-3-haiku', true, knowing('response_format')],
      'prompt',
    ],
    ['Gemini', withSchema(SCHEMA), ['google/gemini-3-pro', true], 'native'],
    ['Gemini with tools', withSchema(SCHEMA, TOOLS), ['google/gemini-3-pro', true], 'prompt'],
    ["DeepSeek's own server", withSchema(SCHEMA), ['deepseek-chat', false], 'json'],
    ['another server', withSchema(SCHEMA), ['qwen3:8b', false], 'native'],
    ['no schema', requestOf({ response_format: JSON_OBJECT }), ['x/y', true], 'json'],
    [
      'no schema and Claude',
      requestOf({ response_format: JSON_OBJECT }),
      ['claude-opus-5.5', true],
      'prompt',
    ],
  ]

  test.each(CASES)('%s', (_what, request, target, expected) => {
    expect(howToAsk(formatOf(request), request, toTarget(...target))).toBe(expected)
  })
})

describe('the chat request', () => {
  const plain = toTarget('x/y', true)
  const jsonOnly = toTarget('x/y', true, { facts: { supportedParameters: ['response_format'] } })
  const neither = toTarget('x/y', true, { facts: { supportedParameters: [] } })

  test('holds the schema where the provider enforces it, and the prompt is left alone', () => {
    const request = withSchema(SCHEMA, { system: 'Be brief.' })
    expect(toResponseFormat(request, plain)).toEqual({
      response_format: { type: 'json_schema', json_schema: { name: 'output', strict: true, schema: SCHEMA } },
    })
    expect(systemWithFormat(request, plain)).toBe('Be brief.')
  })

  test('holds what the client wrote itself, as it wrote it', () => {
    for (const given of [CHAT_FORMAT, JSON_OBJECT, { type: 'json_schema', json_schema: { name: 'a' } }]) {
      const request = requestOf({ response_format: given })
      expect(toResponseFormat(request, plain)['response_format']).toBe(given)
      expect(systemWithFormat(request, plain)).toBeUndefined()
    }
  })

  test('asks for JSON and tells the schema where the provider enforces no more', () => {
    const request = withSchema(SCHEMA, { system: 'Be brief.' })
    expect(toResponseFormat(request, jsonOnly)).toEqual({ response_format: JSON_OBJECT })
    expect(systemWithFormat(request, jsonOnly)).toEqual([
      { type: 'text', text: 'Be brief.' },
      {
        type: 'text',
        text:
          'Your answer must be one JSON value and nothing else: no words before or after it, no code fence.\n' +
          `The JSON value must be valid against this JSON Schema:\n${JSON.stringify(SCHEMA)}`,
      },
    ])
  })

  test('leaves all to the prompt where the provider knows no format', () => {
    const request = requestOf({ response_format: CHAT_FORMAT, ...TOOLS })
    expect({ response_format: CHAT_FORMAT, ...toResponseFormat(request, neither) }).toEqual({
      response_format: undefined,
    } as never)
    const [block, ...others] = systemWithFormat(request, neither) as { text: string }[]
    expect(others).toEqual([])
    expect(block?.text).toContain('call tools as you need them')
    expect(block?.text).toContain(JSON.stringify(SCHEMA))
  })

  test('keeps the blocks of the prompt, breakpoints and all', () => {
    const system = [{ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral' } }]
    const blocks = systemWithFormat(withSchema(SCHEMA, { system }), neither)
    expect(blocks?.[0] as unknown).toBe(system[0])
    expect(blocks).toHaveLength(2)
  })

  test('says nothing where no format is asked for', () => {
    expect(toResponseFormat(requestOf({}), plain)).toEqual({})
    expect(systemWithFormat(requestOf({}), neither)).toBeUndefined()
  })
})
