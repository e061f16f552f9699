import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post, refusal, sdk, sdk0 } from '../support/api.ts'
import { script } from '../support/demo.ts'
import { checkOrder, eventsOf } from '../support/events.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { finishChunk, sseAnswer, startUpstream, textChunk } from '../support/upstream.ts'
import { until } from '../support/wait.ts'
import { hasSandbox } from '../tools/support.ts'

setDefaultTimeout(30_000)

// Tools that the server itself runs: docs/server-tools.md.

const folder = mkdtempSync(join(tmpdir(), 'server-tools-'))
writeFileSync(join(folder, 'a.txt'), 'hello\n')

const upstream = startUpstream()
let server: TestServer
let off: TestServer
let slow: TestServer
let walled: TestServer
beforeAll(async () => {
  const tools = { TOOL_EXECUTION_ENABLED: 'true', TOOL_WORKING_DIRECTORY: folder, LOG_LEVEL: 'info' }
  ;[server, off, slow, walled] = await Promise.all([
    startServer({ ...tools, ENABLE_CACHING: 'true', TOOL_MAX_TURNS: '4' }),
    startServer({ LOG_LEVEL: 'warn' }),
    startServer({ ...tools, OPENROUTER_BASE_URL: upstream.baseUrl, TOOL_SANDBOX: 'off' }),
    startServer({ ...tools, TOOL_MAX_TURNS: '8' }),
  ])
}, 30_000)
afterAll(async () => {
  await Promise.all([server.stop(), off.stop(), slow.stop(), walled.stop(), upstream[Symbol.asyncDispose]()])
  rmSync(folder, { recursive: true })
})

const ask = (tools: readonly object[], turns: readonly object[][], fields: object = {}): any =>
  message({ max_tokens: 50_000, tools, ...fields, messages: [{ role: 'user', content: script(...turns) }] })
const READ = [{ type: 'server:Read' }]
const READS = [
  [{ reasoning: 'Let me see.' }, { text: 'I look.' }, { tool: 'Read', input: { file_path: 'a.txt' } }],
  [{ text: 'It says: {{last_tool_result}}' }],
]

describe('a tool that the request names', () => {
  test.each([
    ['1.12.0', () => sdk(server)],
    ['0.137.0', () => sdk0(server) as unknown as ReturnType<typeof sdk>],
  ] as const)(
    'is run, shown and told to the model; SDK %s gets the same whole and streamed',
    async (_, client) => {
      const whole: any = await client().messages.create(ask(READ, READS))
      expect(whole.content).toMatchObject([
        { type: 'thinking', thinking: 'Let me see.' },
        { type: 'text', text: 'I look.' },
        {
          type: 'mcp_tool_use',
          id: expect.stringMatching(/^mcptoolu_/),
          name: 'Read',
          server_name: 'server',
          input: { file_path: 'a.txt' },
        },
        { type: 'mcp_tool_result', is_error: false, content: [{ type: 'text' }] },
        { type: 'text', text: expect.stringContaining('hello') },
      ])
      expect(whole.stop_reason).toBe('end_turn')
      const streamed: any = await client().messages.stream(ask(READ, READS)).finalMessage()
      expect(streamed.content).toEqual(whole.content)
      expect(streamed.usage.input_tokens).toBe(whole.usage.input_tokens)
    },
  )

  test('streams in the order that every client knows', async () => {
    checkOrder(await eventsOf(await post(server, ask(READ, READS, { stream: true }))))
  })

  test('is the only one offered; `server:*` offers all that the client has not itself', async () => {
    const offered = async (tools: readonly object[]): Promise<string[]> => {
      const { content }: any = await sdk(server).messages.create(ask(tools, [[{ echo: 'request' }]]))
      return JSON.parse(content[0].text).tools.map(({ function: { name } }: any) => name)
    }
    expect(await offered(READ)).toEqual(['Read'])
    const all = await offered([{ type: 'server:*' }])
    expect(all).toContain('Read')
    expect(all).toContain('Task')
    const own = { name: 'Read', input_schema: { type: 'object' } }
    expect((await offered([own, { type: 'server:*' }])).toSorted()).toEqual(all.toSorted())
  })

  test("a client's own tool of that name is never run here", async () => {
    const own = { name: 'Read', input_schema: { type: 'object' } }
    const answer: any = await sdk(server).messages.create(ask([own, { type: 'server:*' }], READS))
    expect(answer.content.at(-1)).toMatchObject({ type: 'tool_use', name: 'Read' })
    expect(answer.stop_reason).toBe('tool_use')
  })

  test('beside tools of the client in one turn: run first, and the next request carries both', async () => {
    const tools = [...READ, { name: 'ask_user', input_schema: { type: 'object' } }]
    const turns = [
      [
        { tool: 'ask_user', input: { question: 'Why?' } },
        { tool: 'Read', input: { file_path: 'a.txt' } },
      ],
      [{ echo: 'request' }],
    ]
    const request = ask(tools, turns)
    const first: any = await sdk(server).messages.create(request)
    expect(first.content.map(({ type }: any) => type)).toEqual([
      'mcp_tool_use',
      'mcp_tool_result',
      'tool_use',
    ])
    expect(first.stop_reason).toBe('tool_use')
    const answer = { type: 'tool_result', tool_use_id: first.content[2].id, content: 'Because.' }
    const second: any = await sdk(server).messages.create({
      ...request,
      // One answer of the model's is two messages to the demo, which counts them.
      messages: [
        { role: 'user', content: script([], ...turns) },
        { role: 'assistant', content: first.content },
        { role: 'user', content: [answer] },
      ],
    })
    const { messages } = JSON.parse(second.content[0].text)
    const results = messages.filter(({ role }: any) => role === 'tool').map(({ content }: any) => content)
    expect(results).toEqual([expect.stringContaining('hello'), 'Because.'])
  })

  test('a failure is told to the model, and shown', async () => {
    const turns = [[{ tool: 'Read', input: { file_path: '../secret' } }], [{ text: '{{last_tool_result}}' }]]
    const answer: any = await sdk(server).messages.create(ask(READ, turns))
    expect(answer.content[1]).toMatchObject({ type: 'mcp_tool_result', is_error: true })
    expect(answer.content[2].text).toStartWith('Error: ')
  })

  test('C102 a limit of turns pauses the message; sent back, it goes on', async () => {
    const turns = Array.from({ length: 6 }, () => [{ tool: 'Read', input: { file_path: 'a.txt' } }])
    const request = ask(READ, [...turns, [{ text: 'Done.' }]])
    const first: any = await sdk(server).messages.create(request)
    expect(first.stop_reason).toBe('pause_turn')
    expect(first.content).toHaveLength(8)
    const second: any = await sdk(server).messages.create({
      ...request,
      messages: [...request.messages, { role: 'assistant', content: first.content }],
    })
    expect(second.stop_reason).toBe('end_turn')
    expect(second.content).toHaveLength(5)
    expect(second.content.at(-1).text).toBe('Done.')
  })

  test('no answer that a tool had a part in is remembered', async () => {
    const turns = [[{ tool: 'Read', input: { file_path: 'b.txt' } }], [{ text: '{{last_tool_result}}' }]]
    writeFileSync(join(folder, 'b.txt'), 'first')
    const first = await post(server, ask(READ, turns))
    writeFileSync(join(folder, 'b.txt'), 'second')
    const second = await post(server, ask(READ, turns))
    expect(second.headers.get('x-cache')).toBeNull()
    expect([await first.text(), await second.text()]).toEqual([
      expect.stringContaining('first'),
      expect.stringContaining('second'),
    ])
  })
})

describe('Bash', () => {
  test('is shown as bash code execution, with what it printed and its exit code', async () => {
    const turns = [
      [{ tool: 'Bash', input: { command: 'cat a.txt' } }],
      [{ tool: 'Bash', input: { command: 'cat nothing.txt' } }],
      [{ tool: 'Bash', input: { command: 'curl http://example.com' } }],
      [{ text: '{{last_tool_result}}' }],
    ]
    const answer: any = await sdk(server).messages.create(ask([{ type: 'server:Bash' }], turns))
    const results = answer.content.filter(({ type }: any) => type === 'bash_code_execution_tool_result')
    expect(results.map(({ content }: any) => content)).toMatchObject([
      { type: 'bash_code_execution_result', stdout: 'hello', stderr: '', return_code: 0, content: [] },
      { stdout: expect.stringContaining('nothing.txt'), return_code: 1 },
      { stdout: '', stderr: expect.stringContaining('curl'), return_code: -1 },
    ])
    expect(answer.content.at(-1).text).toStartWith('Error: ')
  })

  test('the model reads the same now and in a later request', async () => {
    const turns = [
      [{ tool: 'Bash', input: { command: 'cat nothing.txt' } }],
      [{ echo: 'request' }],
      [{ echo: 'request' }],
    ]
    const request = ask([{ type: 'server:Bash' }], turns)
    const first: any = await sdk(server).messages.create(request)
    const second: any = await sdk(server).messages.create({
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: 'More.' },
      ],
    })
    const [now, later] = [first, second].map(({ content }) => JSON.parse(content.at(-1).text).messages)
    expect(later.slice(0, 3)).toEqual(now)
  })
})

describe('code execution', () => {
  const LATEST = { type: 'code_execution_20250825', name: 'code_execution' }
  const FIRST = { type: 'code_execution_20250522', name: 'code_execution' }

  test('is a clear 400 where there is no sandbox', async () => {
    for (const place of [off, slow])
      for (const tool of [LATEST, FIRST]) {
        const found = await refusal(place, ask([tool], [[{ text: 'x' }]]))
        expect(found).toMatchObject({ status: 400, message: expect.stringContaining('only in a sandbox') })
      }
  })

  test.skipIf(!hasSandbox)('is a shell and an editor in the sandbox, in the official blocks', async () => {
    const editor = (input: object) => ({ tool: 'text_editor_code_execution', input })
    const turns = [
      [editor({ command: 'create', path: 'code.txt', file_text: 'one\ntwo\n' })],
      [editor({ command: 'str_replace', path: 'code.txt', old_str: 'two', new_str: 'three' })],
      [editor({ command: 'view', path: 'code.txt' })],
      [editor({ command: 'view', path: 'missing.txt' })],
      [{ tool: 'bash_code_execution', input: { command: 'cat code.txt; exit 3' } }],
      [{ text: 'Done.' }],
    ]
    const answer: any = await sdk(walled).messages.create(ask([LATEST], turns))
    const contents = answer.content
      .filter(({ type }: any) => type.endsWith('_tool_result'))
      .map(({ content }: any) => content)
    expect(contents).toMatchObject([
      { type: 'text_editor_code_execution_create_result', is_file_update: false },
      { type: 'text_editor_code_execution_str_replace_result', lines: expect.any(Array) },
      {
        type: 'text_editor_code_execution_view_result',
        file_type: 'text',
        content: expect.stringContaining('three'),
      },
      { type: 'text_editor_code_execution_tool_result_error', error_code: 'file_not_found' },
      { type: 'bash_code_execution_result', stdout: expect.stringContaining('three'), return_code: 3 },
    ])
    expect(answer.content.at(-1).text).toBe('Done.')
  })

  test.skipIf(!hasSandbox)('in its first version is Python', async () => {
    const turns = [[{ tool: 'code_execution', input: { code: 'print(6 * 7)' } }], [{ text: 'Done.' }]]
    const answer: any = await sdk(walled).messages.create(ask([FIRST], turns))
    expect(answer.content.slice(0, 2)).toMatchObject([
      { type: 'server_tool_use', name: 'code_execution', input: { code: 'print(6 * 7)' } },
      { type: 'code_execution_tool_result', content: { type: 'code_execution_result' } },
    ])
  })
})

test("an operator's rule gives a model tools that nobody asked for", async () => {
  const config = join(folder, '..', `rules-${process.pid}.toml`)
  writeFileSync(config, '[models."*"]\nserver_tools = ["Read", "LS"]\n')
  await using ruled = await startServer({
    TOOL_EXECUTION_ENABLED: 'true',
    TOOL_WORKING_DIRECTORY: folder,
    CONFIG_FILE: config,
    LOG_LEVEL: 'warn',
  })
  const own = { name: 'LS', input_schema: { type: 'object' } }
  const answer: any = await sdk(ruled).messages.create(ask([own], READS))
  expect(answer.content.map(({ type, name }: any) => name ?? type)).toEqual([
    'thinking',
    'text',
    'Read',
    'mcp_tool_result',
    'text',
  ])
  rmSync(config)
})

test('a key can have tools that nobody asked for, in every request of its own', async () => {
  const data = join(folder, '..', `keyed-${process.pid}`)
  await using keyed = await startServer({
    TOOL_EXECUTION_ENABLED: 'true',
    TOOL_WORKING_DIRECTORY: folder,
    DATA_DIR: data,
    ADMIN_API_KEY: 'admin',
    LOG_LEVEL: 'warn',
  })
  const make = async (fields: object) =>
    post(keyed, { name: 'k', ...fields }, { path: '/admin/keys', headers: { 'x-api-key': 'admin' } })
  const wrong: any = await (await make({ server_tools: ['rm -rf'] })).json()
  expect(wrong.error.message).toStartWith('server_tools.0: ')
  const made: any = await (await make({ server_tools: ['Read'] })).json()
  expect(made.server_tools).toEqual(['Read'])
  const blocksFor = async (apiKey: string): Promise<string[]> => {
    const answer: any = await sdk(keyed, { apiKey }).messages.create(ask([], READS))
    return answer.content.map(({ type }: any) => type)
  }
  expect(await blocksFor(made.key)).toContain('mcp_tool_result')
  expect(await blocksFor('admin')).not.toContain('mcp_tool_result')
  rmSync(data, { recursive: true })
})

describe('Task', () => {
  const task = (prompt: string, more: object = {}) => ({
    tool: 'Task',
    input: { description: 'work', prompt, ...more },
  })

  test('a sub-agent works with tools of its own, and its report is the result', async () => {
    const inner = script(
      [{ tool: 'Read', input: { file_path: 'a.txt' } }],
      [{ text: 'The file says {{last_tool_result}}' }],
    )
    const answer: any = await sdk(server).messages.create(
      ask([{ type: 'server:*' }], [[task(inner)], [{ text: 'Reported: {{last_tool_result}}' }]]),
    )
    expect(answer.content.map(({ type }: any) => type)).toEqual(['mcp_tool_use', 'mcp_tool_result', 'text'])
    expect(answer.content[2].text).toMatch(/^Reported: The file says .*hello/)
  })

  test('several at once, each with its own tools; one that explores changes nothing', async () => {
    const echo = script([{ echo: 'request' }])
    const answer: any = await sdk(server).messages.create(
      ask(
        [{ type: 'server:*' }],
        [[{ tools: [task(echo), task(echo, { subagent_type: 'explore' })] }], [{ text: 'Done.' }]],
      ),
    )
    const reports = answer.content.filter(({ type }: any) => type === 'mcp_tool_result')
    const [all, few] = reports.map(({ content }: any) =>
      JSON.parse(content[0].text).tools.map(({ function: { name } }: any) => name),
    )
    expect(all).toContain('Write')
    expect(few).toContain('Read')
    expect(few).not.toContain('Write')
    // At this depth nobody gives tasks to others.
    expect(all).not.toContain('Task')
  })
})

describe('what cannot be done is a clear 400', () => {
  test('where the server runs no tools, it says how to switch them on', async () => {
    for (const type of ['server:Read', 'server:*']) {
      const found = await refusal(off, ask([{ type }], [[{ text: 'x' }]]))
      expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(found.message).toContain('TOOL_EXECUTION_ENABLED=true and TOOL_WORKING_DIRECTORY=<folder>')
    }
  })

  test('a tool that there is not: the message names those that there are', async () => {
    const found = await refusal(server, ask([{ type: 'server:Rm' }], [[{ text: 'x' }]]))
    expect(found.message).toMatch(/^tools: 'server:Rm': there is no such tool; this server has .*Read/)
  })

  test('a name that the client has taken', async () => {
    const own = { name: 'Read', input_schema: { type: 'object' } }
    const found = await refusal(server, ask([own, ...READ], [[{ text: 'x' }]]))
    expect(found.message).toBe('tools: Tool names must be unique.')
  })
})

test('a hang-up stops the upstream call of a later turn', async () => {
  const reached = Promise.withResolvers<void>()
  const call = {
    index: 0,
    id: 'c1',
    type: 'function',
    function: { name: 'Read', arguments: '{"file_path":"a.txt"}' },
  }
  upstream.answer = async (body, { signal }) => {
    if ((body['messages'] as any[]).at(-1).role !== 'tool')
      return sseAnswer([
        textChunk('I look.'),
        { choices: [{ index: 0, delta: { tool_calls: [call] } }] },
        finishChunk('tool_calls'),
      ])
    reached.resolve()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return sseAnswer([])
  }
  const gone = new AbortController()
  const request = message({ tools: READ, stream: true })
  const response = await post(slow, request, { signal: gone.signal })
  await reached.promise
  gone.abort()
  await until('the upstream call was given up', () => upstream.aborted() > 0)
  expect(response.status).toBe(200)
})
