import { afterAll, beforeAll, describe, expect, test } from 'bun:test'

import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema'
import Anthropic0 from 'anthropic-sdk-0'

import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/wait.ts'
import { PDF_BASE64, PNG_BASE64 } from './media.ts'
import { assistantTurns, ECHO, prompt, readEcho, type Turn } from './script.ts'

const KEY = 'the-key-of-the-server'
const MODEL = 'big'

/** Both generations of the SDK; the calls of this file are the same in both. */
const SDKS = [
  {
    name: 'C183 @anthropic-ai/sdk 1.x',
    SDK: Anthropic,
    version: '2026-10-21',
    credentials: { authorization: `Bearer ${KEY}`, 'x-api-key': null },
    threads: true,
  },
  {
    name: 'C184 @anthropic-ai/sdk 0.x',
    SDK: Anthropic0 as unknown as typeof Anthropic,
    version: '2023-06-01',
    credentials: { authorization: null, 'x-api-key': KEY },
    threads: false,
  },
] as const

const STRICTNESS = [
  { mode: 'as it starts', settings: {} },
  { mode: 'with STRICT_COMPAT', settings: { STRICT_COMPAT: 'true' } },
] as const

const CASES = SDKS.flatMap((sdk) => STRICTNESS.map((strictness) => ({ ...sdk, ...strictness })))

/** One request of the SDK and the status it was answered with. */
interface Exchange {
  readonly url: URL
  readonly headers: Headers
  readonly body: Record<string, any>
  readonly status: number
}

describe.each(CASES)('$name against the server $mode', ({ SDK, version, credentials, threads, settings }) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ SERVER_API_KEYS: KEY, UPSTREAM_RETRIES: '0', ...settings })
  })
  afterAll(async () => {
    await server.stop()
  })

  /** A client that keeps its requests. */
  const connect = (options: ConstructorParameters<typeof Anthropic>[0] = {}) => {
    const exchanges: Exchange[] = []
    const client = new SDK({
      apiKey: KEY,
      authToken: null,
      baseURL: server.url,
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        exchanges.push({
          url: new URL(input instanceof Request ? input.url : input),
          headers: new Headers(init?.headers),
          body: typeof init?.body === 'string' ? JSON.parse(init.body) : {},
          status: response.status,
        })
        return response
      },
      ...options,
    })
    return { client, exchanges }
  }

  const ask = (...turns: readonly Turn[]) => ({
    model: MODEL,
    max_tokens: 4000,
    messages: [{ role: 'user' as const, content: prompt('Play this.', ...turns) }],
  })

  test('creates a message', async () => {
    const { client, exchanges } = connect()
    const message = await client.messages.create(ask([{ text: 'Hello.' }]))
    expect(message).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: MODEL,
      content: [{ type: 'text', text: 'Hello.' }],
      stop_reason: 'end_turn',
    })
    expect(message._request_id).toStartWith('req_')
    expect(message.usage.input_tokens).toBeGreaterThan(0)
    expect(message.usage.output_tokens).toBeGreaterThan(0)
    expect(exchanges.map(({ headers }) => headers.get('anthropic-version'))).toEqual([version])
    for (const [name, value] of Object.entries(credentials))
      expect(exchanges[0]?.headers.get(name) ?? null).toBe(value)
  })

  test('streams the message that create returns', async () => {
    const { client } = connect()
    const request = ask([
      { reasoning: ['Let me ', 'think.'] },
      { text: ['Hello, ', 'world.'] },
      { tools: [weatherCall('Paris'), weatherCall('Oslo')] },
    ])
    const params = { ...request, tools: [WEATHER], thinking: THINKING[version] }
    const created = await client.messages.create(params)
    const stream = client.messages.stream(params)
    const events: string[] = []
    const texts: string[] = []
    stream.on('text', (text) => texts.push(text))
    for await (const event of stream)
      events.push(event.type === 'content_block_start' ? event.content_block.type : event.type)

    const message = await stream.finalMessage()
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use'])
    expect(message).toMatchObject({ ...created, id: expect.stringMatching(/^msg_/) })
    expect(texts.join('')).toBe('Hello, world.')
    expect(events[0]).toBe('message_start')
    expect(events.filter((type) => type !== 'ping').slice(-2)).toEqual(['message_delta', 'message_stop'])
  })

  test('runs tools in a loop', async () => {
    const { client, exchanges } = connect()
    const asked: string[] = []
    const weather = weatherTool((city) => {
      asked.push(city)
      return `${city}: sunny`
    })
    const runner = client.beta.messages.toolRunner({
      ...ask(
        [
          { reasoning: 'Two at once.', signature: 'signature-1' },
          { tools: [weatherCall('Paris'), weatherCall('Oslo')] },
        ],
        [{ expect: { contains: 'Paris: sunny' } }, weatherCall('Rome')],
        [
          { expect: { contains: 'signature-1' } },
          { expect: { contains: 'Oslo: sunny' } },
          { text: 'At last, {{last_tool_result}}' },
        ],
      ),
      tools: [weather],
    })
    const message = await runner
    expect(asked).toEqual(['Paris', 'Oslo', 'Rome'])
    expect(message.content).toMatchObject([{ type: 'text', text: 'At last, Rome: sunny' }])
    const refused = exchanges.filter(({ body }) => 'thread' in body)
    expect(refused.map(({ status }) => status)).toEqual(threads ? [400] : [])
    const answered = exchanges.filter(({ body }) => !('thread' in body))
    expect(answered.map(({ status, body }) => [status, body['messages'].length])).toEqual([
      [200, 1],
      [200, 3],
      [200, 5],
    ])
  })

  test('streams the loop of tools', async () => {
    const { client } = connect()
    const runner = client.beta.messages.toolRunner({
      ...ask([weatherCall('Paris')], [{ text: '{{last_tool_result}}' }]),
      stream: true,
      tools: [weatherTool((city) => `${city}: rainy`)],
    })
    const texts: string[] = []
    for await (const stream of runner)
      for await (const event of stream)
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
          texts.push(event.delta.text)
    expect(texts.join('')).toBe('Paris: rainy')
  })

  test('parses structured output', async () => {
    const { client } = connect()
    const message = await client.messages.parse({
      ...ask([{ expect: { contains: 'json_schema' } }, { text: '{"city":"Paris","people":2}' }]),
      output_config: {
        format: jsonSchemaOutputFormat({
          type: 'object',
          properties: { city: { type: 'string' }, people: { type: 'integer', minimum: 0 } },
          required: ['city', 'people'],
          additionalProperties: false,
        }),
      },
    })
    expect(message.parsed_output).toEqual({ city: 'Paris', people: 2 })
  })

  test('counts tokens', async () => {
    const { client } = connect()
    const messages = [{ role: 'user' as const, content: 'How many tokens are these?' }]
    const few = await client.messages.countTokens({ model: MODEL, messages })
    const more = await client.messages.countTokens({
      model: MODEL,
      messages,
      tools: [WEATHER],
      system: 'Be brief.',
    })
    expect(few.input_tokens).toBeGreaterThan(4)
    expect(more.input_tokens).toBeGreaterThan(few.input_tokens)
  })

  test('lists models page by page', async () => {
    const { client, exchanges } = connect()
    const whole = await client.models.list({ limit: 1000 })
    const ids: string[] = []
    for await (const model of client.models.list({ limit: 3 })) ids.push(model.id)
    expect(ids).toEqual(whole.data.map(({ id }) => id))
    expect(ids).toContain('big')
    expect(exchanges.length).toBe(1 + Math.ceil(ids.length / 3))
  })

  test('retrieves a model whose id holds a slash', async () => {
    const { client, exchanges } = connect()
    const model = await client.models.retrieve('anthropic/claude-sonnet-4')
    expect(model).toMatchObject({
      type: 'model',
      id: 'anthropic/claude-sonnet-4',
      max_input_tokens: 1_000_000,
    })
    expect(exchanges[0]?.url.pathname).toBe('/v1/models/anthropic%2Fclaude-sonnet-4')
  })

  describe('meets an error', () => {
    const failure = async (
      promise: PromiseLike<unknown>,
    ): Promise<InstanceType<typeof Anthropic.APIError>> => {
      const error = await Promise.resolve(promise).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(SDK.APIError)
      return error as InstanceType<typeof Anthropic.APIError>
    }
    const refusing = (status: number): Turn => [{ error: { status, message: 'No.' } }]

    test.each([
      { status: 400, type: 'invalid_request_error', of: 'BadRequestError' },
      { status: 402, type: 'billing_error', of: 'APIError' },
      { status: 403, type: 'permission_error', of: 'PermissionDeniedError' },
      { status: 413, type: 'request_too_large', of: 'APIError' },
      { status: 429, type: 'rate_limit_error', of: 'RateLimitError' },
      { status: 500, type: 'api_error', of: 'InternalServerError' },
      { status: 529, type: 'overloaded_error', of: 'InternalServerError' },
    ] as const)('of the upstream with status $status as $of', async ({ status, type, of }) => {
      const { client } = connect({ maxRetries: 0 })
      const error = await failure(client.messages.create(ask(refusing(status))))
      expect(error).toBeInstanceOf(SDK[of])
      expect(error).toMatchObject({ status, type, requestID: expect.stringMatching(/^req_/) })
      expect(error.message).toContain('No.')
    })

    test('of a stream before its first event', async () => {
      const { client } = connect({ maxRetries: 0 })
      const error = await failure(client.messages.stream(ask(refusing(429))).finalMessage())
      expect(error).toBeInstanceOf(SDK.RateLimitError)
    })

    test('of a stream on its way, after the text that came before', async () => {
      const { client, exchanges } = connect()
      const stream = client.messages.stream(
        ask([{ text: 'It breaks' }, { error: { status: 502, message: 'Provider disconnected' } }]),
      )
      const texts: string[] = []
      stream.on('text', (text) => texts.push(text))
      const error = await failure(stream.finalMessage())
      expect(error.type).toBe('api_error')
      expect(texts).toEqual(['It breaks'])
      expect(exchanges.length).toBe(1)
    })

    test('for a wrong key', async () => {
      const { client, exchanges } = connect({ apiKey: 'another-key' })
      const error = await failure(client.messages.create(ask([{ text: 'Hello.' }])))
      expect(error).toBeInstanceOf(SDK.AuthenticationError)
      expect(exchanges.length).toBe(1)
    })

    test('for a model that does not exist', async () => {
      const { client } = connect()
      const error = await failure(client.messages.create({ ...ask([]), model: 'demo/missing' }))
      expect(error).toBeInstanceOf(SDK.NotFoundError)
      expect(error.type).toBe('not_found_error')
      expect(await failure(client.models.retrieve('demo/missing'))).toBeInstanceOf(SDK.NotFoundError)
    })

    test('for a request that is wrong, with the place of the fault', async () => {
      const { client, exchanges } = connect()
      const error = await failure(client.messages.create({ ...ask([]), max_tokens: -1 }))
      expect(error).toBeInstanceOf(SDK.BadRequestError)
      expect(error.message).toContain('max_tokens')
      expect(exchanges.length).toBe(1)
    })

    test('and succeeds by trying again', async () => {
      const { client, exchanges } = connect()
      const message = await client.messages.create(
        ask([{ error: { status: 529, message: 'Overloaded', times: 1 } }, { text: 'It works again.' }]),
      )
      expect(message.content).toMatchObject([{ text: 'It works again.' }])
      expect(exchanges.map(({ status }) => status)).toEqual([529, 200])
    })
  })

  test.each([
    {
      model: 'anthropic/claude-sonnet-4',
      sent: {
        reasoning_details: [{ type: 'reasoning.text', text: 'I should look.', signature: 'signature-1' }],
      },
    },
    {
      model: 'openai/gpt-5.5',
      sent: {
        reasoning_details: [
          { type: 'reasoning.summary', summary: 'I should look.' },
          { type: 'reasoning.encrypted', data: 'encrypted-1' },
        ],
      },
    },
    {
      model: 'google/gemini-3-pro-preview',
      sent: { reasoning_details: [{ type: 'reasoning.encrypted', data: 'encrypted-1' }] },
    },
    { model: 'deepseek/deepseek-v3.2', sent: { reasoning: 'I should look.' } },
  ])('sends the thinking of $model back with the results of tools', async ({ model, sent }) => {
    const { client } = connect()
    const seal = model.startsWith('anthropic/') ? { signature: 'signature-1' } : { encrypted: 'encrypted-1' }
    const request = { ...ask([{ reasoning: 'I should look.', ...seal }, weatherCall('Paris')], ECHO), model }
    const first = await client.messages.create({ ...request, tools: [WEATHER] })
    expect(first.content.map(({ type }) => type)).toEqual(['thinking', 'tool_use'])

    const results = first.content.flatMap((block) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'sunny' }]
        : [],
    )
    const second = await client.messages.create({
      ...request,
      tools: [WEATHER],
      messages: [
        ...request.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: results },
      ],
    })
    const [turn] = assistantTurns(readEcho(textOf(second)))
    expect(turn).toMatchObject(sent)
    expect(turn?.tool_calls).toHaveLength(1)
  })

  test('sends images and PDFs', async () => {
    const { client } = connect()
    const message = await client.messages.create({
      ...ask(),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG_BASE64 } },
            {
              type: 'document',
              title: 'empty.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: PDF_BASE64 },
            },
            { type: 'text', text: prompt('What do you see?', ECHO) },
          ],
        },
      ],
    })
    const [user] = readEcho(textOf(message)).messages
    expect(user?.content).toMatchObject([
      { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG_BASE64}` } },
      {
        type: 'file',
        file: { filename: 'empty.pdf', file_data: `data:application/pdf;base64,${PDF_BASE64}` },
      },
      { type: 'text' },
    ])
  })

  test('passes over the comment that marks where a broken stream was rescued', async () => {
    await using rescuing = await startServer({ RESCUE_STREAMS: 'true', UPSTREAM_RETRIES: '0', ...settings })
    let sent = Promise.resolve('')
    const { client } = connect({
      baseURL: rescuing.url,
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        sent = response.clone().text()
        return response
      },
    })
    const request = ask(
      [{ text: 'Half an ' }, { error: { status: 502, message: 'Provider disconnected' } }],
      [{ text: 'answer.' }],
    )
    const stream = client.messages.stream(request)
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(await stream.finalMessage()).toMatchObject({
      content: [{ type: 'text', text: 'Half an answer.' }],
      stop_reason: 'end_turn',
    })
    expect(types.filter((type) => type !== 'ping' && type !== 'content_block_delta')).toEqual([
      'message_start',
      'content_block_start',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(await sent).toContain('\n\n: rescued by anthropic/claude-sonnet-4\n\nevent: ')
  })

  test('aborts a stream, which stops the call upstream', async () => {
    const { client } = connect()
    const stream = client.messages.stream(ask([{ text: 'One, ' }, { hang: true }]))
    stream.on('text', () => stream.abort())
    const error = await stream.done().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SDK.APIUserAbortError)
    await until('the server notes that the client has left', () =>
      server.output().includes('"outcome":"cancelled"'),
    )
  })
})

const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  additionalProperties: false,
} as const

const WEATHER = {
  name: 'weather',
  description: 'Tells the weather of a city.',
  input_schema: { ...CITY, required: ['city'] },
} satisfies Anthropic.Tool

const weatherTool = (run: (city: string) => string) =>
  betaTool({
    name: WEATHER.name,
    description: WEATHER.description,
    inputSchema: { ...CITY, required: ['city'] },
    run: ({ city }) => run(city),
  })

const weatherCall = (city: string) => ({ tool: WEATHER.name, input: { city }, pieces: 3 })

const THINKING = {
  '2023-06-01': { type: 'enabled', budget_tokens: 2000 },
  '2026-10-21': { type: 'adaptive' },
} as const

const textOf = (message: Anthropic.Message): string =>
  message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
