import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { NotFoundError } from '@anthropic-ai/sdk'

import { message, post, refusal, refusalOf, sdk, sdk0 } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 I: count_tokens and models.

const upstream = startUpstream()
const model = modelsOf(upstream)
const uncalled = model((body) => textAnswer('never', body))
/** An upstream that answers nothing, not even its list of models. */
const silent = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: async () => new Promise<Response>(() => {}),
})
/** Names its models the way some providers do. */
const LONG_ID = 'accounts/someone/models/some-model'
const nested = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => Response.json({ data: [{ id: LONG_ID }] }),
})
let open: TestServer
let strict: TestServer
/** Lists the models of the demo upstream. */
let demo: TestServer
let deaf: TestServer
let longNamed: TestServer

beforeAll(async () => {
  const common = { OPENROUTER_BASE_URL: upstream.baseUrl, LOG_LEVEL: 'error' }
  ;[open, strict, demo, deaf, longNamed] = await Promise.all([
    startServer(common),
    startServer({ ...common, STRICT_COMPAT: 'true' }),
    startServer({ LOG_LEVEL: 'error' }),
    startServer({ ...common, OPENROUTER_BASE_URL: `http://127.0.0.1:${silent.port}/v1` }),
    startServer({ ...common, OPENROUTER_BASE_URL: `http://127.0.0.1:${nested.port}/v1` }),
  ])
})

afterAll(async () => {
  await Promise.all([open, strict, demo, deaf, longNamed].map(async (server) => server.stop()))
  await Promise.all([upstream[Symbol.asyncDispose](), silent.stop(true), nested.stop(true)])
})

const V2023 = { 'anthropic-version': '2023-06-01' }
const COUNT = { path: '/v1/messages/count_tokens', headers: V2023 }

describe('count_tokens', () => {
  const prompt = (fields: object = {}) => ({
    model: uncalled.name,
    messages: [{ role: 'user', content: 'How many tokens has this?' }],
    ...fields,
  })
  const count = async (fields: object = {}, server: TestServer = open): Promise<any> => {
    const response = await post(server, prompt(fields), COUNT)
    expect(response.status).toBe(200)
    return response.json()
  }

  test('C154 answers with a whole number above 0 and nothing else', async () => {
    const answer = await count()
    expect(answer).toEqual({ input_tokens: expect.any(Number) })
    expect(answer.input_tokens).toBeInteger()
    expect(answer.input_tokens).toBeGreaterThan(3)
    expect(answer.input_tokens).toBeLessThan(40)
    const { input_tokens } = await sdk(open).messages.countTokens(prompt() as never)
    expect(input_tokens).toBe(answer.input_tokens)
  })

  test('C154 what other calls take is no matter here, whatever it holds', async () => {
    expect(await count({ fallbacks: [{ model: [['x']] }], stop_sequences: 7, max_tokens: 'a' })).toEqual(
      await count(),
    )
  })

  const PIXEL =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const tool = {
    name: 'weather',
    description: 'Tells the weather of a city for the coming days.',
    input_schema: { type: 'object', properties: { city: { type: 'string', description: 'Its name' } } },
  }
  test.each([
    ['a longer text', { messages: [{ role: 'user', content: 'How many tokens has this? '.repeat(20) }] }],
    [
      'another message',
      {
        messages: [
          { role: 'user', content: 'How many tokens has this?' },
          { role: 'assistant', content: 'Some.' },
          { role: 'user', content: 'Yes?' },
        ],
      },
    ],
    ['a system prompt', { system: 'You are a careful accountant of tokens.' }],
    ['a tool', { tools: [tool] }],
    [
      'an image',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'How many tokens has this?' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
            ],
          },
        ],
      },
    ],
  ])('C155 %s makes the count larger', async (_, fields) => {
    const [{ input_tokens: without }, { input_tokens: with_ }] = [await count(), await count(fields)]
    expect(with_).toBeGreaterThan(without)
  })

  test('C156 works without max_tokens; with it: 200 when lenient, 400 when strict', async () => {
    await count({}, strict)
    await count({ max_tokens: 100 })
    expect(await refusal(strict, prompt({ max_tokens: 100 }), COUNT)).toMatchObject({
      status: 400,
      message: 'max_tokens: Extra inputs are not permitted',
    })
  })

  test('C157 refuses what create refuses', async () => {
    const orphan = { type: 'tool_result', tool_use_id: 'toolu_x', content: 'x' }
    const found = await refusal(open, prompt({ messages: [{ role: 'user', content: [orphan] }] }), COUNT)
    expect(found.status).toBe(400)
    expect(found.message).toStartWith('messages.0.content.0: unexpected `tool_use_id` found')
    expect(await refusal(open, prompt({ messages: [] }), COUNT)).toMatchObject({ status: 400 })
    expect(await refusal(open, prompt({ model: undefined }), COUNT)).toMatchObject({ status: 400 })
  })

  test('C158 makes no model call', async () => {
    await Promise.all(Array.from({ length: 28 }, async () => count({ tools: [] })))
    expect(upstream.bodies).toEqual([])
    await post(open, message({ model: uncalled.name }))
    expect(upstream.bodies).toHaveLength(1)
  })
})

describe('models', () => {
  const list = async (query: string): Promise<any> => {
    const response = await fetch(`${demo.url}/v1/models${query}`, { headers: V2023 })
    expect(response.status).toBe(200)
    return response.json()
  }
  const idsOf = ({ data }: any): readonly string[] => data.map(({ id }: any) => id)

  test('C159 a page has data, has_more, first_id and last_id; each entry all keys of a model', async () => {
    const page = await list('')
    expect(Object.keys(page).toSorted()).toEqual(['data', 'first_id', 'has_more', 'last_id'])
    expect([page.first_id, page.last_id]).toEqual([idsOf(page)[0] ?? '', idsOf(page).at(-1) ?? ''])
    expect(page.has_more).toBe(false)
    expect(idsOf(page)).toEqual(expect.arrayContaining(['big', 'small', 'openai/gpt-5.5']))
    for (const entry of page.data) {
      expect(entry).toMatchObject({
        type: 'model',
        lifecycle: 'active',
        deprecated_at: null,
        retires_at: null,
      })
      expect(entry.display_name).toBeString()
      expect(entry.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      expect(Object.keys(entry)).toEqual(
        expect.arrayContaining(['max_input_tokens', 'max_tokens', 'capabilities', 'line']),
      )
    }
  })

  test('C159 limit, after_id and before_id walk the list in both directions', async () => {
    const all = idsOf(await list('?limit=1000'))
    expect(new Set(all).size).toBe(all.length)
    const [one, two, three] = all
    expect(await list('?limit=1')).toMatchObject({ first_id: one, last_id: one, has_more: true })
    expect(await list(`?limit=2&after_id=${one}`)).toMatchObject({
      first_id: two,
      last_id: three,
      has_more: true,
    })
    expect(idsOf(await list(`?limit=1&before_id=${encodeURIComponent(three ?? '')}`))).toEqual([two ?? ''])
    expect(await list(`?after_id=${encodeURIComponent(all.at(-1) ?? '')}`)).toEqual({
      data: [],
      has_more: false,
      first_id: null,
      last_id: null,
    })
  })

  test.each([
    ['1.12', sdk],
    ['0.137', sdk0],
  ] as const)('C159 SDK %s pages through every model once', async (_, client) => {
    const all = idsOf(await list('?limit=1000'))
    const seen: string[] = []
    const { models } = client(demo) as ReturnType<typeof sdk>
    for await (const { id } of models.list({ limit: 3 })) seen.push(id)
    expect(seen).toEqual([...all])
  })

  test.each(['0', '1001', 'x', '1.5', '-1', ''])('C160 limit %p: 400', async (limit) => {
    const found = await refusalOf(await fetch(`${demo.url}/v1/models?limit=${limit}`))
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(found.message).toStartWith('limit: Input should be ')
  })

  test('C160 after_id and before_id at once, or of nobody: 400', async () => {
    for (const query of ['after_id=big&before_id=small', 'after_id=nobody', 'before_id=nobody'])
      expect(await refusalOf(await fetch(`${demo.url}/v1/models?${query}`))).toMatchObject({ status: 400 })
  })

  test.each(['openai/gpt-5.5', 'big', 'claude-opus-5-5'])(
    'C161 %s is found, its slash encoded',
    async (id) => {
      expect(await sdk(demo).models.retrieve(id)).toMatchObject({ id, type: 'model' })
      const encoded = await fetch(`${demo.url}/v1/models/${encodeURIComponent(id)}`)
      expect(await encoded.json()).toMatchObject({ id, type: 'model' })
      expect(await (await fetch(`${demo.url}/v1/models/${id}`)).json()).toMatchObject({ id })
    },
  )

  test('C161 an id that holds /models/ itself is found', async () => {
    expect(await sdk(longNamed).models.retrieve(LONG_ID)).toMatchObject({ id: LONG_ID })
    expect(await (await fetch(`${longNamed.url}/v1/models/${LONG_ID}`)).json()).toMatchObject({ id: LONG_ID })
  })

  test('C161 an unknown model: 404 that names it', async () => {
    const error = await sdk(demo)
      .models.retrieve('vendor/nobody')
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(NotFoundError)
    expect(String(error)).toContain('model: vendor/nobody')
  })

  test('C162 ?limit=1000 is answered within 3 s and without redirect, even if the upstream is silent', async () => {
    for (const server of [demo, deaf]) {
      const startedAtMs = performance.now()
      const response = await fetch(`${server.url}/v1/models?limit=1000`, {
        redirect: 'error',
        headers: V2023,
      })
      const page: any = await response.json()
      expect(performance.now() - startedAtMs).toBeLessThan(3000)
      expect(page.has_more).toBe(false)
      expect(idsOf(page)).toContain('big')
      if (server === demo) expect(idsOf(page).filter((id) => id.includes('claude')).length).toBeGreaterThan(3)
    }
  })
})
