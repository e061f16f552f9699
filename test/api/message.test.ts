import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { NotFoundError } from '@anthropic-ai/sdk'

import { message, post, refusal, sdk, sdk0 } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer, wholeAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 B: a basic message.

const upstream = startUpstream()
const model = modelsOf(upstream)
const hello = model((body) => textAnswer('Hello', body))
const big = model((body) => textAnswer('from the big one', body), 'vendor/big-model')
let open: TestServer
let strict: TestServer

beforeAll(async () => {
  const common = { OPENROUTER_BASE_URL: upstream.baseUrl, ANTHROPIC_MODEL: big.name, LOG_LEVEL: 'warn' }
  ;[open, strict] = await Promise.all([
    startServer(common),
    startServer({ ...common, STRICT_COMPAT: 'true' }),
  ])
})

afterAll(async () => {
  await Promise.all([open.stop(), strict.stop(), upstream[Symbol.asyncDispose]()])
})

const V2023 = { headers: { 'anthropic-version': '2023-06-01' } }
const V2026 = { headers: { 'anthropic-version': '2026-10-21' } }

/** Answers every request with the same completion. */
const always = (...answer: Parameters<typeof wholeAnswer>) => model(() => wholeAnswer(...answer))
const said = (content: string) => ({ role: 'assistant', content })

/** Sends one message through the newest SDK and hands back what it parsed. */
const ask = async (fields: { readonly model: string; readonly [field: string]: unknown }) =>
  sdk(open).messages.create(message(fields))

/** What the upstream was sent by one request. */
async function sentFor(fields: object, options = {}): Promise<any> {
  const own = model((body) => textAnswer('ok', body))
  const response = await post(open, message({ model: own.name, ...fields }), options)
  expect(response.status).toBe(200)
  return own.call().body
}

describe('the answer', () => {
  test('C25 string content: 200 with every key of a message', async () => {
    const answer: any = await (await post(open, message({ model: hello.name }))).json()
    expect(Object.keys(answer).toSorted()).toEqual([
      'container',
      'content',
      'diagnostics',
      'id',
      'model',
      'role',
      'stop_details',
      'stop_reason',
      'stop_sequence',
      'type',
      'usage',
    ])
    expect(answer.id).toMatch(/^msg_[a-zA-Z0-9]{20,}$/)
    expect(answer).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: hello.name,
      content: [{ type: 'text', text: 'Hello', citations: null }],
      container: null,
      diagnostics: null,
      stop_details: null,
    })
  })

  test('C27 (strict Python client: not run here) every value has the type that the newest SDK declares', async () => {
    const { usage, ...answer } = await ask({ model: hello.name })
    expect(answer).toEqual({
      id: expect.any(String),
      type: 'message',
      role: 'assistant',
      model: hello.name,
      content: [{ type: 'text', text: 'Hello', citations: null }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
    })
    expect(usage).toEqual({
      input_tokens: 10,
      output_tokens: 5,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens_details: null,
      server_tool_use: null,
      service_tier: 'standard',
      speed: null,
      inference_geo: 'not_available',
    })
  })

  test('C31 an answer that reached its limit stops with max_tokens', async () => {
    const cut = always(said('It was a dark and'), 'length')
    expect(await ask({ model: cut.name })).toMatchObject({ stop_reason: 'max_tokens', stop_sequence: null })
  })

  test('C32 a stop sequence that the upstream honoured is named, and not in the text', async () => {
    const stopped = model(() =>
      Response.json({
        choices: [
          { message: said('one, two, '), finish_reason: 'stop', native_finish_reason: 'stop_sequence' },
        ],
        usage: { prompt_tokens: 10, completion_tokens: 5 },
      }),
    )
    const answer = await ask({ model: stopped.name, stop_sequences: ['three'] })
    expect(stopped.call().body.stop).toEqual(['three'])
    expect(answer).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'three' })
    expect(answer.content).toMatchObject([{ text: 'one, two, ' }])
  })

  test('C32 a stop sequence that the upstream ignored cuts the text all the same', async () => {
    const ignorant = always(said('one, two, three, four'))
    const answer = await ask({ model: ignorant.name, stop_sequences: ['never', 'three'] })
    expect(answer).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'three' })
    expect(answer.content).toMatchObject([{ text: 'one, two, ' }])
  })

  test('C33 an answer that is complete stops with end_turn and no sequence', async () => {
    const answer = await ask({ model: hello.name, stop_sequences: ['never'] })
    expect(answer).toMatchObject({ stop_reason: 'end_turn', stop_sequence: null })
  })

  test('C34 usage is there: input, output and cache counters are whole numbers', async () => {
    const { usage } = await ask({ model: hello.name })
    const { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage
    for (const count of [input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens])
      expect(count).toBeInteger()
    expect([input_tokens, output_tokens]).toEqual([10, 5])
  })

  test('C35 tokens that the upstream read from or wrote to its cache are taken out of input_tokens', async () => {
    const details = { cached_tokens: 60, cache_write_tokens: 10 }
    const cached = always(said('Hi'), 'stop', {
      prompt_tokens: 100,
      completion_tokens: 7,
      prompt_tokens_details: details,
    })
    const { usage } = await ask({ model: cached.name })
    expect(usage).toMatchObject({
      input_tokens: 30,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 10,
      output_tokens: 7,
    })
  })

  test('C36 usage.service_tier is there, and cache_creation sums to its counter', async () => {
    const written = always(said('Hi'), 'stop', {
      prompt_tokens: 50,
      completion_tokens: 1,
      prompt_tokens_details: { cache_write_tokens: 20 },
    })
    const { usage } = await ask({ model: written.name })
    expect(usage.service_tier).toBe('standard')
    expect(usage.cache_creation).toEqual({ ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 0 })
  })

  test('C37 max_tokens 0 only warms the cache: 200, no content, max_tokens', async () => {
    const response = await post(open, message({ model: hello.name, max_tokens: 0 }))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      content: [],
      stop_reason: 'max_tokens',
      usage: { input_tokens: 10, output_tokens: 0 },
    })
  })

  test('C38 (strict) max_tokens 0 with stream: 400', async () => {
    const found = await refusal(strict, message({ max_tokens: 0, stream: true }), V2023)
    expect(found).toMatchObject({ status: 400, message: 'max_tokens: 0 cannot be combined with `stream`' })
  })

  test('C50 an answer that the upstream filtered is a refusal with its details', async () => {
    const filtered = always(said(''), 'content_filter')
    expect(await ask({ model: filtered.name })).toMatchObject({
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: null },
    })
  })

  test('C50 words of refusal are the explanation', async () => {
    const refusing = always({ ...said(''), refusal: 'I will not help with that.' })
    expect(await ask({ model: refusing.name })).toMatchObject({
      content: [{ type: 'text', text: 'I will not help with that.' }],
      stop_reason: 'refusal',
      stop_details: { explanation: 'I will not help with that.' },
    })
  })

  test("C51 an upstream's context overflow is a 400 in the words that clients compact on", async () => {
    const words =
      "This endpoint's maximum context length is 200000 tokens. However, you requested about 250100 tokens " +
      '(250000 of text input, 100 in the output). Please reduce the length of either one'
    const full = model(() => Response.json({ error: { message: words, code: 400 } }, { status: 400 }))
    const found = await refusal(open, message({ model: full.name }))
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(found.message).toMatch(/^prompt is too long: 250[01]00 tokens > 200000 maximum$/)
  })

  test('C52 fifty requests at once each get their own answer', async () => {
    const parrot = model(async (body: any) => {
      await Bun.sleep(Math.random() * 50)
      return textAnswer(body.messages[0].content, body)
    })
    const client = sdk(open)
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const request = message({
          model: parrot.name,
          messages: [{ role: 'user' as const, content: `number ${n}` }],
        })
        return n % 2 === 0 ? client.messages.create(request) : client.messages.stream(request).finalMessage()
      }),
    )
    expect(answers.map(({ content: [block] }) => block?.type === 'text' && block.text)).toEqual(
      answers.map((_, n) => `number ${n}`),
    )
    expect(new Set(answers.map(({ id }) => id)).size).toBe(50)
  })

  test('C53 a client that gives up a whole answer ends the upstream call within 100 ms', async () => {
    const silent = model(async () => new Promise<Response>(() => {}))
    const controller = new AbortController()
    const asked = sdk(open).messages.create(message({ model: silent.name }), { signal: controller.signal })
    const outcome = asked.catch((error: Error) => error.constructor.name)
    await until('the upstream call', () => silent.calls.length === 1)
    const gaveUpAtMs = performance.now()
    controller.abort()
    await until('the end of the upstream call', () => silent.call().abortedAtMs !== undefined)
    expect((silent.call().abortedAtMs ?? Infinity) - gaveUpAtMs).toBeLessThan(100)
    expect(await outcome).toBe('APIUserAbortError')
  })
})

describe('what reaches the upstream', () => {
  test('C26 array content is the same as string content', async () => {
    const asText = await sentFor({ messages: [{ role: 'user', content: 'Hi there' }] })
    const asBlocks = await sentFor({
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi there' }] }],
    })
    expect(asText.messages).toEqual([{ role: 'user', content: 'Hi there' }])
    expect(asBlocks.messages).toEqual(asText.messages)
  })

  test('C28 system, as a string and as blocks in their order', async () => {
    const { messages: plain } = await sentFor({ system: 'Be brief.' })
    expect(plain[0]).toEqual({ role: 'system', content: 'Be brief.' })
    const system = ['First.', 'Second.', 'Third.'].map((text) => ({ type: 'text', text }))
    const { messages } = await sentFor({ system })
    expect(messages[0]).toEqual({ role: 'system', content: 'First.\n\nSecond.\n\nThird.' })
    expect(messages).toHaveLength(2)
  })

  test('C29 several turns in their order', async () => {
    const messages = ['a', 'b', 'c', 'd', 'e'].map((content, n) => ({
      role: n % 2 === 0 ? 'user' : 'assistant',
      content,
    }))
    expect((await sentFor({ messages })).messages).toEqual(messages)
  })

  test('C30 consecutive user messages as one', async () => {
    const messages = ['one', 'two', 'three'].map((content) => ({ role: 'user', content }))
    const { messages: sent } = await sentFor({ messages })
    expect(sent).toHaveLength(1)
    expect(sent[0].role).toBe('user')
    expect(JSON.stringify(sent[0].content)).toMatch(/one.*two.*three/)
  })

  test.each([0, 0.5, 1])('C39 temperature %d (2023-06-01)', async (temperature) => {
    const own = model((body) => textAnswer('ok', body))
    await sdk0(open).messages.create(message({ model: own.name, temperature }))
    expect(own.call().body.temperature).toBe(temperature)
  })

  test('C42 a long metadata.user_id passes', async () => {
    const user_id = JSON.stringify({
      device_id: 'd'.repeat(64),
      session_id: crypto.randomUUID(),
      more: 'x'.repeat(900),
    })
    expect((await ask({ model: hello.name, metadata: { user_id } })).stop_reason).toBe('end_turn')
    expect((await post(strict, message({ model: hello.name, metadata: { user_id } }), V2023)).status).toBe(
      200,
    )
  })

  test('C45 an unknown top-level field: dropped when lenient, 400 when strict', async () => {
    expect(await sentFor({ frobnicate: { a: 1 } })).not.toHaveProperty('frobnicate')
    expect(await refusal(strict, message({ frobnicate: 1 }), V2023)).toMatchObject({
      status: 400,
      message: 'frobnicate: Extra inputs are not permitted',
    })
  })

  test('C47 an alias goes to its target, and the answer echoes the alias', async () => {
    const calls = big.calls.length
    expect(await ask({ model: 'big' })).toMatchObject({
      model: 'big',
      content: [{ text: 'from the big one' }],
    })
    expect(await ask({ model: 'claude-opus-5-5' })).toMatchObject({
      model: 'claude-opus-5-5',
      content: [{ text: 'from the big one' }],
    })
    expect(big.calls.length).toBe(calls + 2)
  })

  test('C48 a model id with a slash, with and without openrouter/', async () => {
    const own = model((body) => textAnswer('ok', body), 'some-vendor/some-model:free')
    expect((await ask({ model: own.name })).model).toBe(own.name)
    expect((await ask({ model: `openrouter/${own.name}` })).model).toBe(`openrouter/${own.name}`)
    expect(own.calls.map(({ body }) => body.model)).toEqual([own.name, own.name])
  })

  test('C49 a prefill goes up as the last message, and the answer is the continuation only', async () => {
    const json = model((body) => textAnswer('"a": 1}', body))
    const messages = [
      { role: 'user' as const, content: 'JSON please' },
      { role: 'assistant' as const, content: '{' },
    ]
    const answer = await sdk0(open).messages.create(message({ model: json.name, messages }))
    expect(json.call().body.messages).toEqual(messages)
    expect(answer.content).toMatchObject([{ type: 'text', text: '"a": 1}' }])
    expect(answer.content).toHaveLength(1)
  })
})

describe('settings that are refused', () => {
  test.each([1.5, -1, 'x'])('C40 temperature %p: 400 that names it', async (temperature) => {
    const found = await refusal(open, message({ temperature }), V2023)
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(found.message).toStartWith('temperature: Input should be ')
  })

  test.each([{ temperature: 1 }, { top_p: 0.9 }, { top_k: 5 }])(
    'C41 %j on version 2026-10-21: 400, on 2023-06-01: 200',
    async (setting) => {
      const found = await refusal(open, message({ model: hello.name, ...setting }), V2026)
      expect(found.status).toBe(400)
      expect(found.message).toStartWith(`${Object.keys(setting)[0]}: `)
      expect((await post(open, message({ model: hello.name, ...setting }), V2023)).status).toBe(200)
    },
  )

  test('C43 (strict) a further key in metadata: 400', async () => {
    expect(await refusal(strict, message({ metadata: { user_id: 'a', team: 'b' } }), V2023)).toMatchObject({
      status: 400,
      message: 'metadata.team: Extra inputs are not permitted',
    })
  })

  test('C44 a service tier that does not exist: 400', async () => {
    const found = await refusal(open, message({ service_tier: 'first_class' }))
    expect(found.status).toBe(400)
    expect(found.message).toStartWith('service_tier: Input should be ')
  })

  test('C46 a model that the upstream does not know: 404 not_found_error', async () => {
    const error = await ask({ model: 'vendor/nobody' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ status: 404, type: 'not_found_error' })
    expect(String(error)).toContain('model: vendor/nobody')
  })
})
