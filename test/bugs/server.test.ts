import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, refusal, refusalOf, sdk } from '../support/api.ts'
import { checkOrder, eventsOf, textOf, typesOf } from '../support/events.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import {
  finishChunk,
  sseAnswer,
  startUpstream,
  textAnswer,
  textChunk,
  wholeAnswer,
} from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// Reported bugs that only a whole server can have: what stands on the wire and in the log.

const upstream = startUpstream()
const model = modelsOf(upstream)
let server: TestServer

beforeAll(async () => {
  server = await startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    UPSTREAM_RETRIES: '1',
    RETRY_BUDGET: '100',
  })
})

afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
})

const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'go', arguments: '{"a":1}' } }
const callChunk = { choices: [{ index: 0, delta: { tool_calls: [call] } }] }
const tools = [{ name: 'go', input_schema: { type: 'object' as const } }]

test('T18 every event has its event line, so that an SDK sees all of them', async () => {
  const { name } = model(() => sseAnswer([textChunk('Hello'), callChunk, finishChunk('tool_calls')]))
  const response = await post(server, message({ model: name, stream: true, tools }))
  const text = await response.clone().text()
  expect(text.match(/^event: /gm)).toHaveLength(text.match(/^data: /gm)?.length ?? 0)
  const events = await eventsOf(response)
  checkOrder(events)
  const seen: string[] = []
  const stream = sdk(server).messages.stream(message({ model: name, tools }))
  stream.on('streamEvent', (event) => seen.push(event.type))
  await stream.finalMessage()
  expect(seen).toEqual(typesOf(events).filter((type) => type !== 'ping'))
})

test.each([true, false])(
  'T26, T27 an answer that says nothing is asked for again (stream: %p)',
  async (stream) => {
    const silent = {
      choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: 'stop' }],
    }
    const nothing = (streams: boolean): Response =>
      streams
        ? sseAnswer([silent])
        : Response.json({ choices: [{ ...silent.choices[0], message: { content: '' } }] })
    const once = model((body) => (once.calls.length === 1 ? nothing(stream) : textAnswer('Here I am.', body)))
    const response = await post(server, message({ model: once.name, stream }))
    expect(await response.text()).toContain('Here I am.')
    const never = model(() => nothing(stream))
    const found = await refusal(server, message({ model: never.name, stream }))
    expect(found).toMatchObject({
      status: 502,
      type: 'api_error',
      message: 'the upstream sent an empty answer',
    })
    expect(never.calls).toHaveLength(2)
  },
)

const broken = {
  error: { code: 502, message: 'no instance left', metadata: { error_type: 'provider_unavailable' } },
}

test('T30 a stream that breaks off in its middle is no success in the log', async () => {
  const { name } = model(() => sseAnswer([textChunk('Once upon'), broken], ''))
  const response = await post(server, message({ model: name, stream: true }))
  const id = response.headers.get('request-id') ?? 'none'
  const events = await eventsOf(response)
  expect(typesOf(events).at(-1)).toBe('error')
  expect(events.at(-1)?.data.request_id).toBe(id)
  const entry = (): any => {
    const lines = server
      .output()
      .split('\n')
      .filter((line) => line.includes(id))
    return lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'request')
  }
  await until('the log entry', () => entry() !== undefined)
  expect(entry()).toMatchObject({ outcome: 'error' })
})

test('T32 the failure of a stream is an error event that an SDK can read, whatever came before', async () => {
  const { name } = model(() => sseAnswer([textChunk('Once '), callChunk, broken], ''))
  const events = await eventsOf(await post(server, message({ model: name, stream: true, tools })))
  expect(textOf(events)).toBe('Once ')
  expect(typesOf(events)).not.toContain('message_stop')
  const thrown: any = await sdk(server)
    .messages.stream(message({ model: name, tools }))
    .finalMessage()
    .catch((error: unknown) => error)
  expect(thrown.error.error).toEqual({ type: 'api_error', message: 'no instance left' })
})

test('T35 a structured answer is text that ends the turn, however it was asked for upstream', async () => {
  const json = '{"city":"Oslo"}'
  const { name } = model(({ tool_choice: choice }) => {
    const forced = (choice as any)?.function?.name as string | undefined
    if (forced === undefined) return wholeAnswer({ role: 'assistant', content: json })
    const given = { ...call, function: { name: forced, arguments: json } }
    return wholeAnswer({ role: 'assistant', content: null, tool_calls: [given] }, 'tool_calls')
  })
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  }
  const format = { type: 'json_schema', schema }
  const answer: any = await (await post(server, message({ model: name, output_config: { format } }))).json()
  expect(answer).toMatchObject({ content: [{ type: 'text' }], stop_reason: 'end_turn' })
  expect(JSON.parse(answer.content[0].text)).toEqual({ city: 'Oslo' })
})

// BerriAI's wrapping, Copilot's limit, Gemini's and vLLM's words: what hid an overflow from the clients' detectors.
const OVERFLOWS: ReadonlyArray<readonly [string, object]> = [
  [
    'prompt is too long: 216000 tokens > 200000 maximum',
    {
      message:
        'litellm.BadRequestError: AnthropicException - {"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 216000 tokens > 200000 maximum"}}. Received Model Group=big',
      code: '400',
    },
  ],
  [
    'prompt is too long: 135183 tokens > 128000 maximum',
    {
      message: 'prompt token count of 135183 exceeds the limit of 128000',
      code: 'model_max_prompt_tokens_exceeded',
    },
  ],
  [
    'prompt is too long: 1059411 tokens > 1048576 maximum',
    {
      message: 'The input token count (1059411) exceeds the maximum number of tokens allowed (1048576).',
      code: 400,
    },
  ],
  [
    'prompt is too long: 40000 tokens > 32768 maximum',
    {
      message:
        "This model's maximum context length is 32768 tokens. However, your request has 40000 input tokens. Please reduce the length of the input messages.",
      type: 'BadRequestError',
      code: 400,
    },
  ],
]

test.each(OVERFLOWS)('T36 clients compact on these very words: %s', async (words, error) => {
  const { name } = model(() => Response.json({ error }, { status: 400 }))
  for (const stream of [false, true])
    expect(await refusal(server, message({ model: name, stream }))).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: words,
    })
})

test('T36 an overflow that is told in the midst of a 200 has the same words', async () => {
  const [words, error] = OVERFLOWS[3] ?? ['', {}]
  const { name } = model(() => sseAnswer([': OPENROUTER PROCESSING\n\n', { error }], ''))
  const found = await refusalOf(await post(server, message({ model: name, stream: true })))
  expect(found).toMatchObject({ status: 400, message: words })
})

test.each(['vendor/model[1m]', 'vendor/model[1M]', 'claude-opus-5-5[1m]'])(
  'T59 the suffix of %s stays here, and the answer is a message of the model that was asked for',
  async (requested) => {
    const plain = requested.replace(/\[1m\]$/i, '')
    model((body) => textAnswer('Hi', body), plain)
    const answer: any = await (await post(server, message({ model: requested }))).json()
    expect(answer).toMatchObject({ type: 'message', role: 'assistant', model: requested })
    expect(answer.content).toEqual([{ type: 'text', text: 'Hi', citations: null }])
    expect(answer).not.toHaveProperty('choices')
    expect(answer).not.toHaveProperty('object')
  },
)

test.each(['', '?beta=true', '?beta=true&x=1'])('T81 count_tokens%s counts', async (query) => {
  const prompt = { model: 'any/model', messages: [{ role: 'user', content: 'How many tokens has this?' }] }
  const response = await post(server, prompt, { path: `/v1/messages/count_tokens${query}` })
  const { input_tokens: tokens }: any = await response.json()
  expect(response.status).toBe(200)
  expect(tokens).toBeGreaterThan(5)
})

test('T81 a longer prompt counts more, as clients compact by it', async () => {
  const countOf = async (words: number): Promise<number> => {
    const prompt = { model: 'any/model', messages: [{ role: 'user', content: 'some words '.repeat(words) }] }
    const response = await post(server, prompt, { path: '/v1/messages/count_tokens?beta=true' })
    return ((await response.json()) as any).input_tokens
  }
  expect(await countOf(5000)).toBeGreaterThan(10_000)
})
