import { describe, expect, test } from 'bun:test'

import { Failure } from '../../src/core/errors.ts'
import { refuseOverflow } from '../../src/messages/overflow.ts'
import { createTokenCounter } from '../../src/tokens/counter.ts'
import { type Target, toTarget } from '../../src/translate/target.ts'
import type { ChatRequest } from '../../src/wire/openrouter/request.ts'

const CONTEXT = 10_000
const KNOWN = toTarget('anthropic/claude-sonnet-4.5', true, { facts: { contextTokens: CONTEXT } })
const UNKNOWN = toTarget('anthropic/claude-sonnet-4.5', true)
const WORDS = 'The quick brown fox jumps over the lazy dog, and the dog does not mind it at all. '
const manyWords = (chars: number): string => WORDS.repeat(Math.ceil(chars / WORDS.length)).slice(0, chars)

/** The failure of a request that says `content`, `binary` being the part of it that is no text. */
function refusalOf(
  content: string,
  target: Target = KNOWN,
  more: object = {},
  binary = '',
): string | undefined {
  const request = {
    model: target.model,
    messages: [],
    stream: true,
    content: content + binary,
    ...more,
  } as ChatRequest
  const text = JSON.stringify(request)
  const size = { textChars: text.length - binary.length, mediaTokens: binary === '' ? 0 : 50_000 }
  const tokens = createTokenCounter().estimate(target.model, size)
  try {
    refuseOverflow({ request, text, size, tokens }, target)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).kind).toBe('invalid_request_error')
    return (error as Failure).message
  }
}

describe('a prompt beyond the context of its model', () => {
  const huge = manyWords(12 * CONTEXT)

  test("is refused in Claude Code's words, with the best guess", () => {
    expect(refusalOf(huge)).toMatch(/^prompt is too long: 3\d{4} tokens > 10000 maximum$/)
  })

  test.each([
    ['the model is unknown', UNKNOWN, {}],
    ['another model may take over', { ...KNOWN, fallbacks: ['google/gemini-3-pro'] }, {}],
    ['the client names other models', KNOWN, { models: ['google/gemini-3-pro'] }],
    ['a preset decides', KNOWN, { preset: 'mine' }],
    ['OpenRouter shall shorten it', KNOWN, { transforms: ['middle-out'] }],
    ['its plugin shall shorten it', KNOWN, { plugins: [{ id: 'context-compression' }] }],
  ])('goes upstream where %s', (_, target, more) => {
    expect(refusalOf(huge, target, more)).toBeUndefined()
  })

  test('is refused all the same where the plugin is off, as the server sets it', () => {
    const plugins = [{ id: 'web' }, { id: 'context-compression', enabled: false }]
    expect(refusalOf(huge, KNOWN, { plugins, transforms: [] })).toBeDefined()
  })
})

test.each([
  ['that fits', manyWords(2 * CONTEXT), ''],
  ['that may be just too long', manyWords(6 * CONTEXT), ''],
  ['of blanks, which are few tokens', ' '.repeat(50 * CONTEXT), ''],
  ['of blank lines', '\n'.repeat(50 * CONTEXT), ''],
  ['of rules', `${'-'.repeat(78)}\n`.repeat(CONTEXT), ''],
  ['of pictures, whose tokens nobody knows', 'Look.', 'iVBO'.repeat(100 * CONTEXT)],
])('a prompt %s goes upstream', (_, text, binary) => {
  expect(refusalOf(text, KNOWN, {}, binary)).toBeUndefined()
})
