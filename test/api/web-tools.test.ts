import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post, refusal, sdk, sdk0 } from '../support/api.ts'
import { checkOrder, eventsOf } from '../support/events.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { finishChunk, sseAnswer, startUpstream, textChunk, wholeAnswer } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8: C101, the web tools of Anthropic's, for a model that knows nothing of them.

const folder = mkdtempSync(join(tmpdir(), 'web-tools-'))
const searched: string[] = []
const web = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request) {
    const url = new URL(request.url)
    if (url.pathname === '/page')
      return new Response('<title>Bun 2</title><article><h1>Out now</h1></article>', {
        headers: { 'content-type': 'text/html' },
      })
    searched.push(url.searchParams.get('q') ?? '')
    return Response.json({
      results: [
        { url: 'https://bun.sh/blog', title: 'Bun 2', content: 'Bun 2 is out since yesterday.' },
        { url: 'https://other.example/', title: 'Other', content: 'Nothing.' },
      ],
    })
  },
})
const page = `http://127.0.0.1:${web.port}/page`

/** Calls the tool that it is offered, then says what it was told, with a link. */
const upstream = startUpstream((body) => {
  const messages = body['messages'] as any[]
  const last = messages.at(-1)
  const streams = body['stream'] === true
  if (last.role === 'tool') {
    const said = `See [it](https://bun.sh/blog): ${String(last.content).length} characters.`
    return streams
      ? sseAnswer([textChunk(said), finishChunk('stop')])
      : wholeAnswer({ role: 'assistant', content: said })
  }
  const [args, name] = String(last.content).split(' as ')
  const tool_calls = [{ index: 0, id: 'call_1', type: 'function', function: { name, arguments: args } }]
  return streams
    ? sseAnswer([{ choices: [{ index: 0, delta: { tool_calls } }] }, finishChunk('tool_calls')])
    : wholeAnswer({ role: 'assistant', content: null, tool_calls }, 'tool_calls')
})

let server: TestServer
let silent: TestServer
beforeAll(async () => {
  const settings = {
    OPENROUTER_BASE_URL: upstream.baseUrl,
    LOG_LEVEL: 'warn',
    TOOL_EXECUTION_ENABLED: 'true',
    TOOL_WORKING_DIRECTORY: folder,
  }
  ;[server, silent] = await Promise.all([
    startServer({
      ...settings,
      SEARXNG_URL: `http://127.0.0.1:${web.port}`,
      WEB_PRIVATE_HOSTS: `127.0.0.1:${web.port}`,
    }),
    startServer({ ...settings, WEB_TOOLS: 'openrouter' }),
  ])
}, 30_000)
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await Promise.all([server.stop(), silent.stop(), web.stop(true), upstream[Symbol.asyncDispose]()])
})

const SEARCH = { type: 'web_search_20250305' as const, name: 'web_search' as const }
const FETCH = { type: 'web_fetch_20250910' as const, name: 'web_fetch' as const }
const ask = (tool: object, input: object, name: string) =>
  message({
    tools: [tool],
    messages: [{ role: 'user', content: `${JSON.stringify(input)} as ${name}` }],
  }) as any

describe('C101 web_search', () => {
  test('is a function to the model, and a server tool with results, counts and citations to the client', async () => {
    const answer = await sdk(server).messages.create(ask(SEARCH, { query: 'bun 2' }, 'web_search'))
    expect(answer.content as unknown).toMatchObject([
      {
        type: 'server_tool_use',
        id: expect.stringMatching(/^srvtoolu_/),
        name: 'web_search',
        input: { query: 'bun 2' },
      },
      {
        type: 'web_search_tool_result',
        content: [
          { type: 'web_search_result', url: 'https://bun.sh/blog', title: 'Bun 2', page_age: null },
          { url: 'https://other.example/' },
        ],
      },
      {
        type: 'text',
        citations: [
          {
            type: 'web_search_result_location',
            url: 'https://bun.sh/blog',
            title: 'Bun 2',
            cited_text: 'Bun 2 is out since yesterday.',
          },
        ],
      },
    ])
    expect(answer.stop_reason).toBe('end_turn')
    expect(answer.usage.server_tool_use).toMatchObject({ web_search_requests: 1, web_fetch_requests: 0 })
    const [first, second] = upstream.bodies.slice(-2) as any[]
    expect(first.tools).toMatchObject([{ type: 'function', function: { name: 'web_search' } }])
    expect(second.messages.at(-1).content).toContain('Bun 2 is out since yesterday.')
  })

  test.each([
    ['1.12.0', () => sdk(server)],
    ['0.137.0', () => sdk0(server)],
  ] as const)('streams the same message, which SDK %s puts together', async (_, client) => {
    const request = ask(SEARCH, { query: 'bun 2' }, 'web_search')
    checkOrder(await eventsOf(await post(server, { ...request, stream: true })))
    const whole = await (client() as ReturnType<typeof sdk>).messages.create(request)
    const streamed = await (client() as ReturnType<typeof sdk>).messages.stream(request).finalMessage()
    expect(streamed.content as unknown).toEqual(whole.content as unknown)
    expect(streamed.usage.server_tool_use).toEqual(whole.usage.server_tool_use as never)
  })

  test('keeps to its domains, and sends the history back as calls and results', async () => {
    const tool = { ...SEARCH, allowed_domains: ['bun.sh'] }
    const request = ask(tool, { query: 'bun' }, 'web_search')
    const first = await sdk(server).messages.create(request)
    expect((first.content[1] as any).content).toHaveLength(1)
    expect(searched.at(-1)).toBe('bun site:bun.sh')
    await sdk(server).messages.create({
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: '{"query":"again"} as web_search' },
      ],
    })
    const messages = (upstream.bodies.at(-1) as any).messages
    expect(messages.map(({ role }: any) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
      'assistant',
      'tool',
    ])
    expect(messages[2].content).toContain('Bun 2 is out since yesterday.')
    expect(messages[1].tool_calls[0]).toMatchObject({ id: 'call_1', function: { name: 'web_search' } })
    expect(messages[5].tool_calls[0].id).not.toBe('call_1')
  })

  test('no more often than max_uses: the model is told, and only what was done is counted', async () => {
    const request = ask({ ...SEARCH, max_uses: 1 }, { query: 'a' }, 'web_search')
    const before = upstream.answer
    let turns = 0
    upstream.answer = async (body, request_) => {
      // The same call once more, then the usual words.
      if (++turns > 2) return before(body, request_)
      const call = {
        id: `call_${turns}`,
        type: 'function',
        function: { name: 'web_search', arguments: '{"query":"a"}' },
      }
      return wholeAnswer({ role: 'assistant', content: null, tool_calls: [call] }, 'tool_calls')
    }
    try {
      const answer: any = await sdk(server).messages.create(request)
      expect(answer.content[3].content).toMatchObject({ error_code: 'max_uses_exceeded' })
      expect(answer.usage.server_tool_use).toMatchObject({ web_search_requests: 1 })
      expect((upstream.bodies.at(-1) as any).messages.at(-1).content).toContain('all of them were made')
    } finally {
      upstream.answer = before
    }
  })
})

describe('C101 web_fetch', () => {
  test('reads a page that the operator lets it read', async () => {
    const answer = await sdk(server).messages.create(ask(FETCH, { url: page }, 'web_fetch'))
    expect(answer.content as unknown).toMatchObject([
      { type: 'server_tool_use', name: 'web_fetch', input: { url: page } },
      {
        type: 'web_fetch_tool_result',
        content: {
          type: 'web_fetch_result',
          url: page,
          content: { type: 'document', title: 'Bun 2', source: { type: 'text', media_type: 'text/plain' } },
          retrieved_at: expect.stringMatching(/^\d{4}-/),
        },
      },
      { type: 'text' },
    ])
    expect(answer.usage.server_tool_use).toMatchObject({ web_fetch_requests: 1 })
  })

  test.each([
    'http://127.0.0.1:1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]:9/',
    'file:///etc/passwd',
  ])('refuses %s, and the model goes on', async (url) => {
    const answer = await sdk(server).messages.create(ask(FETCH, { url }, 'web_fetch'))
    expect(answer.content[1] as unknown).toMatchObject({
      type: 'web_fetch_tool_result',
      content: { type: 'web_fetch_tool_result_error', error_code: 'url_not_allowed' },
    })
    expect(answer.usage.server_tool_use).toBeNull()
    expect((upstream.bodies.at(-1) as any).messages.at(-1).content).toMatch(/^Error: The page was not read/)
  })
})

describe("C101 the server's own WebSearch and WebFetch", () => {
  test('look like the official ones', async () => {
    const own = [{ type: 'server:WebSearch' }, { type: 'server:WebFetch' }]
    const search = await sdk(server).messages.create(
      message({ tools: own as any, messages: [{ role: 'user', content: '{"query":"bun 2"} as WebSearch' }] }),
    )
    expect(search.content as unknown).toMatchObject([
      { type: 'server_tool_use', name: 'web_search', input: { query: 'bun 2' } },
      { type: 'web_search_tool_result', content: [{ url: 'https://bun.sh/blog' }, {}] },
      { type: 'text', citations: [{ url: 'https://bun.sh/blog' }] },
    ])
    expect(search.usage.server_tool_use).toMatchObject({ web_search_requests: 1 })
    const fetched = await sdk(server).messages.create(
      message({ tools: own as any, messages: [{ role: 'user', content: `{"url":"${page}"} as WebFetch` }] }),
    )
    expect(fetched.content as unknown).toMatchObject([
      { type: 'server_tool_use', name: 'web_fetch' },
      { type: 'web_fetch_tool_result', content: { type: 'web_fetch_result', url: page } },
      { type: 'text' },
    ])
  })

  test('without any search service the model is told, and nothing is made up', async () => {
    const answer = await sdk(silent).messages.create(
      message({
        tools: [{ type: 'server:WebSearch' }] as any,
        messages: [{ role: 'user', content: '{"query":"bun 2"} as WebSearch' }],
      }),
    )
    expect(answer.content[1] as unknown).toMatchObject({
      type: 'web_search_tool_result',
      content: { type: 'web_search_tool_result_error', error_code: 'unavailable' },
    })
    expect((upstream.bodies.at(-1) as any).messages.at(-1).content).toContain('BRAVE_API_KEY')
  })
})

test('C101 an operator can leave the web to OpenRouter: a clear 400 elsewhere', async () => {
  for (const tool of [SEARCH, FETCH]) {
    const found = await refusal(silent, ask(tool, {}, tool.name))
    expect(found).toMatchObject({ status: 400, message: expect.stringContaining('is run by OpenRouter') })
  }
})
