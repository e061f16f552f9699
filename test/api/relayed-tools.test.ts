import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { messageOf, startAnthropicUpstream } from '../support/anthropic-upstream.ts'
import { message, sdk } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'

setDefaultTimeout(30_000)

// Tools that the server runs, for a model whose upstream speaks the Messages API itself.

const folder = mkdtempSync(join(tmpdir(), 'relayed-'))
const root = mkdtempSync(join(folder, 'work-'))
writeFileSync(join(root, 'a.txt'), 'hello')
const upstream = startAnthropicUpstream(({ body }) => {
  const [last] = [...body.messages].reverse()
  const results = Array.isArray(last.content) ? last.content : []
  if (results.some(({ type }: any) => type === 'tool_result'))
    return Response.json(messageOf('It says hello.'))
  return Response.json(
    messageOf('', {
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'real-signature' },
        { type: 'tool_use', id: 'toolu_01AbC', name: 'Read', input: { file_path: 'a.txt' } },
      ],
      stop_reason: 'tool_use',
    }),
  )
})
let server: TestServer
beforeAll(async () => {
  const config = join(folder, 'config.toml')
  writeFileSync(
    config,
    `[upstreams.claude]\nbase_url = "${upstream.baseUrl}/v1"\nwire = "messages"\nmodels = ["*"]\n`,
  )
  server = await startServer({
    CONFIG_FILE: config,
    TOOL_EXECUTION_ENABLED: 'true',
    TOOL_WORKING_DIRECTORY: root,
    LOG_LEVEL: 'warn',
  })
})
afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
  rmSync(folder, { recursive: true })
})

const TOOLS: any = [{ type: 'server:Read' }, { type: 'web_search_20250305', name: 'web_search' }]

test("the server's tools are run, Anthropic's own are left to the upstream, signatures stay", async () => {
  const request = message({ tools: TOOLS })
  const answer: any = await sdk(server).messages.create(request)
  expect(answer.content.map(({ type }: any) => type)).toEqual([
    'thinking',
    'mcp_tool_use',
    'mcp_tool_result',
    'text',
  ])
  const [first, second] = upstream.calls.map(({ body }) => body)
  expect(first.tools).toMatchObject([TOOLS[1], { name: 'Read', input_schema: { type: 'object' } }])
  expect(second.messages.slice(1)).toMatchObject([
    {
      role: 'assistant',
      content: [
        { type: 'thinking', signature: 'real-signature' },
        { type: 'tool_use', id: 'toolu_01AbC', name: 'Read' },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01AbC' }] },
  ])

  // Sent back, the answer is to the upstream what it was.
  await sdk(server).messages.create({
    ...request,
    messages: [
      ...request.messages,
      { role: 'assistant', content: answer.content },
      { role: 'user', content: 'More.' },
    ],
  })
  const third = upstream.calls[2]?.body
  expect(third.messages.slice(0, 3)).toEqual(second.messages)
  expect(third.messages.map(({ role }: any) => role)).toEqual([
    'user',
    'assistant',
    'user',
    'assistant',
    'user',
  ])
})
