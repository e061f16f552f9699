import { describe, expect, test } from 'bun:test'

import { dropPassingMessages, type Edit, EDIT_KINDS } from '../../src/translate/context-edits.ts'
import { mergeTurns, type Turn } from '../../src/translate/turns.ts'
import type { Message } from '../../src/wire/anthropic/request.ts'
import { deepFreeze } from '../support/freeze.ts'
import { bodyOf, tool } from './ask.ts'

const user = (content: unknown): Message => ({ role: 'user', content }) as Message
const assistant = (...content: object[]): Message => ({ role: 'assistant', content }) as Message
const use = (n: number, name = 'Read') => ({ type: 'tool_use', id: `toolu_${n}`, name, input: { n } })
const result = (n: number, more: object = {}) => ({
  type: 'tool_result',
  tool_use_id: `toolu_${n}`,
  content: `Result ${n}`,
  ...more,
})

const CLEARED = '[Old tool result content cleared]'

/** Calls 1 to `count`, each with its result. */
const loop = (count: number, name?: string): readonly Message[] => [
  user('Go.'),
  ...Array.from({ length: count }, (_, index) => [
    assistant(use(index + 1, name)),
    user([result(index + 1)]),
  ]).flat(),
]

const turnsOf = (messages: readonly Message[]): readonly Turn[] => deepFreeze(mergeTurns(messages))

function edited(edit: Edit, messages: readonly Message[], inputTokens = 200_000) {
  const kind = EDIT_KINDS.get(edit.type)
  if (!kind) throw new Error(`no such edit: ${edit.type}`)
  return kind.run(turnsOf(messages), edit, { inputTokens })
}

/** What each result says, in order. */
const resultsOf = (turns: readonly Turn[]): readonly unknown[] =>
  turns.flatMap(({ content }) =>
    content.flatMap((block) => (block.type === 'tool_result' ? [block.content] : [])),
  )

describe('C120 clear_tool_uses_20250919', () => {
  const type = 'clear_tool_uses_20250919'

  test('keeps the newest three unless it is told otherwise', () => {
    const { turns, cleared } = edited({ type }, loop(5))
    expect(resultsOf(turns)).toEqual([CLEARED, CLEARED, 'Result 3', 'Result 4', 'Result 5'])
    expect(cleared).toBe(2)
    expect(resultsOf(edited({ type, keep: { type: 'tool_uses', value: 1 } }, loop(3)).turns)).toEqual([
      CLEARED,
      CLEARED,
      'Result 3',
    ])
  })

  test.each<[string, object | undefined, number, number]>([
    ['at 100,000 tokens not yet', undefined, 100_000, 0],
    ['beyond 100,000 tokens', undefined, 100_001, 2],
    ['not at its own number of tokens', { type: 'input_tokens', value: 500 }, 500, 0],
    ['beyond its own number of tokens', { type: 'input_tokens', value: 500 }, 501, 2],
    ['not at as many tool uses', { type: 'tool_uses', value: 5 }, 0, 0],
    ['with more tool uses', { type: 'tool_uses', value: 4 }, 0, 2],
  ])('is triggered %s', (_, trigger, inputTokens, count) => {
    const edit = trigger ? { type, trigger } : { type }
    expect(edited(edit, loop(5), inputTokens).cleared).toBe(count)
  })

  test('hands on the very same turns where there is nothing to clear', () => {
    const turns = turnsOf(loop(3))
    expect(EDIT_KINDS.get(type)?.run(turns, { type }, { inputTokens: 200_000 }).turns).toBe(turns)
  })

  test('leaves excluded tools and everything beside the results alone', () => {
    const messages = [
      ...loop(2, 'Memory'),
      assistant(use(3)),
      user([result(3), { type: 'text', text: 'Now?' }]),
    ]
    const keep = { type: 'tool_uses', value: 0 }
    const { turns, cleared } = edited({ type, keep, exclude_tools: ['Memory'] }, messages)
    expect(resultsOf(turns)).toEqual(['Result 1', 'Result 2', CLEARED])
    expect(turns.at(-1)?.content.at(-1)).toEqual({ type: 'text', text: 'Now?' })
    expect(cleared).toBe(1)
  })

  test.each<[string, unknown, readonly object[]]>([
    ['no inputs', undefined, [{ n: 1 }, { n: 2 }]],
    ['all inputs', true, [{}, { n: 2 }]],
    ['the inputs of some tools', ['Read'], [{}, { n: 2 }]],
    ['the inputs of other tools', ['Write'], [{ n: 1 }, { n: 2 }]],
  ])('clears %s', (_, clear_tool_inputs, inputs) => {
    const { turns } = edited({ type, keep: { type: 'tool_uses', value: 1 }, clear_tool_inputs }, loop(2))
    expect(
      turns.flatMap(({ content }) => content.flatMap((block) => ('input' in block ? [block.input] : []))),
    ).toEqual([...inputs])
  })

  test('keeps the failure of a result and the tools that it loaded', () => {
    const reference = { type: 'tool_reference', tool_name: 'Fetch' }
    const messages = [
      user('Go.'),
      assistant(use(1), use(2)),
      user([result(1, { is_error: true }), result(2, { content: [reference] })]),
    ]
    const { turns } = edited({ type, keep: { type: 'tool_uses', value: 0 } }, messages)
    expect(turns[2]?.content).toEqual([
      { type: 'tool_result', tool_use_id: 'toolu_1', content: CLEARED, is_error: true },
      { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'text', text: CLEARED }, reference] },
    ] as never)
  })

  test('clears what other services ran, too', () => {
    const messages = [
      user('Go.'),
      assistant(
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
        { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
      ),
    ]
    const { turns, cleared } = edited({ type, keep: { type: 'tool_uses', value: 0 } }, messages)
    expect(turns[1]?.content[1]).toEqual({ type: 'text', text: CLEARED })
    expect(cleared).toBe(1)
  })
})

describe('C120 clear_thinking_20251015', () => {
  const type = 'clear_thinking_20251015'
  const thought = (thinking: string) => ({ type: 'thinking', thinking, signature: 'x' })
  const so = { type: 'text', text: 'So.' }
  const conversation = [
    user('One?'),
    assistant(thought('a'), use(1)),
    user([result(1)]),
    assistant(thought('b'), so),
    user('Two?'),
    assistant(so),
    user('Three?'),
    assistant(thought('c'), so),
    user('Four?'),
  ]
  const thoughtsOf = (turns: readonly Turn[]) =>
    turns.flatMap(({ content }) =>
      content.flatMap((block) => (block.type === 'thinking' ? block.thinking : [])),
    )

  test.each<[string, unknown, readonly string[], number]>([
    ['the newest by itself', undefined, ['c'], 1],
    [
      'as many as it is told, the steps of a tool loop being one',
      { type: 'thinking_turns', value: 2 },
      ['a', 'b', 'c'],
      0,
    ],
    ['the newest one', { type: 'thinking_turns', value: 1 }, ['c'], 1],
    ['all', 'all', ['a', 'b', 'c'], 0],
    ['all, in the other form', { type: 'all' }, ['a', 'b', 'c'], 0],
  ])('keeps %s', (_, keep, thoughts, count) => {
    const { turns, cleared } = edited(keep === undefined ? { type } : { type, keep }, conversation)
    expect(thoughtsOf(turns)).toEqual([...thoughts])
    expect(cleared).toBe(count)
  })
})

describe('system messages that pass', () => {
  const passing = (more: object = {}): Message =>
    ({ role: 'system', content: 'Only now.', clear_at: 'next_user_message', ...more }) as Message
  const before = [user('One?')]
  const after = [assistant({ type: 'text', text: 'So.' }), user('Two?')]
  const rolesOf = (messages: readonly Message[]) =>
    dropPassingMessages(turnsOf(messages)).map(({ role, content }) => `${role} ${content.length}`)

  test('are shown until the user speaks again', () => {
    expect(rolesOf([...before, passing()])).toEqual(['user 1', 'system 1'])
    expect(rolesOf([...before, passing(), ...after])).toEqual(['user 1', 'assistant 1', 'user 1'])
  })

  test('stay where they are to stay', () => {
    const turns = turnsOf([...before, passing({ clear_at: 'never' }), ...after])
    expect(dropPassingMessages(turns)).toBe(turns)
  })

  test('keep what they do to tools and effort', () => {
    const addition = { type: 'tool_addition', tool: { type: 'tool_reference', name: 'f' } }
    const content = [{ type: 'text', text: 'Only now.' }, addition]
    expect(rolesOf([...before, passing({ content }), ...after])[1]).toBe('system 1')
    expect(rolesOf([...before, passing({ output_config: { effort: 'low' } }), ...after])[1]).toBe('system 0')
  })
})

describe('C121 a compaction block', () => {
  const talk = (...content: object[]) => ({
    messages: [user('Long ago.'), assistant({ type: 'text', text: 'Yes.' }, ...content), user('On.')],
  })

  test('takes the place of all messages before it', () => {
    const { messages } = bodyOf(
      talk({ type: 'compaction', content: 'We agreed.' }, { type: 'text', text: 'So.' }),
    )
    expect(messages).toEqual([
      { role: 'user', content: 'We agreed.' },
      { role: 'assistant', content: 'So.' },
      { role: 'user', content: 'On.' },
    ])
  })

  test('carries its cache breakpoint', () => {
    const block = { type: 'compaction', content: 'We agreed.', cache_control: { type: 'ephemeral' } }
    expect(bodyOf(talk(block))['messages'][0].content[0]).toEqual({
      type: 'text',
      text: 'We agreed.',
      cache_control: { type: 'ephemeral' },
    })
  })

  test('brings the tools back that the messages before it had added', () => {
    const definition = { ...tool('late'), description: 'Added on the way' }
    const tool_changes = [
      { type: 'tool_addition', tool: { type: 'tool_definition', definition } },
      { type: 'tool_removal', tool: { type: 'tool_reference', name: 'early' } },
    ]
    const { tools } = bodyOf({
      tools: [tool('early')],
      ...talk({ type: 'compaction', content: 'We agreed.', tool_changes }),
    })
    expect(tools.map((one: any) => one.function.name)).toEqual(['late'])
  })

  test('that failed changes nothing', () => {
    const { messages } = bodyOf(talk({ type: 'compaction', content: null }))
    expect(messages[0]).toEqual({ role: 'user', content: 'Long ago.' })
  })
})
