import { describe, expect, test } from 'bun:test'

import { editContext, tellAppliedEdits } from '../../src/messages/context-edits.ts'
import type { AnswerStream } from '../../src/messages/converse.ts'
import { validateRequest } from '../../src/messages/validate.ts'
import { createTokenCounter } from '../../src/tokens/counter.ts'
import { toTarget } from '../../src/translate/target.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import { deepFreeze } from '../support/freeze.ts'

const tokens = createTokenCounter()
const services = { tokens }
const TARGET = toTarget('anthropic/claude-sonnet-4.5', true)

const LONG = 'The quick brown fox jumps over the lazy dog. '.repeat(100)

/** A conversation with two calls, each with a result of about a thousand tokens, and thinking before each. */
const valid = (edits: readonly object[]) =>
  validateRequest(
    deepFreeze({
      model: 'm',
      max_tokens: 100,
      tools: [{ name: 'Read', input_schema: { type: 'object' } }],
      messages: [1, 2].flatMap((n) => [
        { role: 'user', content: `Question ${n}?` },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: LONG, signature: 'x' },
            { type: 'tool_use', id: `toolu_${n}`, name: 'Read', input: {} },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: `toolu_${n}`, content: LONG }] },
        { role: 'assistant', content: `Answer ${n}.` },
      ]),
      context_management: { edits },
    }),
    { version: '2023-06-01', betas: [], strict: false, operation: 'create' },
  )

const toolEdit = (more: object = {}) => ({
  type: 'clear_tool_uses_20250919',
  trigger: { type: 'input_tokens', value: 1000 },
  keep: { type: 'tool_uses', value: 1 },
  ...more,
})

describe('C120 editContext', () => {
  test('clears old results once the prompt is long enough, and tells how much that was', async () => {
    const before = valid([toolEdit()])
    const { request, turns, appliedEdits } = await editContext(before, TARGET, services)
    const saved =
      (await tokens.count(before.request, TARGET.model)) - (await tokens.count(request, TARGET.model))
    expect(saved).toBeWithin(700, 2000)
    expect(appliedEdits).toEqual([
      { type: 'clear_tool_uses_20250919', cleared_tool_uses: 1, cleared_input_tokens: saved },
    ])
    expect(request.messages).toHaveLength(turns.length)
    expect(JSON.stringify(turns)).toContain('[Old tool result content cleared]')
  })

  test('does several edits in their order', async () => {
    const { appliedEdits } = await editContext(
      valid([{ type: 'clear_thinking_20251015' }, toolEdit()]),
      TARGET,
      services,
    )
    expect(appliedEdits).toEqual([
      {
        type: 'clear_thinking_20251015',
        cleared_thinking_turns: 1,
        cleared_input_tokens: expect.any(Number),
      },
      { type: 'clear_tool_uses_20250919', cleared_tool_uses: 1, cleared_input_tokens: expect.any(Number) },
    ])
    for (const { cleared_input_tokens } of appliedEdits) expect(cleared_input_tokens).toBeWithin(700, 2000)
  })

  test.each<[string, readonly object[]]>([
    ['no edit', []],
    [
      'a prompt that is shorter than the trigger',
      [toolEdit({ trigger: { type: 'input_tokens', value: 50_000 } })],
    ],
    ['too little to save', [toolEdit({ clear_at_least: { type: 'input_tokens', value: 5000 } })]],
    ['an edit that is not known', [{ type: 'made_up_20300101' }]],
    ['thinking that is to be kept', [{ type: 'clear_thinking_20251015', keep: 'all' }]],
  ])('changes nothing for %s', async (_, edits) => {
    const before = valid(edits)
    const after = await editContext(before, TARGET, services)
    expect(after.request).toBe(before.request)
    expect(after.turns).toBe(before.turns)
    expect(after.appliedEdits).toEqual([])
  })

  test('leaves the edits to an upstream that does them itself', async () => {
    const before = valid([toolEdit()])
    const after = await editContext(before, { ...TARGET, wire: 'messages' }, services)
    expect(after.turns).toBe(before.turns)
    expect(after.appliedEdits).toEqual([])
  })
})

describe('tellAppliedEdits', () => {
  const end = {
    type: 'message_delta',
    delta: {},
    usage: {},
    context_management: { applied_edits: [] },
  } as unknown as StreamEvent
  const streamOf = (...batches: (readonly StreamEvent[])[]): AnswerStream => ({
    open: () => [],
    read: async () => batches.shift(),
    cancel: async () => {},
  })

  test('tells the edits at the end of the answer', async () => {
    const applied = [{ type: 'clear_tool_uses_20250919', cleared_tool_uses: 1, cleared_input_tokens: 7 }]
    const stream = tellAppliedEdits(streamOf([{ type: 'message_stop' }], [end]), applied)
    expect(await stream.read()).toEqual([{ type: 'message_stop' }])
    expect(await stream.read()).toMatchObject([{ context_management: { applied_edits: applied } }])
    expect(await stream.read()).toBeUndefined()
  })

  test('does not touch an answer whose request was not edited', () => {
    const stream = streamOf()
    expect(tellAppliedEdits(stream, [])).toBe(stream)
  })
})
