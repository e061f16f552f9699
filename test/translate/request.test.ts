import { describe, expect, test } from 'bun:test'

import { ask, bodyOf, CLAUDE, GPT, LOCAL, tool } from './ask.ts'

const mark = (ttl?: string) => ({ cache_control: { type: 'ephemeral', ...(ttl ? { ttl } : {}) } })

describe('cache writes', () => {
  const text = (more: object = {}) => ({ type: 'text', text: 'Go.', ...more })
  const user = (...content: object[]) => [{ role: 'user', content }]

  test.each<[string, object, boolean]>([
    ['without any mark', {}, false],
    ['with marks of one hour alone', { system: [text(mark('1h'))], messages: user(text(mark('1h'))) }, true],
    ['with one of five minutes', { system: [text(mark('1h'))], messages: user(text(mark())) }, false],
    ['with one of five minutes on a tool', { tools: [tool('a', mark('5m'))] }, false],
    ['with one hour on a tool', { tools: [tool('a', mark('1h'))] }, true],
    ['with one hour for the whole request', mark('1h'), true],
    ['with five minutes for the whole request', { ...mark(), tools: [tool('a', mark('1h'))] }, false],
    ['with a mark on text that says nothing', { system: [{ type: 'text', text: '', ...mark('1h') }] }, false],
  ])('%s count as writes for an hour: %#', (_, fields, hourCache) => {
    expect(ask(fields).terms.usage.hourCache).toBe(hourCache)
  })
})

describe('what the answer must know', () => {
  test('the name that the client used, and the family that answers', () => {
    expect(ask({ model: 'claude-sonnet-4-5[1m]' }, GPT).terms).toMatchObject({
      model: 'claude-sonnet-4-5[1m]',
      family: 'openai',
    })
  })

  test('the ids of all calls so far', () => {
    const messages = [
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'go', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'b', name: 'go', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'b' }] },
    ]
    expect([...ask({ messages }).terms.takenToolIds]).toEqual(['a', 'b'])
  })

  test.each([
    [{ type: 'adaptive', display: 'omitted' }, true],
    [{ type: 'enabled', budget_tokens: 1024, display: 'omitted' }, true],
    [{ type: 'adaptive', display: 'summarized' }, false],
    [{ type: 'adaptive', display: 'updates' }, false],
    [{ type: 'adaptive' }, false],
    [{ type: 'disabled' }, false],
    [undefined, false],
  ])('whether %j hides the text of thinking', (thinking, hideThinking) => {
    expect(ask({ thinking }).terms.hideThinking).toBe(hideThinking)
  })
})

describe('betas', () => {
  const INTERLEAVED = 'interleaved-thinking-2025-05-14'
  test.each<[string, readonly string[], object, object]>([
    [
      'that OpenRouter knows go on',
      [INTERLEAVED, 'claude-code-20250219'],
      {},
      { 'x-anthropic-beta': INTERLEAVED },
    ],
    ['may stand in the body', [], { betas: [INTERLEAVED, 'other'] }, { 'x-anthropic-beta': INTERLEAVED }],
    ['are told once', [INTERLEAVED], { betas: [INTERLEAVED] }, { 'x-anthropic-beta': INTERLEAVED }],
    ['that nobody knows are no reason to refuse', ['nonsense-2030-01-01'], {}, {}],
  ])('%s', (_, betas, fields, headers) => {
    expect(ask(fields, CLAUDE, { betas }).headers).toEqual(headers as Record<string, string>)
  })

  test('are for Claude at OpenRouter alone', () => {
    for (const target of [GPT, LOCAL]) expect(ask({}, target, { betas: [INTERLEAVED] }).headers).toEqual({})
  })
})

test('media are told apart from text', () => {
  const data = 'iVBORw0KGgo='
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }
  const { binaryChars } = ask({
    messages: [{ role: 'user', content: [image, { type: 'text', text: 'Go.' }] }],
  })
  expect(binaryChars).toBe(`data:image/png;base64,${data}`.length)
})

test("big values are the client's own, not copies", () => {
  const properties = { a: { type: 'string' } }
  const [offered] = bodyOf({ tools: [{ name: 'a', input_schema: { type: 'object', properties } }] })['tools']
  expect(offered.function.parameters.properties).toBe(properties)
})

test('fields that only Anthropic knows stay here', () => {
  const body = bodyOf({
    context_management: { edits: [] },
    inference_geo: 'eu',
    diagnostics: { previous_message_id: null },
    fallback_credit_token: 'x',
    billing_policy: { type: 'billing_policy' },
    safeguards: [{ type: 'dangerous_tool_use' }],
    container: null,
    mcp_servers: [],
    unknown_field: 1,
  })
  expect(Object.keys(body)).toEqual(['model', 'messages', 'stream', 'max_tokens', 'plugins'])
})

test.each([true, false, null, undefined])('stream %p is said either way', (stream) => {
  expect(bodyOf({ stream })['stream']).toBe(stream === true)
})
