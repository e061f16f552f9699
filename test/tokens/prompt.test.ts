import { describe, expect, test } from 'bun:test'

import { calibrationOf } from '../../src/tokens/calibration.ts'
import { promptParts } from '../../src/tokens/prompt.ts'
import type { ContentBlock } from '../../src/wire/anthropic/content.ts'
import type { CountTokensRequest, Message } from '../../src/wire/anthropic/request.ts'
import type { Tool } from '../../src/wire/anthropic/tools.ts'

const calibration = calibrationOf('claude-sonnet-4')

const partsOfRequest = (request: Partial<CountTokensRequest>) =>
  promptParts({ model: 'm', messages: [], ...request }, calibration)

const partsOfBlock = (block: ContentBlock) =>
  partsOfRequest({ messages: [{ role: 'user', content: [block] }] })

const textsOf = (block: ContentBlock) => partsOfBlock(block).texts.filter((text) => text !== '')

const user = (content: Message['content']): Message => ({ role: 'user', content: content ?? '' })

const source = { type: 'base64' as const, media_type: 'image/png' as const, data: 'AAAA' }
const pdf = { type: 'base64' as const, media_type: 'application/pdf' as const, data: 'AAAA' }

describe('messages', () => {
  test('costs 6 for a request and 2 for a message', () => {
    expect(partsOfRequest({}).framingTokens).toBe(6)
    expect(partsOfRequest({ messages: [user('a'), user('b')] })).toEqual({
      texts: ['a', 'b'],
      framingTokens: 10,
      mediaTokens: 0,
    })
  })

  test('reads the system prompt as a string and as blocks', () => {
    expect(partsOfRequest({ system: 'be kind' }).texts).toEqual(['be kind'])
    const system = [
      { type: 'text' as const, text: 'be' },
      { type: 'text' as const, text: 'kind' },
    ]
    expect(partsOfRequest({ system }).texts).toEqual(['be', 'kind'])
    expect(partsOfRequest({ system: null }).texts).toEqual([])
  })

  test('reads system messages inside the conversation, also those without content', () => {
    const messages: Message[] = [user('a'), { role: 'system', content: 'now be brief' }, { role: 'system' }]
    expect(partsOfRequest({ messages }).texts).toEqual(['a', 'now be brief'])
  })

  test('drops what stands before the last compaction', () => {
    const messages: Message[] = [
      user('long ago'),
      { role: 'assistant', content: [{ type: 'compaction', content: 'we spoke of cats' }] },
      user('and dogs?'),
    ]
    expect(partsOfRequest({ messages }).texts).toEqual(['we spoke of cats', 'and dogs?'])
  })

  test('reads the schema of a structured answer', () => {
    const format = { type: 'json_schema' as const, schema: { type: 'object' } }
    expect(partsOfRequest({ output_config: { format } }).texts).toEqual(['{"type":"object"}'])
    expect(partsOfRequest({ output_format: format }).texts).toEqual(['{"type":"object"}'])
  })
})

describe('blocks', () => {
  const blocks: ReadonlyArray<readonly [ContentBlock, readonly string[]]> = [
    [{ type: 'text', text: 'hello' }, ['hello']],
    [{ type: 'thinking', thinking: 'hm', signature: 'c2ln' }, ['hm']],
    [{ type: 'tool_use', id: 'toolu_1', name: 'Read', input: { path: 'a' } }, ['Read', '{"path":"a"}']],
    [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'done' }, ['done']],
    [{ type: 'tool_result', tool_use_id: 'toolu_1' }, []],
    [
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        content: [
          { type: 'text', text: 'see' },
          { type: 'image', source },
          { type: 'tool_reference', tool_name: 'Write' },
          { type: 'browser_state', tabs: [{ url: 'u' }] },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'page' } },
        ],
      },
      ['see', 'Write', '[{"url":"u"}]', 'page'],
    ],
    [
      {
        type: 'document',
        title: 'T',
        context: 'C',
        source: {
          type: 'content',
          content: [
            { type: 'text', text: 'x' },
            { type: 'image', source },
          ],
        },
      },
      ['T', 'C', 'x'],
    ],
    [{ type: 'document', source: { type: 'content', content: 'plain' } }, ['plain']],
    [{ type: 'document', source: pdf, title: 'T' }, ['T']],
    [
      { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'found' }] },
      ['t', 's', 'found'],
    ],
    [{ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: undefined }, ['web_search']],
    [
      {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [{ type: 'web_search_result', title: 't', url: 'u', encrypted_content: 'x'.repeat(9_999) }],
      },
      ['[{"type":"web_search_result","title":"t","url":"u"}]'],
    ],
    [
      {
        type: 'web_fetch_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: { type: 'web_fetch_result', url: 'u', content: { type: 'document', source: pdf } },
      },
      ['{"type":"web_fetch_result","url":"u","content":{"type":"document"}}'],
    ],
    [{ type: 'mcp_tool_result', tool_use_id: 'mcptoolu_1', content: [{ type: 'text', text: 'r' }] }, ['r']],
    [{ type: 'mcp_tool_listing', mcp_server_name: 'm', tools: [{ name: 'n' }] }, ['[{"name":"n"}]']],
    [{ type: 'container_upload', file_id: 'f' }, []],
    [{ type: 'fallback', from: { model: 'a' }, to: { model: 'b' } }, []],
    [{ type: 'redacted_thinking', data: 'x'.repeat(100) }, []],
  ]

  test.each(blocks.map(([block, texts]) => [block.type, block, texts] as const))(
    'reads what a model reads of a %s',
    (_, block, texts) => {
      expect(textsOf(block)).toEqual([...texts])
    },
  )

  test('counts tool calls and their results beyond their text', () => {
    const call: ContentBlock = { type: 'tool_use', id: 'toolu_1', name: 'Read', input: {} }
    expect(partsOfBlock(call).framingTokens).toBeGreaterThan(
      partsOfBlock({ type: 'text', text: '' }).framingTokens,
    )
  })

  test('counts redacted thinking by its length', () => {
    const redacted = (length: number) =>
      partsOfBlock({ type: 'redacted_thinking', data: 'x'.repeat(length) }).framingTokens
    expect(redacted(1_000) - redacted(0)).toBe(200)
  })

  test('finds images and files at any depth, and takes broken ones for nothing', () => {
    const image: ContentBlock = { type: 'image', source }
    expect(partsOfBlock(image).mediaTokens).toBe(1_600)
    expect(partsOfBlock({ type: 'tool_result', tool_use_id: 't', content: [image] }).mediaTokens).toBe(1_600)
    const document: ContentBlock = { type: 'document', source: { type: 'content', content: [image] } }
    expect(partsOfBlock({ type: 'tool_result', tool_use_id: 't', content: [document] }).mediaTokens).toBe(
      1_600,
    )
    expect(partsOfBlock({ type: 'document', source: pdf }).mediaTokens).toBe(2_000)
    expect(partsOfBlock({ type: 'document', source: { type: 'url', url: 'u' } }).mediaTokens).toBe(6_000)
    const fetched = (content: unknown): ContentBlock => ({
      type: 'web_fetch_tool_result',
      tool_use_id: 't',
      content: { type: 'web_fetch_result', content },
    })
    expect(partsOfBlock(fetched({ type: 'document', source: pdf })).mediaTokens).toBe(2_000)
    for (const broken of [null, 'x', {}, { source: null }, { source: { type: 'base64' } }])
      expect(partsOfBlock(fetched(broken)).mediaTokens).toBe(0)
  })
})

describe('tools', () => {
  const framingOf = (tools: readonly Tool[], request: Partial<CountTokensRequest> = {}) =>
    partsOfRequest({ ...request, tools: [...tools] }).framingTokens - partsOfRequest(request).framingTokens

  const plain = (name: string, defer_loading?: boolean): Tool =>
    defer_loading === undefined ? { name } : { name, defer_loading }

  test('adds a system prompt to the first tool, smaller when a call is forced', () => {
    expect(framingOf([plain('a')])).toBe(366)
    expect(framingOf([plain('a')], { tool_choice: { type: 'none' } })).toBe(366)
    expect(framingOf([plain('a')], { tool_choice: { type: 'any' } })).toBe(333)
    expect(framingOf([plain('a')], { tool_choice: { type: 'tool', name: 'a' } })).toBe(333)
    expect(framingOf([plain('a'), plain('b')])).toBe(366 + 53)
    expect(framingOf([])).toBe(0)
  })

  test('frames each part of a schema', () => {
    const tool: Tool = {
      name: 'search',
      description: 'Searches',
      input_schema: {
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        properties: {
          query: { type: 'string', description: 'What', pattern: '^a' },
          mode: { enum: ['fast', 1] },
          filter: { type: 'object', properties: { from: { type: 'string' } } },
          rows: { type: 'array', items: { type: 'object', properties: { id: true } } },
        },
        required: ['query'],
        additionalProperties: false,
      },
    }
    const { texts } = partsOfRequest({ tools: [tool] })
    const frames = 5 + 13 + 12 + 12 + 12 + 5 + 9 + (12 + 13) + (13 + 13)
    expect(framingOf([tool])).toBe(366 + frames)
    expect([...texts].toSorted()).toEqual(
      [
        'search',
        'Searches',
        'query',
        'What',
        '["pattern","^a"]',
        'mode',
        '"fast"',
        '1',
        'filter',
        'from',
        'rows',
        'id',
        'true',
      ].toSorted(),
    )
  })

  test('takes odd schemas as they come', () => {
    for (const input_schema of [
      null,
      {},
      { properties: [] },
      { properties: { a: null, b: 1 } },
      { anyOf: [{}] },
    ])
      expect(framingOf([{ name: 'odd', input_schema }])).toBeGreaterThanOrEqual(366)
    let deep: Record<string, unknown> = {}
    for (let level = 0; level < 5_000; level++) deep = { properties: { a: deep } }
    expect(framingOf([{ name: 'deep', input_schema: deep }])).toBeGreaterThan(366)
  })

  test('adds what the vendor states for tools with a schema of its own', () => {
    expect(framingOf([{ type: 'bash_20250124', name: 'bash' }])).toBe(366 + 245)
    expect(framingOf([{ type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' }])).toBe(366 + 700)
    expect(framingOf([{ type: 'computer_20251124', name: 'computer' }])).toBe(366 + 1_234)
    expect(framingOf([{ type: 'openrouter:web_search' }])).toBe(366 + 300)
  })

  describe('deferred', () => {
    const tools = [plain('a'), plain('b', true), plain('c', true)]
    const loading = (...blocks: ContentBlock[]): Partial<CountTokensRequest> => ({ messages: [user(blocks)] })

    test('count nothing until the conversation names them', () => {
      expect(framingOf(tools)).toBe(366)
      expect(framingOf([plain('b', true)])).toBe(0)
      expect(framingOf([plain('a', false)])).toBe(366)
    })

    test('count once a tool result names them', () => {
      const result: ContentBlock = {
        type: 'tool_result',
        tool_use_id: 't',
        content: [{ type: 'tool_reference', tool_name: 'b' }],
      }
      expect(framingOf(tools, loading(result))).toBe(366 + 53)
    })

    test('count once a tool search found them or a system message added them', () => {
      const found: ContentBlock = {
        type: 'tool_search_tool_result',
        tool_use_id: 't',
        content: {
          type: 'tool_search_tool_search_result',
          tool_references: [{ type: 'tool_reference', tool_name: 'b' }, null],
        },
      }
      const added: ContentBlock = { type: 'tool_addition', tool: { type: 'tool_reference', name: 'c' } }
      expect(framingOf(tools, loading(found))).toBe(366 + 53)
      expect(framingOf(tools, loading(found, added))).toBe(366 + 2 * 53)
    })

    test('stay loaded when the conversation is compacted', () => {
      const messages = [
        user([{ type: 'tool_addition', tool: { type: 'tool_reference', name: 'b' } }]),
        user([{ type: 'compaction' }]),
      ]
      expect(framingOf(tools, { messages })).toBe(366 + 53)
    })

    test('all count beside a search tool, which loads them upstream', () => {
      const search: Tool = { type: 'tool_search_tool_bm25_20251119', name: 'tool_search_tool_bm25' }
      expect(framingOf([...tools, search])).toBe(366 + 3 * 53 + 300)
    })
  })
})
