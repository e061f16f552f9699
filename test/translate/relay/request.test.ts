import { describe, expect, test } from 'bun:test'

import { type ClientProtocol, DEFAULT_PROTOCOL } from '../../../src/core/context.ts'
import { encodeToken } from '../../../src/translate/reasoning-token.ts'
import { toRelayedRequest } from '../../../src/translate/relay/request.ts'
import { type Target, toTarget } from '../../../src/translate/target.ts'
import type { MessagesRequest } from '../../../src/wire/anthropic/request.ts'
import { deepFreeze } from '../../support/freeze.ts'

const ANTHROPIC = toTarget('claude-opus-5', false, { wire: 'messages' })
const OPENROUTER = toTarget('anthropic/claude-opus-5', true, { wire: 'messages' })
const OTHER = toTarget('kimi-k3', false, { wire: 'messages' })

const request = (fields: object = {}): MessagesRequest =>
  deepFreeze<MessagesRequest>({
    model: 'big',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Hi' }],
    ...fields,
  } as MessagesRequest)

interface Asked {
  readonly target?: Target
  readonly protocol?: Partial<ClientProtocol>
  readonly maxTokensLimit?: number
}

function relay(fields: object, { target = ANTHROPIC, protocol = {}, maxTokensLimit }: Asked = {}) {
  const { body, headers, losses, binaryChars } = toRelayedRequest(
    request(fields),
    target,
    { ...DEFAULT_PROTOCOL, ...protocol },
    { maxTokensLimit },
  )
  return { body: body as any, headers, binaryChars, warned: losses.map(({ path }) => path) }
}

/** What becomes of the blocks of an assistant's turn; undefined where the turn is gone. */
const contentOf = (content: readonly object[], target: Target) =>
  relay({ messages: [{ role: 'assistant', content }] }, { target }).body.messages.at(0)?.content

describe('a request to Anthropic', () => {
  test('is what the client wrote, in its order, for another model', () => {
    const body = {
      model: 'big',
      max_tokens: 64_000,
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'EqQB' },
            { type: 'redacted_thinking', data: 'Eq' },
            { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_fetch', input: {} },
            { type: 'web_fetch_tool_result', tool_use_id: 'srvtoolu_1', content: { type: 'x' } },
            { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }] },
      ],
      system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral', ttl: '1h' } }],
      odd: { z: 1, a: [null] },
      container: 'container_1',
      mcp_servers: [{ type: 'url', name: 'a', url: 'https://a.example' }],
      fallbacks: 'default',
      stream: true,
      thinking: { type: 'between_tools' },
      min_p: 0.1,
    }
    const relayed = relay(body)
    expect(JSON.stringify(relayed.body)).toBe(JSON.stringify({ ...body, model: 'claude-opus-5' }))
    expect(relayed.warned).toEqual([])
  })

  test('names version and betas in headers, wherever the client put them', () => {
    expect(relay({}).headers).toEqual({ 'anthropic-version': '2023-06-01' })
    const protocol = { version: '2026-10-21', betas: ['a-1', 'b-2'] } as const
    const { headers, body } = relay({ betas: ['b-2', 'c-3'] }, { protocol })
    expect(headers).toEqual({ 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a-1,b-2,c-3' })
    expect(body).not.toHaveProperty('betas')
  })

  test('leaves out what only OpenRouter reads, and says so', () => {
    const openrouter = { provider: { only: ['x'] }, seed: 1, details: true }
    const { body, warned } = relay({ openrouter }, { protocol: { options: { seed: 3, details: true } } })
    expect(Object.keys(body)).toEqual(['model', 'max_tokens', 'messages'])
    expect(warned).toEqual(['openrouter.provider', 'openrouter.seed', 'header x-openrouter-seed'])
  })

  test('has the operator’s options where the client says nothing', () => {
    const target = { ...ANTHROPIC, options: { temperature: 0.2, top_k: 5, details: true } }
    expect(relay({ temperature: 1 }, { target }).body).toMatchObject({ temperature: 1, top_k: 5 })
    expect(relay({}, { target }).body).not.toHaveProperty('details')
  })

  test('has no fallbacks that this server tries by itself', () => {
    expect(relay({ fallbacks: [{ model: 'small' }] }).body).not.toHaveProperty('fallbacks')
  })

  test('joins OpenAI’s stop with the stop sequences', () => {
    expect(relay({ stop: 'b', stop_sequences: ['a'], openrouter: { stop: ['c'] } }).body).toMatchObject({
      stop_sequences: ['a', 'b', 'c'],
    })
    expect(relay({ stop: 'b' }).body).not.toHaveProperty('stop')
    expect(relay({ stop_sequences: [] }).body.stop_sequences).toEqual([])
  })

  test('asks for no more than the operator and the model allow', () => {
    const limited = { ...ANTHROPIC, facts: { maxOutputTokens: 80 } }
    expect(relay({}, { target: limited })).toMatchObject({ body: { max_tokens: 80 }, warned: ['max_tokens'] })
    expect(relay({}, { maxTokensLimit: 50 })).toMatchObject({ body: { max_tokens: 50 } })
    expect(relay({ max_tokens: 0 }, { maxTokensLimit: 50 })).toMatchObject({
      body: { max_tokens: 0 },
      warned: [],
    })
  })

  test('knows how much of it is pictures and files', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'x'.repeat(50) } }
    const document = { type: 'document', source: { type: 'content', content: [image] } }
    const result = {
      type: 'tool_result',
      tool_use_id: 'toolu_1',
      content: [image, { type: 'text', text: 'a' }],
    }
    const text = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } }
    const messages = [{ role: 'user', content: [image, document, result, text] }]
    expect(relay({ messages }).binaryChars).toBe(150)
  })
})

describe('tool-call ids', () => {
  const idsOf = (id: string) => {
    const messages = [
      { role: 'assistant', content: [{ type: 'tool_use', id, name: 'Bash', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'ok' }] },
    ]
    const [call, result] = relay({ messages }).body.messages
    expect(result.content[0].tool_use_id).toBe(call.content[0].id)
    return call.content[0].id
  }

  test.each([
    ['toolu_01AbC', 'toolu_01AbC'],
    ['call_7', 'call_7'],
    ['toolu_or0_call_7', 'call_7'],
    // functions.Bash:0
    ['toolu_or1_ZnVuY3Rpb25zLkJhc2g6MA', 'toolu_or1_ZnVuY3Rpb25zLkJhc2g6MA'],
    ['functions.Bash:0', 'toolu_or1_ZnVuY3Rpb25zLkJhc2g6MA'],
  ])('%s goes as %s', (id, expected) => {
    expect(idsOf(id)).toBe(expected)
  })
})

describe('thoughts in the conversation', () => {
  const text = { type: 'text', text: 'So.' }
  const token = (family: 'anthropic' | 'deepseek', ...items: object[]) =>
    encodeToken({ family, items: items as never })

  test('of another Messages API go back as they came', () => {
    const content = [{ type: 'thinking', thinking: '', signature: 'EqQB' }, text]
    for (const target of [ANTHROPIC, OPENROUTER, OTHER]) expect(contentOf(content, target)).toEqual(content)
  })

  test('of other models stay behind for Claude, and a turn that was nothing else is gone', () => {
    const foreign = token('deepseek', { type: 'plain', text: 'Hm.' })
    const thinking = { type: 'thinking', thinking: 'Hm.', signature: foreign }
    const redacted = { type: 'redacted_thinking', data: foreign }
    const unsigned = { type: 'thinking', thinking: 'Hm.' }
    expect(contentOf([thinking, redacted, unsigned, text], ANTHROPIC)).toEqual([text])
    expect(contentOf([thinking], ANTHROPIC)).toBeUndefined()
    expect(
      contentOf([{ type: 'thinking', thinking: 'Hm.', signature: 'ors9.unread' }, text], ANTHROPIC),
    ).toEqual([text])
  })

  test('of other models are text for those who sign nothing', () => {
    const thinking = { type: 'thinking', thinking: 'Hm.', signature: token('deepseek', { type: 'plain' }) }
    const redacted = { type: 'redacted_thinking', data: token('deepseek', { type: 'plain' }) }
    expect(contentOf([thinking, redacted, text], OTHER)).toEqual([
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      text,
    ])
  })

  test('of Claude that came through chat completions are Claude’s own again', () => {
    const signed = token(
      'anthropic',
      { type: 'reasoning.text', at: [0, 3] },
      { type: 'reasoning.text', signature: 'EqQB', late: true },
      { type: 'reasoning.encrypted', data: 'Eq' },
      { type: 'reasoning.text', text: 'never signed' },
    )
    expect(contentOf([{ type: 'thinking', thinking: 'Hm.', signature: signed }, text], ANTHROPIC)).toEqual([
      { type: 'thinking', thinking: 'Hm.', signature: 'EqQB' },
      { type: 'redacted_thinking', data: 'Eq' },
      text,
    ])
  })

  test('that are missing before the last calls end a budget', () => {
    const thinking = { type: 'thinking', thinking: 'Hm.', signature: token('deepseek', { type: 'plain' }) }
    const call = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} }
    const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }
    const asked = (content: readonly object[], kind = 'enabled') =>
      relay({
        thinking: { type: kind, budget_tokens: 2000 },
        messages: [
          { role: 'assistant', content },
          { role: 'user', content: [result] },
        ],
      })
    expect(asked([thinking, call])).toMatchObject({
      body: { thinking: { type: 'disabled' } },
      warned: ['thinking'],
    })
    expect(asked([thinking, call], 'adaptive').body.thinking.type).toBe('adaptive')
    expect(asked([{ ...thinking, signature: 'EqQB' }, call]).body.thinking.type).toBe('enabled')
    expect(asked([call]).body.thinking.type).toBe('enabled')
  })
})

describe('a request to OpenRouter’s Messages API', () => {
  test('has the options of all sources, the strongest last', () => {
    const target = {
      ...OPENROUTER,
      options: { session_id: 'operator', provider: { sort: 'price' }, seed: 1 },
    }
    const protocol = { options: { provider: { sort: 'latency' }, trace: { a: 1 }, seed: 3 } }
    const { body, warned } = relay(
      { user: 'top', openrouter: { user: 'inner', seed: 2, of_tomorrow: [1], route: null, details: true } },
      { target, protocol },
    )
    expect(body).toEqual({
      model: 'anthropic/claude-opus-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hi' }],
      session_id: 'operator',
      provider: { sort: 'latency' },
      trace: { a: 1 },
      user: 'inner',
      of_tomorrow: [1],
    })
    expect(warned).toEqual(['header x-openrouter-seed', 'openrouter.seed'])
  })

  test('belongs to the client’s session', () => {
    const protocol = { sessionId: 's-1' }
    expect(relay({}, { target: OPENROUTER, protocol }).body.session_id).toBe('s-1')
    expect(relay({ session_id: 'own' }, { target: OPENROUTER, protocol }).body.session_id).toBe('own')
    expect(relay({}, { protocol }).body).not.toHaveProperty('session_id')
  })

  test('leaves out what that API lacks, and says so', () => {
    const lacking = {
      container: 'c',
      diagnostics: { previous_message_id: null },
      inference_geo: 'us',
      billing_policy: { type: 'billing_policy' },
      fallback_credit_token: 't',
      frequency_penalty: 1,
      fallbacks: 'default',
      thinking: { type: 'between_tools' },
    }
    const { body, warned } = relay({ ...lacking, compaction: null }, { target: OPENROUTER })
    expect(Object.keys(body)).toEqual(['model', 'max_tokens', 'messages'])
    expect(warned.toSorted()).toEqual(
      [...Object.keys(lacking), 'thinking.type'].filter((path) => path !== 'thinking').toSorted(),
    )
  })

  test('says output_format by its newer name', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    const { body, warned } = relay(
      { output_format: format, output_config: { effort: 'low' } },
      { target: OPENROUTER },
    )
    expect(body.output_config).toEqual({ format, effort: 'low' })
    expect(body).not.toHaveProperty('output_format')
    expect(warned).toEqual([])
  })

  test('tells as text what ran on Anthropic’s servers', () => {
    const content = [
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
      { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
      { type: 'server_tool_use', id: 'srvtoolu_2', name: 'code_execution', input: { code: '1' } },
      {
        type: 'code_execution_tool_result',
        tool_use_id: 'srvtoolu_2',
        content: { type: 'code_execution_result', stdout: '1', stderr: '', return_code: 0 },
      },
    ]
    const { body, warned } = relay({ messages: [{ role: 'assistant', content }] }, { target: OPENROUTER })
    const [search, found, call, result] = body.messages[0].content
    expect([search, found]).toEqual(content.slice(0, 2))
    expect([call.type, result.type]).toEqual(['text', 'text'])
    expect(result.text).toContain('1')
    expect(warned).toEqual(['messages.0.content.2', 'messages.0.content.3'])
  })
})
