import { describe, expect, test } from 'bun:test'

import { encodeToken } from '../../src/translate/reasoning-token.ts'
import { type Target, toTarget } from '../../src/translate/target.ts'
import { bodyOf, CLAUDE, DEEPSEEK, GEMINI, GPT, tool } from './ask.ts'

const GROK = toTarget('x-ai/grok-5', true)

/** A thinking block as the server made it of an answer that `provider` served. */
const thought = (target: Target, provider: string | undefined, data: string, id?: string) => ({
  type: 'redacted_thinking',
  data: encodeToken({
    family: target.family,
    ...(provider ? { provider } : {}),
    items: [{ type: 'reasoning.encrypted', data, ...(id ? { id } : {}) }],
  }),
})

/** A conversation of calls, each with its thoughts. */
const talk = (...thoughts: object[]) => ({
  tools: [tool('go')],
  messages: [
    { role: 'user', content: 'Go.' },
    ...thoughts.flatMap((block, index) => [
      {
        role: 'assistant',
        content: [block, { type: 'tool_use', id: `call_${index}`, name: 'go', input: {} }],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: `call_${index}`, content: 'ok' }] },
    ]),
  ],
})

/** The encrypted data of each turn. */
const replayed = (body: Record<string, any>): unknown[] =>
  body['messages']
    .filter(({ role }: any) => role === 'assistant')
    .map(({ reasoning_details: details }: any) => details?.map(({ data }: any) => data) ?? [])

describe('thoughts that one provider encrypted', () => {
  test.each([
    ['google-ai-studio', 'Google AI Studio', GEMINI],
    ['google-vertex', 'Google', GEMINI],
    ['openai', 'OpenAI', GPT],
    ['azure', 'Azure', GPT],
    ['xai', 'xAI', GROK],
  ])('go back to %s, as %s is called there', (slug, provider, target) => {
    const body = bodyOf(talk(thought(target, provider, 'A')), target)
    expect(body['provider']).toEqual({ order: [slug], allow_fallbacks: true })
    expect(replayed(body)).toEqual([['A']])
  })

  test('leave it to the session to keep the provider, where there is one', () => {
    const ours = talk(thought(GEMINI, 'Google', 'A'))
    expect(bodyOf(ours, GEMINI, { sessionId: 's' })['provider']).toBeUndefined()
    expect(bodyOf({ ...ours, session_id: 's' }, GEMINI)['provider']).toBeUndefined()
  })

  test('leave the preferences of the client and of the operator alone', () => {
    const provider = { sort: 'price' }
    const ours = talk(thought(GEMINI, 'Google', 'A'))
    expect(bodyOf({ ...ours, provider }, GEMINI)['provider']).toEqual(provider)
    expect(bodyOf(ours, { ...GEMINI, options: { provider } })['provider']).toEqual(provider)
  })

  test.each([
    ['an unknown provider', GEMINI, thought(GEMINI, 'Somewhere', 'A')],
    ['a provider that was never named', GEMINI, thought(GEMINI, undefined, 'A')],
    ['another family', GEMINI, thought(GPT, 'OpenAI', 'A')],
    ['Claude, whose signatures are good everywhere', CLAUDE, thought(CLAUDE, 'Amazon Bedrock', 'A')],
    ['DeepSeek, which encrypts nothing', DEEPSEEK, thought(DEEPSEEK, 'DeepSeek', 'A')],
  ])('pin nothing for %s', (_, target, block) => {
    expect(bodyOf(talk(block), target)['provider']).toBeUndefined()
  })
})

describe('thoughts of two providers', () => {
  test('are those of the newer one', () => {
    const blocks = [thought(GPT, 'Azure', 'A'), thought(GPT, 'OpenAI', 'B'), thought(GPT, undefined, 'C')]
    const body = bodyOf(talk(...blocks), GPT)
    expect(replayed(body)).toEqual([[], ['B'], ['C']])
    expect(body['provider']).toEqual({ order: ['openai'], allow_fallbacks: true })
  })

  test("stand for a lost signature in Gemini's calls", () => {
    const blocks = [
      thought(GEMINI, 'Google', 'A', 'call_0'),
      thought(GEMINI, 'Google', 'no call'),
      thought(GEMINI, 'Google AI Studio', 'B', 'call_2'),
    ]
    const body = bodyOf(talk(...blocks), GEMINI)
    expect(replayed(body)).toEqual([['skip_thought_signature_validator'], [], ['B']])
    expect(body['messages'][1].reasoning_details[0]).toMatchObject({
      id: 'call_0',
      format: 'google-gemini-v1',
    })
  })
})
