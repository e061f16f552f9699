import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { type Target, toTarget } from '../../src/translate/target.ts'
import { bodyOf, CLAUDE, DEEPSEEK, GEMINI, GPT, LOCAL, tool } from './ask.ts'

const QWEN = toTarget('qwen/qwen3-coder', true)
const KIMI = toTarget('moonshotai/kimi-k2.5', true)
const auto = (target: Target): Target => ({ ...target, cacheBreakpoints: 'auto' })
const MARK = { type: 'ephemeral' }
const cache_control = MARK

const TOOLS = [tool('a'), tool('b')]
const TALK = [
  { role: 'user', content: 'One.' },
  { role: 'assistant', content: 'Yes.' },
  { role: 'user', content: 'Two.' },
  { role: 'assistant', content: 'Yes.' },
  { role: 'user', content: 'Three.' },
]

/** The places of a body that carry a breakpoint. */
function marksOf({ tools = [], messages }: Record<string, any>): string[] {
  const places = (list: any[], name: string) =>
    list.flatMap((item, index) => (item.cache_control ? [`${name}${index}`] : []))
  return [
    ...places(tools, 'tool '),
    ...messages.flatMap(({ content }: any, index: number) =>
      Array.isArray(content) ? places(content, `message ${index} part `) : [],
    ),
  ]
}

describe('where the client sets no breakpoint', () => {
  test.each([
    ['Claude', CLAUDE, ['tool 1', 'message 0 part 0', 'message 3 part 0', 'message 5 part 0']],
    ['Qwen', QWEN, ['message 0 part 0', 'message 3 part 0', 'message 5 part 0']],
    ['Gemini', GEMINI, ['message 0 part 0']],
    ['GPT', GPT, []],
    ['DeepSeek', DEEPSEEK, []],
    ['Kimi', KIMI, []],
    ['another server', LOCAL, []],
  ])('%s gets those that it can use', (_, target, marks) => {
    const body = bodyOf({ system: 'Be kind.', tools: TOOLS, messages: TALK }, auto(target))
    expect(marksOf(body)).toEqual(marks)
  })

  test('none is added unless the target asks for it', () => {
    expect(marksOf(bodyOf({ system: 'Be kind.', tools: TOOLS, messages: TALK }, CLAUDE))).toEqual([])
  })

  test('a first question without system and tools has one', () => {
    expect(marksOf(bodyOf({ messages: TALK.slice(0, 1) }, auto(CLAUDE)))).toEqual(['message 0 part 0'])
  })

  test('they are of the five-minute kind and change nothing else', () => {
    const fields = { system: 'Be kind.', tools: TOOLS, messages: TALK }
    const body = bodyOf(fields, auto(CLAUDE))
    expect(body['tools'][1].cache_control).toEqual(MARK)
    expect(unmarked(body)).toEqual(bodyOf(fields, CLAUDE) as any)
  })
})

describe('where the client sets breakpoints', () => {
  test.each([
    ['on a tool', { tools: [tool('a', { cache_control }), tool('b')] }, ['tool 0']],
    [
      'in the system prompt',
      { system: [{ type: 'text', text: 'A', cache_control }], tools: TOOLS },
      ['message 0 part 0'],
    ],
    ['at the top', { cache_control, tools: TOOLS }, []],
  ])('%s, none is added', (_, fields, marks) => {
    expect(marksOf(bodyOf({ messages: TALK, ...fields }, auto(CLAUDE)))).toEqual(marks)
  })

  test('four and the one at the top are one too many: the earliest goes', () => {
    const text = { type: 'text', text: 'A', cache_control }
    const extra = { type: 'function', function: { name: 'c', parameters: {} }, cache_control }
    const fields = { system: [text], messages: [{ role: 'user', content: [text, text] }], cache_control }
    const body = bodyOf({ ...fields, openrouter: { tools_extra: [extra] } }, CLAUDE)
    expect(marksOf(body)).toEqual(['message 0 part 0', 'message 1 part 0', 'message 1 part 1'])
    expect(body['cache_control']).toEqual(MARK)
  })

  test('one on a tool that is not offered yet stands on the last one that is', () => {
    const tools = [tool('a'), tool('b', { defer_loading: true, cache_control })]
    expect(marksOf(bodyOf({ tools }, CLAUDE))).toEqual(['tool 0'])
  })
})

// — the prefix —

/** Without breakpoints, and with a lone text as a string: what a provider's cache compares. */
function unmarked(body: Record<string, any>): Record<string, any> {
  return JSON.parse(JSON.stringify(body), (key, value) => {
    if (key === 'cache_control') return undefined
    const isLone = key === 'content' && Array.isArray(value) && value.length === 1 && value[0].type === 'text'
    return isLone ? value[0].text : value
  })
}

const words = fc.constantFrom('One.', 'Two\nlines.', 'x-anthropic-billing-header: cch=1;\nGo.', 'é 漢 🙂')
const IMAGE = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
}
const text = words.map((said) => ({ type: 'text', text: said }))
const thought = fc.constantFrom(
  { type: 'thinking', thinking: 'Hm.', signature: 'EqRaw' },
  { type: 'redacted_thinking', data: 'EqRaw' },
)

/** What a user and an assistant may add to a conversation: a question, or a call with its result. */
const round = fc.record({
  thoughts: fc.array(thought, { maxLength: 2 }),
  said: fc.array(text, { minLength: 1, maxLength: 2 }),
  call: fc.option(fc.constantFrom('now', 'late', 'later')),
  result: fc.constantFrom<unknown>(
    'ok',
    [IMAGE, { type: 'text', text: 'seen' }],
    [{ type: 'tool_reference', tool_name: 'later' }],
  ),
  isError: fc.boolean(),
  question: fc.array(fc.oneof(text, fc.constant(IMAGE)), { minLength: 1, maxLength: 2 }),
  reminder: fc.option(words),
})

function toMessages(rounds: readonly any[]): object[] {
  return rounds.flatMap(({ thoughts, said, call, result, isError, question, reminder }, index) => {
    const id = `toolu_${index}`
    const calls = call ? [{ type: 'tool_use', id, name: call, input: { b: 1, a: [2] } }] : []
    const results = call
      ? [{ type: 'tool_result', tool_use_id: id, content: isError ? 'it failed' : result, is_error: isError }]
      : []
    return [
      { role: 'assistant', content: [...thoughts, ...said, ...calls] },
      { role: 'user', content: [...results, ...question] },
      ...(reminder ? [{ role: 'system', content: reminder }] : []),
    ]
  })
}

const LATE = { defer_loading: true }
const FIELDS = {
  system: [{ type: 'text', text: 'Be kind.' }],
  tools: [tool('late', LATE), tool('now'), tool('later', LATE)],
}
const TARGETS = [
  CLAUDE,
  GPT,
  GEMINI,
  DEEPSEEK,
  KIMI,
  QWEN,
  LOCAL,
  ...['x-ai/grok-5', 'mistralai/devstral', 'z-ai/glm-5', 'minimax/minimax-m3', 'meta-llama/llama-4'].map(
    (model) => toTarget(model, true),
  ),
]

/** A list's text without its end, so that a longer list with the same beginning begins with it. */
const openEnd = (list: readonly unknown[]): string => JSON.stringify(list).slice(0, -1)

describe.each(TARGETS.map((target) => [target.model, target] as const))(
  'a growing conversation for %s',
  (_, target) => {
    const grow = (rounds: readonly any[], asked: Target): readonly [any, any] => {
      const messages = [{ role: 'user', content: 'Go.' }, ...toMessages(rounds)]
      const before = messages.findLastIndex((message: any) => message.role === 'assistant')
      const bodies = [messages.slice(0, before), messages].map((said) =>
        bodyOf({ ...FIELDS, messages: said }, asked),
      )
      return bodies as [any, any]
    }
    const rounds = fc.array(round, { minLength: 1, maxLength: 5 })

    test('keeps the bytes of tools, system and messages as its prefix', () => {
      fc.assert(
        fc.property(rounds, (said) => {
          const [before, after] = grow(said, target)
          expect(JSON.stringify(after.messages)).toStartWith(openEnd(before.messages))
          expect(JSON.stringify(after.tools)).toStartWith(openEnd(before.tools))
        }),
        { numRuns: 100 },
      )
    })

    test('keeps it with breakpoints of the server, which move and are never more than four', () => {
      fc.assert(
        fc.property(rounds, (said) => {
          const [before, after] = grow(said, auto(target))
          expect(marksOf(after).length).toBeLessThanOrEqual(4)
          expect(JSON.stringify(unmarked(after)['messages'])).toStartWith(
            openEnd(unmarked(before)['messages']),
          )
          expect(unmarked(after)['tools'].slice(0, before.tools.length)).toEqual(unmarked(before)['tools'])
        }),
        { numRuns: 50 },
      )
    })
  },
)
