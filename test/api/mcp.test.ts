import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, refusal, sdk, sdk0 } from '../support/api.ts'
import { script } from '../support/demo.ts'
import { STDIO_SERVER, startMcpServer, type TestMcpServer } from '../support/mcp.ts'
import { startServer, type TestServer } from '../support/server.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8: C106, the MCP connector, against the protocol's own example server.

let http: TestMcpServer
let sse: TestMcpServer
let server: TestServer
let closed: TestServer
beforeAll(async () => {
  ;[http, sse] = await Promise.all([startMcpServer('streamableHttp'), startMcpServer('sse')])
  const folder = mkdtempSync(join(tmpdir(), 'mcp-'))
  const config = join(folder, 'config.toml')
  writeFileSync(
    config,
    `[mcp.local]\ncommand = ${JSON.stringify(STDIO_SERVER.command)}\nargs = ${JSON.stringify(STDIO_SERVER.args)}\n` +
      `[mcp.remote]\nurl = ${JSON.stringify(http.url)}\n`,
  )
  ;[server, closed] = await Promise.all([
    startServer({
      CONFIG_FILE: config,
      WEB_PRIVATE_HOSTS: `${http.host},${sse.host}`,
      LOG_LEVEL: 'warn',
    }),
    startServer({ MCP_REQUEST_SERVERS: 'false', LOG_LEVEL: 'warn' }),
  ])
}, 30_000)
afterAll(async () => {
  await Promise.all([server.stop(), closed.stop()])
  await Promise.all([http[Symbol.asyncDispose](), sse[Symbol.asyncDispose]()])
})

const toolset = (name: string, more: object = {}) => ({ type: 'mcp_toolset', mcp_server_name: name, ...more })
const ask = (fields: object, ...turns: readonly object[][]): any =>
  message({ max_tokens: 20_000, ...fields, messages: [{ role: 'user', content: script(...turns) }] })
const echo = (server_name: string): object[][] => [
  [{ text: 'I ask.' }, { tool: `mcp__${server_name}__echo`, input: { message: 'hello' } }],
  [{ text: 'It said: {{last_tool_result}}' }],
]
const SAID = (name: string) => [
  { type: 'text', text: 'I ask.' },
  {
    type: 'mcp_tool_use',
    id: expect.stringMatching(/^mcptoolu_/),
    name: 'echo',
    server_name: name,
    input: { message: 'hello' },
  },
  { type: 'mcp_tool_result', is_error: false, content: [{ type: 'text', text: 'Echo: hello' }] },
  { type: 'text', text: 'It said: Echo: hello' },
]

describe('C106 servers of the request', () => {
  test.each([
    ['streamable HTTP', () => http.url],
    ['server-sent events', () => sse.url],
  ] as const)('over %s: listed, called, shown', async (_, url) => {
    const fields = { mcp_servers: [{ type: 'url', name: 'all', url: url() }], tools: [toolset('all')] }
    const answer = await sdk(server).beta.messages.create(ask(fields, ...echo('all')))
    expect(answer.content as unknown).toMatchObject(SAID('all'))
    expect(answer.stop_reason).toBe('end_turn')
  })

  test.each([
    ['1.12.0', () => sdk(server)],
    ['0.137.0', () => sdk0(server)],
  ] as const)('a stream gives SDK %s the same message, beta or not', async (_, client) => {
    const fields = { mcp_servers: [{ type: 'url', name: 'all', url: http.url }] }
    const request = ask(fields, ...echo('all'))
    const beta = await (client() as ReturnType<typeof sdk>).beta.messages.stream(request).finalMessage()
    const stable = await (client() as ReturnType<typeof sdk>).messages.stream(request).finalMessage()
    expect(beta.content as unknown).toMatchObject(SAID('all'))
    expect(stable.content as unknown).toMatchObject(SAID('all'))
  })

  test('only the tools that the toolset enables are offered, and deferred ones are not', async () => {
    const offered = async (set: object, server_fields: object = {}): Promise<string[]> => {
      const fields = {
        mcp_servers: [{ type: 'url', name: 'all', url: http.url, ...server_fields }],
        tools: [toolset('all', set), { name: 'own', input_schema: { type: 'object' } }],
      }
      const { content }: any = await sdk(server).beta.messages.create(ask(fields, [{ echo: 'request' }]))
      const names = JSON.parse(content[0].text).tools.map(({ function: { name } }: any) => name)
      expect(names).toContain('own')
      return names.filter((name: string) => name !== 'own')
    }
    const only = { default_config: { enabled: false }, configs: { echo: { enabled: true } } }
    expect(await offered(only)).toEqual(['mcp__all__echo'])
    expect(await offered({ configs: { echo: { enabled: false } } })).not.toContain('mcp__all__echo')
    expect(await offered({ default_config: { defer_loading: true } })).toEqual([])
    const allowed = { tool_configuration: { allowed_tools: ['echo', 'get-sum'] } }
    expect(await offered({}, allowed)).toEqual(['mcp__all__echo', 'mcp__all__get-sum'])
  })

  test('the history is sent back as calls and results', async () => {
    const fields = { mcp_servers: [{ type: 'url', name: 'all', url: http.url }] }
    const request = ask(fields, ...echo('all'), [{ echo: 'request' }])
    const first = await sdk(server).beta.messages.create(request)
    const { content }: any = await sdk(server).beta.messages.create({
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: 'More.' },
      ],
    })
    const { messages } = JSON.parse(content[0].text)
    expect(messages.map(({ role }: any) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user'])
    expect(messages[1].tool_calls[0].function).toEqual({
      name: 'mcp__all__echo',
      arguments: '{"message":"hello"}',
    })
    expect(messages[2].content).toBe('Echo: hello')
  })

  test('a tool that fails, images, and parallel calls', async () => {
    const fields = { mcp_servers: [{ type: 'url', name: 'all', url: http.url }] }
    const answer: any = await sdk(server).beta.messages.create(
      ask(
        fields,
        [
          {
            tools: [
              { tool: 'mcp__all__get-sum', input: { a: 'x' } },
              { tool: 'mcp__all__get-tiny-image' },
              { tool: 'mcp__all__get-sum', input: { a: 2, b: 3 } },
            ],
          },
        ],
        [{ expect: { contains: 'image_url' } }, { text: 'Seen.' }],
      ),
    )
    const results = answer.content.filter(({ type }: any) => type === 'mcp_tool_result')
    expect(results.map(({ is_error }: any) => is_error)).toEqual([true, false, false])
    expect(results[1].content.map(({ text }: any) => text)).toContain('[image: image/png]')
    expect(results[2].content[0].text).toContain('5')
    expect(answer.content.at(-1).text).toBe('Seen.')
  })
})

describe('C106 servers of the configuration', () => {
  test.each(['local', 'remote'])('%s is used by its name alone, again and again', async (name) => {
    for (let n = 0; n < 2; n++) {
      const answer = await sdk(server).beta.messages.create(ask({ tools: [toolset(name)] }, ...echo(name)))
      expect(answer.content as unknown).toMatchObject(SAID(name))
    }
  })
})

describe('C106 what cannot be done is a clear 400', () => {
  test.each<[string, object, RegExp]>([
    ['a private address', { url: 'http://10.0.0.1/mcp' }, /not in the public internet/],
    ['metadata', { url: 'http://169.254.169.254/mcp' }, /not in the public internet/],
    [
      'another port of a host that is let through',
      { url: 'http://127.0.0.1:9/mcp' },
      /not in the public internet/,
    ],
    ['no address', { url: 'nonsense' }, /./],
  ])('%s', async (_, fields, words) => {
    const found = await refusal(server, ask({ mcp_servers: [{ type: 'url', name: 'all', ...fields }] }))
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(found.message).toStartWith("mcp_servers.0: the MCP server 'all' cannot be used: ")
    expect(found.message).toMatch(words)
  })

  test('a toolset without a server names those that there are', async () => {
    const found = await refusal(server, ask({ tools: [toolset('nobody')] }))
    expect(found.message).toMatch(/there is no MCP server 'nobody'.*local, remote/)
  })

  test('servers of requests where the operator wants none', async () => {
    const found = await refusal(closed, ask({ mcp_servers: [{ type: 'url', name: 'all', url: http.url }] }))
    expect(found.message).toMatch(/MCP_REQUEST_SERVERS/)
  })
})
