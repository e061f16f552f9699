import { describe, expect, test } from 'bun:test'

import { foldEvents } from '../../src/translate/fold.ts'
import { replay } from '../../src/translate/machine.ts'
import { streamMachine } from '../../src/translate/stream.ts'
import { type Target, toTarget } from '../../src/translate/target.ts'
import type { Chunk, Delta, ReasoningDetail } from '../../src/wire/openrouter/chunk.ts'
import { bodyOf, CLAUDE, DEEPSEEK, GEMINI, GPT, tool } from './ask.ts'

const KIMI = toTarget('moonshotai/kimi-k2.5', true)
const DEEPSEEK_ITSELF = toTarget('deepseek-v4', false)
const VLLM = toTarget('gpt-oss:20b', false)

const thought = (...reasoning_details: ReasoningDetail[]): Delta => ({ reasoning_details })
const say = (content: string): Delta => ({ content })
const call = (id: string, index = 0): Delta => ({
  tool_calls: [{ index, id, type: 'function', function: { name: 'go', arguments: '{}' } }],
})

interface Options {
  /** Who answers the next request; the same by default. */
  readonly next?: Target
  readonly display?: string
  /** What a client does to the blocks it got. */
  readonly edit?: (blocks: any[]) => any[]
  readonly provider?: string
}

/** An answer in chunks → the blocks that a client keeps → the assistant's message in the next request. */
function roundTrip(
  target: Target,
  deltas: readonly Delta[],
  options: Options = {},
): { blocks: any[]; message: any } {
  const { next = target, display, edit = (blocks) => blocks, provider = 'A Provider' } = options
  const chunks = deltas.map((delta): Chunk => ({ provider, choices: [{ index: 0, delta }] }))
  const end: Chunk = {
    choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }],
    usage: { prompt_tokens: 1, completion_tokens: 1 },
  }
  const machine = streamMachine({
    id: 'msg_1',
    model: 'claude-sonnet-4-5',
    family: target.family,
    inputTokens: 1,
    stopSequences: [],
    toolNames: new Map([['go', 'go']]),
    toolInputs: new Map(),
    takenToolIds: new Set(),
    hideThinking: display === 'omitted',
    singleCall: false,
    asksContextEdits: false,
    citesWeb: false,
    details: false,
    usage: { hourCache: false, fast: false },
  })
  const { content } = foldEvents(replay(machine, [...chunks, end, '[DONE]']))
  const blocks: any[] = JSON.parse(JSON.stringify(content))
  const kept = edit(blocks)
  const answers = kept
    .filter(({ type }) => type === 'tool_use')
    .map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' }))
  const messages = [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: kept },
    { role: 'user', content: answers.length > 0 ? answers : 'Go on.' },
  ]
  const body = bodyOf({ tools: [tool('go')], messages }, next)
  return { blocks, message: body['messages'].find(({ role }: any) => role === 'assistant') }
}

const typesOf = (blocks: any[]): string[] => blocks.map(({ type }) => type)

describe('Claude', () => {
  const text = (words: string, signature?: string, index = 0): ReasoningDetail => ({
    type: 'reasoning.text',
    text: words,
    ...(signature === undefined ? {} : { signature }),
    format: 'anthropic-claude-v1',
    index,
  })

  test('gets its text back with the signature that came last (T67)', () => {
    const { blocks, message } = roundTrip(CLAUDE, [
      thought(text('Let me ')),
      thought(text('think.')),
      thought({ type: 'reasoning.text', signature: 'EqSigned', format: 'anthropic-claude-v1', index: 0 }),
      say('Calling.'),
      call('toolu_01'),
    ])
    expect(blocks[0]).toEqual({ type: 'thinking', thinking: 'Let me think.', signature: 'EqSigned' })
    expect(message).toMatchObject({
      content: 'Calling.',
      reasoning_details: [text('Let me think.', 'EqSigned')],
      tool_calls: [{ id: 'toolu_01' }],
    })
  })

  test('gets a signature that came behind the text of the answer (T67)', () => {
    const late = thought({
      type: 'reasoning.text',
      text: '',
      signature: 'EqLate',
      format: 'anthropic-claude-v1',
      index: 0,
    })
    const { message } = roundTrip(CLAUDE, [
      thought(text('Hm.')),
      say('a'),
      say('b'),
      say('c'),
      say('d'),
      say('e'),
      late,
      call('toolu_01'),
    ])
    expect(message.reasoning_details).toEqual([text('Hm.', 'EqLate')])
    expect(message.content).toBe('abcde')
  })

  test('does not get a late signature whose text the client dropped', () => {
    const late = thought({
      type: 'reasoning.text',
      text: '',
      signature: 'EqLate',
      format: 'anthropic-claude-v1',
      index: 0,
    })
    const edit = (blocks: any[]) => blocks.filter(({ type }) => type !== 'thinking')
    const { message } = roundTrip(
      CLAUDE,
      [thought(text('Hm.')), say('abc'), say('d'), say('e'), say('f'), say('g'), late, call('toolu_01')],
      { edit },
    )
    expect(message).not.toHaveProperty('reasoning_details')
  })

  test('gets several signed and redacted entries in their order, none merged (T71, T74)', () => {
    const redacted: ReasoningDetail = {
      type: 'reasoning.encrypted',
      data: 'EmSecret',
      format: 'anthropic-claude-v1',
      index: 1,
    }
    const { blocks, message } = roundTrip(CLAUDE, [
      thought(text('One.', 'Eq1', 0)),
      thought(redacted),
      thought(text('Three.', 'Eq3', 2)),
      call('toolu_01'),
    ])
    expect(typesOf(blocks)).toEqual(['thinking', 'redacted_thinking', 'thinking', 'tool_use'])
    expect(message.reasoning_details).toEqual([text('One.', 'Eq1', 0), redacted, text('Three.', 'Eq3', 2)])
  })

  test('gets text that the client was not shown (T71)', () => {
    const { blocks, message } = roundTrip(CLAUDE, [thought(text('Secret.', 'Eq1')), call('toolu_01')], {
      display: 'omitted',
    })
    expect(blocks[0]).toMatchObject({ type: 'thinking', thinking: '' })
    expect(message.reasoning_details).toEqual([text('Secret.', 'Eq1')])
  })

  test('gets signed text that is empty (T71)', () => {
    const { message } = roundTrip(CLAUDE, [thought(text('', 'EqEmpty')), call('toolu_01')])
    expect(message.reasoning_details).toEqual([text('', 'EqEmpty')])
  })

  test('gets no text without signature', () => {
    const { blocks, message } = roundTrip(CLAUDE, [thought(text('Hm.')), call('toolu_01')])
    expect(blocks[0]).toMatchObject({ type: 'thinking', thinking: 'Hm.' })
    expect(message).not.toHaveProperty('reasoning_details')
    expect(message).not.toHaveProperty('reasoning')
  })

  test('gets no bare string of reasoning either', () => {
    const { message } = roundTrip(CLAUDE, [{ reasoning: 'Hm.' }, call('toolu_01')])
    expect(Object.keys(message)).toEqual(['role', 'content', 'tool_calls'])
  })

  test('gets nothing signed at a server that cannot pass it on', () => {
    const next = toTarget('claude-sonnet-4-5', false)
    const { message } = roundTrip(CLAUDE, [thought(text('Hm.', 'Eq1')), call('toolu_01')], { next })
    expect(Object.keys(message)).toEqual(['role', 'content', 'tool_calls'])
  })
})

describe('OpenAI', () => {
  const summary = (words: string, index = 0): ReasoningDetail => ({
    type: 'reasoning.summary',
    summary: words,
    format: 'openai-responses-v1',
    index,
  })
  const encrypted = (data: string, id = 'rs_1', index = 1): ReasoningDetail => ({
    type: 'reasoning.encrypted',
    data,
    id,
    format: 'openai-responses-v1',
    index,
  })

  test('gets its summary and its encrypted entry back as one piece each', () => {
    const { blocks, message } = roundTrip(GPT, [
      thought(summary('**Look')),
      thought(summary('ing**')),
      thought(encrypted('gAAAA')),
      call('call_1'),
    ])
    expect(typesOf(blocks)).toEqual(['thinking', 'tool_use'])
    expect(message.reasoning_details).toEqual([summary('**Looking**'), encrypted('gAAAA')])
    expect(message.tool_calls[0].id).toBe('call_1')
  })

  test('gets an entry that has no words, which users do not see', () => {
    const { blocks, message } = roundTrip(GPT, [thought(encrypted('gAAAA', 'rs_1', 0)), call('call_1')])
    expect(typesOf(blocks)).toEqual(['redacted_thinking', 'tool_use'])
    expect(message.reasoning_details).toEqual([encrypted('gAAAA', 'rs_1', 0)])
  })

  test('gets an entry once that parallel calls repeated (T68)', () => {
    const { message } = roundTrip(GPT, [
      thought(encrypted('gAAAA')),
      call('call_1', 0),
      thought(encrypted('gAAAA')),
      call('call_2', 1),
    ])
    expect(message.reasoning_details).toEqual([encrypted('gAAAA')])
    expect(message.tool_calls).toHaveLength(2)
  })

  test('keeps the encrypted entry when the client changed the summary', () => {
    const edit = (blocks: any[]) =>
      blocks.map((block) => (block.type === 'thinking' ? { ...block, thinking: 'Mine.' } : block))
    const { message } = roundTrip(
      GPT,
      [thought(summary('Theirs.')), thought(encrypted('gAAAA')), call('call_1')],
      { edit },
    )
    expect(message.reasoning_details).toEqual([encrypted('gAAAA')])
  })

  test('sees no text that some provider shows in place of what it encrypted (T70)', () => {
    const { blocks, message } = roundTrip(GPT, [
      { reasoning: '[REDACTED]', ...thought(encrypted('gAAAA', 'rs_1', 0)) },
      call('call_1'),
    ])
    expect(JSON.stringify(blocks)).not.toContain('REDACTED]')
    expect(message.reasoning_details).toEqual([encrypted('gAAAA', 'rs_1', 0)])
  })

  test('keeps unknown keys and the replay of tools that OpenRouter ran', () => {
    const ran: ReasoningDetail = {
      type: 'reasoning.server_tool_call',
      tool_name: 'web_search',
      arguments: '{}',
      result: 'r',
      tool_call_id: 'x',
    }
    const { message } = roundTrip(GPT, [
      thought({ ...encrypted('gAAAA', 'rs_1', 0), extra: [1] }),
      thought(ran),
      call('call_1'),
    ])
    expect(message.reasoning_details).toEqual([{ ...encrypted('gAAAA', 'rs_1', 0), extra: [1] }, ran])
  })
})

describe('Gemini', () => {
  const text: ReasoningDetail = { type: 'reasoning.text', text: 'Hm.', format: 'google-gemini-v1', index: 0 }
  const encrypted = (id: string, data = 'CiQB'): ReasoningDetail => ({
    type: 'reasoning.encrypted',
    data,
    id,
    format: 'google-gemini-v1',
    index: 0,
  })

  test('gets its encrypted entry alone, still linked to its call (T65)', () => {
    const { blocks, message } = roundTrip(GEMINI, [
      thought(text),
      thought(encrypted('tool_0_go')),
      call('tool_0_go'),
    ])
    expect(blocks[0]).toMatchObject({ type: 'thinking', thinking: 'Hm.' })
    expect(message.reasoning_details).toEqual([encrypted('tool_0_go')])
    expect(message.tool_calls[0].id).toBe('tool_0_go')
  })

  test('keeps the link when the id is no legal one for clients (T65)', () => {
    const { blocks, message } = roundTrip(GEMINI, [
      thought(encrypted('functions.go:0')),
      call('functions.go:0'),
    ])
    expect(blocks.at(-1).id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(message.tool_calls[0].id).toBe('functions.go:0')
    expect(message.reasoning_details).toEqual([encrypted('functions.go:0')])
  })

  test("keeps its entry when the client changed the block's text", () => {
    const edit = (blocks: any[]) =>
      blocks.map((block) => (block.type === 'thinking' ? { ...block, thinking: '' } : block))
    const { message } = roundTrip(GEMINI, [thought(text), thought(encrypted('c')), call('c')], { edit })
    expect(message.reasoning_details).toEqual([encrypted('c')])
  })

  test('has two blobs for two calls', () => {
    const { message } = roundTrip(GEMINI, [
      thought(encrypted('a', 'One')),
      call('a', 0),
      thought(encrypted('b', 'Two')),
      call('b', 1),
    ])
    expect(message.reasoning_details).toEqual([encrypted('a', 'One'), encrypted('b', 'Two')])
  })
})

describe('DeepSeek and its like', () => {
  test('get details back at OpenRouter (T64)', () => {
    const detail: ReasoningDetail = { type: 'reasoning.text', text: 'Hm, so.', format: 'unknown', index: 0 }
    const { message } = roundTrip(DEEPSEEK, [
      { reasoning: 'Hm, ', ...thought({ ...detail, text: 'Hm, ' }) },
      { reasoning: 'so.', ...thought({ ...detail, text: 'so.' }) },
      call('call_1'),
    ])
    expect(message.reasoning_details).toEqual([detail])
    expect(message).not.toHaveProperty('reasoning')
  })

  test('get a bare string back in the field it came in (T64, T76)', () => {
    expect(roundTrip(KIMI, [{ reasoning: 'Hm.' }, call('c:1')]).message).toMatchObject({ reasoning: 'Hm.' })
    expect(roundTrip(DEEPSEEK_ITSELF, [{ reasoning_content: 'Hm.' }, call('c')]).message).toMatchObject({
      reasoning_content: 'Hm.',
    })
    expect(roundTrip(VLLM, [{ reasoning: 'Hm.' }, call('c')]).message).toMatchObject({ reasoning: 'Hm.' })
    expect(roundTrip(VLLM, [{ reasoning_content: 'Hm.' }, call('c')]).message).toMatchObject({
      reasoning_content: 'Hm.',
    })
  })

  test('get the empty list where there was nothing to think (T69)', () => {
    const { message } = roundTrip(DEEPSEEK, [{ reasoning_details: [] }, call('call_1')])
    expect(message.reasoning_details).toEqual([])
    expect(roundTrip(DEEPSEEK, [say('Yes.')]).message).not.toHaveProperty('reasoning_details')
  })

  test('get a blank at their own servers, which take the empty string for nothing', () => {
    expect(roundTrip(DEEPSEEK_ITSELF, [call('call_1')]).message.reasoning_content).toBe(' ')
  })
})

describe('another family', () => {
  const claude: ReasoningDetail = {
    type: 'reasoning.text',
    text: 'Hm.',
    signature: 'Eq1',
    format: 'anthropic-claude-v1',
    index: 0,
  }
  const summary: ReasoningDetail = {
    type: 'reasoning.summary',
    summary: 'Hm.',
    format: 'openai-responses-v1',
    index: 0,
  }
  const encrypted: ReasoningDetail = {
    type: 'reasoning.encrypted',
    data: 'gAAAA',
    format: 'openai-responses-v1',
    index: 1,
  }

  test.each<[string, Target, ReasoningDetail[], Target]>([
    ["GPT of Claude's", CLAUDE, [claude], GPT],
    ["Gemini of Claude's", CLAUDE, [claude], GEMINI],
    ["Claude of GPT's", GPT, [summary, encrypted], CLAUDE],
    ["Gemini of GPT's (T66)", GPT, [summary, encrypted], GEMINI],
    ["GPT of DeepSeek's", DEEPSEEK, [{ type: 'reasoning.text', text: 'Hm.', format: null }], GPT],
  ])('hears nothing: %s', (_, from, details, next) => {
    const { message } = roundTrip(from, [...details.map((detail) => thought(detail)), call('call_1')], {
      next,
    })
    expect(Object.keys(message)).toEqual(['role', 'content', 'tool_calls'])
    expect(message.content).toBeNull()
  })

  test.each<[string, Target, ReasoningDetail[], Target, object]>([
    ["DeepSeek of Claude's", CLAUDE, [claude], DEEPSEEK, { reasoning: 'Hm.' }],
    ["DeepSeek itself of GPT's", GPT, [summary, encrypted], DEEPSEEK_ITSELF, { reasoning_content: 'Hm.' }],
  ])('hears the words: %s', (_, from, details, next, expected) => {
    const { message } = roundTrip(from, [...details.map((detail) => thought(detail)), call('call_1')], {
      next,
    })
    expect(message).toMatchObject(expected)
    expect(message).not.toHaveProperty('reasoning_details')
  })
})

describe('what clients do to blocks', () => {
  const details = [
    thought({ type: 'reasoning.text', text: 'Hm.', format: 'unknown', index: 0 }),
    call('call_1'),
  ]
  const sign = (change: (signature: string) => string) => (blocks: any[]) =>
    blocks.map((block) =>
      block.type === 'thinking' ? { ...block, signature: change(block.signature) } : block,
    )

  test.each<[string, (signature: string) => string]>([
    ['cut', (signature) => signature.slice(0, -20)],
    ['of a later version', (signature) => signature.replace('ors1.', 'ors2.')],
    ['no token', () => 'ors1.bm90IGpzb24'],
    ['absent', () => ''],
    ["another proxy's", () => 'sig_1732312345678'],
    [
      'a token that holds nonsense',
      () =>
        `ors1.${Buffer.from('{"family":"deepseek","items":[{"at":"x","type":5},7]}').toString('base64url')}`,
    ],
  ])('a signature that is %s costs nothing but the details', (_, change) => {
    const { message } = roundTrip(DEEPSEEK, details, { edit: sign(change) })
    expect(message).toMatchObject({ reasoning: 'Hm.' })
    expect(roundTrip(DEEPSEEK, details, { edit: sign(change), next: GPT }).message).not.toHaveProperty(
      'reasoning',
    )
  })

  test('an unreadable token of ours is never shown to Claude as its own signature', () => {
    const { message } = roundTrip(CLAUDE, [{ reasoning: 'Hm.' }, call('toolu_1')], {
      edit: sign((signature) => signature.slice(0, -9)),
    })
    expect(message).not.toHaveProperty('reasoning_details')
  })

  test("changed text is not replayed as if it were the model's", () => {
    const edit = (blocks: any[]) =>
      blocks.map((block) => (block.type === 'thinking' ? { ...block, thinking: 'Mine.' } : block))
    expect(roundTrip(DEEPSEEK, details, { edit }).message.reasoning_details).toEqual([])
  })

  test('dropped blocks are simply gone', () => {
    const edit = (blocks: any[]) => blocks.filter(({ type }) => type === 'tool_use')
    expect(
      roundTrip(GPT, [thought({ type: 'reasoning.encrypted', data: 'x' }), call('c')], { edit }).message,
    ).not.toHaveProperty('reasoning_details')
  })
})

test('thoughts are never part of what the assistant said (T66, T76)', () => {
  for (const target of [CLAUDE, GPT, GEMINI, DEEPSEEK, KIMI, DEEPSEEK_ITSELF, VLLM])
    expect(roundTrip(target, [{ reasoning: 'Hm.' }, say('Yes.')]).message.content).toBe('Yes.')
})

test('no provider is pinned: the session keeps the conversation where it is (T66)', () => {
  const body = bodyOf({ metadata: { user_id: '{"session_id":"s-1"}' } }, GEMINI)
  expect(body).not.toHaveProperty('provider')
  expect(body['session_id']).toBe('s-1')
})
