import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, refusal, sdk } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer } from '../support/server.ts'
import { startServers } from '../support/servers.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream()
const model = modelsOf(upstream)
const { open, strict, demo, stop } = await startServers(upstream)

afterAll(stop)

const V2023 = { headers: { 'anthropic-version': '2023-06-01' } }
const HEADER = 'x-compat-warnings'

const speaker = model((body) => textAnswer('ok', body))
const ask = (fields: object = {}) => message({ model: speaker.name, ...fields })

describe('what is lost', () => {
  test.each([false, true])('stands in a header of the answer (stream: %p)', async (stream) => {
    const response = await post(open, ask({ stream, inference_geo: 'eu', frobnicate: 1 }), V2023)
    expect(response.status).toBe(200)
    expect(response.headers.get(HEADER)).toBe(
      'inference_geo: is not done: where the model runs is decided upstream; ' +
        'frobnicate: is not sent: this server does not know the field',
    )
    await response.text()
  })

  test('is told of no request that loses nothing', async () => {
    for (const server of [open, strict]) {
      const response = await post(server, ask({ system: 'Be brief.', temperature: 0.5 }), V2023)
      expect(response.status).toBe(200)
      expect(response.headers.has(HEADER)).toBe(false)
    }
  })

  test('is told to the user of an SDK, too', async () => {
    const { response } = await sdk(demo)
      .messages.create({
        model: 'openai/gpt-5.5',
        max_tokens: 100,
        messages: [{ role: 'user', content: 'Hi' }],
        inference_geo: 'eu',
      })
      .withResponse()
    expect(response.headers.get(HEADER)).toStartWith('inference_geo: ')
  })

  test('stands in the log line of the request', async () => {
    await using server = await startServer({ OPENROUTER_BASE_URL: upstream.baseUrl })
    await post(server, ask({ made_up_field: 1 }), V2023)
    const told = 'made_up_field: is not sent: this server does not know the field'
    await until('the log tells it', () => server.output().includes(told))
    expect(server.output()).toContain(`"warnings":["${told}"]`)
  })

  test('is cut where there is too much of it', async () => {
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field_${index}`, 1]))
    const header = (await post(open, ask(fields), V2023)).headers.get(HEADER) ?? ''
    expect(header.length).toBeLessThanOrEqual(2048)
    expect(header).toMatch(/; \.\.\.and \d+ more$/)
  })
})

describe('STRICT_COMPAT', () => {
  test.each<[string, object, string]>([
    [
      'a region',
      { inference_geo: 'eu' },
      'inference_geo: is not done: where the model runs is decided upstream',
    ],
    [
      'citations',
      {
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'document',
                source: { type: 'text', media_type: 'text/plain', data: 'Words.' },
                citations: { enabled: true },
              },
            ],
          },
        ],
      },
      'messages.0.content.0.citations.enabled: is not done: answers cite no documents',
    ],
    [
      'a compaction edit',
      { context_management: { edits: [{ type: 'compact_20260112' }] } },
      'context_management.edits.0: is not applied: this server does no such edit',
    ],
  ])('refuses %s, where it is reported otherwise', async (_, fields, words) => {
    expect(await refusal(strict, ask(fields), V2023)).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: words,
    })
    const response = await post(open, ask(fields), V2023)
    expect(response.status).toBe(200)
    expect(response.headers.get(HEADER)).toBe(words)
  })

  test('reports what is harmless, and answers', async () => {
    const response = await post(strict, ask({ cache_control: { type: 'ephemeral' } }), V2023)
    expect(response.status).toBe(200)
    expect(response.headers.get(HEADER)).toBe(
      'cache_control: is not sent: this upstream has no cache breakpoints',
    )
  })
})

test('C106 a toolset without a server, and one that is added on the way: a clear 400, strict or not', async () => {
  const toolset = { tools: [{ type: 'mcp_toolset', mcp_server_name: 'a' }] }
  const addition = {
    messages: [
      { role: 'user', content: 'Hi' },
      {
        role: 'system',
        content: [{ type: 'tool_addition', tool: { type: 'mcp_toolset_reference', server_name: 'a' } }],
      },
    ],
  }
  for (const server of [open, strict])
    for (const [fields, words] of [
      [toolset, /^tools: mcp_toolset: there is no MCP server 'a'/],
      [addition, /^messages\.1\.content\.0\.tool_addition\.tool: MCP servers cannot be added/],
    ] as const) {
      const found = await refusal(server, ask(fields), V2023)
      expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(found.message).toMatch(words)
    }
})

test('C120 tool results are cleared as context_management says, and the answer tells how many', async () => {
  const own = model((body) => textAnswer('ok', body))
  const edit = {
    type: 'clear_tool_uses_20250919',
    trigger: { type: 'tool_uses', value: 1 },
    keep: { type: 'tool_uses', value: 1 },
  }
  const steps = [1, 2].flatMap((n) => [
    { role: 'assistant', content: [{ type: 'tool_use', id: `toolu_${n}`, name: 'read', input: {} }] },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: `toolu_${n}`, content: 'words '.repeat(500) }],
    },
  ])
  const fields = {
    tools: [{ name: 'read', input_schema: { type: 'object' } }],
    messages: [{ role: 'user', content: 'Hi' }, ...steps],
    context_management: { edits: [edit] },
  }
  const answer: any = await (await post(open, message({ model: own.name, ...fields }), V2023)).json()
  expect(answer.context_management.applied_edits).toEqual([
    { type: edit.type, cleared_tool_uses: 1, cleared_input_tokens: expect.any(Number) },
  ])
  expect(answer.context_management.applied_edits[0].cleared_input_tokens).toBeGreaterThan(300)
  const sent: any = own.call().body
  const results = sent.messages.filter(({ role }: any) => role === 'tool').map(({ content }: any) => content)
  expect(results).toEqual(['[Old tool result content cleared]', 'words '.repeat(500)])
  const counted: any = await (
    await post(open, { model: own.name, ...fields }, { ...V2023, path: '/v1/messages/count_tokens' })
  ).json()
  expect(counted.context_management.original_input_tokens).toBeGreaterThan(counted.input_tokens + 300)
})

test('C121 a compaction block takes the place of all messages before it', async () => {
  const own = model((body) => textAnswer('ok', body))
  const messages = [
    { role: 'user', content: 'Long ago.' },
    {
      role: 'assistant',
      content: [
        { type: 'compaction', content: 'We agreed.' },
        { type: 'text', text: 'So.' },
      ],
    },
    { role: 'user', content: 'On.' },
  ]
  const response = await post(open, message({ model: own.name, messages }), V2023)
  expect(response.headers.has(HEADER)).toBe(false)
  expect((own.call().body as any).messages).toEqual([
    { role: 'user', content: 'We agreed.' },
    { role: 'assistant', content: 'So.' },
    { role: 'user', content: 'On.' },
  ])
})
