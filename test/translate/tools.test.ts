import { describe, expect, test } from 'bun:test'

import { Failure } from '../../src/core/errors.ts'
import { type Target, toTarget } from '../../src/translate/target.ts'
import { knownTool } from '../../src/translate/typed-tools.ts'
import type { TypedClientTool } from '../../src/wire/anthropic/tools.ts'
import { ask, bodyOf, CLAUDE, GEMINI, GPT, LOCAL, tool, withFacts } from './ask.ts'

const tools = [tool('a'), tool('b')]
const FABLE = toTarget('anthropic/claude-fable-5.1', true)
const budget = { thinking: { type: 'enabled', budget_tokens: 2000 } }

describe('tool_choice', () => {
  test.each<[string, object, Target, unknown]>([
    ['absent', {}, CLAUDE, undefined],
    ['auto', { tool_choice: { type: 'auto' } }, CLAUDE, 'auto'],
    ['none', { tool_choice: { type: 'none' } }, CLAUDE, 'none'],
    ['any', { tool_choice: { type: 'any' } }, CLAUDE, 'required'],
    [
      'one',
      { tool_choice: { type: 'tool', name: 'b' } },
      CLAUDE,
      { type: 'function', function: { name: 'b' } },
    ],
    [
      'any beside adaptive thinking',
      { tool_choice: { type: 'any' }, thinking: { type: 'adaptive' } },
      CLAUDE,
      'required',
    ],
    [
      'any beside a budget, for others than Claude',
      { tool_choice: { type: 'any' }, ...budget },
      GPT,
      'required',
    ],
    ['any for another server', { tool_choice: { type: 'any' } }, LOCAL, 'required'],
  ])('%s', (_, fields, target, expected) => {
    const body = bodyOf({ tools, ...fields }, target)
    expect(body['tool_choice']).toEqual(expected)
    expect(body['messages']).toHaveLength(1)
  })

  test.each<[string, object, Target, string]>([
    [
      'Claude with a budget',
      { ...budget, tool_choice: { type: 'any' } },
      CLAUDE,
      'Call one of the tools now.',
    ],
    [
      'Claude with a budget',
      { ...budget, tool_choice: { type: 'tool', name: 'a' } },
      CLAUDE,
      'Call the tool a now.',
    ],
    ['a Claude that refuses force', { tool_choice: { type: 'any' } }, FABLE, 'Call one of the tools now.'],
    [
      'a model without tool_choice',
      { tool_choice: { type: 'any' } },
      withFacts(GEMINI, { supportedParameters: ['tools'] }),
      'Call one of the tools now.',
    ],
  ])('%s is asked instead of forced', (_, fields, target, words) => {
    const body = bodyOf({ tools, ...fields }, target)
    expect(body['tool_choice']).toBe('auto')
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Go.' },
          { type: 'text', text: `<system-reminder>\n${words}\n</system-reminder>` },
        ],
      },
    ])
  })

  test('without tools there is none', () => {
    const messages = [
      { role: 'user', content: 'Go.' },
      { role: 'system', content: [{ type: 'tool_removal', tool: { type: 'tool_reference', name: 'a' } }] },
    ]
    const body = bodyOf({ tools: [tool('a')], tool_choice: { type: 'any' }, messages })
    expect(body).not.toHaveProperty('tool_choice')
    expect(body).not.toHaveProperty('tools')
  })

  test.each([
    ['auto', { type: 'auto', disable_parallel_tool_use: true }, false],
    ['any', { type: 'any', disable_parallel_tool_use: true }, false],
    ['said to be allowed', { type: 'auto', disable_parallel_tool_use: false }, undefined],
  ])('parallel calls are only ever forbidden (T54): %s', (_, tool_choice, expected) => {
    expect(bodyOf({ tools, tool_choice })['parallel_tool_calls']).toBe(expected as undefined)
  })

  test('a deferred tool that is forced is offered', () => {
    const later = [tool('now'), tool('later', { defer_loading: true })]
    const body = bodyOf({ tools: later, tool_choice: { type: 'tool', name: 'later' } })
    expect(body['tools'].map((offered: any) => offered.function.name)).toEqual(['now', 'later'])
  })
})

describe('deferred tools', () => {
  const deferred = [tool('now'), tool('a', { defer_loading: true }), tool('b', { defer_loading: true })]
  const offeredAfter = (...content: object[]): string[] => {
    const messages = [
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'now', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content }] },
    ]
    return bodyOf({ tools: deferred, messages })['tools'].map((offered: any) => offered.function.name)
  }

  test('stay away', () => {
    expect(offeredAfter({ type: 'text', text: 'a, b' })).toEqual(['now'])
  })

  test('come when they were loaded, in that order and behind all others: the prefix of the prompt stays', () => {
    const loaded = [
      { type: 'tool_reference', tool_name: 'b' },
      { type: 'tool_reference', tool_name: 'a' },
    ]
    expect(offeredAfter(...loaded)).toEqual(['now', 'b', 'a'])
  })

  test('come when the model has called them all the same', () => {
    const messages = [
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'b', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] },
    ]
    const names = bodyOf({ tools: deferred, messages })['tools'].map((offered: any) => offered.function.name)
    expect(names).toEqual(['now', 'b'])
  })
})

describe('tools that system messages change', () => {
  const change = (type: string, name: string) => ({ type, tool: { type: 'tool_reference', name } })
  const after = (...content: object[]): string[] => {
    const messages = [
      { role: 'user', content: 'Go.' },
      { role: 'system', content },
    ]
    return (bodyOf({ tools, messages })['tools'] ?? []).map((offered: any) => offered.function.name)
  }

  test('the last change counts', () => {
    expect(after(change('tool_removal', 'a'))).toEqual(['b'])
    expect(after(change('tool_removal', 'a'), change('tool_addition', 'a'))).toEqual(['a', 'b'])
    expect(after(change('tool_addition', 'a'), change('tool_removal', 'a'))).toEqual(['b'])
  })

  test('a definition replaces the tool of its name', () => {
    const definition = tool('a', { description: 'New.' })
    const addition = { type: 'tool_addition', tool: { type: 'tool_definition', definition } }
    expect(after(addition)).toEqual(['b', 'a'])
    expect(after(addition, change('tool_removal', 'a'))).toEqual(['b'])
  })

  test('tools of MCP servers cannot be added (C106), and need not be taken away', () => {
    const reference = { type: 'mcp_toolset_reference', server_name: 's' }
    expect(() => after({ type: 'tool_addition', tool: reference })).toThrow(
      'messages.1.content.0.tool_addition.tool: MCP servers cannot be added on the way',
    )
    expect(after({ type: 'tool_removal', tool: reference })).toEqual(['a', 'b'])
  })
})

test.each([
  { type: 'web_search_20250305', name: 'web_search' },
  { type: 'web_fetch_20250910', name: 'web_fetch' },
  { type: 'openrouter:datetime' },
])('$type is refused where the upstream is not OpenRouter', (hosted) => {
  const send = () => bodyOf({ tools: [hosted] }, LOCAL)
  expect(send).toThrow(Failure)
  expect(send).toThrow(`tools: '${hosted.type}' is run by OpenRouter`)
})

test('names map back to what the client called them', () => {
  const long = 'x'.repeat(80)
  const { body, terms } = ask({
    tools: [
      tool(long),
      { type: 'bash_20250124', name: 'bash' },
      { type: 'web_search_20250305', name: 'web_search' },
    ],
  })
  const sent = (body.tools ?? []).flatMap((offered) =>
    offered.type === 'function' ? offered.function.name : [],
  )
  expect(sent.every((name) => name.length <= 64)).toBe(true)
  expect(sent.map((name) => terms.toolNames.get(name))).toEqual([long, 'bash'])
})

test('two long names with the same beginning stay apart', () => {
  const names = ['x'.repeat(70), 'x'.repeat(71)]
  expect(ask({ tools: names.map((name) => tool(name)) }).terms.toolNames.size).toBe(2)
})

describe('strict tools', () => {
  const closed = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  }
  const strictOf = (target: Target, input_schema: object): unknown =>
    bodyOf({ tools: [{ name: 'a', input_schema, strict: true }] }, target)['tools'][0].function.strict

  test('stay strict where the schema allows it', () => {
    expect(strictOf(CLAUDE, closed)).toBe(true)
    expect(strictOf(GPT, closed)).toBe(true)
    expect(strictOf(GPT, { type: 'object', properties: { a: {} } })).toBeUndefined()
  })

  test('need a beta for Claude alone', () => {
    const request = { tools: [{ name: 'a', input_schema: closed, strict: true }] }
    expect(ask(request).headers).toEqual({ 'x-anthropic-beta': 'structured-outputs-2025-11-13' })
    expect(ask(request, GPT).headers).toEqual({})
    expect(ask({ tools: [tool('a', { strict: false })] }).headers).toEqual({})
  })
})

const TYPED = [
  'bash_20241022',
  'bash_20250124',
  'text_editor_20241022',
  'text_editor_20250124',
  'text_editor_20250429',
  'text_editor_20250728',
  'memory_20250818',
  'computer_20241022',
  'computer_20250124',
  'computer_20251124',
]

test.each(TYPED)('%s has a description and an object schema', (type) => {
  const { description, parameters } = knownTool({ type, name: 'it' } as TypedClientTool)
  expect(description.length).toBeGreaterThan(40)
  const { type: root, properties, required } = parameters as Record<string, any>
  expect(root).toBe('object')
  expect(Object.keys(properties)).toEqual(expect.arrayContaining(required))
})

test('editors insert by the name that their version has for the text', () => {
  const fieldsOf = (type: string) =>
    Object.keys((knownTool({ type, name: 'it' } as TypedClientTool).parameters as any).properties)
  expect(fieldsOf('text_editor_20250124')).not.toContain('insert_text')
  expect(fieldsOf('text_editor_20250728')).toContain('insert_text')
  expect(fieldsOf('memory_20250818')).toContain('insert_text')
})
