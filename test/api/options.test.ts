import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post, refusal, sdk } from '../support/api.ts'
import { eventsOf } from '../support/events.ts'
import { modelsOf } from '../support/models.ts'
import { startServer } from '../support/server.ts'
import { sseAnswer, startUpstream, textAnswer, textChunk } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// openrouter §7.9: what chat completions have and Anthropic's API has not.

const upstream = startUpstream()
const model = modelsOf(upstream)
const folder = await mkdtemp(join(tmpdir(), 'options-'))
const file = join(folder, 'config.toml')
await Bun.write(
  file,
  `
    [models."set/*".options]
    seed = 5
    min_p = 0.1
    provider = { data_collection = "deny" }
    [models."wrong/*".options]
    provider = { sort = "fame" }
  `,
)
const server = await startServer({
  OPENROUTER_BASE_URL: upstream.baseUrl,
  CONFIG_FILE: file,
  LOG_LEVEL: 'warn',
})
// The demo is the one upstream on the loopback that counts as OpenRouter.
const demo = await startServer({ LOG_LEVEL: 'warn' })

afterAll(async () => {
  await Promise.all([server.stop(), demo.stop(), upstream[Symbol.asyncDispose]()])
  await rm(folder, { recursive: true })
})

const answering = (name?: string) => model((body) => textAnswer('Hello', body), name)

describe('options of chat completions', () => {
  test('go upstream from the extension, from the body and from headers', async () => {
    const { name, call } = answering()
    const response = await post(
      server,
      message({ model: name, seed: 7, min_p: 0.2, openrouter: { provider: { sort: 'price' }, new: 1 } }),
      { headers: { 'x-openrouter-reasoning-effort': 'low', 'x-openrouter-min-p': '0.3' } },
    )
    expect(response.status).toBe(200)
    expect(call().body).toMatchObject({
      seed: 7,
      min_p: 0.2,
      provider: { sort: 'price' },
      new: 1,
      reasoning_effort: 'low',
    })
  })

  test("are typed fields of nobody's SDK, and pass through one all the same", async () => {
    const { name, call } = answering()
    const body = { ...message({ model: name }), openrouter: { verbosity: 'low' } }
    await sdk(server).messages.create(body, { headers: { 'x-openrouter-seed': '3' } })
    expect(call().body).toMatchObject({ verbosity: 'low', seed: 3 })
  })

  test.each([
    [
      { openrouter: { provider: { sort: 'fame' } } },
      "openrouter.provider.sort: Input should be 'price', 'throughput', 'latency' or 'exacto'",
    ],
    [{ top_logprobs: 21 }, 'top_logprobs: Input should be less than or equal to 20'],
    [
      { plugins: [{ id: 'web', max_results: 0 }] },
      'plugins.0.max_results: Input should be greater than or equal to 1',
    ],
    [{ n: 2 }, 'n: there is one answer a request; send several requests'],
    [{ functions: [] }, 'functions: use `tools`'],
    [{ openrouter: { prompt: 'x' } }, 'openrouter.prompt: use `messages`'],
    [
      { openrouter: { model: 'x' } },
      'openrouter.model: Extra inputs are not permitted; send it beside `openrouter`',
    ],
  ])('are refused when they are wrong: %j', async (fields, words) => {
    expect(await refusal(server, message(fields))).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: words,
    })
  })

  test('are refused when a header is wrong', async () => {
    const headers = { 'x-openrouter-provider': '{"sort":"fame"}' }
    expect(await refusal(server, message({}), { headers })).toMatchObject({
      status: 400,
      message:
        "header x-openrouter-provider.sort: Input should be 'price', 'throughput', 'latency' or 'exacto'",
    })
  })

  test('are set by the operator for the models of a pattern, and weaker than any of the client', async () => {
    const { name, call } = answering('set/model')
    const options = { headers: { 'x-openrouter-min-p': '0.3' } }
    const response = await post(server, message({ model: name, provider: null }), options)
    expect(response.status).toBe(200)
    expect(call().body).toMatchObject({ seed: 5, min_p: 0.3 })
    expect(call().body).not.toHaveProperty('provider')
  })

  test("name the operator's setting when that is wrong", async () => {
    expect(await refusal(server, message({ model: 'wrong/model' }))).toMatchObject({
      status: 400,
      message:
        "options.provider.sort (this server's setting for wrong/model): " +
        "Input should be 'price', 'throughput', 'latency' or 'exacto'",
    })
  })

  test('that no header knows are told to the client, and not sent', async () => {
    const { name, call } = answering()
    const response = await post(server, message({ model: name }), { headers: { 'x-openrouter-new': '1' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-compat-warnings')).toContain('x-openrouter-new')
    expect(call().body).not.toHaveProperty('new')
  })

  test('do not disturb the counting of tokens', async () => {
    const { max_tokens: _, ...body } = message({ seed: 'x', openrouter: { provider: 5 } })
    const response = await post(server, body, { path: '/v1/messages/count_tokens' })
    expect(response.status).toBe(200)
  })
})

describe('details', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 5, cost: 0.002, is_byok: false }
  const logprobs = { content: [{ token: 'Hello', logprob: -0.1 }] }
  const detailed = () =>
    model((body) =>
      body['stream'] === true
        ? sseAnswer([
            { id: 'gen-1', provider: 'X', ...textChunk('Hello') },
            { choices: [{ index: 0, delta: {}, logprobs, finish_reason: 'stop' }], usage },
          ])
        : Response.json({
            id: 'gen-1',
            provider: 'X',
            choices: [{ index: 0, message: { content: 'Hello' }, logprobs, finish_reason: 'stop' }],
            usage,
          }),
    )
  const expected = { id: 'gen-1', provider: 'X', cost: 0.002, is_byok: false, logprobs }

  test('stand on the message and at the end of a stream, for those who ask', async () => {
    const { name, calls } = detailed()
    const ask = { model: name, openrouter: { details: true } }
    const whole: any = await (await post(server, message(ask))).json()
    expect(whole.openrouter).toMatchObject(expected)
    const events = await eventsOf(await post(server, message({ ...ask, stream: true })))
    expect(events.find(({ type }) => type === 'message_delta')?.data.openrouter).toMatchObject(expected)
    expect(calls.some(({ body }) => 'details' in body)).toBe(false)
  })

  test('can be asked for by a header, and reach the reader of an SDK', async () => {
    const { name } = detailed()
    const headers = { 'x-openrouter-details': 'true' }
    const whole: any = await sdk(server).messages.create(message({ model: name }), { headers })
    expect(whole.openrouter).toMatchObject(expected)
  })

  test('stand nowhere for others', async () => {
    const { name } = detailed()
    for (const stream of [false, true]) {
      const response = await post(server, message({ model: name, stream }))
      expect(await response.text()).not.toContain('openrouter')
    }
  })

  test('come from OpenRouter, too', async () => {
    const response = await post(demo, message({ model: 'big', openrouter: { details: true } }))
    const whole: any = await response.json()
    expect(whole.openrouter).toMatchObject({ id: expect.stringMatching(/^gen-/), cost: expect.any(Number) })
  })
})
