import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { BadRequestError } from '@anthropic-ai/sdk'

import { message, post, refusal, refusalOf, sdk } from '../support/api.ts'
import { echoOf } from '../support/demo.ts'
import { modelsOf } from '../support/models.ts'
import { startServers } from '../support/servers.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 C: one request for each kind of fault; every wording is tested with the validation itself.

const upstream = startUpstream()
const model = modelsOf(upstream)
const hello = model((body) => textAnswer('Hello', body))
const { open, strict, demo, stop } = await startServers(upstream)

afterAll(stop)

const V2023 = { headers: { 'anthropic-version': '2023-06-01' } }
const V2026 = { headers: { 'anthropic-version': '2026-10-21' } }

const request = (fields: object) => message({ model: hello.name, ...fields })
const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown) => ({ role: 'assistant', content })
const system = (content: unknown) => ({ role: 'system', content })
const talk = (...messages: unknown[]) => request({ messages })
const text = (words: string, fields: object = {}) => ({ type: 'text', text: words, ...fields })
const mark = (ttl?: string) => ({ cache_control: { type: 'ephemeral', ...(ttl ? { ttl } : {}) } })
const orphan = { type: 'tool_result', tool_use_id: 'toolu_nobody', content: 'x' }
const thought = (fields: object = {}) => ({ type: 'thinking', thinking: 'hm', signature: 'c2ln', ...fields })
const paper = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } }
const CITATION = {
  type: 'char_location',
  cited_text: 'words',
  document_index: 0,
  document_title: null,
  start_char_index: 0,
  end_char_index: 5,
}

describe('refused, strict or not', () => {
  test.each([
    ['C54 messages missing', request({ messages: undefined }), 'messages: Field required'],
    ['C54 messages empty', talk(), 'messages: at least one message is required'],
    ['C54 messages no list', request({ messages: 'Hi' }), 'messages: Input should be a valid list'],
    ['C55 max_tokens missing', request({ max_tokens: undefined }), 'max_tokens: Field required'],
    ['C55 max_tokens "1"', request({ max_tokens: '1' }), 'max_tokens: Input should be a valid integer'],
    ['C55 max_tokens 1.5', request({ max_tokens: 1.5 }), 'max_tokens: Input should be a valid integer'],
    [
      'C55 max_tokens -1',
      request({ max_tokens: -1 }),
      'max_tokens: Input should be greater than or equal to 0',
    ],
    ['C56 model missing', request({ model: undefined }), 'model: Field required'],
    ['C56 model empty', request({ model: '' }), 'model: String should have at least 1 character'],
    ['C56 model a number', request({ model: 4 }), 'model: Input should be a valid string'],
    ['C57 assistant first', talk(assistant('Hi')), 'messages: first message must use the "user" role'],
    [
      'C58 role tool',
      talk({ role: 'tool', content: 'x' }),
      "messages.0.role: Input should be 'user' or 'assistant'",
    ],
    ['C59 system first', talk(system('Hi'), user('Hi')), 'messages: first message must use the "user" role'],
    ['C60 empty text', talk(user([text('')])), 'messages: text content blocks must be non-empty'],
    [
      'C60 blank text',
      talk(user([text(' \n')])),
      'messages: text content blocks must contain non-whitespace text',
    ],
    [
      'C61 empty content in the middle',
      talk(user('a'), assistant([]), user('b')),
      'messages.1: all messages must have non-empty content except for the optional final assistant message',
    ],
    [
      'C62 a last assistant text that ends in white space',
      talk(user('a'), assistant('b ')),
      'messages: final assistant content cannot end with trailing whitespace',
    ],
    [
      'C63 a block of unknown type',
      talk(user([text('a'), { type: 'hologram' }])),
      "messages.0.content.1: Input tag 'hologram' found using 'type' does not match any of the expected tags: 'text', ",
    ],
    [
      'C64 paths count merged messages',
      talk(user('a'), user([orphan])),
      'messages.0.content.1: unexpected `tool_use_id` found in `tool_result` blocks: toolu_nobody. ',
    ],
    [
      'C65 a blank stop sequence',
      request({ stop_sequences: ['end', ' '] }),
      'stop_sequences: each stop sequence must contain non-whitespace',
    ],
    ['C66 stream no boolean', request({ stream: 'yes' }), 'stream: Input should be a valid boolean'],
    [
      'C70 five cache marks',
      talk(user(['a', 'b', 'c', 'd', 'e'].map((words) => text(words, mark())))),
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    [
      'C70 a long cache mark after a short one',
      talk(user([text('a', mark('5m')), text('b', mark('1h'))])),
      "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' ",
    ],
    [
      'C70 a cache mark on thinking',
      talk(user('a'), assistant([thought(mark()), text('b')]), user('c')),
      'messages.1.content.0.thinking.cache_control: Extra inputs are not permitted',
    ],
    [
      'C70 a cache mark on empty text',
      talk(user([text('', mark())])),
      'messages.0.content.0.text: cache_control cannot be set for empty text blocks',
    ],
  ])('%s', async (_, body, words) => {
    const calls = hello.calls.length
    for (const server of [open, strict]) {
      const found = await refusal(server, body, V2023)
      expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(found.message).toStartWith(words)
    }
    expect(hello.calls.length).toBe(calls)
  })

  test('C67 a fault with stream: true is plain JSON, no stream', async () => {
    const found = await refusal(open, request({ stream: true, max_tokens: -1 }))
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
  })

  test('C68 a document in an assistant message: 400 on 2026-10-21, 200 on 2023-06-01', async () => {
    const body = talk(user('a'), assistant([paper, text('b')]), user('c'))
    const found = await refusal(open, body, V2026)
    expect(found.status).toBe(400)
    expect(found.message).toStartWith('messages.1.content.0')
    for (const server of [open, strict]) expect((await post(server, body, V2023)).status).toBe(200)
  })

  test('C69 citations in user text: 400 on 2026-10-21; an assistant may echo them', async () => {
    const cited = text('words', { citations: [CITATION] })
    const found = await refusal(open, talk(user([cited])), V2026)
    expect(found.status).toBe(400)
    expect(found.message).toStartWith('messages.0.content.0.text.citations')
    const echo = talk(user('a'), assistant([cited]), user('b'))
    for (const server of [open, strict]) expect((await post(server, echo, V2026)).status).toBe(200)
    expect((await post(open, talk(user([cited])), V2023)).status).toBe(200)
  })

  test('C72 a 4xx is sent once, retries or not', async () => {
    let requests = 0
    using relay = Bun.serve({
      port: 0,
      async fetch({ method, headers, body }) {
        requests++
        expect(headers.get('x-stainless-retry-count')).toBe('0')
        return fetch(`${open.url}/v1/messages`, { method, headers, body })
      },
    })
    const client = sdk({ url: relay.url.href }, { maxRetries: 2 })
    const error = await client.messages.create(message({ max_tokens: -1 })).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(requests).toBe(1)
  })
})

describe('accepted', () => {
  test('C59 a system message in the middle, which stays where it is', async () => {
    const own = model((body) => textAnswer('ok', body))
    const messages = [user('a'), system('Now be brief.'), assistant('b'), user('c')]
    expect((await post(open, message({ model: own.name, messages }))).status).toBe(200)
    const sent = JSON.stringify(own.call().body.messages)
    expect(sent.indexOf('Now be brief.')).toBeGreaterThan(sent.indexOf('"a"'))
    expect(sent.indexOf('Now be brief.')).toBeLessThan(sent.indexOf('"b"'))
  })

  test.each(['5m', '1h', undefined])('C71 a cache mark of ttl %p reaches OpenRouter', async (ttl) => {
    const marked = mark(ttl)
    const { messages, cache_control } = await echoOf(demo, {
      ...marked,
      messages: [user([text('long', marked), text('short')])],
    })
    expect(messages.at(-1).content).toEqual([text('long', marked), text('short')])
    expect(cache_control).toEqual(marked.cache_control)
  })

  test('C71 a server that is not OpenRouter gets no cache mark', async () => {
    const own = model((body) => textAnswer('ok', body))
    const body = { model: own.name, ...mark(), messages: [user([text('long', mark('1h')), text('short')])] }
    expect((await post(open, message(body))).status).toBe(200)
    expect(JSON.stringify(own.call().body)).not.toContain('cache_control')
  })
})

describe('refused when strict only', () => {
  test.each([
    ['C45 an unknown field', request({ frobnicate: 1 }), 'frobnicate: Extra inputs are not permitted'],
    [
      'an unknown field deep inside',
      talk(user([text('a', { mood: 'good' })])),
      'messages.0.content.0.text.mood: Extra inputs are not permitted',
    ],
    [
      'C60 blank text of the assistant',
      talk(user('a'), assistant([text('\n'), text('b')]), user('c')),
      'messages: text content blocks must contain non-whitespace text',
    ],
  ])('%s', async (_, body, words) => {
    expect((await post(open, body, V2023)).status).toBe(200)
    const found = await refusalOf(await post(strict, body, V2023))
    expect(found).toMatchObject({ status: 400, message: words })
  })
})
