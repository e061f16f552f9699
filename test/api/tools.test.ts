import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import type { Anthropic } from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'

import { message, post, refusal, sdk } from '../support/api.ts'
import { echoOf } from '../support/demo.ts'
import { eventsOf } from '../support/events.ts'
import { modelsOf } from '../support/models.ts'
import { startServers } from '../support/servers.ts'
import { startUpstream, textAnswer, wholeAnswer } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 E: tools. (C101, C102 and C106: web-tools, server-tools and mcp.)

const upstream = startUpstream()
const model = modelsOf(upstream)
const { open, strict, demo, stop } = await startServers(upstream)

afterAll(stop)

const V2023 = { headers: { 'anthropic-version': '2023-06-01' } }

const tool = (name: string, fields: object = {}) => ({
  name,
  description: `Does ${name}.`,
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
  ...fields,
})
const WEATHER = tool('weather')
const chatCall = (id: string, name: string, args: string) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})
/** A model that answers with these calls. */
const calling = (calls: readonly object[], content: string | null = null) =>
  model(() => wholeAnswer({ role: 'assistant', content, tool_calls: calls }, 'tool_calls'))

const user = (content: unknown) => ({ role: 'user', content })
const use = (id: string, name = 'weather', input: object = {}) => ({ type: 'tool_use', id, name, input })
const result = (id: string, fields: object = { content: 'sunny' }) => ({
  type: 'tool_result',
  tool_use_id: id,
  ...fields,
})
const asked = (...calls: object[]) => [user('Go'), { role: 'assistant', content: calls }]

/** Asks one model with a tool to hand; the SDK parses the answer. */
const ask = async (name: string, fields: object = {}): Promise<Anthropic.Message> =>
  sdk(open).messages.create(message({ model: name, tools: [WEATHER], ...fields }))

/** What the upstream was sent by one request. */
async function sentFor(fields: object): Promise<any> {
  const own = model((body) => textAnswer('ok', body))
  expect((await post(open, message({ model: own.name, tools: [WEATHER], ...fields }))).status).toBe(200)
  return own.call().body
}

describe('calls', () => {
  test('C83 a single call: tool_use with legal id, input object, direct caller, and stop_reason tool_use', async () => {
    const one = calling([chatCall('call_1', 'weather', '{"city":"Oslo"}')])
    const answer = await ask(one.name)
    expect(answer.stop_reason).toBe('tool_use')
    expect(answer.content).toEqual([
      {
        type: 'tool_use',
        id: expect.stringMatching(/^toolu_[a-zA-Z0-9_-]+$/),
        name: 'weather',
        input: { city: 'Oslo' },
        caller: { type: 'direct' },
      },
    ])
    expect(one.call().body.tools).toEqual([
      {
        type: 'function',
        function: { name: 'weather', description: 'Does weather.', parameters: WEATHER.input_schema },
      },
    ])
  })

  test('C84 text and a call stand in this order', async () => {
    const both = calling([chatCall('call_1', 'weather', '{}')], 'Let me look.')
    const { content } = await ask(both.name)
    expect(content).toMatchObject([{ type: 'text', text: 'Let me look.' }, { type: 'tool_use' }])
  })

  test('C85 parallel calls are several blocks with ids of their own', async () => {
    const cities = ['Oslo', 'Rome', 'Lima']
    const three = calling(cities.map((city) => chatCall('same', 'weather', JSON.stringify({ city }))))
    const { content, stop_reason } = await ask(three.name)
    expect(content.map((block) => block.type === 'tool_use' && block.input)).toEqual(
      cities.map((city) => ({ city })),
    )
    expect(new Set(content.map((block) => block.type === 'tool_use' && block.id)).size).toBe(3)
    expect(stop_reason).toBe('tool_use')
  })

  test('C86 disable_parallel_tool_use asks the upstream for one call at most', async () => {
    const tool_choice = { type: 'auto', disable_parallel_tool_use: true }
    expect((await sentFor({ tool_choice })).parallel_tool_calls).toBe(false)
    expect(await sentFor({})).not.toHaveProperty('parallel_tool_calls')
  })

  test.each([true, false])(
    'C86 of several calls of a model that does not obey, the first is told (stream: %p)',
    async (stream) => {
      const eager = calling([
        chatCall('call_1', 'weather', '{"city":"Oslo"}'),
        chatCall('call_2', 'weather', '{"city":"Rome"}'),
      ])
      const body = {
        model: eager.name,
        tools: [WEATHER],
        stream,
        tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      }
      const response = await post(open, message(body))
      const answer: any = stream ? undefined : await response.json()
      const calls = stream
        ? (await eventsOf(response)).flatMap(({ data }) => data.content_block ?? [])
        : answer.content
      expect(calls).toHaveLength(1)
      expect(calls[0]).toMatchObject({
        type: 'tool_use',
        name: 'weather',
        input: stream ? {} : { city: 'Oslo' },
      })
      if (stream) return
      expect(answer.stop_reason).toBe('tool_use')
      expect(response.headers.get('x-compat-warnings')).toContain('made 2 calls at once')
    },
  )

  test.each([
    [{ type: 'auto' }, 'auto'],
    [{ type: 'any' }, 'required'],
    [
      { type: 'tool', name: 'weather' },
      { type: 'function', function: { name: 'weather' } },
    ],
    [{ type: 'none' }, 'none'],
  ])('C87 tool_choice %j goes up as %j', async (tool_choice, expected) => {
    expect((await sentFor({ tool_choice })).tool_choice).toEqual(expected)
  })

  test('C88 tool_choice without tools, or for an unknown one: 400', async () => {
    const alone = message({ tool_choice: { type: 'auto' } })
    expect(await refusal(open, alone)).toMatchObject({
      status: 400,
      message: 'tool_choice may only be specified while providing tools.',
    })
    const stranger = message({ tools: [WEATHER], tool_choice: { type: 'tool', name: 'teleport' } })
    expect(await refusal(open, stranger)).toMatchObject({
      status: 400,
      message: "Tool 'teleport' not found in provided tools",
    })
  })

  test('C98 arguments that are broken JSON: a 502 that names the tool, never a 500', async () => {
    const broken = calling([chatCall('call_1', 'weather', '{"city": Oslo')])
    const found = await refusal(open, message({ model: broken.name, tools: [WEATHER] }))
    expect(found).toMatchObject({ status: 502, type: 'api_error' })
    expect(found.message).toBe('the model called the tool weather with arguments that are no JSON object')
  })

  test.each(['', '{}', 'null'])('C99 empty arguments are the input {} (%p)', async (args) => {
    const empty = calling([chatCall('call_1', 'weather', args)])
    expect((await ask(empty.name)).content).toMatchObject([{ type: 'tool_use', input: {} }])
  })

  test.each(['functions.weather:0', 'call|1.2', '7', 'toolu_01AbC', 'chatcmpl-tool-9f:x/y='])(
    "C104 a provider's id is made legal and goes back as it was: %s",
    async (id) => {
      const foreign = calling([chatCall(id, 'weather', '{}')])
      const { content } = await ask(foreign.name)
      const [block] = content
      if (block?.type !== 'tool_use') throw new Error('no call')
      expect(block.id).toMatch(/^toolu_[a-zA-Z0-9_-]+$/)
      const messages = [user('Go'), { role: 'assistant', content }, user([result(block.id)])]
      const sent = await sentFor({ messages })
      expect(sent.messages[1].tool_calls[0].id).toBe(id)
      expect(sent.messages[2].tool_call_id).toBe(id)
    },
  )
})

describe('results', () => {
  test('C89 a string goes up as the result of its call', async () => {
    const messages = [...asked(use('toolu_a', 'weather', { city: 'Oslo' })), user([result('toolu_a')])]
    expect((await sentFor({ messages })).messages).toEqual([
      { role: 'user', content: 'Go' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [chatCall('toolu_a', 'weather', '{"city":"Oslo"}')],
      },
      { role: 'tool', tool_call_id: 'toolu_a', content: 'sunny' },
    ])
  })

  test('C90 blocks as result', async () => {
    const content = ['sunny', 'warm'].map((text) => ({ type: 'text', text }))
    const messages = [...asked(use('toolu_a')), user([result('toolu_a', { content })])]
    const { role, tool_call_id, ...sent } = (await sentFor({ messages })).messages.at(-1)
    expect([role, tool_call_id]).toEqual(['tool', 'toolu_a'])
    expect(JSON.stringify(sent.content)).toMatch(/sunny.*warm/)
  })

  test.each([{ content: '' }, { content: [] }, {}])('C90 an empty result: %j', async (fields) => {
    const messages = [...asked(use('toolu_a')), user([result('toolu_a', fields)])]
    const { role, tool_call_id, content } = (await sentFor({ messages })).messages.at(-1)
    expect([role, tool_call_id]).toEqual(['tool', 'toolu_a'])
    expect(['', '(no output)']).toContain(content)
  })

  test.each([['no such city'], [[{ type: 'text', text: 'no such city' }]]])(
    'C91 is_error reaches the model: %j',
    async (content) => {
      const messages = [...asked(use('toolu_a')), user([result('toolu_a', { content, is_error: true })])]
      expect((await sentFor({ messages })).messages.at(-1).content).toBe('Error: no such city')
    },
  )

  test('C92 two results and a text keep their order', async () => {
    const content = [
      result('toolu_a', { content: 'first' }),
      result('toolu_b', { content: 'second' }),
      { type: 'text', text: 'And now?' },
    ]
    const sent = await sentFor({ messages: [...asked(use('toolu_a'), use('toolu_b')), user(content)] })
    expect(sent.messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'toolu_a', content: 'first' },
      { role: 'tool', tool_call_id: 'toolu_b', content: 'second' },
      { role: 'user', content: 'And now?' },
    ])
  })
})

describe('faults', () => {
  const talk = (messages: readonly object[], tools: readonly object[] = [WEATHER]) =>
    message({ messages, tools })
  const offer = (...tools: object[]) => talk([user('Go')], tools)

  test.each([
    [
      'C93 a result without its call',
      talk([...asked(use('toolu_a')), user([result('toolu_a'), result('toolu_x')])]),
      'messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: toolu_x. Each `tool_result` ' +
        'block must have a corresponding `tool_use` block in the previous message.',
    ],
    [
      'C94 a call without its result',
      talk([...asked(use('toolu_a'), use('toolu_b')), user([result('toolu_b')])]),
      'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_a. Each ' +
        '`tool_use` block must have a corresponding `tool_result` block in the next message.',
    ],
    [
      'C95 two calls of one id',
      talk([...asked(use('toolu_a'), use('toolu_a')), user([result('toolu_a')])]),
      'messages.1.content.1: `tool_use` ids must be unique',
    ],
    [
      'C95 two results of one call',
      talk([...asked(use('toolu_a')), user([result('toolu_a'), result('toolu_a')])]),
      'each tool_use must have a single result. Found multiple `tool_result` blocks with id: toolu_a',
    ],
    ['C96 two tools of one name', offer(WEATHER, tool('weather')), 'tools: Tool names must be unique.'],
    [
      'C96 an illegal name',
      offer(tool('what is it?')),
      "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ],
    [
      'C96 a schema that is none',
      offer(tool('a', { input_schema: { type: 'object', properties: { x: { type: 'strange' } } } })),
      'tools.0.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12 ',
    ],
    [
      'C96 a schema of no object',
      offer(tool('a', { input_schema: { type: 'string' } })),
      "tools.0.custom.input_schema.type: Input should be 'object'",
    ],
  ])('%s: 400', async (_, body, words) => {
    for (const server of [open, strict]) {
      const found = await refusal(server, body, V2023)
      expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(found.message).toStartWith(words)
    }
  })
})

describe('definitions', () => {
  test.each([`a${'b'.repeat(62)}c`, 'with-dash_and_underscore', 'mcp__server__tool', 'x'.repeat(128)])(
    'C97 a tool named %s is called by its own name',
    async (name) => {
      const own = model((body: any) => {
        const { name: upstreamName } = body.tools[0].function
        return wholeAnswer(
          { role: 'assistant', content: null, tool_calls: [chatCall('c1', upstreamName, '{}')] },
          'tool_calls',
        )
      })
      const answer = await ask(own.name, { tools: [tool(name)] })
      expect(answer.content).toMatchObject([{ type: 'tool_use', name }])
      expect(own.call().body.tools[0].function.name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    },
  )

  test.each([
    [{ type: 'bash_20250124', name: 'bash' }, ['command', 'restart']],
    [{ type: 'text_editor_20250124', name: 'str_replace_editor' }, ['command', 'path', 'old_str', 'new_str']],
    [
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
      ['command', 'path', 'view_range'],
    ],
    [{ type: 'memory_20250818', name: 'memory' }, ['command', 'path', 'old_path', 'new_path']],
    [
      { type: 'computer_20250124', name: 'computer', display_width_px: 800, display_height_px: 600 },
      ['action', 'coordinate', 'text'],
    ],
  ])('C100 a typed client tool goes up with its published schema: %j', async (typed, fields) => {
    const { tools } = await sentFor({ tools: [typed] })
    expect(tools).toHaveLength(1)
    expect(tools[0]).toMatchObject({
      type: 'function',
      function: { name: typed.name, parameters: { type: 'object' } },
    })
    expect(Object.keys(tools[0].function.parameters.properties)).toEqual(expect.arrayContaining(fields))
    expect(tools[0].function.description).toBeString()
  })

  test('C103 strict, input_examples, defer_loading, allowed_callers and eager_input_streaming are accepted', async () => {
    const { tools } = await sentFor({
      tools: [
        tool('all', {
          type: 'custom',
          strict: true,
          input_examples: [{ city: 'Oslo' }],
          defer_loading: false,
          allowed_callers: ['direct'],
          eager_input_streaming: true,
        }),
        tool('later', { defer_loading: true }),
      ],
    })
    expect(tools.map((sent: any) => sent.function.name)).toEqual(['all'])
    expect(tools[0].function).toMatchObject({ strict: true })
    expect(tools[0].function.description).toContain('{"city":"Oslo"}')
  })

  test('C103 a deferred tool is offered once the conversation has loaded it', async () => {
    const loaded = result('toolu_s', { content: [{ type: 'tool_reference', tool_name: 'later' }] })
    const { tools } = await sentFor({
      tools: [WEATHER, tool('later', { defer_loading: true })],
      messages: [...asked(use('toolu_s')), user([loaded])],
    })
    expect(tools.map((sent: any) => sent.function.name)).toEqual(['weather', 'later'])
  })

  test('OpenRouter gets web_search as its own hosted tool; other servers need a search service', async () => {
    const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }]
    expect((await echoOf(demo, { tools })).tools).toEqual([
      { type: 'openrouter:web_search', parameters: { max_uses: 3 } },
    ])
    const found = await refusal(open, message({ tools }))
    expect(found.status).toBe(400)
    expect(found.message).toMatch(/'web_search_20250305': this server has no search service.*SEARXNG_URL/)
  })
})

test("C105 the SDK's tool runner loops through three turns", async () => {
  const steps = model((body: any) => {
    const results = body.messages
      .filter(({ role }: any) => role === 'tool')
      .map(({ content }: any) => content)
    if (results.length === 2) return textAnswer(`Oslo is ${results[0]}, Rome is ${results[1]}.`, body)
    const city = results.length === 0 ? 'Oslo' : 'Rome'
    const call = chatCall(`call:${results.length}`, 'weather', JSON.stringify({ city }))
    return wholeAnswer({ role: 'assistant', content: null, tool_calls: [call] }, 'tool_calls')
  })
  const cities: string[] = []
  const weather = betaTool({
    name: 'weather',
    description: 'Tells the weather.',
    inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    run: ({ city }) => {
      cities.push(city)
      return city === 'Oslo' ? 'cold' : 'warm'
    },
  })
  const final = await sdk(open).beta.messages.toolRunner(message({ model: steps.name, tools: [weather] }))
  expect(final.content).toMatchObject([{ type: 'text', text: 'Oslo is cold, Rome is warm.' }])
  expect(final.stop_reason).toBe('end_turn')
  expect(cities).toEqual(['Oslo', 'Rome'])
  expect(steps.calls).toHaveLength(3)
})
