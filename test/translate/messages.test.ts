import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { toMessages } from '../../src/translate/messages.ts'
import { mergeTurns } from '../../src/translate/turns.ts'
import type { ContentBlock } from '../../src/wire/anthropic/content.ts'
import type { Message } from '../../src/wire/anthropic/request.ts'
import type { ChatMessage, Part } from '../../src/wire/openrouter/request.ts'
import { deepFreeze } from '../support/freeze.ts'
import { bodyOf, CLAUDE, DEEPSEEK, GEMINI, GPT, LOCAL, tool } from './ask.ts'

const TARGETS = [CLAUDE, GPT, GEMINI, DEEPSEEK, LOCAL]

// — whole conversations —

const mark = fc.option(fc.constant({ type: 'ephemeral' as const }), { nil: null, freq: 4 })
const text = fc.record({
  type: fc.constant('text' as const),
  text: fc.constantFrom('a', 'b\n', ' '),
  cache_control: mark,
})
const image = fc.constant({
  type: 'image' as const,
  source: { type: 'url' as const, url: 'https://example.com/a.png' },
})
const thinking = fc.record({
  type: fc.constant('thinking' as const),
  thinking: fc.constantFrom('', 'hm'),
  signature: fc.constantFrom('', 'EqX'),
})
const said = fc.array(fc.oneof(text, image), { minLength: 1, maxLength: 3 })
const system: fc.Arbitrary<Message[]> = fc.array(
  fc.record({
    role: fc.constant('system' as const),
    content: fc.oneof(fc.constantFrom('', 's'), fc.array(text, { maxLength: 2 })),
  }),
  { maxLength: 2 },
)

/** A user's message, what the assistant did about it, and system messages anywhere between. */
const exchange = fc.record({
  question: said,
  first: system,
  thoughts: fc.array(thinking, { maxLength: 2 }),
  words: fc.array(text, { maxLength: 2 }),
  results: fc.array(fc.record({ content: fc.oneof(fc.constant(''), said), is_error: fc.boolean() }), {
    maxLength: 3,
  }),
  second: system,
  order: fc.boolean(),
})

const conversation: fc.Arbitrary<Message[]> = fc
  .array(exchange, { minLength: 1, maxLength: 4 })
  .map((exchanges) =>
    exchanges.flatMap(({ question, first, thoughts, words, results, second, order }, n): Message[] => {
      const calls = results.map((_, m) => ({
        type: 'tool_use' as const,
        id: `toolu_${n}_${m}`,
        name: 'go',
        input: { n },
      }))
      const answers = results.map((result, m) => ({
        type: 'tool_result' as const,
        tool_use_id: `toolu_${n}_${m}`,
        ...result,
      }))
      const assistant: ContentBlock[] = [...thoughts, ...words, ...calls]
      if (assistant.length === 0) assistant.push({ type: 'text', text: 'yes' })
      return [
        { role: 'user', content: question },
        ...first,
        { role: 'assistant', content: assistant },
        ...second,
        ...(answers.length > 0
          ? [{ role: 'user' as const, content: order ? answers : answers.toReversed() }]
          : []),
      ]
    }),
  )

const translated = (messages: readonly Message[], target = CLAUDE): ChatMessage[] =>
  toMessages(mergeTurns(messages), target)

const everyTarget = (check: (messages: Message[], target: (typeof TARGETS)[number]) => void): void =>
  fc.assert(fc.property(conversation, fc.constantFrom(...TARGETS), check), { numRuns: 300 })

const saysSomething = ({ role, content }: Message): boolean =>
  role !== 'assistant' ||
  (content as ContentBlock[]).some((block) =>
    block.type === 'text' ? block.text.trim() !== '' : block.type === 'tool_use',
  )

describe('whatever the conversation', () => {
  test('nothing of the client is changed', () => {
    everyTarget((messages, target) => {
      const before = JSON.stringify(messages)
      translated(deepFreeze(messages), target)
      expect(JSON.stringify(messages)).toBe(before)
    })
  })

  test('results stand right behind their calls, in their order, one for each', () => {
    everyTarget((messages, target) => {
      const chat = translated(messages, target)
      for (const [n, message] of chat.entries()) {
        const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : []
        const answers = chat.slice(n + 1, n + 1 + calls.length)
        expect(answers.map((answer) => (answer.role === 'tool' ? answer.tool_call_id : ''))).toEqual(
          calls.map(({ id }) => id),
        )
      }
      const count = (role: string) => chat.filter((message) => message.role === role).length
      expect(count('tool')).toBe(
        messages
          .flatMap(({ content }) => content as ContentBlock[])
          .filter(({ type }) => type === 'tool_result').length,
      )
    })
  })

  test('no two user messages are neighbours, and no message is empty (T46, T49)', () => {
    everyTarget((messages, target) => {
      const chat = translated(messages, target)
      for (const [n, { role, content }] of chat.entries()) {
        expect(role === 'user' && chat[n + 1]?.role === 'user').toBe(false)
        expect(content === '' || content?.length === 0).toBe(false)
        if (Array.isArray(content))
          for (const part of content as Part[]) expect(part).not.toEqual({ type: 'text', text: '' })
      }
    })
  })

  test('no cache mark comes out that did not go in, and none for other servers (T52)', () => {
    const marks = (value: unknown): number => JSON.stringify(value).split('"cache_control":{').length - 1
    everyTarget((messages, target) => {
      expect(marks(translated(messages, target))).toBeLessThanOrEqual(target.openrouter ? marks(messages) : 0)
    })
  })

  test('what was sent before is sent again, so that prompt caches hold', () => {
    /** The same text whether in one string or in a part. */
    const words = (message: ChatMessage): unknown => ({
      ...message,
      content:
        typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content,
    })
    const unmarked = (messages: Message[]): Message[] =>
      JSON.parse(JSON.stringify(messages, (key, value) => (key === 'cache_control' ? undefined : value)))
    everyTarget((marked, target) => {
      // A turn of thoughts alone goes, so that its neighbours become one message.
      fc.pre(marked.every(saysSomething))
      const messages = unmarked(marked)
      const whole = translated(messages, target).map(words)
      const ends = messages.flatMap(({ role }, n) =>
        role === 'user' && messages[n + 1]?.role === 'assistant' ? [n + 1] : [],
      )
      for (const end of ends) {
        const before = translated(messages.slice(0, end), target).map(words)
        expect(whole.slice(0, before.length)).toEqual(before)
      }
    })
  })
})

// — single rules —

const results = (...content: object[]) => ({
  tools: [tool('go')],
  messages: [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'go', input: {} }] },
    { role: 'user', content },
  ],
})
const resultOf = (result: object, target = GPT): any =>
  bodyOf(results({ type: 'tool_result', tool_use_id: 'toolu_1', ...result }), target)['messages'][2].content

describe('a tool result', () => {
  const words = (...texts: string[]) => texts.map((word) => ({ type: 'text', text: word }))
  test.each<[string, object, string]>([
    ['as a string', { content: 'ok' }, 'ok'],
    ['as texts', { content: words('a', 'b') }, 'a\nb'],
    ['that is empty', { content: '' }, '(no output)'],
    ['that is an empty list', { content: [] }, '(no output)'],
    ['that is null', { content: null }, '(no output)'],
    ['that is absent', {}, '(no output)'],
    ['of empty texts', { content: words('', '') }, '(no output)'],
    ['that failed', { content: 'no file', is_error: true }, 'Error: no file'],
    ['that failed in texts', { content: words('a', 'b'), is_error: true }, 'Error: a\nb'],
    ['that says itself that it failed', { content: 'Error: no file', is_error: true }, 'Error: no file'],
    [
      'that failed as Claude Code says it',
      { content: '<tool_use_error>x</tool_use_error>', is_error: true },
      '<tool_use_error>x</tool_use_error>',
    ],
    ['that failed and says nothing', { is_error: true }, 'Error: (no output)'],
    ['that did not fail', { content: 'ok', is_error: false }, 'ok'],
    [
      'of references',
      {
        content: [
          { type: 'tool_reference', tool_name: 'a' },
          { type: 'tool_reference', tool_name: 'b' },
        ],
      },
      'Tool available: a\nTool available: b',
    ],
    [
      'of a search',
      { content: [{ type: 'search_result', source: 's', title: 't', content: words('x') }] },
      '<search_result source="s" title="t">\nx\n</search_result>',
    ],
  ])('%s', (_, result, expected) => {
    expect(resultOf(result)).toBe(expected)
  })

  test('that is only an image says that it failed', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
    expect(resultOf({ content: [image], is_error: true }, CLAUDE)).toEqual([
      { type: 'text', text: 'Error: the tool failed' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
    ])
  })

  test('keeps its mark when it is empty (T46)', () => {
    const marked = [{ type: 'text', text: '(no output)', cache_control: { type: 'ephemeral' } }]
    expect(resultOf({ content: '', cache_control: { type: 'ephemeral' } })).toEqual(marked)
  })
})

test("another server's messages have no parts but for media", () => {
  const body = bodyOf(
    results(
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        content: [{ type: 'text', text: 'a' }],
        cache_control: { type: 'ephemeral' },
      },
      { type: 'text', text: 'b' },
      { type: 'text', text: 'c' },
    ),
    LOCAL,
  )
  expect(body['messages'].slice(2)).toEqual([
    { role: 'tool', tool_call_id: 'toolu_1', content: 'a' },
    { role: 'user', content: 'b\n\nc' },
  ])
})

test('arguments are the JSON of the input', () => {
  const messages = [
    { role: 'user', content: 'Go.' },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 'toolu_1', name: 'odd name!', input: { a: [1, { b: 'ü' }] } }],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] },
  ]
  const [call] = bodyOf({ messages })['messages'][1].tool_calls
  expect(JSON.parse(call.function.arguments)).toEqual({ a: [1, { b: 'ü' }] })
  expect(call.function.name).toMatch(/^odd_name__[0-9a-f]{8}$/)
})
