import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { foldEvents } from '../../src/translate/fold.ts'
import { unfoldMessage } from '../../src/translate/unfold.ts'
import type { MessageResponse } from '../../src/wire/anthropic/response.ts'
import { anyObject } from './arbitrary.ts'
import { expectGrammar } from './grammar.ts'

/** What a message looks like after its way through events, as text, so that the order of keys counts. */
const again = (message: object): string =>
  JSON.stringify(foldEvents(unfoldMessage(message as MessageResponse)))

const anyText = fc.string({ unit: 'binary' })
const anyCall = { id: anyText, name: anyText, input: anyObject }
const nullable = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })

const knownBlock: fc.Arbitrary<object> = fc.oneof(
  fc.record(
    { type: fc.constant('text'), text: anyText, citations: nullable(fc.array(anyObject, { maxLength: 3 })) },
    { requiredKeys: ['type', 'text'] },
  ),
  fc.record(
    { type: fc.constant('thinking'), thinking: anyText, signature: anyText },
    { requiredKeys: ['type', 'thinking'] },
  ),
  fc.record({ type: fc.constant('redacted_thinking'), data: anyText }),
  fc.record({ type: fc.constantFrom('tool_use', 'server_tool_use', 'mcp_tool_use'), ...anyCall }),
  fc.record({ type: fc.constant('compaction'), content: nullable(anyText), encrypted_content: anyText }),
)

/** Unknown blocks, and known ones with unknown fields, before or behind their own. */
const block: fc.Arbitrary<object> = fc
  .tuple(fc.oneof(knownBlock, fc.record({ type: anyText })), anyObject, fc.boolean())
  .map(([known, extra, isBehind]) =>
    isBehind ? { ...known, ...withoutKeysOf(extra, known) } : { ...extra, ...known },
  )

const withoutKeysOf = (fields: object, known: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in known)))

const usage = fc.record(
  {
    input_tokens: fc.nat(),
    cache_creation_input_tokens: nullable(fc.nat()),
    cache_read_input_tokens: nullable(fc.nat()),
    output_tokens: fc.nat(),
    server_tool_use: nullable(anyObject),
    cost: fc.double({ noNaN: true, noDefaultInfinity: true }).map((cost) => cost + 0),
    iterations: fc.array(anyObject, { maxLength: 2 }),
  },
  { requiredKeys: ['input_tokens', 'output_tokens'] },
)

const message: fc.Arbitrary<object> = fc
  .tuple(
    anyObject,
    fc.record(
      {
        model: anyText,
        id: anyText,
        type: fc.constant('message'),
        role: fc.constant('assistant'),
        content: fc.array(block, { maxLength: 5 }),
        stop_reason: fc.constantFrom('end_turn', 'tool_use', 'compaction', 'of_tomorrow'),
        stop_sequence: nullable(anyText),
        stop_details: nullable(anyObject),
        container: nullable(anyObject),
        context_management: nullable(anyObject),
        diagnostics: nullable(anyObject),
        provider: anyText,
        usage,
      },
      { requiredKeys: ['model', 'id', 'type', 'role', 'content', 'stop_reason', 'usage'] },
    ),
  )
  .map(([extra, known]) => ({ ...extra, ...known }))

test('a message that becomes events and a message again is the same to the last key', () => {
  fc.assert(
    fc.property(message, (given) => {
      const parsed: object = JSON.parse(JSON.stringify(given))
      expect(again(parsed)).toBe(JSON.stringify(parsed))
    }),
    { numRuns: 1000 },
  )
})

describe('a message with every block that Anthropic has', () => {
  const MESSAGE = {
    model: 'claude-opus-5',
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: 'EqQB' },
      { type: 'redacted_thinking', data: 'Eq' },
      {
        type: 'text',
        text: 'So ',
        citations: [{ type: 'char_location', cited_text: 'x' }, { type: 'of_tomorrow' }],
      },
      {
        type: 'server_tool_use',
        id: 'srvtoolu_1',
        name: 'web_search',
        input: { query: 'q' },
        caller: { type: 'direct' },
      },
      {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [{ type: 'web_search_result', url: 'u' }],
      },
      { type: 'of_tomorrow', parts: [1, { a: null }] },
      { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    stop_details: null,
    context_management: { applied_edits: [] },
    usage: { input_tokens: 3, output_tokens: 4, service_tier: 'standard', cost: 0.01 },
    provider: 'Anthropic',
  }
  const events = unfoldMessage(MESSAGE as unknown as MessageResponse)

  test('is told in the order of every stream', () => {
    const known = MESSAGE.content.filter(({ type }) =>
      ['thinking', 'redacted_thinking', 'tool_use'].includes(type),
    )
    expectGrammar(unfoldMessage({ ...MESSAGE, content: known } as unknown as MessageResponse), true)
  })

  test('begins without content and end, and tells each piece as a delta', () => {
    expect(events.at(0)).toMatchObject({
      type: 'message_start',
      message: {
        id: 'msg_01',
        content: [],
        stop_reason: null,
        context_management: null,
        provider: 'Anthropic',
      },
    })
    expect(
      events.flatMap((event) => (event.type === 'content_block_delta' ? event.delta : [])) as unknown[],
    ).toEqual([
      { type: 'thinking_delta', thinking: 'Hm.' },
      { type: 'signature_delta', signature: 'EqQB' },
      { type: 'text_delta', text: 'So ' },
      { type: 'citations_delta', citation: { type: 'char_location', cited_text: 'x' } },
      { type: 'citations_delta', citation: { type: 'of_tomorrow' } },
      { type: 'input_json_delta', partial_json: '{"query":"q"}' },
      { type: 'input_json_delta', partial_json: '{}' },
    ])
    expect(events.at(-2)).toEqual({
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null, stop_details: null } as never,
      usage: MESSAGE.usage as never,
      context_management: { applied_edits: [] },
    })
  })

  test('is the same again', () => {
    expect(again(MESSAGE)).toBe(JSON.stringify(MESSAGE))
  })
})
