import { describe, expect, test } from 'bun:test'

import type { Operation, ValidationOptions } from '../../src/messages/validation/subject.ts'
import {
  assistant,
  call,
  COUNTING,
  image,
  LENIENT,
  MARKED,
  NEW_VERSION,
  PNG,
  refusalOf,
  request,
  result,
  system,
  text,
  tool,
  user,
} from './validation/bodies.ts'

const draft2020 = (properties: object, required: readonly string[] = []) => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const words = { type: 'string', description: 'some words' }

const CLAUDE_CODE_TOOLS = [
  tool('Agent', {
    input_schema: draft2020(
      { prompt: words, model: { type: 'string', enum: ['sonnet', 'opus', 'haiku', 'fable'] } },
      ['prompt'],
    ),
  }),
  tool('Bash', {
    input_schema: draft2020({ command: words, timeout: { type: 'number', maximum: 600_000 } }),
  }),
  tool('Edit', { input_schema: draft2020({ replace_all: { type: 'boolean', default: false } }) }),
  tool('Glob', { input_schema: draft2020({ pattern: words }) }),
  tool('Grep', {
    input_schema: draft2020({ '-A': { type: 'number' }, '-n': { type: 'boolean' }, type: words }, []),
  }),
  tool('Read', {
    input_schema: draft2020({
      offset: { type: 'integer', exclusiveMinimum: 0, maximum: 9_007_199_254_740_991 },
    }),
  }),
  tool('ReportFindings', {
    input_schema: draft2020({ findings: { type: 'array', items: { type: 'object', properties: {} } } }),
  }),
  tool('Skill', { input_schema: draft2020({ args: {} }) }),
  tool('ToolSearch', {
    input_schema: draft2020({ query: words, max_results: { type: 'number', default: 5 } }),
  }),
  tool('WebFetch', {
    input_schema: draft2020({ url: { type: 'string', format: 'uri' } }),
    defer_loading: true,
  }),
  tool('Workflow', {
    input_schema: draft2020({
      args: { allOf: [{ anyOf: [{ type: 'object', propertyNames: words, additionalProperties: {} }] }] },
    }),
    eager_input_streaming: true,
  }),
  tool('mcp__files__read', {
    type: 'custom',
    input_schema: { type: 'object', properties: { path: { $ref: '#/$defs/path' } }, $defs: { path: words } },
    defer_loading: true,
  }),
  tool('DeferredToolPlaceholder', { input_schema: draft2020({}), defer_loading: true, ...MARKED }),
]

const CLAUDE_CODE_BETAS = [
  'claude-code-20250219',
  'interleaved-thinking-2025-05-14',
  'context-management-2025-06-27',
  'mid-conversation-tool-changes-2026-07-01',
  'thinking-display-updates-2026-08-18',
]

const CLAUDE_CODE = {
  model: 'anthropic/claude-sonnet-4',
  max_tokens: 32_000,
  stream: true,
  system: [
    text('x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=sdk-cli;'),
    text('You are Claude Code.', MARKED),
    text('The long prompt.', { cache_control: { type: 'ephemeral', scope: 'global' } }),
  ],
  tools: CLAUDE_CODE_TOOLS,
  metadata: {
    user_id: JSON.stringify({ device_id: 'a'.repeat(64), account_uuid: '', session_id: crypto.randomUUID() }),
  },
  thinking: { type: 'adaptive', display: 'updates' },
  output_config: { effort: 'high' },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  safeguards: [{ type: 'dangerous_tool_use', classifier_context: { v: 1, permission_mode: 'plan' } }],
  messages: [
    { role: 'user', content: 'The file @a.ts was read.' },
    user(text('<system-reminder>Context.</system-reminder>'), text('Mend the stream.')),
    system(text('Working directory: /srv/project')),
    assistant(
      { type: 'thinking', thinking: '', signature: '' },
      text('I look for the tool first.'),
      call('toolu_1', { name: 'ToolSearch', input: { query: 'fetch' }, caller: { type: 'direct' } }),
      call('toolu_2', {
        name: 'Read',
        input: { file_path: 'a.png', __unparsedToolInput: { raw: '{', len: 1 } },
      }),
    ),
    user(
      result('toolu_1', { content: [{ type: 'tool_reference', tool_name: 'WebFetch' }] }),
      result('toolu_2', { content: [image('image/png', PNG)], is_error: false }),
      text('Tool loaded.'),
    ),
    { role: 'system', content: 'The date has changed.', output_config: { effort: 'medium' } },
    assistant(text('Now I know.'), call('toolu_3', { name: 'Bash', input: { command: 'ls' } })),
    user(
      result('toolu_3', {
        content: '<tool_use_error>Exit code 1</tool_use_error>',
        is_error: true,
        ...MARKED,
      }),
    ),
    { role: 'system', content: [] },
  ],
}

const claudeCode: ValidationOptions = { ...LENIENT, betas: CLAUDE_CODE_BETAS }

describe('what clients send passes', () => {
  const rows: readonly (readonly [string, unknown, ValidationOptions<Operation>])[] = [
    ['C186 Claude Code, a turn with everything', CLAUDE_CODE, claudeCode],
    [
      'Claude Code with a fixed thinking budget just below max_tokens',
      { ...CLAUDE_CODE, thinking: { type: 'enabled', budget_tokens: 31_999, display: 'updates' } },
      claudeCode,
    ],
    [
      'Claude Code, its web search',
      {
        ...CLAUDE_CODE,
        thinking: undefined,
        messages: [user(text('Search the web for bun.'))],
        tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 8 }],
        tool_choice: { type: 'auto' },
      },
      claudeCode,
    ],
    [
      'Claude Code, a title',
      {
        ...CLAUDE_CODE,
        tools: [],
        thinking: { type: 'disabled' },
        output_config: {
          effort: 'low',
          format: { type: 'json_schema', schema: draft2020({ title: words }, ['title']) },
        },
      },
      claudeCode,
    ],
    [
      'Claude Code 2.0, a prefilled topic question',
      request({ temperature: 0, messages: [user(text('a')), assistant(text('{'))] }),
      claudeCode,
    ],
    [
      'Claude Code, counting',
      { model: 'big', messages: [{ role: 'user', content: 'foo' }], tools: [CLAUDE_CODE_TOOLS[0]] },
      { ...COUNTING, betas: CLAUDE_CODE_BETAS },
    ],
    [
      'Claude Code with extra body keys',
      { ...CLAUDE_CODE, provider: { order: ['azure'] }, seed: 7 },
      claudeCode,
    ],
    [
      'the SDK 1.x tool runner without its thread',
      request({ stream: false, tools: [tool('a', { type: 'custom', input_schema: draft2020({}) })] }),
      NEW_VERSION,
    ],
    [
      'the SDK, messages.parse',
      request({ output_config: { format: { type: 'json_schema', schema: draft2020({ a: words }) } } }),
      NEW_VERSION,
    ],
    [
      'the AI SDK, a forced json tool',
      request({
        tools: [tool('json', { input_schema: draft2020({}), eager_input_streaming: true })],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
      }),
      LENIENT,
    ],
    [
      'LangChain, a forced extraction',
      request({ stream: false, tools: [tool('extract')], tool_choice: { type: 'tool', name: 'extract' } }),
      LENIENT,
    ],
    [
      'opencode, marks on calls and results',
      request({
        system: [text('s', MARKED)],
        tools: [tool('bash')],
        messages: [
          user(text('a', MARKED)),
          assistant(call('t1', { name: 'bash', ...MARKED })),
          user(result('t1', MARKED)),
        ],
      }),
      LENIENT,
    ],
  ]

  for (const [client, body, options] of rows)
    test(`${client}`, () => {
      expect(refusalOf(JSON.parse(JSON.stringify(body)), options)).toBeUndefined()
    })
})
