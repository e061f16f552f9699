import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, type Place, post, refusal, sdk } from '../support/api.ts'
import { checkOrder, eventsOf, textOf, typesOf } from '../support/events.ts'
import { modelsOf } from '../support/models.ts'
import { startServers } from '../support/servers.ts'
import { finishChunk, sseAnswer, startUpstream, textAnswer, textChunk } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 F: structured outputs, C116–C119; openrouter §7.1.

const upstream = startUpstream()
const model = modelsOf(upstream)
const { open, strict, demo, stop } = await startServers(upstream)

afterAll(stop)

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, people: { type: 'integer' } },
  required: ['city', 'people'],
  additionalProperties: false,
} as const
const FORMAT = { type: 'json_schema' as const, schema: SCHEMA }
const V2026 = { headers: { 'anthropic-version': '2026-10-21' } }
const PARIS = '{"city":"Paris","people":2}'

/** A model that gives these texts, one a call, streaming or whole; the last one for good. */
function saying(...texts: readonly string[]) {
  let call = 0
  return model((body) => textAnswer(texts[Math.min(call++, texts.length - 1)] ?? '', body))
}

const ask = (name: string, fields: object = {}) =>
  message({ model: name, output_config: { format: FORMAT }, ...fields })

async function answerOf(place: Place, body: object): Promise<any> {
  const response = await post(place, body)
  expect(response.status).toBe(200)
  return response.json()
}

describe('C116 output_config.format', () => {
  test.each([
    ['as it comes', () => open],
    ['strict', () => strict],
  ])('is answered so that `messages.parse` gives the object, %s', async (_mode, place) => {
    const { name, call } = saying(PARIS)
    const format = { ...FORMAT, parse: (text: string) => JSON.parse(text) as unknown }
    const parsed = await sdk(place()).messages.parse(ask(name, { output_config: { format } }))
    expect<unknown>(parsed.parsed_output).toEqual({ city: 'Paris', people: 2 })
    expect(call().body.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'output', strict: true, schema: SCHEMA },
    })
  })

  test('is repaired without another call', async () => {
    const { name, calls } = saying(`Here you are:\n\`\`\`json\n{"city": "Paris", "people": "2"}\n\`\`\``)
    const { content } = await answerOf(open, ask(name))
    expect(content).toEqual([{ type: 'text', text: PARIS, citations: null }])
    expect(calls).toHaveLength(1)
  })

  test('is asked for again, and all tries are counted', async () => {
    const { name, calls } = saying('Paris, two people.', PARIS)
    const { content, usage, stop_reason } = await answerOf(open, ask(name))
    expect(content).toEqual([{ type: 'text', text: PARIS, citations: null }])
    expect(stop_reason).toBe('end_turn')
    expect(usage).toMatchObject({ input_tokens: 20, output_tokens: 10 })
    expect(calls.map(({ body }) => body.messages.length)).toEqual([1, 3])
    expect(calls[1]?.body.messages[1]).toEqual({ role: 'assistant', content: 'Paris, two people.' })
  })

  test('is refused as a failure of the upstream after three tries', async () => {
    const { name, calls } = saying('{"city": "Paris"}')
    const response = await post(open, ask(name))
    expect(response.status).toBe(502)
    expect(response.headers.get('x-should-retry')).toBe('false')
    const { error }: any = await response.json()
    expect(error).toMatchObject({
      type: 'api_error',
      message:
        'the answer does not fit the requested schema after 3 tries: /people: is required, but missing',
      details: { error_code: 'structured_output_mismatch', tries: 3 },
    })
    expect(calls).toHaveLength(3)
  })

  test('is streamed only once it is right', async () => {
    const pieces = ['{"city": ', '"Paris", "people"', ': 2}']
    let call = 0
    const { name, calls } = model(() =>
      call++ === 0
        ? sseAnswer([textChunk('{"city": "Pa'), textChunk('ris"}'), finishChunk('stop')])
        : sseAnswer([...pieces.map(textChunk), finishChunk('stop')]),
    )
    const events = await eventsOf(await post(open, ask(name, { stream: true })))
    checkOrder(events)
    expect(textOf(events)).toBe(pieces.join(''))
    expect(calls).toHaveLength(2)
    expect(events.find(({ type }) => type === 'message_delta')?.data.usage).toMatchObject({
      input_tokens: 20,
      output_tokens: 10,
    })
  })

  test('streams thinking at once', async () => {
    const thought = { choices: [{ index: 0, delta: { reasoning: 'Hm.' } }] }
    const { name } = model(() => sseAnswer([thought, textChunk(PARIS), finishChunk('stop')]))
    const thinking = { type: 'enabled', budget_tokens: 1024 }
    const events = await eventsOf(await post(open, ask(name, { stream: true, thinking, max_tokens: 4000 })))
    checkOrder(events)
    expect(events.flatMap(({ data }) => data.content_block?.type ?? [])).toEqual(['thinking', 'text'])
  })

  test('that never fits fails a stream before its first byte', async () => {
    const { name } = saying('no')
    const response = await post(open, ask(name, { stream: true }))
    expect(response.status).toBe(502)
    await response.body?.cancel()
  })

  test('that never fits ends a stream that has begun with an error event', async () => {
    const thought = { choices: [{ index: 0, delta: { reasoning: 'Hm.' } }] }
    const { name } = model(() => sseAnswer([thought, textChunk('no'), finishChunk('stop')]))
    const thinking = { type: 'enabled', budget_tokens: 1024 }
    const events = await eventsOf(await post(open, ask(name, { stream: true, thinking, max_tokens: 4000 })))
    expect(typesOf(events).at(-1)).toBe('error')
    expect(events.at(-1)?.data.error.type).toBe('api_error')
    expect(textOf(events)).toBe('')
  })

  test.each([
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
  ])('that ends with %s passes as it is', async (finish, stop_reason) => {
    const { name } = model(() => sseAnswer([textChunk('{"city": "Pa'), finishChunk(finish)]))
    const events = await eventsOf(await post(open, ask(name, { stream: true })))
    expect(textOf(events)).toBe('{"city": "Pa')
    expect(events.find(({ type }) => type === 'message_delta')?.data.delta.stop_reason).toBe(stop_reason)
  })

  test('gives way to a tool call', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }
    const { name, calls } = model(() =>
      sseAnswer([
        textChunk('Wait.'),
        { choices: [{ index: 0, delta: { tool_calls: [call] } }] },
        finishChunk('tool_calls'),
      ]),
    )
    const tools = [{ name: 'look', input_schema: { type: 'object', properties: {} } }]
    const events = await eventsOf(await post(open, ask(name, { stream: true, tools })))
    checkOrder(events)
    expect(textOf(events)).toBe('Wait.')
    expect(calls).toHaveLength(1)
  })
})

describe('C117 output_format', () => {
  test('is the older name of output_config.format', async () => {
    const { name, call } = saying(`Well: ${PARIS}`)
    const { content } = await answerOf(open, message({ model: name, output_format: FORMAT }))
    expect(content[0].text).toBe(PARIS)
    expect(call().body.response_format.json_schema.schema).toEqual(SCHEMA)
  })

  test.each([
    ['as it comes', () => open],
    ['strict', () => strict],
  ])('beside output_config.format is refused, %s', async (_mode, place) => {
    expect(await refusal(place(), ask('any', { output_format: FORMAT }), V2026)).toMatchObject({
      status: 400,
      message: expect.stringContaining('output_format: cannot be combined with `output_config.format`'),
    })
  })
})

describe('C118 a schema with open objects', () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } } }
  const loose = { output_config: { format: { type: 'json_schema', schema } } }

  test('is refused in strict mode', async () => {
    expect(await refusal(strict, ask('any', loose), V2026)).toMatchObject({
      status: 400,
      message:
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    })
  })

  test('is answered otherwise', async () => {
    const { name } = saying('{"city": "Paris", "more": 1}')
    expect((await answerOf(open, ask(name, loose))).content[0].text).toBe('{"city": "Paris", "more": 1}')
  })
})

describe('C119 a format', () => {
  const source = { type: 'text', media_type: 'text/plain', data: 'Paris.' }
  const cited = [{ role: 'user', content: [{ type: 'document', source, citations: { enabled: true } }] }]

  test.each([
    ['as it comes', () => open],
    ['strict', () => strict],
  ])('beside citations is refused, %s', async (_mode, place) => {
    expect(await refusal(place(), ask('any', { messages: cited }), V2026)).toMatchObject({
      status: 400,
      message: 'output_config.format: cannot be combined with citations',
    })
  })

  test('beside a prefilled answer is refused in strict mode', async () => {
    const messages = [
      { role: 'user', content: 'Where?' },
      { role: 'assistant', content: '{' },
    ]
    const { status, message: told } = await refusal(strict, ask('any', { messages }), V2026)
    expect([status, told]).toEqual([400, expect.stringMatching(/^output_config\.format: .*prefilled/)])
  })
})

describe("chat completions' response_format", () => {
  const json_schema = { name: 'place', schema: SCHEMA }

  test('is checked as well', async () => {
    const { name, calls } = saying('no', PARIS)
    const response_format = { type: 'json_schema', json_schema }
    const { content } = await answerOf(open, message({ model: name, response_format }))
    expect(content[0].text).toBe(PARIS)
    expect(calls.map(({ body }) => body.response_format)).toEqual([response_format, response_format])
  })

  test('with json_object takes any JSON, and the prompt stays as it is', async () => {
    const { name, calls } = saying('Hello!', '{"any": 1}')
    const openrouter = { response_format: { type: 'json_object' } }
    const { content } = await answerOf(open, message({ model: name, openrouter }))
    expect(content[0].text).toBe('{"any": 1}')
    expect(calls[0]?.body.response_format).toEqual({ type: 'json_object' })
    expect(calls[0]?.body.messages).toEqual([{ role: 'user', content: 'Hi' }])
  })

  test('goes into the prompt for a model that takes tools or a format, but not both', async () => {
    const { name, call } = model((body) => textAnswer(PARIS, body), 'google/gemini-3-pro')
    const tools = [{ name: 'look', input_schema: { type: 'object', properties: {} } }]
    await answerOf(open, ask(name, { tools, system: 'Be brief.' }))
    expect(call().body).not.toHaveProperty('response_format')
    expect(JSON.stringify(call().body.messages[0])).toContain('JSON Schema')
  })
})

test('the demo answers in the format that is asked for', async () => {
  const { content } = await answerOf(demo, ask('test/model'))
  const value = JSON.parse(content[0].text)
  expect(Object.keys(value)).toEqual(['city', 'people'])
})
