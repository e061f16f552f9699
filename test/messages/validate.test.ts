import { describe, expect, test } from 'bun:test'

import { validateRequest } from '../../src/messages/validate.ts'
import type { Operation, ValidationOptions } from '../../src/messages/validation/subject.ts'
import {
  assistant,
  call,
  COUNTING,
  document,
  failureOf,
  image,
  LENIENT,
  MARKED,
  NEW_VERSION,
  PLAIN,
  PNG,
  refusalOf,
  request,
  result,
  system,
  talk,
  text,
  tool,
  user,
} from './validation/bodies.ts'

/** A row of the conformance list, the rule in words, the body, and what the client is told. */
type Refused = readonly [
  row: string,
  body: unknown,
  message: string | RegExp,
  options?: ValidationOptions<Operation>,
]
type Accepted = readonly [row: string, body: unknown, options?: ValidationOptions<Operation>]

const refuses = (rows: readonly Refused[]): void => {
  for (const [row, body, message, options] of rows)
    test(`${row}: ${message instanceof RegExp ? message.source : message}`, () => {
      const failure = failureOf(body, options)
      expect(failure?.kind).toBe('invalid_request_error')
      if (message instanceof RegExp) expect(failure?.message).toMatch(message)
      else expect(failure?.message).toBe(message)
    })
}

const accepts = (rows: readonly Accepted[]): void => {
  for (const [row, body, options] of rows)
    test(`${row} passes`, () => {
      expect(refusalOf(body, options)).toBeUndefined()
    })
}

const ASKED = [user(text('go')), assistant(call('t1'))]
const MIDDLE = { role: 'assistant', content: 'and then?' }
const ONE_TOOL = [tool()]
const thinking = (budget_tokens: number) => ({ type: 'enabled', budget_tokens })
const tags = /expected tags: 'text', 'image', 'document', /

test('a good request comes back itself, with its turns', () => {
  const body = request({ messages: [user(text('a')), user(text('b'))], extra: { kept: true } })
  const valid = validateRequest(body, LENIENT)
  expect(valid.request as unknown).toBe(body)
  expect(valid.turns.map(({ content }) => content.length)).toEqual([2])
})

describe('the body', () => {
  refuses([
    ['V4 body not an object', [], 'Input should be a valid dictionary'],
    ['V4 body null', null, 'Input should be a valid dictionary'],
    ['C54 messages missing', request({ messages: undefined }), 'messages: Field required'],
    ['C54 messages not a list', request({ messages: 'hi' }), 'messages: Input should be a valid list'],
    ['C54 messages empty', request({ messages: [] }), 'messages: at least one message is required'],
    ['C54 a message not an object', talk('hi'), 'messages.0: Input should be a valid dictionary'],
    ['C55 max_tokens missing', request({ max_tokens: undefined }), 'max_tokens: Field required'],
    ['C55 max_tokens text', request({ max_tokens: '1' }), 'max_tokens: Input should be a valid integer'],
    ['C55 max_tokens broken', request({ max_tokens: 1.5 }), 'max_tokens: Input should be a valid integer'],
    [
      'C55 max_tokens negative',
      request({ max_tokens: -1 }),
      'max_tokens: Input should be greater than or equal to 0',
    ],
    ['C56 model missing', request({ model: undefined }), 'model: Field required'],
    ['C56 model empty', request({ model: '' }), 'model: String should have at least 1 character'],
    ['C56 model a number', request({ model: 7 }), 'model: Input should be a valid string'],
    [
      'C40 temperature too high',
      request({ temperature: 1.5 }),
      'temperature: Input should be less than or equal to 1',
    ],
    [
      'C40 temperature too low',
      request({ temperature: -1 }),
      'temperature: Input should be greater than or equal to 0',
    ],
    ['C40 temperature text', request({ temperature: 'x' }), 'temperature: Input should be a valid number'],
    [
      'C44 service_tier unknown',
      request({ service_tier: 'gold' }),
      /^service_tier: Input should be 'auto', /,
    ],
    ['C66 stream not a boolean', request({ stream: 'yes' }), 'stream: Input should be a valid boolean'],
    [
      'C65 a blank stop sequence',
      request({ stop_sequences: ['a', ' '] }),
      'stop_sequences: each stop sequence must contain non-whitespace',
    ],
    ['V4 system of images', request({ system: [image()] }), 'system.0.text: Field required'],
    ['V4 system a number', request({ system: 5 }), 'system: Input should be a valid list'],
    [
      'V19 too many messages',
      request({ messages: Array.from({ length: 100_001 }, () => user(text('a'))) }),
      'messages: List should have at most 100000 items after validation, not 100001',
    ],
  ])
  accepts([
    ['C37 max_tokens 0', request({ max_tokens: 0 })],
    ['C39 temperature 0.5', request({ temperature: 0.5, top_p: 0.9, top_k: 5 })],
    ['C42 a long metadata.user_id', request({ metadata: { user_id: 'x'.repeat(2000) } })],
    ['C45 an unknown field', request({ foo: 1, safeguards: [{ type: 'x' }] })],
    [
      'a null for every optional field',
      request({ system: null, tools: null, tool_choice: null, thinking: null }),
    ],
    ['C156 counting without max_tokens', request({ max_tokens: undefined }), COUNTING],
    [
      'C156 counting with max_tokens and nonsense',
      request({ max_tokens: 'x', stop_sequences: 'y' }),
      COUNTING,
    ],
  ])
})

describe('API version 2026-10-21', () => {
  const removed = (field: string) =>
    `${field}: Extra inputs are not permitted: sampling parameters are not part of API version 2026-10-21`
  const cited = text('so it is', { citations: [{ type: 'char_location', cited_text: 'it' }] })
  const found = { type: 'search_result', source: 's', title: 't', content: [cited] }
  refuses([
    ['C41 temperature', request({ temperature: 1 }), removed('temperature'), NEW_VERSION],
    ['C41 top_p', request({ top_p: 1 }), removed('top_p'), NEW_VERSION],
    ['C41 top_k', request({ top_k: 1 }), removed('top_k'), NEW_VERSION],
    [
      'C41 counting with temperature',
      request({ max_tokens: undefined, temperature: 1 }),
      removed('temperature'),
      { ...COUNTING, version: '2026-10-21' },
    ],
    [
      'C68 a document in an assistant message',
      talk(user(text('a')), assistant(document(PLAIN)), user(text('b'))),
      /^messages\.1\.content\.0: .*`document` blocks in assistant messages/,
      NEW_VERSION,
    ],
    [
      'C69 citations in user text',
      talk(user(cited)),
      /^messages\.0\.content\.0\.text\.citations: /,
      NEW_VERSION,
    ],
    [
      "C69 citations in a user's search result",
      talk(user(found)),
      /^messages\.0\.content\.0\.search_result\.content\.0\.citations: /,
      NEW_VERSION,
    ],
  ])
  accepts([
    [
      'C68 a document in an assistant message of 2023-06-01',
      talk(user(text('a')), assistant(document(PLAIN))),
    ],
    ['C69 citations in user text of 2023-06-01', talk(user(cited))],
    ['C69 citations in an echoed answer', talk(user(text('a')), assistant(cited)), NEW_VERSION],
    [
      'C69 citations switched on',
      talk(user(document(PLAIN, { citations: { enabled: true } }), text('a', { citations: [] }))),
      NEW_VERSION,
    ],
  ])
})

describe('messages and turns', () => {
  refuses([
    [
      'C57 first message assistant',
      talk(assistant(text('a'))),
      'messages: first message must use the "user" role',
    ],
    [
      'C59 first message system',
      talk(system(text('a')), user(text('b'))),
      /first message must use the "user" role/,
    ],
    [
      'C58 role tool',
      talk({ role: 'tool', content: 'a' }),
      "messages.0.role: Input should be 'user' or 'assistant'",
    ],
    ['V3 role missing', talk({ content: 'a' }), 'messages.0.role: Field required'],
    ['V3 content missing', talk({ role: 'user' }), 'messages.0.content: Field required'],
    [
      'V4 content null',
      talk({ role: 'user', content: null }),
      'messages.0.content: Input should be a valid list',
    ],
    ['C60 empty text', talk(user(text(''))), 'messages: text content blocks must be non-empty'],
    [
      'C60 blank text',
      talk(user(text(' \n'))),
      'messages: text content blocks must contain non-whitespace text',
    ],
    ['C60 a blank string', talk({ role: 'user', content: ' ' }), /must contain non-whitespace text/],
    [
      'C61 empty content in the middle',
      talk(user(text('a')), assistant(), user(text('b'))),
      'messages.1: all messages must have non-empty content except for the optional final assistant message',
    ],
    ['C61 empty content at the end', talk(user()), /^messages\.0: all messages must have non-empty content/],
    [
      'C61 an empty string',
      talk({ role: 'user', content: '' }),
      /^messages\.0: all messages must have non-empty/,
    ],
    ['V10 nothing but an empty system message', talk(system()), 'messages: at least one message is required'],
    [
      'C62 final assistant trailing whitespace',
      talk(user(text('a')), assistant(text('so '))),
      'messages: final assistant content cannot end with trailing whitespace',
    ],
    [
      'C63 unknown block type',
      talk(user(text('a'), { type: 'nope' })),
      /^messages\.0\.content\.1: Input tag 'nope' /,
    ],
    ['C63 the expected tags', talk(user({ type: 'nope' })), tags],
    ['V3 block type missing', talk(user({ text: 'a' })), 'messages.0.content.0.type: Field required'],
    [
      'V4 a block that is no object',
      talk(user('a')),
      'messages.0.content.0: Input should be a valid dictionary',
    ],
    ['V3 a field of a block', talk(user({ type: 'text' })), 'messages.0.content.0.text.text: Field required'],
    [
      'C64 shape errors count merged messages',
      talk(user(text('a'), text('b')), user(text('c')), user(text('d'), { type: 'nope' })),
      /^messages\.0\.content\.4: /,
    ],
    [
      'C64 shape errors count merged turns',
      talk(user(text('a')), user(text('b')), system(), assistant(text('c')), user({ type: 'nope' })),
      /^messages\.2\.content\.0: /,
    ],
    [
      'C64 rules count merged messages',
      talk(user(text('a')), user(result('t9'))),
      /^messages\.0\.content\.1: unexpected `tool_use_id` found/,
    ],
    [
      'tool_use said by the user',
      talk(user(call('t1'))),
      'messages.0.content.0: `tool_use` blocks can only be in `assistant` messages',
    ],
    [
      'tool_result said by the assistant',
      talk(user(text('a')), assistant(result('t1'))),
      'messages.1.content.0: `tool_result` blocks can only be in `user` messages',
    ],
    [
      'an image in a system message',
      talk(user(text('a')), system(image())),
      /Input tag 'image' found using 'type'/,
    ],
    [
      'V13 effort of a system message',
      talk(user(text('a')), { role: 'system', content: 'b', output_config: { effort: 'huge' } }),
      "messages.1.output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ],
  ])
  accepts([
    ['C30 several user messages in a row', talk(user(text('a')), user(text('b')))],
    ['C49 prefill', talk(user(text('a')), assistant(text('{')))],
    ['C61 an empty final assistant message', talk(user(text('a')), assistant())],
    ['C61 an empty final assistant string', talk(user(text('a')), { role: 'assistant', content: '' })],
    ['C61 an empty message beside another', talk(user(), user(text('a')))],
    [
      "an assistant's blank text that comes back",
      talk(user(text('a')), assistant(text('\n'), call('t1')), user(result('t1'))),
    ],
    ['C59 a system message after the user', talk(user(text('a')), { role: 'system', content: 'b' })],
    [
      'C59 a system message before the user',
      talk(user(text('a')), MIDDLE, system(text('b')), user(text('c'))),
    ],
    ['C59 empty system messages', talk(system(), user(text('a')), { role: 'system', content: '' })],
    [
      'a system message of settings alone',
      talk(user(text('a')), { role: 'system', output_config: { effort: 'low' } }),
    ],
  ])
})

describe('cache marks', () => {
  const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } }
  const five = [1, 2, 3, 4, 5].map((n) => text(`part ${n}`, MARKED))
  refuses([
    [
      'C70 five marks',
      talk(user(...five)),
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    [
      'C70 four marks and the top-level one',
      request({ ...MARKED, messages: [user(...five.slice(1))] }),
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    [
      'C70 marks everywhere',
      request({
        tools: [tool('Read', MARKED)],
        system: [text('s', MARKED)],
        messages: [
          ...ASKED,
          user(result('t1', { content: [text('r', MARKED)], ...MARKED }), text('u', MARKED)),
        ],
      }),
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    [
      'C70 ttl order within a message',
      talk(user(text('a', MARKED), text('b', hour))),
      "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' " +
        'cache_control block. Note that blocks are processed in the following order: tools, system, messages.',
    ],
    [
      'C70 ttl order between tools and system',
      request({ tools: [tool('Read', MARKED)], system: [text('s', hour)] }),
      /^system\.0\.cache_control\.ttl: /,
    ],
    [
      'C70 a mark on thinking',
      talk(
        user(text('a')),
        assistant({ type: 'thinking', thinking: 'hm', signature: 's', ...MARKED }, text('b')),
      ),
      'messages.1.content.0.thinking.cache_control: Extra inputs are not permitted',
    ],
    [
      'C70 a mark on empty text',
      talk(user(text('', MARKED))),
      'messages.0.content.0.text: cache_control cannot be set for empty text blocks',
    ],
    [
      'C71 a mark of another type',
      request({ cache_control: { type: 'forever' } }),
      "cache_control.type: Input should be 'ephemeral'",
    ],
    ['C71 a mark without type', request({ cache_control: {} }), 'cache_control.type: Field required'],
    [
      'C71 an unknown ttl',
      talk(user(text('a', { cache_control: { type: 'ephemeral', ttl: '2h' } }))),
      "messages.0.content.0.text.cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
    ],
  ])
  accepts([
    [
      'C71 four marks, the long ones first',
      request({
        system: [text('s', hour)],
        messages: [user(text('a', hour), text('b', MARKED), text('c', MARKED))],
      }),
    ],
    ['C71 the top-level mark', request({ cache_control: { type: 'ephemeral', ttl: '5m' } })],
    ['C71 a null mark', talk(user(text('a', { cache_control: null })))],
    [
      'a mark with a scope',
      request({ system: [text('s', { cache_control: { type: 'ephemeral', scope: 'global' } })] }),
    ],
    ['an empty system text', request({ system: [text('', MARKED)] })],
  ])
})

describe('images and documents', () => {
  const at = 'messages.0.content.0.image.source.base64'
  const pdf = (data: string) => document({ type: 'base64', media_type: 'application/pdf', data })
  refuses([
    [
      'C76 bad media type',
      talk(user(image('image/bmp'))),
      `${at}.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'`,
    ],
    [
      'C76 bad media type inside a tool result',
      talk(...ASKED, user(result('t1', { content: [image('image/bmp')] }))),
      /^messages\.2\.content\.0\.tool_result\.content\.0\.image\.source\.base64\.media_type: Input should be /,
    ],
    [
      'C76 unknown source',
      talk(user({ type: 'image', source: { type: 'ftp' } })),
      /^messages\.0\.content\.0\.image\.source: Input tag 'ftp' .* 'base64', 'url', 'file'$/,
    ],
    [
      'C76 broken base64',
      talk(user(image('image/png', `${PNG}!`))),
      `${at}.data: The file format is invalid or unsupported`,
    ],
    [
      'C76 a data URL',
      talk(user(image('image/png', `data:image/png;base64,${PNG}`))),
      `${at}.data: The file format is invalid or unsupported`,
    ],
    [
      'C76 an impossible length',
      talk(user(image('image/png', 'iVBORw0KG'))),
      `${at}.data: The file format is invalid or unsupported`,
    ],
    [
      'C76 mismatch',
      talk(user(image('image/jpeg'))),
      `${at}.data: Image does not match the provided media type image/jpeg`,
    ],
    [
      'C76 no image at all',
      talk(user(image('image/png', 'aGVsbG8='))),
      `${at}.data: Could not process image`,
    ],
    ['C76 no data', talk(user(image('image/png', ''))), `${at}.data: Could not process image`],
    [
      'C76 no PDF',
      talk(user(pdf(PNG))),
      'messages.0.content.0.document.source.base64.data: The file format is invalid or unsupported',
    ],
    [
      "C76 mismatch inside a document's blocks",
      talk(user(document({ type: 'content', content: [text('a'), image('image/gif')] }))),
      /^messages\.0\.content\.0\.document\.source\.content\.content\.1\.image\.source\.base64\.data: Image does not/,
    ],
  ])
  accepts([
    ['C73 png', talk(user(image()))],
    ['C73 jpeg', talk(user(image('image/jpeg', '/9j/4AAQSkZJRg==')))],
    ['C73 gif', talk(user(image('image/gif', 'R0lGODlhAQABAAAAACw=')))],
    ['C73 webp', talk(user(image('image/webp', 'UklGRhoAAABXRUJQVlA4TA0=')))],
    [
      'C74 url image',
      talk(user({ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } })),
    ],
    ['C78 pdf', talk(user(pdf('JVBERi0xLjQK')))],
    [
      'C78 a pdf that begins with other bytes',
      talk(user(pdf(Buffer.from('\n\n%PDF-1.4').toString('base64')))),
    ],
    ['C78 pdf url', talk(user(document({ type: 'url', url: 'https://example.com/a.pdf' })))],
    ['C78 text source', talk(user(document(PLAIN, { title: 't', context: 'c' })))],
    ['C78 content source', talk(user(document({ type: 'content', content: [text('a'), image()] })))],
    [
      'C80 search result',
      talk(user({ type: 'search_result', source: 's', title: 't', content: [text('a')] })),
    ],
    [
      'C81 C82 media inside a tool result',
      talk(...ASKED, user(result('t1', { content: [image(), document(PLAIN)] }))),
    ],
  ])
})

describe('tools', () => {
  const input = (input_schema: unknown) => request({ tools: [tool('Read', { input_schema })] })
  const invalid =
    'JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12)'
  const adding = (definition: unknown) =>
    request({
      messages: [
        user(text('a')),
        system({ type: 'tool_addition', tool: { type: 'tool_definition', definition } }),
      ],
    })
  const compacted = (change: unknown) =>
    talk(user(text('a')), assistant({ type: 'compaction', content: 'So far.', tool_changes: [change] }))
  refuses([
    [
      'an added tool whose name is no text',
      adding(tool('a', { name: { type: 'c' } })),
      'messages.1.content.0.tool_addition.tool.definition.custom.name: Input should be a valid string',
    ],
    [
      'an added tool whose schema is none',
      adding(tool('a', { input_schema: { type: 'string' } })),
      "messages.1.content.0.tool_addition.tool.definition.custom.input_schema.type: Input should be 'object'",
    ],
    [
      'an added tool with a pattern that is no text',
      adding(tool('a', { input_schema: { type: 'object', properties: { a: { pattern: 7 } } } })),
      /^messages\.1\.content\.0\.tool_addition\.tool\.definition\.custom\.input_schema: /,
    ],
    [
      'a summary of no tool changes',
      compacted(null),
      /^messages\.1\.content\.0\.compaction\.tool_changes\.0/,
    ],
    [
      'a summary of a tool that has no name',
      compacted({ type: 'tool_addition', tool: { type: 'tool_definition', definition: { name: 7 } } }),
      /^messages\.1\.content\.0\.compaction\.tool_changes\.0\..*definition/,
    ],
    ['C96 duplicate names', request({ tools: [tool(), tool()] }), 'tools: Tool names must be unique.'],
    [
      'C96 bad name',
      request({ tools: [tool(), tool('a b')] }),
      "tools.1.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ],
    [
      'C96 empty name of a custom tool',
      request({ tools: [tool('', { type: 'custom' })] }),
      "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ],
    [
      'C96 name missing',
      request({ tools: [{ input_schema: { type: 'object' } }] }),
      'tools.0.custom.name: Field required',
    ],
    [
      'C96 schema not an object',
      input('x'),
      'tools.0.custom.input_schema: Input should be a valid dictionary',
    ],
    ['C96 schema without type', input({}), 'tools.0.custom.input_schema.type: Field required'],
    [
      'C96 schema of another type',
      input({ type: 'array' }),
      "tools.0.custom.input_schema.type: Input should be 'object'",
    ],
    [
      'C96 bad schema',
      input({ type: 'object', properties: { a: { type: 'str' } } }),
      `tools.0.custom.input_schema: ${invalid}. The first fault is at /properties/a/type`,
    ],
    [
      'V5 unknown tool type',
      request({ tools: [{ type: 'function', name: 'a' }] }),
      /^tools\.0: Input tag 'function' found using 'type' does not match any of the expected tags: 'custom', 'bash_20241022', /,
    ],
    [
      'V43 every tool deferred',
      request({ tools: [tool('Read', { defer_loading: true })] }),
      'At least one tool must have defer_loading=false.',
    ],
    [
      'V45 domains allowed and blocked',
      request({
        tools: [
          { type: 'web_search_20250305', name: 'web_search', allowed_domains: ['a'], blocked_domains: ['b'] },
        ],
      }),
      /^tools\.0\.web_search_20250305: only one of `allowed_domains` and `blocked_domains`/,
    ],
    [
      'C88 tool_choice without tools',
      request({ tool_choice: { type: 'auto' } }),
      'tool_choice may only be specified while providing tools.',
    ],
    [
      'C88 tool_choice with no tools',
      request({ tools: [], tool_choice: { type: 'any' } }),
      'tool_choice may only be specified while providing tools.',
    ],
    [
      'C88 unknown tool',
      request({ tools: ONE_TOOL, tool_choice: { type: 'tool', name: 'x' } }),
      "Tool 'x' not found in provided tools",
    ],
    [
      'V5 unknown tool_choice',
      request({ tools: ONE_TOOL, tool_choice: { type: 'maybe' } }),
      "tool_choice: Input tag 'maybe' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'",
    ],
    [
      'V3 tool_choice without name',
      request({ tools: ONE_TOOL, tool_choice: { type: 'tool' } }),
      'tool_choice.tool.name: Field required',
    ],
  ])
  accepts([
    [
      'C87 every tool_choice',
      request({
        tools: ONE_TOOL,
        tool_choice: { type: 'tool', name: 'Read', disable_parallel_tool_use: true },
      }),
    ],
    ['C97 a name of 64 characters', request({ tools: [tool(`${'a'.repeat(62)}-_`)] })],
    [
      'C100 typed client tools',
      request({
        tools: [
          { type: 'bash_20250124', name: 'bash' },
          { type: 'computer_20251124', name: 'computer', display_width_px: 800, display_height_px: 600 },
        ],
      }),
    ],
    [
      'C101 web tools',
      request({
        tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 8 }],
        tool_choice: { type: 'auto' },
      }),
    ],
    [
      'C106 an MCP server and its toolset',
      request({
        mcp_servers: [{ type: 'url', name: 'a', url: 'https://a' }],
        tools: [{ type: 'mcp_toolset', mcp_server_name: 'a' }],
      }),
    ],
    ['tools of this server', request({ tools: [{ type: 'server:Read' }, { type: 'server:*' }] })],
    [
      'a choice of a tool of this server',
      request({ tools: [{ type: 'server:Read' }], tool_choice: { type: 'tool', name: 'Read' } }),
    ],
    [
      'C101 tools of OpenRouter',
      request({ tools: [{ type: 'openrouter:web_search', parameters: {} }], tool_choice: { type: 'auto' } }),
    ],
    [
      'C103 every flag of a tool',
      request({
        tools: [
          tool('a', {
            type: null,
            strict: true,
            input_examples: [{}],
            allowed_callers: ['direct'],
            eager_input_streaming: true,
          }),
          tool('b', { type: '', defer_loading: true }),
        ],
      }),
    ],
    [
      'a tool without a schema',
      request({ tools: [{ name: 'a' }, { name: 'b', type: 'custom', input_schema: null }] }),
    ],
    [
      'a deferred tool with an empty schema',
      request({ tools: [tool(), tool('Later', { defer_loading: true, input_schema: {} })] }),
    ],
    ['V36 tool blocks without tools', talk(...ASKED, user(result('t1')))],
    [
      'a choice of a tool that a system message adds',
      request({
        messages: [
          user(text('a')),
          system({ type: 'tool_addition', tool: { type: 'tool_definition', definition: tool('New') } }),
        ],
        tool_choice: { type: 'tool', name: 'New' },
      }),
    ],
  ])
})

describe('calls and their results', () => {
  const missing = (n: number, ids: string) =>
    `messages.${n}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}. ` +
    'Each `tool_use` block must have a corresponding `tool_result` block in the next message.'
  const orphan = (n: number, m: number, id: string) =>
    `messages.${n}.content.${m}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
    'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.'
  refuses([
    ['C93 orphan result', talk(user(text('a'), result('t9'))), orphan(0, 1, 't9')],
    [
      'C93 result of an earlier turn',
      talk(...ASKED, user(result('t1')), MIDDLE, user(result('t1'))),
      orphan(4, 0, 't1'),
    ],
    ['C94 unanswered call', talk(...ASKED, user(text('b'))), missing(1, 't1')],
    ['C94 unanswered call at the end', talk(...ASKED), missing(1, 't1')],
    [
      'C94 one of three answered',
      talk(user(text('a')), assistant(call('a'), call('b'), call('c')), user(result('b'))),
      missing(1, 'a, c'),
    ],
    ['V32 text before the results', talk(...ASKED, user(text('b'), result('t1'))), missing(1, 't1')],
    [
      'C94 a system message is no answer',
      talk(...ASKED, system(text('b')), user(text('c'))),
      missing(1, 't1'),
    ],
    [
      'C95 duplicate ids in a turn',
      talk(user(text('a')), assistant(call('t1'), call('t1')), user(result('t1'))),
      'messages.1.content.1: `tool_use` ids must be unique',
    ],
    [
      'C95 duplicate ids in two turns',
      talk(...ASKED, user(result('t1')), assistant(call('t1')), user(result('t1'))),
      'messages.3.content.0: `tool_use` ids must be unique',
    ],
    [
      'C95 two results for one call',
      talk(...ASKED, user(result('t1'), result('t1'))),
      'each tool_use must have a single result. Found multiple `tool_result` blocks with id: t1',
    ],
    ['C157 counting checks pairs too', talk(user(result('t9'))), orphan(0, 0, 't9'), COUNTING],
    [
      'V3 a call without input',
      talk(user(text('a')), assistant({ type: 'tool_use', id: 'a', name: 'b' })),
      'messages.1.content.0.tool_use.input: Field required',
    ],
  ])
  accepts([
    ['C89 C91 a round', talk(...ASKED, user(result('t1', { is_error: true })), MIDDLE)],
    [
      'C90 absent, empty and block content',
      talk(
        user(text('a')),
        assistant(call('a'), call('b'), call('c')),
        user(result('a', { content: undefined }), result('b', { content: '' }), result('c', { content: [] })),
      ),
    ],
    [
      'C92 two results and trailing text',
      talk(user(text('a')), assistant(call('a'), call('b')), user(result('a'), result('b'), text('c'))),
    ],
    [
      'results in two merged messages',
      talk(user(text('a')), assistant(call('a')), assistant(call('b')), user(result('a')), user(result('b'))),
    ],
    ['a system message between calls and results', talk(...ASKED, system(text('b')), user(result('t1')))],
    [
      'a system message after the results',
      talk(...ASKED, user(result('t1')), { role: 'system', content: 'b' }),
    ],
    [
      'C104 ids of other providers',
      talk(user(text('a')), assistant(call('functions.Read:0|1.2')), user(result('functions.Read:0|1.2'))),
    ],
    [
      'C102 an unfinished server tool',
      talk(
        user(text('a')),
        assistant({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      ),
    ],
    [
      'a tool reference in a result',
      talk(
        ...ASKED,
        user(
          result('t1', { content: [{ type: 'tool_reference', tool_name: 'WebFetch' }] }),
          text('Tool loaded.'),
        ),
      ),
    ],
    ['an empty text in a result', talk(...ASKED, user(result('t1', { content: [text('')] })))],
  ])
})

describe('thinking and formats', () => {
  const format = { type: 'json_schema', schema: { type: 'object' } }
  const interleaved = { ...LENIENT, betas: ['interleaved-thinking-2025-05-14'] }
  refuses([
    [
      'C108 budget below 1024',
      request({ thinking: thinking(1023) }),
      'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
    ],
    [
      'C108 budget of max_tokens',
      request({ max_tokens: 2000, thinking: thinking(2000) }),
      /^`max_tokens` must be greater than `thinking\.budget_tokens`\. Please consult our documentation at https:/,
    ],
    [
      'C108 budget missing',
      request({ thinking: { type: 'enabled' } }),
      'thinking.enabled.budget_tokens: Field required',
    ],
    [
      'V5 unknown thinking',
      request({ thinking: { type: 'auto' } }),
      "thinking: Input tag 'auto' found using 'type' does not match any of the expected tags: 'enabled', 'adaptive', 'disabled', 'between_tools'",
    ],
    [
      'C110 bad effort',
      request({ output_config: { effort: 'huge' } }),
      "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ],
    [
      'C117 both formats',
      request({ output_format: format, output_config: { format } }),
      /^output_format: cannot be combined with `output_config\.format`/,
    ],
    [
      'C119 format and citations',
      request({
        output_config: { format },
        messages: [user(document(PLAIN, { citations: { enabled: true } }), text('a'))],
      }),
      'output_config.format: cannot be combined with citations',
    ],
    [
      'C119 output_format and citations',
      request({
        output_format: format,
        messages: [user(document(PLAIN, { citations: { enabled: true } }), text('a'))],
      }),
      'output_format: cannot be combined with citations',
    ],
  ])
  accepts([
    ['C107 enabled', request({ max_tokens: 2000, thinking: thinking(1024) })],
    [
      'C108 a large budget with the interleaved beta',
      request({ max_tokens: 2000, thinking: thinking(4000) }),
      interleaved,
    ],
    [
      'C108 counting knows no max_tokens',
      request({ max_tokens: undefined, thinking: thinking(4000) }),
      COUNTING,
    ],
    ['C109 adaptive', request({ thinking: { type: 'adaptive', display: 'updates' } })],
    ['C109 disabled', request({ thinking: { type: 'disabled' } })],
    ['C109 between_tools', request({ thinking: { type: 'between_tools' } })],
    [
      'C111 C112 thinking that comes back',
      talk(
        user(text('a')),
        assistant(
          { type: 'thinking', thinking: '', signature: '' },
          { type: 'redacted_thinking', data: 'x' },
          text('b'),
        ),
        user(text('c')),
      ),
    ],
    [
      'C113 temperature beside thinking',
      request({ max_tokens: 2000, thinking: thinking(1024), temperature: 0.5 }),
    ],
    [
      'C116 a format with citations switched off',
      request({
        output_config: { format },
        messages: [user(document(PLAIN, { citations: { enabled: false } }), text('a'))],
      }),
    ],
    [
      'C117 output_format alone',
      request({ output_format: format, output_config: { effort: 'low', format: null } }),
    ],
    ['C118 a format whose objects are open', request({ output_config: { format } })],
    [
      'C120 context management',
      request({ context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] } }),
    ],
    [
      'C121 a compaction block',
      talk(user(text('a')), assistant({ type: 'compaction', content: 'so far' }), user(text('b'))),
    ],
  ])
})

describe('what this server does not offer', () => {
  const toolOf = (type: string, more: object = {}) =>
    request({ tools: [tool(), { type, name: 'x', ...more }] })
  refuses([
    ['container id', request({ container: 'c1' }), /^container: .*offer a tool of your own that runs code$/],
    ['container object', request({ container: { skills: [] } }), /^container: /],
    [
      'container_upload',
      talk(user(text('a'), { type: 'container_upload', file_id: 'f' })),
      /^messages\.0\.content\.1\.container_upload: .*send the file as/,
    ],
    [
      'computer toolset',
      toolOf('computer_toolset_20260801'),
      /^tools\.1\.computer_toolset_20260801: .*computer_20251124/,
    ],
    ['browser toolset', toolOf('browser_toolset_20260801'), /^tools\.1\.browser_toolset_20260801: /],
    ['advisor', toolOf('advisor_20260301', { model: 'm' }), /^tools\.1\.advisor_20260301: /],
    [
      'callers without direct',
      request({ tools: [tool('a', { allowed_callers: ['code_execution_20250825'] })] }),
      /^tools\.0\.custom\.allowed_callers: add 'direct'; /,
    ],
    ['compaction', request({ compaction: { type: 'summarize' } }), /^compaction: .*send a summary/],
    ['several answers', request({ n: 2 }), /^n: there is one answer a request/],
    ['several answers by the extension', request({ openrouter: { n: 2 } }), /^openrouter\.n: /],
    ['functions', request({ functions: [] }), 'functions: use `tools`'],
    ['function_call', request({ function_call: 'auto' }), 'function_call: use `tool_choice`'],
    ['prompt', request({ prompt: 'a' }), 'prompt: use `messages`'],
    [
      'fallbacks beside models',
      request({ fallbacks: [{ model: 'a' }], models: ['b'] }),
      /^fallbacks: cannot be combined with `models`/,
    ],
    [
      'fallbacks beside models of the extension',
      request({ fallbacks: 'default', openrouter: { models: ['b'] } }),
      /^fallbacks: /,
    ],
    ['V4 fallbacks a number', request({ fallbacks: 5 }), 'fallbacks: Input should be a valid list'],
  ])
  accepts([
    [
      'null for each of them',
      request({ container: null, mcp_servers: [], compaction: null, n: 1, functions: null, thread: null }),
    ],
    ['fallbacks alone', request({ fallbacks: [{ model: 'a' }] })],
    [
      'counting with compaction',
      request({ compaction: { type: 'summarize' }, max_tokens: undefined }),
      COUNTING,
    ],
    [
      'options of OpenRouter',
      request({ provider: { order: ['a'] }, models: ['b'], openrouter: { seed: 1 } }),
    ],
  ])

  test.each([
    ['new', { type: 'create' }, user(text('a'))],
    ['continued', { type: 'continue', previous_message_id: 'msg_1' }, user(result('t9'))],
  ])('a %s thread is refused with the details that make the SDK go on without', (_, thread, message) => {
    const failure = failureOf(request({ thread, messages: [message] }))
    expect(failure?.status).toBe(400)
    expect(failure?.message).toStartWith('thread: ')
    expect(failure?.details).toEqual({ error_code: 'thread_unsupported_request', unsupported: ['thread'] })
  })
})
