import { expect, test } from 'bun:test'

import { createTokenCounter } from '../../src/tokens/counter.ts'
import { offeredTools } from '../../src/wire/anthropic/offered-tools.ts'
import type { CountTokensRequest } from '../../src/wire/anthropic/request.ts'
import { bodyOf, tool } from '../translate/ask.ts'

const late = (name: string) => tool(name, { defer_loading: true, description: `${name} `.repeat(200) })
const TOOLS = [late('a'), tool('now'), late('b'), late('c')]
const GO = { role: 'user', content: 'Go.' }
const call = (name: string) => ({
  role: 'assistant',
  content: [{ type: 'tool_use', id: `toolu_${name}`, name, input: {} }],
})
const result = (name: string, content: unknown) => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: `toolu_${name}`, content }],
})
const reference = (name: string) => [{ type: 'tool_reference', tool_name: name }]
const system = (type: string, name: string) => ({
  role: 'system',
  content: [{ type, tool: { type: 'tool_reference', name } }],
})

/** Conversations that load and unload tools, and what they end up with. */
const CASES: ReadonlyArray<readonly [string, object[], string[]]> = [
  ['nothing is loaded', [GO], ['now']],
  ['a reference loads', [GO, call('now'), result('now', reference('c'))], ['now', 'c']],
  ['a call counts as loaded', [GO, call('b'), result('b', 'ok')], ['now', 'b']],
  ['a system message loads', [GO, system('tool_addition', 'a')], ['now', 'a']],
  ['and unloads', [GO, system('tool_addition', 'a'), system('tool_removal', 'a')], ['now']],
  ['what was there can go', [GO, system('tool_removal', 'now')], []],
]

test.each(CASES)('%s, for the upstream and for the count alike', async (_, messages, names) => {
  const sent = bodyOf({ tools: TOOLS, messages })['tools'] ?? []
  expect(sent.map((offered: any) => offered.function.name)).toEqual(names)
  const counter = createTokenCounter()
  const count = async (tools: object[]) =>
    counter.count({ model: 'm', messages, tools } as unknown as CountTokensRequest, 'claude')
  // Of tools that are not deferred, exactly these cost as much.
  const plain = names.map((name) => {
    const { defer_loading: _deferred, ...same } = TOOLS.find((known) => known.name === name) as any
    return same
  })
  expect(await count(TOOLS)).toBe(await count(plain))
})

test('a search on the side of the service offers all', () => {
  const search = { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' } as const
  expect(offeredTools({ tools: [...TOOLS, search] as any }, [])).toHaveLength(5)
})

test('what such a search had found stays loaded without it', () => {
  const found = {
    type: 'tool_search_tool_result',
    tool_use_id: 'srvtoolu_1',
    content: { type: 'tool_search_tool_search_result', tool_references: reference('b') },
  }
  expect(offeredTools({ tools: TOOLS as any }, [found as any])).toMatchObject([
    { name: 'now' },
    { name: 'b' },
  ])
})

test('a forced tool is there', () => {
  const tool_choice = { type: 'tool', name: 'c' } as const
  expect(offeredTools({ tools: TOOLS as any, tool_choice }, [])).toMatchObject([
    { name: 'now' },
    { name: 'c' },
  ])
})
