import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { toTarget } from '../../src/translate/target.ts'
import { OPTION_SAMPLES } from '../messages/validation/option-samples.ts'
import { ask, bodyOf, CLAUDE, GPT, LOCAL, tool, withFacts } from './ask.ts'

const OPENAI = toTarget('o4-mini', false)

describe('max_tokens', () => {
  test.each([
    ['as asked', 1000, {}, undefined, 1000],
    ["not above the model's own limit", 64_000, { maxOutputTokens: 8192 }, undefined, 8192],
    ["not above the server's limit", 64_000, { maxOutputTokens: 8192 }, 4000, 4000],
    ['0 asks for one token, whose output is dropped', 0, {}, undefined, 1],
  ])('%s', (_, max_tokens, facts, maxTokensLimit, expected) => {
    const options = maxTokensLimit === undefined ? {} : { maxTokensLimit }
    expect(bodyOf({ max_tokens }, withFacts(CLAUDE, facts), options)['max_tokens']).toBe(expected)
  })

  test('OpenAI takes no fewer than 16', () => {
    expect(bodyOf({ max_tokens: 1 }, GPT)['max_tokens']).toBe(16)
  })

  test("OpenAI's own server has another name for it", () => {
    const body = bodyOf({}, OPENAI)
    expect(body['max_completion_tokens']).toBe(4096)
    expect(body).not.toHaveProperty('max_tokens')
  })

  test("the client's own max_completion_tokens replaces it: both together are refused", () => {
    const body = bodyOf({ max_completion_tokens: 7 })
    expect(body['max_completion_tokens']).toBe(7)
    expect(body).not.toHaveProperty('max_tokens')
  })
})

describe('sampling', () => {
  const given = { temperature: 0.5, top_p: 0.9, top_k: 20 }
  const samplingOf = ({ temperature, top_p, top_k }: Record<string, any>): object =>
    JSON.parse(JSON.stringify({ temperature, top_p, top_k }))

  test.each([
    ['passes', given, CLAUDE, given],
    ['is never invented', {}, CLAUDE, {}],
    [
      '0 keeps its meaning for temperature and top_p, and has none for top_k',
      { temperature: 0, top_p: 0, top_k: 0 },
      CLAUDE,
      { temperature: 0, top_p: 0 },
    ],
    ['goes where Claude thinks', { ...given, thinking: { type: 'adaptive' } }, CLAUDE, {}],
    [
      'but for a top_p that it takes',
      { top_p: 0.97, thinking: { type: 'adaptive' } },
      CLAUDE,
      { top_p: 0.97 },
    ],
    ['stays where others think', { ...given, thinking: { type: 'adaptive' } }, GPT, given],
    ["OpenAI's own server knows no top_k", given, OPENAI, { temperature: 0.5, top_p: 0.9 }],
    ['other servers know it', given, LOCAL, given],
  ])('%s', (_, fields, target, expected) => {
    expect(samplingOf(bodyOf(fields, target))).toEqual(expected)
  })
})

describe('stop sequences', () => {
  test('at most four go upstream, all are scanned for (T41)', () => {
    const stop_sequences = ['a', 'b', 'c', 'd', 'e']
    const { body, terms } = ask({ stop_sequences })
    expect(body['stop']).toEqual(['a', 'b', 'c', 'd'])
    expect(terms.stopSequences).toEqual(stop_sequences)
  })

  test('those under the name of chat completions join them', () => {
    const { body, terms } = ask({ stop_sequences: ['a'], stop: 'b', openrouter: { stop: ['c'] } })
    expect(body['stop']).toEqual(['a', 'b', 'c'])
    expect(terms.stopSequences).toEqual(['a', 'b', 'c'])
  })

  test("models that refuse them at OpenAI's own server are only scanned", () => {
    const { body, terms } = ask({ stop_sequences: ['a'] }, OPENAI)
    expect(body).not.toHaveProperty('stop')
    expect(terms.stopSequences).toEqual(['a'])
  })
})

test.each([
  ['auto', { service_tier: 'auto' }, CLAUDE, undefined],
  ['standard_only', { service_tier: 'standard_only' }, CLAUDE, 'default'],
  ['standard_only elsewhere', { service_tier: 'standard_only' }, LOCAL, undefined],
  ['a tier of chat completions', { service_tier: 'flex' }, CLAUDE, 'flex'],
  ['fast', { speed: 'fast' }, CLAUDE, 'priority'],
  ['fast with a tier', { speed: 'fast', service_tier: 'flex' }, CLAUDE, 'priority'],
  ['standard speed', { speed: 'standard' }, CLAUDE, undefined],
] as const)('service tier: %s', (_, fields, target, expected) => {
  const { body, terms } = ask(fields, target)
  expect(body['service_tier']).toBe(expected)
  expect(terms.usage.fast).toBe('speed' in fields && fields.speed === 'fast')
})

describe('session', () => {
  const uuid = '8c1c6b7e-4d5a-4a51-a0c2-cf1f5a6f0c11'
  test.each([
    ['the header', { metadata: { user_id: `user_a_session_${uuid}` } }, 'from-header', 'from-header'],
    [
      "Claude Code's older user id",
      { metadata: { user_id: `user_a_account__session_${uuid}` } },
      undefined,
      uuid,
    ],
    ["Claude Code's JSON", { metadata: { user_id: JSON.stringify({ session_id: uuid }) } }, undefined, uuid],
    ['nothing', { metadata: { user_id: 'me' } }, undefined, undefined],
    ['no more than 256 characters', {}, 'x'.repeat(300), 'x'.repeat(256)],
  ])('is %s', (_, fields, sessionId, expected) => {
    expect(bodyOf(fields, CLAUDE, sessionId === undefined ? {} : { sessionId })['session_id']).toBe(expected)
  })
})

test.each([
  ['passes', 'me', 'me'],
  ['is hashed when it is too long', 'x'.repeat(257), /^user-[0-9a-f]{8}$/],
  ['is hashed when it names a person', 'jane@example.com', /^user-[0-9a-f]{8}$/],
])('the user id %s', (_, user_id, expected) => {
  expect(bodyOf({ metadata: { user_id } })['user']).toEqual(
    typeof expected === 'string' ? expected : expect.stringMatching(expected),
  )
})

test('what else metadata holds goes on as metadata', () => {
  expect(bodyOf({ metadata: { user_id: 'me', team: 'blue' } })['metadata']).toEqual({ team: 'blue' })
  expect(bodyOf({ metadata: { user_id: 'me' } })).not.toHaveProperty('metadata')
})

describe("the client's own options", () => {
  /** Fields that have their own rule, told in the tests around. */
  const RULED = new Set(['plugins', 'stream_options', 'parallel_tool_calls'])

  const samples = Object.entries(OPTION_SAMPLES).filter(([name]) => !RULED.has(name))
  test.each(samples)('%s passes, beside and inside', (name, [value]) => {
    for (const target of [GPT, LOCAL]) {
      expect(bodyOf({ [name]: value }, target)[name]).toEqual(value)
      expect(bodyOf({ openrouter: { [name]: value } }, target)[name]).toEqual(value)
      expect(bodyOf({ [name]: null }, target)[name]).toBe(bodyOf({}, target)[name])
    }
  })

  test('plugins join the one that forbids cutting prompts, and do not replace it', () => {
    const ours = { id: 'context-compression', enabled: false }
    expect(bodyOf({})['plugins']).toEqual([ours])
    expect(bodyOf({ plugins: [{ id: 'web' }] })['plugins']).toEqual([{ id: 'web' }, ours])
  })

  test('who asks for compression gets it', () => {
    const theirs = { id: 'context-compression', enabled: true }
    expect(bodyOf({ plugins: [theirs] })['plugins']).toEqual([theirs])
    expect(bodyOf({ transforms: ['middle-out'] })).not.toHaveProperty('plugins')
  })

  test('stream options add to ours, and only to a stream', () => {
    const stream_options = { include_obfuscation: true }
    expect(bodyOf({ stream: true })['stream_options']).toEqual({ include_usage: true })
    expect(bodyOf({ stream: true, stream_options })['stream_options']).toEqual({
      include_usage: true,
      include_obfuscation: true,
    })
    expect(bodyOf({ stream_options })).not.toHaveProperty('stream_options')
  })

  test('parallel calls are told of only where there are tools (T54, T63)', () => {
    expect(bodyOf({ parallel_tool_calls: false })).not.toHaveProperty('parallel_tool_calls')
    expect(bodyOf({ parallel_tool_calls: false, tools: [tool('a')] })['parallel_tool_calls']).toBe(false)
    expect(bodyOf({ tools: [tool('a')] })).not.toHaveProperty('parallel_tool_calls')
  })
})

const FIELDS = {
  stop_sequences: ['x'],
  temperature: 0.5,
  thinking: { type: 'adaptive' },
  output_config: { effort: 'high' },
  tools: [tool('a')],
  tool_choice: { type: 'auto' },
  metadata: { user_id: 'me' },
  stream: true,
  seed: 1,
  provider: { sort: 'price' },
  min_p: 0.1,
  verbosity: 'low',
}

test('the order in which a client sends its fields changes nothing (T60)', () => {
  const expected = JSON.stringify(bodyOf(FIELDS))
  fc.assert(
    fc.property(
      fc.shuffledSubarray(Object.entries(FIELDS), { minLength: Object.keys(FIELDS).length }),
      (fields) => {
        expect(JSON.stringify(bodyOf(Object.fromEntries(fields)))).toBe(expected)
      },
    ),
  )
})
