import { describe, expect, test } from 'bun:test'

import { toPageToken } from '../../../src/translate/served/page-token.ts'
import { toToolResult } from '../../../src/translate/served/read-result.ts'
import { fromServedId, isServedId, toServedId } from '../../../src/translate/served/served-id.ts'
import { unstitch } from '../../../src/translate/served/unstitch.ts'
import { mergeTurns, type Turn } from '../../../src/translate/turns.ts'

const NAMES: Readonly<Record<string, string>> = { bash_code_execution: 'Bash', read: 'mcp__files__read' }
const turnsOf = (...messages: readonly object[]): readonly Turn[] => mergeTurns(messages as never)
const split = (...messages: readonly object[]) =>
  unstitch(turnsOf(...messages), ({ name }) => NAMES[name]).map(({ role, content }) => ({
    role,
    content: content.map((block: any) => [block.type, block.name ?? block.tool_use_id ?? block.text]),
  }))

const user = (...content: readonly object[]) => ({ role: 'user', content })
const assistant = (...content: readonly object[]) => ({ role: 'assistant', content })
const text = (words: string) => ({ type: 'text', text: words })
const thought = { type: 'thinking', thinking: 'Hm.', signature: 's' }
const bash = (id: string) => ({
  type: 'server_tool_use',
  id: `srvtoolu_ors_${id}`,
  name: 'bash_code_execution',
  input: { command: 'ls' },
})
const bashResult = (id: string) => ({
  type: 'bash_code_execution_tool_result',
  tool_use_id: `srvtoolu_ors_${id}`,
  content: { type: 'bash_code_execution_result', stdout: 'a', stderr: '', return_code: 0, content: [] },
})

describe('an answer that ran tools becomes the turns it was made of', () => {
  test('text, calls, results, text', () => {
    expect(
      split(
        user(text('Go.')),
        assistant(text('I look.'), bash('1'), bash('2'), bashResult('1'), bashResult('2'), text('So.')),
        user(text('More.')),
      ),
    ).toEqual([
      { role: 'user', content: [['text', 'Go.']] },
      {
        role: 'assistant',
        content: [
          ['text', 'I look.'],
          ['tool_use', 'Bash'],
          ['tool_use', 'Bash'],
        ],
      },
      {
        role: 'user',
        content: [
          ['tool_result', 'toolu_1'],
          ['tool_result', 'toolu_2'],
        ],
      },
      { role: 'assistant', content: [['text', 'So.']] },
      { role: 'user', content: [['text', 'More.']] },
    ])
  })

  test('calls one after the other are turns of their own', () => {
    const turns = split(user(text('Go.')), assistant(bash('1'), bashResult('1'), bash('2'), bashResult('2')))
    expect(turns.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user'])
  })

  test("a client's call behind results that the same thoughts led to is of the same turn", () => {
    const client = { type: 'tool_use', id: 'toolu_c', name: 'Client', input: {} }
    const answer = { type: 'tool_result', tool_use_id: 'toolu_c', content: 'ok' }
    expect(
      split(user(text('Go.')), assistant(thought, bash('1'), bashResult('1'), client), user(answer)).slice(1),
    ).toEqual([
      {
        role: 'assistant',
        content: [
          ['thinking', undefined],
          ['tool_use', 'Bash'],
          ['tool_use', 'Client'],
        ],
      },
      {
        role: 'user',
        content: [
          ['tool_result', 'toolu_1'],
          ['tool_result', 'toolu_c'],
        ],
      },
    ])
    const turns = split(user(text('Go.')), assistant(bash('1'), bashResult('1'), client), user(answer))
    expect(turns.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user'])
  })

  test('what cannot be called now, and what nobody has run, stays as it was', () => {
    const other = { type: 'server_tool_use', id: 'srvtoolu_9', name: 'web_search', input: {} }
    const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_9', content: [] }
    const turns = turnsOf(user(text('Go.')), assistant(other, found, text('So.')))
    expect(unstitch(turns, ({ name }) => NAMES[name])[1]).toBe(turns[1] as Turn)
    const unfinished = turnsOf(user(text('Go.')), assistant(bash('1')))
    expect(unstitch(unfinished, ({ name }) => NAMES[name])[1]).toBe(unfinished[1] as Turn)
  })

  test('a conversation without such answers is the same object', () => {
    const turns = turnsOf(user(text('Go.')), assistant(text('So.')))
    expect(unstitch(turns, () => 'Bash')).toBe(turns)
  })
})

test.each(['toolu_or0_call_1', 'toolu_01AbC', 'toolu_or1_ZnVuY3Rpb25zLkJhc2g6MA', 'call_x'])(
  'the id %s comes back as it was',
  (id) => {
    for (const kind of ['srvtoolu', 'mcptoolu'] as const) {
      const served = toServedId(id, kind)
      expect(served).toMatch(/^(srv|mcp)toolu_[a-zA-Z0-9_-]+$/)
      expect(isServedId(served)).toBe(true)
      expect(fromServedId(served)).toBe(id)
    }
  },
)

test("an id of Anthropic's own service is not taken for ours", () => {
  expect(isServedId('srvtoolu_01AbC')).toBe(false)
  expect(fromServedId('srvtoolu_01AbC')).toBe('toolu_01AbC')
})

describe('a result reads the same whenever it is read', () => {
  const read = (type: string, content: unknown) =>
    toToolResult({ type, tool_use_id: 'srvtoolu_ors_1', content } as never)

  test('a command: what it said and how it ended', () => {
    const result = { type: 'bash_code_execution_result', stdout: 'out', stderr: 'err', content: [] }
    expect(read('bash_code_execution_tool_result', { ...result, return_code: 0 })).toEqual({
      type: 'tool_result',
      tool_use_id: 'toolu_1',
      content: 'out\nerr',
    })
    expect(read('bash_code_execution_tool_result', { ...result, return_code: 2 })).toMatchObject({
      content: 'Exit code 2\nout\nerr',
      is_error: true,
    })
  })

  test('a search: pages with what only this server can read of them', () => {
    const page = {
      type: 'web_search_result',
      url: 'https://a.example',
      title: 'A',
      encrypted_content: toPageToken('It says so.'),
      page_age: '2 days',
    }
    const foreign = {
      ...page,
      url: 'https://b.example',
      title: 'B',
      encrypted_content: 'EqgfC',
      page_age: null,
    }
    expect(read('web_search_tool_result', [page, foreign]).content).toBe(
      '[A](https://a.example)\nAge: 2 days\nIt says so.\n\n[B](https://b.example)',
    )
    expect(read('web_search_tool_result', []).content).toBe('Nothing was found.')
  })

  test('a failure tells the model what to do', () => {
    const failed = read('web_search_tool_result', {
      type: 'web_search_tool_result_error',
      error_code: 'max_uses_exceeded',
    })
    expect(failed).toMatchObject({
      is_error: true,
      content: expect.stringContaining('answer with what you have'),
    })
  })

  test('pictures and files are seen', () => {
    const view = { type: 'text_editor_code_execution_view_result', file_type: 'image', content: 'iVBORw0K' }
    expect(read('text_editor_code_execution_tool_result', view).content).toEqual([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } },
    ])
  })
})
