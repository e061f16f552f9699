import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  type AnthropicUpstream,
  errorAnswer,
  eventsOf,
  eventStream,
  messageOf,
  startAnthropicUpstream,
  startOf,
  toFrame,
  USAGE,
} from '../support/anthropic-upstream.ts'
import { message, post, refusal, sdk } from '../support/api.ts'
import { eventsOf as readEvents, follow, typesOf } from '../support/events.ts'
import { openFeed } from '../support/feed.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, type TestUpstream } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

/** Claude is asked through its own API, by an upstream that is OpenRouter and by one that is not; all else by chat. */
let chat: TestUpstream
let native: AnthropicUpstream
let server: TestServer
let folder: string

beforeAll(async () => {
  chat = startUpstream()
  native = startAnthropicUpstream()
  folder = await mkdtemp(join(tmpdir(), 'relay-'))
  const file = join(folder, 'config.toml')
  await Bun.write(
    file,
    `[upstreams.native]
base_url = "${native.baseUrl}"
api_key = "sk-ant-operator"
wire = "messages"
dialect = "openai"
models = ["claude-*"]
headers = { "x-team" = "blue" }

[upstreams.router]
base_url = "${native.baseUrl}/api/v1"
api_key = "sk-or-operator"
wire = "messages"
dialect = "openrouter"
`,
  )
  server = await startServer({ OPENROUTER_BASE_URL: chat.baseUrl, CONFIG_FILE: file, LOG_LEVEL: 'info' })
})

afterAll(async () => {
  await server.stop()
  await Promise.all([
    chat[Symbol.asyncDispose](),
    native[Symbol.asyncDispose](),
    rm(folder, { recursive: true }),
  ])
})

const CLAUDE = { model: 'claude-opus-5' }
const ROUTED = { model: 'router/anthropic/claude-opus-5' }

const OVERLOAD = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }

/** What the server logged of the answer with this id. */
async function logged(response: Response): Promise<any> {
  const id = response.headers.get('request-id') ?? ''
  const find = (): string | undefined =>
    server
      .output()
      .split('\n')
      .find((line) => line.includes(id) && line.includes('duration_ms'))
  await until('the request is logged', () => find() !== undefined)
  return JSON.parse(find() ?? '')
}

describe('a model whose upstream speaks Anthropic’s API', () => {
  test('gets the request as it came, with the operator’s key', async () => {
    native.answer = () => Response.json(messageOf('Hi'))
    const body = message({
      ...CLAUDE,
      system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral', ttl: '1h' } }],
      thinking: { type: 'adaptive', display: 'omitted' },
      of_tomorrow: { z: 1, a: [null] },
    })
    const response = await post(server, body, {
      headers: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-1,b-2', 'x-api-key': 'client' },
    })
    expect(response.status).toBe(200)
    const call = native.calls.at(-1)
    expect(call?.path).toBe('/v1/messages')
    expect(JSON.stringify(call?.body)).toBe(JSON.stringify(body))
    expect(Object.fromEntries(call?.headers ?? [])).toMatchObject({
      'x-api-key': 'sk-ant-operator',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'a-1,b-2',
      'x-team': 'blue',
    })
    expect(call?.headers.has('authorization')).toBe(false)
  })

  test('is OpenRouter’s own endpoint with a bearer key and its options', async () => {
    native.answer = () => Response.json(messageOf('Hi'))
    const response = await post(
      server,
      message({ ...ROUTED, inference_geo: 'us', openrouter: { provider: { sort: 'price' } } }),
      { headers: { 'x-claude-code-session-id': 's-1' } },
    )
    const call = native.calls.at(-1)
    expect(call?.path).toBe('/api/v1/messages')
    expect(call?.headers.get('authorization')).toBe('Bearer sk-or-operator')
    expect(call?.body).toEqual({
      ...message({ model: 'anthropic/claude-opus-5' }),
      session_id: 's-1',
      provider: { sort: 'price' },
    })
    expect(response.headers.get('x-compat-warnings')).toContain('inference_geo')
  })

  test('is answered whole with the very message', async () => {
    const answer = messageOf('Hi', {
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'EqQB' },
        { type: 'text', text: 'Hi', citations: [{ type: 'of_tomorrow' }] },
        { type: 'of_tomorrow', parts: [{ b: 1, a: 2 }] },
        {
          type: 'tool_use',
          id: 'toolu_1',
          name: 'Bash',
          input: { command: 'ls' },
          caller: { type: 'direct' },
        },
      ],
      provider: 'Anthropic',
      usage: { ...USAGE, cost: 0.5, of_tomorrow: 1 },
    })
    native.answer = () => Response.json(answer)
    const response = await post(server, message(CLAUDE))
    expect(await response.text()).toBe(JSON.stringify({ ...answer, model: CLAUDE.model }))
    expect(await logged(response)).toMatchObject({
      provider: 'Anthropic',
      input_tokens: 60,
      cached_tokens: 30,
      output_tokens: 5,
      cost_usd: 0.5,
    })
  })

  test('is streamed event by event, with fields and events that nobody knows', async () => {
    const events = [
      startOf({ model: 'claude-opus-5-20260901' }),
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi', of_tomorrow: 1 } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: '!' }, p: 'abc' },
      { type: 'content_block_stop', index: 0 },
      { type: 'of_tomorrow', x: null },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: { output_tokens: 5, cost: 0.5 },
        y: 1,
      },
      { type: 'message_stop', z: 1 },
    ]
    native.answer = () => eventStream(events, 'data: [DONE]\n\n')
    const response = await post(server, message({ ...CLAUDE, stream: true }))
    const expected = events.map(toFrame).join('').replace('claude-opus-5-20260901', CLAUDE.model)
    expect(await response.text()).toBe(expected)
    expect(await logged(response)).toMatchObject({ input_tokens: 60, output_tokens: 5, cost_usd: 0.5 })
  })

  test('satisfies the official SDK', async () => {
    native.answer = ({ body }) =>
      body.stream ? eventStream(eventsOf('Hel', 'lo')) : Response.json(messageOf('Hello'))
    const streamed = await sdk(server).messages.stream(message(CLAUDE)).finalMessage()
    const whole = await sdk(server).messages.create(message(CLAUDE))
    for (const answer of [streamed, whole])
      expect(answer).toMatchObject({
        model: CLAUDE.model,
        content: [{ type: 'text', text: 'Hello' }],
        usage: USAGE,
      })
  })

  test('counts tokens here', async () => {
    const before = native.calls.length
    const { input_tokens: tokens } = await sdk(server).messages.countTokens({
      model: CLAUDE.model,
      messages: [{ role: 'user', content: 'Hello there' }],
    })
    expect(tokens).toBeGreaterThan(0)
    expect(native.calls.length).toBe(before)
  })

  test('takes nothing from the others', async () => {
    const before = native.calls.length
    const response = await post(server, message({ model: 'openai/gpt-5' }))
    expect(response.status).toBe(200)
    expect(native.calls.length).toBe(before)
    expect(chat.bodies.at(-1)).toMatchObject({ model: 'openai/gpt-5' })
  })
})

describe('a failure of such an upstream', () => {
  test.each([
    [400, 'invalid_request_error', 'messages.0: bad'],
    [402, 'billing_error', 'no credit'],
    [403, 'permission_error', 'not you'],
    [409, 'conflict_error', 'again'],
    [413, 'request_too_large', 'too large'],
    [429, 'rate_limit_error', 'slow down'],
  ])('%d %s is the client’s, for a stream as well', async (status, type, said) => {
    native.answer = () => errorAnswer(status, type, said, { headers: { 'retry-after': '7' } })
    for (const stream of [false, true]) {
      const refused = await refusal(server, message({ ...CLAUDE, stream }))
      expect(refused).toMatchObject({ status, type, message: said })
      expect(refused.headers.get('retry-after')).toBe('7')
    }
  })

  test.each([
    ['as a status', () => errorAnswer(529, 'overloaded_error', 'Overloaded')],
    ['as an event', () => eventStream([startOf(), OVERLOAD])],
  ])('%s is tried again before anything was said', async (_, failing) => {
    const answers = [failing()]
    native.answer = () => answers.shift() ?? eventStream(eventsOf('Hi'))
    const events = await readEvents(await post(server, message({ ...CLAUDE, stream: true })))
    expect(typesOf(events).at(-1)).toBe('message_stop')
  })

  test('in the midst is an error event, and nothing follows', async () => {
    native.answer = () => eventStream([...eventsOf('Hi').slice(0, 4), OVERLOAD, ...eventsOf('Hi').slice(4)])
    const events = await readEvents(await post(server, message({ ...CLAUDE, stream: true })))
    expect(typesOf(events)).toEqual(['message_start', 'content_block_start', 'content_block_delta', 'error'])
    expect(events.at(-1)?.data.error).toMatchObject({ type: 'overloaded_error', message: 'Overloaded' })
  })

  test('that only cuts the answer is one, too', async () => {
    native.answer = () => eventStream(eventsOf('Hi').slice(0, -1))
    const events = await readEvents(await post(server, message({ ...CLAUDE, stream: true })))
    expect(events.at(-1)?.data.error).toMatchObject({ type: 'api_error' })
    expect(typesOf(events)).not.toContain('message_stop')
  })

  test('is none of the upstream’s when the client hangs up, but it is stopped', async () => {
    const feed = openFeed()
    native.answer = () => feed.response
    const before = native.aborted()
    const hangUp = new AbortController()
    const posting = post(server, message({ ...CLAUDE, stream: true }), { signal: hangUp.signal })
    feed.send(...eventsOf('Hi').slice(0, 4).map(toFrame))
    const following = follow(await posting)
    await until('the first words came', () => following.events.length === 3)
    hangUp.abort()
    await following.ended.catch(() => {})
    await until('the upstream hears of it', () => native.aborted() > before)
  })
})
