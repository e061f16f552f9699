import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { APIError, type Anthropic } from '@anthropic-ai/sdk'

import { message, post, refusalOf, sdk, sdk0 } from '../support/api.ts'
import { checkOrder, eventsOf, follow, textOf, typesOf } from '../support/events.ts'
import { DONE, openFeed, toSse } from '../support/feed.ts'
import { modelsOf } from '../support/models.ts'
import { memoryOf, startServer, type TestServer } from '../support/server.ts'
import { finishChunk, sseAnswer, startUpstream, textChunk, wholeAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 G: streaming. (C141 and C146, hang-ups and slow readers, are in streams.test.ts.)

const upstream = startUpstream()
const model = modelsOf(upstream)
let server: TestServer

beforeAll(async () => {
  server = await startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    LOG_LEVEL: 'warn',
    STREAM_START_AFTER: '0.2',
    PING_INTERVAL: '0.3',
    UPSTREAM_RETRIES: '0',
  })
})

afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
})

const TOOL = { name: 'look', input_schema: { type: 'object' as const, properties: {} } }
const USAGE = { prompt_tokens: 40, completion_tokens: 20 }

const callChunk = (
  index: number,
  piece: { readonly id?: string; readonly name?: string; readonly args?: string },
) => {
  const { id, name, args = '' } = piece
  const call = {
    index,
    ...(id ? { id } : {}),
    type: 'function',
    function: { ...(name ? { name } : {}), arguments: args },
  }
  return { choices: [{ index: 0, delta: { tool_calls: [call] } }] }
}
const thoughtChunk = (reasoning: string) => ({ choices: [{ index: 0, delta: { reasoning } }] })
const ask = async (name: string, fields: object = {}) =>
  post(server, message({ model: name, stream: true, ...fields }))

/** A model that thinks, speaks, and calls two tools whose pieces interleave; the same whole or as a stream. */
const versatile = model((body) => {
  if (body['stream'] !== true) {
    const call = (id: string, args: string) => ({
      id,
      type: 'function',
      function: { name: 'look', arguments: args },
    })
    const tool_calls = [call('call_a', '{"at":"sky"}'), call('call_b', '{"at":"sea","deep":true}')]
    return wholeAnswer({ content: 'I will look.', reasoning: 'Where to?', tool_calls }, 'tool_calls', USAGE)
  }
  return sseAnswer([
    thoughtChunk('Where '),
    thoughtChunk('to?'),
    textChunk('I will '),
    textChunk('look.'),
    callChunk(0, { id: 'call_a', name: 'look' }),
    callChunk(1, { id: 'call_b', name: 'look' }),
    callChunk(1, { args: '{"at":"sea",' }),
    callChunk(0, { args: '{"at":' }),
    callChunk(1, { args: '"deep":true}' }),
    callChunk(0, { args: '"sky"}' }),
    finishChunk('tool_calls', USAGE),
  ])
})
const VERSATILE = { model: versatile.name, max_tokens: 4000, tools: [TOOL] }

describe('the form', () => {
  test('C123 an event stream in UTF-8, not to be cached, of no known length, with request-id', async () => {
    const response = await ask(versatile.name)
    const { headers } = response
    await response.text()
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('content-length')).toBeNull()
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('request-id')).toMatch(/^req_/)
  })

  test('C124 every message has its event line and its data, and there is no [DONE]', async () => {
    const following = follow(await post(server, message({ ...VERSATILE, stream: true })))
    await following.ended
    expect(following.events.length).toBeGreaterThan(10)
    const frames = following.text().split('\n\n')
    expect(frames.pop()).toBe('')
    expect(frames).toHaveLength(following.events.length)
    expect(following.text()).not.toContain('[DONE]')
  })

  test('C125 message_start comes first, with empty content and a guess of the input', async () => {
    const [start] = await eventsOf(await ask(versatile.name))
    expect(start?.data).toEqual({
      type: 'message_start',
      message: {
        id: expect.stringMatching(/^msg_/),
        type: 'message',
        role: 'assistant',
        model: versatile.name,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        usage: expect.objectContaining({
          input_tokens: expect.any(Number),
          output_tokens: expect.any(Number),
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
        }),
      },
    })
    expect(start?.data.message.usage.input_tokens).toBeGreaterThan(0)
  })

  test('C126, C127 blocks are numbered from 0, stand one after another, and have deltas of their type', async () => {
    const events = await eventsOf(await post(server, message({ ...VERSATILE, stream: true })))
    checkOrder(events)
    const starts = events.filter(({ type }) => type === 'content_block_start')
    expect(starts.map(({ data }) => data.content_block)).toEqual([
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'text', text: '', citations: null },
      expect.objectContaining({ type: 'tool_use', name: 'look', input: {}, caller: { type: 'direct' } }),
      expect.objectContaining({ type: 'tool_use', name: 'look', input: {}, caller: { type: 'direct' } }),
    ])
  })

  test('C132 message_delta has the reason, the sequence and the usage of the whole', async () => {
    const events = await eventsOf(await post(server, message({ ...VERSATILE, stream: true })))
    const deltas = events.filter(({ type }) => type === 'message_delta')
    expect(deltas).toHaveLength(1)
    expect(deltas[0]?.data).toMatchObject({
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: {
        input_tokens: 40,
        output_tokens: 20,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
    })
    expect(events[0]?.data.message.usage.output_tokens).toBeLessThanOrEqual(20)
  })

  test('C133 there is one message_stop, and nothing after it', async () => {
    const types = typesOf(await eventsOf(await post(server, message({ ...VERSATILE, stream: true }))))
    expect(types.filter((type) => type === 'message_stop')).toHaveLength(1)
    expect(types.at(-1)).toBe('message_stop')
  })
})

describe('the content', () => {
  const whole = async (): Promise<Anthropic.Message> => sdk(server).messages.create(message(VERSATILE))
  const deltasOf = async (type: string, field: string): Promise<readonly string[]> => {
    const events = await eventsOf(await post(server, message({ ...VERSATILE, stream: true })))
    const joined: string[] = []
    for (const { data } of events)
      if (data.delta?.type === type) joined[data.index] = (joined[data.index] ?? '') + data.delta[field]
    return joined.filter((text) => text !== undefined)
  }

  test('C128 text deltas join to the text of the whole answer', async () => {
    const { content } = await whole()
    expect(await deltasOf('text_delta', 'text')).toEqual(
      content.flatMap((block) => (block.type === 'text' ? [block.text] : [])),
    )
  })

  test('C129 input deltas join to JSON that is the input of the whole answer', async () => {
    const { content } = await whole()
    const inputs = (await deltasOf('input_json_delta', 'partial_json')).map((json) => JSON.parse(json))
    expect(inputs).toEqual(content.flatMap((block) => (block.type === 'tool_use' ? [block.input] : [])))
    expect(inputs).toEqual([{ at: 'sky' }, { at: 'sea', deep: true }])
  })

  test('C130 calls whose pieces interleave are told one after another', async () => {
    const events = await eventsOf(await post(server, message({ ...VERSATILE, stream: true })))
    const tools = events
      .filter(({ data }) => data.delta?.type === 'input_json_delta')
      .map(({ data }) => data.index)
    expect(tools.slice(0, tools.lastIndexOf(2) + 1)).not.toContain(3)
    expect(new Set(tools)).toEqual(new Set([2, 3]))
  })

  test('C131 thinking deltas, then one signature, then the end of the block', async () => {
    const events = await eventsOf(await post(server, message({ ...VERSATILE, stream: true })))
    const block = events.filter(({ data }) => data.index === 0)
    expect(block.map(({ type, data }) => data.delta?.type ?? type)).toEqual([
      'content_block_start',
      'thinking_delta',
      'thinking_delta',
      'signature_delta',
      'content_block_stop',
    ])
    expect(block.at(-2)?.data.delta.signature).not.toBe('')
  })

  test.each([
    ['1.12', sdk],
    ['0.137', sdk0],
  ] as const)("C134 SDK %s's finalMessage is the whole answer", async (_, client) => {
    const request = message(VERSATILE)
    const { messages } = client(server) as Anthropic
    const streamed = await messages.stream(request).finalMessage()
    const whole = await messages.create(request)
    // The SDK's own addition, and what differs from answer to answer.
    const comparable = ({ id: _id, parsed_output: _parsed, content, ...rest }: any) => ({
      ...rest,
      content: content.map((block: object) => ({ ...block, id: null, signature: null })),
    })
    expect(comparable(streamed)).toEqual(comparable(whole))
  })

  test('C142 an empty answer: message_start, message_delta, message_stop, and content []', async () => {
    const empty = model(() => sseAnswer([finishChunk('stop')]))
    expect(typesOf(await eventsOf(await ask(empty.name)))).toEqual([
      'message_start',
      'message_delta',
      'message_stop',
    ])
    const final = await sdk(server)
      .messages.stream(message({ model: empty.name }))
      .finalMessage()
    expect(final).toMatchObject({ content: [], stop_reason: 'end_turn' })
  })

  test.each([
    [
      'max_tokens',
      [textChunk('cut'), finishChunk('length')],
      { stop_reason: 'max_tokens', stop_sequence: null },
    ],
    [
      'refusal',
      [textChunk('no'), finishChunk('content_filter')],
      { stop_reason: 'refusal', stop_sequence: null },
    ],
    [
      'stop_sequence',
      [textChunk('one, tw'), textChunk('o, three'), finishChunk('stop')],
      { stop_reason: 'stop_sequence', stop_sequence: 'two' },
    ],
  ])('C143 %s in a stream', async (reason, chunks, delta) => {
    const ending = model(() => sseAnswer(chunks))
    const events = await eventsOf(await ask(ending.name, { stop_sequences: ['two'] }))
    checkOrder(events)
    expect(events.at(-2)?.data.delta).toMatchObject(delta)
    if (reason === 'stop_sequence') expect(textOf(events)).toBe('one, ')
    if (reason === 'refusal')
      expect(events.at(-2)?.data.delta.stop_details).toMatchObject({ type: 'refusal' })
  })

  test('C144 10,000 deltas of 1 MB arrive complete, in bounded memory', async () => {
    const pieces = Array.from({ length: 10_000 }, (_, n) => `${n}`.padEnd(100, '.'))
    const talkative = model(() => sseAnswer([...pieces.map(textChunk), finishChunk('stop')]))
    const before = await memoryOf(server)
    const events = await eventsOf(await ask(talkative.name))
    checkOrder(events)
    expect(textOf(events)).toBe(pieces.join(''))
    expect((await memoryOf(server)) - before).toBeLessThan(100 * 1024 * 1024)
  })

  test('C145 characters of several bytes survive being cut anywhere', async () => {
    const words = 'é – 日本 😀 𝔘'
    const bytes = new TextEncoder().encode(toSse(textChunk(words)) + toSse(finishChunk('stop')) + DONE)
    const feed = openFeed()
    const cut = model(() => feed.response)
    const following = follow(await startOf(ask(cut.name), () => feed.send(bytes.subarray(0, 1))))
    for (let at = 1; at < bytes.length; at++) {
      feed.send(bytes.subarray(at, at + 1))
      if (at % 8 === 0) await Bun.sleep(0)
    }
    feed.end()
    await following.ended
    expect(textOf(following.events)).toBe(words)
  })
})

/** Waits for a response that comes only when the upstream says something. */
async function startOf(response: Promise<Response>, say: () => void): Promise<Response> {
  say()
  return response
}

describe('in time', () => {
  test('C135 pings come while the upstream is silent, and an SDK takes no notice', async () => {
    const feed = openFeed()
    const slow = model(() => feed.response)
    const stream = sdk(server).messages.stream(message({ model: slow.name }))
    const raw = openFeed()
    const sameForRaw = model(() => raw.response)
    const following = follow(await ask(sameForRaw.name))
    await until('three pings', () => following.types().filter((type) => type === 'ping').length >= 3)
    for (const { send, end } of [feed, raw]) {
      send(textChunk('At last.'), finishChunk('stop'), DONE)
      end()
    }
    await following.ended
    checkOrder(following.events)
    expect((await stream.finalMessage()).content).toMatchObject([{ text: 'At last.' }])
  })

  test('C136, C137 events arrive while the upstream still speaks, each as soon as it is said', async () => {
    const feed = openFeed()
    const slow = model(() => feed.response)
    const response = ask(slow.name)
    feed.send(textChunk('one '))
    const following = follow(await response)
    const saidSoFar = () => textOf(following.events)
    await until('the first word', () => saidSoFar() === 'one ')
    expect(following.types().slice(0, 2)).toEqual(['message_start', 'content_block_start'])
    for (const word of ['two ', 'three ', 'four ']) {
      const [before, sentAtMs] = [saidSoFar(), performance.now()]
      feed.send(textChunk(word))
      await until(`the word ${word}`, () => saidSoFar() === before + word)
      expect(performance.now() - sentAtMs).toBeLessThan(200)
    }
    feed.send(finishChunk('stop'), DONE)
    feed.end()
    await following.ended
    checkOrder(following.events)
  })
})

describe('failures', () => {
  test('C138 an upstream failure before the first word is a status and JSON', async () => {
    const failing = model(() => Response.json({ error: { message: 'slow down' } }, { status: 429 }))
    const found = await refusalOf(await ask(failing.name))
    expect(found).toMatchObject({ status: 429, type: 'rate_limit_error', message: 'slow down' })
  })

  test('C139 an upstream failure in the middle is an error event, and nothing follows it', async () => {
    const error = {
      error: { message: 'Provider overloaded', metadata: { error_type: 'provider_overloaded' } },
    }
    const failing = model(() => sseAnswer([textChunk('Once upon'), error], ''))
    const events = await eventsOf(await ask(failing.name))
    expect(typesOf(events)).toEqual(['message_start', 'content_block_start', 'content_block_delta', 'error'])
    expect(events.at(-1)?.data).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error', message: 'Provider overloaded' },
      request_id: expect.stringMatching(/^req_/),
    })
    const thrown = await sdk(server)
      .messages.stream(message({ model: failing.name }))
      .finalMessage()
      .catch((e) => e)
    expect(thrown).toBeInstanceOf(APIError)
    expect(thrown.type).toBe('overloaded_error')
  })

  test('C140 an upstream that just ends in the middle is an error event too', async () => {
    const cut = model(() => sseAnswer([textChunk('Once upon')], ''))
    const events = await eventsOf(await ask(cut.name))
    expect(typesOf(events).at(-1)).toBe('error')
    expect(typesOf(events)).not.toContain('message_stop')
    expect(textOf(events)).toBe('Once upon')
  })
})
