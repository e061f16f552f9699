import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { toTarget } from '../../src/translate/target.ts'
import { bodyOf, GPT, tool } from '../translate/ask.ts'
import { jsonOf, REQUEST_NAMES, REQUESTS } from './golden.ts'

// What reported bugs have in common: rules that hold for every recorded request, and for those still to be recorded.

interface Recorded {
  readonly name: string
  readonly asked: any
  readonly sent: any
}

async function readRequest(name: string): Promise<Recorded> {
  const read = async (folder: string, file: string): Promise<any> => jsonOf(join(REQUESTS, folder, file))
  const { requestOf = name } = (await read(name, 'target.json')) ?? {}
  return {
    name,
    asked: await read(requestOf, 'request.anthropic.json'),
    sent: await read(name, 'request.openrouter.json'),
  }
}

const requests = await Promise.all(REQUEST_NAMES.map(readRequest))
const count = (value: unknown, words: string): number => JSON.stringify(value).split(words).length - 1
const partsOf = ({ content }: any): any[] => (Array.isArray(content) ? content : [])

describe('every recorded request', () => {
  test.each(requests)('$name has at most four cache marks (T52)', ({ sent }) => {
    expect(count(sent, '"cache_control":')).toBeLessThanOrEqual(4)
  })

  test.each(requests)(
    '$name has no line, key or id that changes with each request (T51)',
    ({ asked, sent }) => {
      expect(JSON.stringify(sent)).not.toContain('x-anthropic-billing-header')
      if (!('prompt_cache_key' in { ...asked, ...asked.openrouter }))
        expect(sent).not.toHaveProperty('prompt_cache_key')
    },
  )

  test.each(requests)('$name has no empty text (T46)', ({ sent }) => {
    for (const message of sent.messages) {
      if (message.configuration_update === undefined) expect(message.content).not.toBe('')
      for (const part of partsOf(message)) if (part.type === 'text') expect(part.text).not.toBe('')
    }
  })

  test.each(requests)('$name forbids parallel calls only when it was asked to (T54)', ({ asked, sent }) => {
    const asks =
      count(asked, '"disable_parallel_tool_use":true') + count(asked, '"parallel_tool_calls":false')
    if (asks === 0) expect(sent.parallel_tool_calls).not.toBe(false)
  })

  test.each(requests)('$name turns no thinking on by itself (T58)', ({ asked, sent }) => {
    const asks = /"(thinking|effort|reasoning\w*|verbosity|include_reasoning)":/.test(JSON.stringify(asked))
    if (!asks) expect(sent.reasoning?.enabled ?? false).toBe(false)
  })

  test.each(requests)('$name has results right behind their calls and text behind them (T39)', ({ sent }) => {
    for (const [at, { tool_calls: calls = [] }] of sent.messages.entries()) {
      const answers = sent.messages.slice(at + 1, at + 1 + calls.length)
      expect(answers.map(({ tool_call_id: id }: any) => id)).toEqual(calls.map(({ id }: any) => id))
    }
  })

  test.each(requests)('$name shows no thoughts as text (T66)', ({ asked, sent }) => {
    const said = JSON.stringify(sent.messages.map(({ content }: any) => content))
    for (const block of asked.messages.flatMap(partsOf))
      if (block.type === 'thinking' && block.thinking.length > 3) expect(said).not.toContain(block.thinking)
  })
})

// — Mistral —

const MISTRAL = toTarget('mistralai/devstral-2512', true)

test('Mistral sees no user message right behind a result, be it text, media or a system message (T49)', () => {
  const call = { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'go', input: {} }] }
  const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'done' }
  const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
  const ends: readonly object[][] = [
    [{ role: 'user', content: [result, { type: 'text', text: 'Be brief.' }] }],
    [{ role: 'user', content: [{ ...result, content: [image] }] }],
    [
      { role: 'user', content: [result] },
      { role: 'system', content: 'Be brief.' },
    ],
    [
      { role: 'user', content: [result] },
      { role: 'user', content: 'Be brief.' },
    ],
  ]
  for (const end of ends) {
    const messages = [{ role: 'user', content: 'Go.' }, call, ...end]
    const roles = (target = MISTRAL) =>
      bodyOf({ messages, tools: [tool('go')] }, target)['messages'].map(({ role }: any) => role)
    expect(roles()).toEqual(['user', 'assistant', 'tool', 'assistant', 'user'])
    expect(roles(GPT).slice(0, 4)).toEqual([
      'user',
      'assistant',
      'tool',
      expect.stringMatching(/user|system/),
    ])
  }
})

// — settings —

test('a forced tool, its limits and what ends the answer reach the upstream (y-router)', () => {
  const body = bodyOf({
    tools: [tool('a')],
    tool_choice: { type: 'tool', name: 'a', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    max_tokens: 77,
  })
  expect(body).toMatchObject({
    tool_choice: { type: 'function', function: { name: 'a' } },
    parallel_tool_calls: false,
    stop: ['END'],
    max_tokens: 77,
  })
})
