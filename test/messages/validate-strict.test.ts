import { describe, expect, test } from 'bun:test'

import type { Operation, ValidationOptions } from '../../src/messages/validation/subject.ts'
import {
  assistant,
  call,
  COUNTING,
  document,
  image,
  PLAIN,
  refusalOf,
  request,
  result,
  STRICT,
  system,
  talk,
  text,
  tool,
  user,
} from './validation/bodies.ts'

const thinking = { type: 'enabled', budget_tokens: 1024 }
const format = (schema: object) => ({ output_config: { format: { type: 'json_schema', schema } } })
const closed = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }
const searching = (id: string) => ({ type: 'server_tool_use', id, name: 'web_search', input: {} })
const found = (id: string) => ({ type: 'web_search_tool_result', tool_use_id: id, content: [] })
const pause = (...content: unknown[]) => talk(user(text('a')), assistant(...content), user(text('b')))

type Row = readonly [
  row: string,
  body: unknown,
  message: string | RegExp,
  options?: ValidationOptions<Operation>,
]

const ROWS: readonly Row[] = [
  ['C45 unknown top-level field', request({ foo: 1 }), 'foo: Extra inputs are not permitted'],
  [
    'C43 metadata extra key',
    request({ metadata: { user_id: 'a', team: 'b' } }),
    'metadata.team: Extra inputs are not permitted',
  ],
  [
    'V2 a field of a message',
    talk({ role: 'user', content: 'a', name: 'b' }),
    'messages.0.name: Extra inputs are not permitted',
  ],
  [
    'V2 a field of a block',
    talk(user(text('a', { x: 1 }))),
    'messages.0.content.0.text.x: Extra inputs are not permitted',
  ],
  [
    'V2 a field deep inside, counted in merged messages',
    talk(
      user(text('a')),
      user(text('b')),
      assistant(call('t1')),
      user(result('t1', { content: [{ ...image(), x: 1 }] })),
    ),
    'messages.2.content.0.tool_result.content.0.image.x: Extra inputs are not permitted',
  ],
  [
    'V2 a field of a tool',
    request({ tools: [{ type: 'web_fetch_20250910', name: 'web_fetch', _requestedType: 'x' }] }),
    'tools.0.web_fetch_20250910._requestedType: Extra inputs are not permitted',
  ],
  [
    'V2 a field of a custom tool',
    request({ tools: [tool('a', { x: 1 })] }),
    'tools.0.custom.x: Extra inputs are not permitted',
  ],
  [
    'V64 a field of cache_control',
    request({ system: [text('a'), text('b', { cache_control: { type: 'ephemeral', scope: 'global' } })] }),
    'system.1.cache_control.ephemeral.scope: Extra inputs are not permitted',
  ],
  [
    'V2 a field that objects inherit',
    request({ constructor: 1 }),
    'constructor: Extra inputs are not permitted',
  ],
  [
    'C156 counting with max_tokens',
    request(),
    'max_tokens: Extra inputs are not permitted',
    { ...COUNTING, strict: true },
  ],
  [
    'C38 max_tokens 0 and stream',
    request({ max_tokens: 0, stream: true }),
    'max_tokens: 0 cannot be combined with `stream`',
  ],
  [
    'C38 max_tokens 0 and a format',
    request({ max_tokens: 0, ...format(closed) }),
    'max_tokens: 0 cannot be combined with `output_config.format`',
  ],
  [
    'C38 max_tokens 0 and a forced tool',
    request({ max_tokens: 0, tools: [tool()], tool_choice: { type: 'any' } }),
    'max_tokens: 0 cannot be combined with `tool_choice`',
  ],
  [
    'C113 forced tool and thinking',
    request({ max_tokens: 2000, thinking, tools: [tool()], tool_choice: { type: 'any' } }),
    'Thinking may not be enabled when tool_choice forces tool use.',
  ],
  [
    'C113 temperature and thinking',
    request({ max_tokens: 2000, thinking, temperature: 0.5 }),
    /^`temperature` may only be set to 1 when thinking is enabled/,
  ],
  [
    'V72 a tool loop that lost its thinking',
    request({
      max_tokens: 2000,
      thinking,
      messages: [user(text('a')), assistant(call('t1')), user(result('t1'))],
    }),
    /^messages\.1\.content\.0\.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`\./,
  ],
  [
    'C118 a format whose objects are open',
    request(format({ type: 'array', items: { type: 'object', properties: {} } })),
    "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
  ],
  [
    'V35 the id of a call',
    talk(user(text('a')), assistant(call('a.b')), user(result('a.b'))),
    "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
  ],
  [
    'C96 a tool without a schema',
    request({ tools: [{ name: 'a' }] }),
    'tools.0.custom.input_schema: Field required',
  ],
  [
    "C60 an assistant's blank text",
    pause(text(' ')),
    'messages: text content blocks must contain non-whitespace text',
  ],
  [
    'C60 an empty system text',
    request({ system: [text('')] }),
    'system: text content blocks must be non-empty',
  ],
  [
    'C70 a mark on an empty system text',
    request({ system: [text('', { cache_control: { type: 'ephemeral' } })] }),
    'system.0: cache_control cannot be set for empty text blocks',
  ],
  [
    'V44 a server tool without its result',
    talk(user(text('a')), assistant(searching('srvtoolu_1')), user(text('b')), assistant(text('c'))),
    '`web_search` tool use with id `srvtoolu_1` was found without a corresponding `web_search_tool_result` block',
  ],
  [
    'V53 a large image',
    talk(user(image('image/png', `iVBORw0KGgoA${'A'.repeat(14_000_000)}`))),
    'messages.0.content.0.image.source.base64: image exceeds 10 MB maximum: 10500009 bytes > 10485760 bytes',
  ],
  [
    'V56 an address without TLS',
    talk(user({ type: 'image', source: { type: 'url', url: 'http://example.com/a.png' } })),
    'Unable to download the file. Please verify the URL and try again.',
  ],
]

describe('strict', () => {
  for (const [row, body, message, options = STRICT] of ROWS)
    test(`${row}: ${message instanceof RegExp ? message.source : message}`, () => {
      const refusal = refusalOf(body, options)
      if (message instanceof RegExp) expect(refusal).toMatch(message)
      else expect(refusal).toBe(message)
      expect(refusalOf(body, { ...options, strict: false })).toBeUndefined()
    })

  test.each<[string, unknown]>([
    ['the plainest request', request()],
    [
      'all top-level fields',
      request({
        system: [text('a', { citations: null })],
        cache_control: { type: 'ephemeral', ttl: '1h' },
        metadata: { user_id: null },
        stop_sequences: ['x'],
        stream: false,
        temperature: 1,
        service_tier: 'auto',
        speed: 'fast',
        inference_geo: 'us',
        container: null,
        diagnostics: { previous_message_id: null },
        fallbacks: [{ model: 'a', max_tokens: 1, thinking: null, output_config: null, speed: 'fast' }],
        fallback_credit_token: 'x',
        billing_policy: { type: 'billing_policy' },
        context_management: {
          edits: [{ type: 'clear_tool_uses_20250919', trigger: { type: 'tool_uses', value: 3 } }],
        },
        output_config: { effort: 'high', task_budget: { type: 'tokens', total: 20_000 } },
        thinking: { type: 'adaptive', display: 'summarized', block_binding: {} },
      }),
    ],
    [
      'options of chat completions',
      request({ provider: { sort: 'price' }, seed: 1, stop: ['a'], openrouter: { any: { thing: 1 } } }),
    ],
    [
      'tools with their own fields',
      request({
        tools: [
          tool('a', { strict: true, input_examples: [{ any: 1 }] }),
          {
            type: 'web_search_20260318',
            name: 'web_search',
            user_location: { type: 'approximate', city: 'Rome' },
            response_inclusion: 'full',
          },
          { type: 'openrouter:web_search', parameters: { max_results: 3 } },
        ],
      }),
    ],
    [
      'results of server tools',
      pause(searching('srvtoolu_1'), {
        ...found('srvtoolu_1'),
        content: [
          { type: 'web_search_result', url: 'u', title: 't', encrypted_content: 'e', page_age: null },
        ],
      }),
    ],
    ['an unfinished server tool', talk(user(text('a')), assistant(searching('srvtoolu_1')))],
    [
      'citations of every kind',
      pause(
        text('a', {
          citations: [
            {
              type: 'page_location',
              cited_text: 'b',
              document_index: 0,
              document_title: null,
              start_page_number: 1,
              end_page_number: 2,
            },
          ],
        }),
      ),
    ],
    [
      'settings of a system message',
      talk(user(text('a')), { ...system(text('b')), clear_at: 'never', output_config: { effort: 'low' } }),
    ],
    [
      'a document with all its fields',
      talk(user(document(PLAIN, { title: 't', context: 'c', citations: { enabled: true } }))),
    ],
    ['a closed format', request(format(closed))],
    [
      'thinking that leads its calls',
      request({
        max_tokens: 2000,
        thinking,
        messages: [
          user(text('a')),
          assistant({ type: 'thinking', thinking: 'a', signature: 'b' }, call('t1')),
          user(result('t1')),
        ],
      }),
    ],
    [
      'free-form inputs and schemas',
      request({
        tools: [tool('a', { input_schema: { type: 'object', 'x-any': 1, properties: { foo: {} } } })],
        messages: [
          user(text('a')),
          assistant(call('t1', { input: { any: { thing: 1 } } })),
          user(result('t1')),
        ],
      }),
    ],
  ])('strict validation accepts %s', (_, body) => {
    expect(refusalOf(body, STRICT)).toBeUndefined()
  })
})
