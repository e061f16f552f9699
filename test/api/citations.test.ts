import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { eventStream, messageOf, startAnthropicUpstream, startOf } from '../support/anthropic-upstream.ts'
import { message, post, refusal, sdk } from '../support/api.ts'
import { checkOrder, eventsOf } from '../support/events.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Citations of documents and search results. Chat completions have none: models that are asked by it answer without,
// and that is told. Claude cites where it is asked through the Messages API.

const chat = startUpstream((body) => textAnswer('The sky is blue.', body))
const native = startAnthropicUpstream()
let folder: string
let server: TestServer
let strict: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citations-'))
  const file = join(folder, 'config.toml')
  await Bun.write(
    file,
    `[upstreams.native]\nbase_url = "${native.baseUrl}"\nwire = "messages"\nmodels = ["claude-*"]\n`,
  )
  const settings = { OPENROUTER_BASE_URL: chat.baseUrl, CONFIG_FILE: file, LOG_LEVEL: 'warn' }
  ;[server, strict] = await Promise.all([
    startServer(settings),
    startServer({ ...settings, STRICT_COMPAT: 'true' }),
  ])
})

afterAll(async () => {
  await Promise.all([server.stop(), strict.stop(), rm(folder, { recursive: true })])
  await Promise.all([chat[Symbol.asyncDispose](), native[Symbol.asyncDispose]()])
})

const cites = { citations: { enabled: true } }
const text = {
  type: 'document',
  source: { type: 'text', media_type: 'text/plain', data: 'The sky is blue.' },
}
const blocks = { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'Blue.' }] } }
const pdf = { type: 'document', source: { type: 'url', url: 'https://example.com/sky.pdf' } }
const found = {
  type: 'search_result',
  source: 'https://example.com',
  title: 'Sky',
  content: [{ type: 'text', text: 'Blue.' }],
}

const asking = (block: object, model: string) => ({
  ...message({ model }),
  messages: [
    {
      role: 'user',
      content: [
        { ...block, ...cites },
        { type: 'text', text: 'What colour is the sky?' },
      ],
    },
  ],
})
const V2023 = { headers: { 'anthropic-version': '2023-06-01' } }

const inDocument = { cited_text: 'The sky is blue.', document_index: 0, document_title: null, file_id: null }
/** Each source and how it is cited (Anthropic API, 2.4). */
const VARIANTS = [
  ['text', text, { type: 'char_location', ...inDocument, start_char_index: 0, end_char_index: 16 }],
  ['a PDF', pdf, { type: 'page_location', ...inDocument, start_page_number: 1, end_page_number: 2 }],
  [
    'blocks',
    blocks,
    { type: 'content_block_location', ...inDocument, start_block_index: 0, end_block_index: 1 },
  ],
  [
    'a search result',
    found,
    {
      type: 'search_result_location',
      cited_text: 'Blue.',
      source: 'https://example.com',
      title: 'Sky',
      search_result_index: 0,
      start_block_index: 0,
      end_block_index: 1,
    },
  ],
] as const

describe.each(VARIANTS)('C122 citations of %s', (_, block, citation) => {
  const cited = [{ type: 'text', text: 'The sky is blue.', citations: [citation] }]

  test('stand on the text of Claude that is asked through its own API', async () => {
    native.answer = () => Response.json(messageOf('', { content: cited }))
    const answer = await sdk(server).messages.create(asking(block, 'claude-opus-5') as never)
    expect(answer.content as unknown).toEqual(cited)
    const sent = native.calls.at(-1)?.body.messages[0].content[0]
    expect(sent).toEqual({ ...block, ...cites })
  })

  test('come in a stream as deltas of their own', async () => {
    native.answer = () =>
      eventStream([
        startOf(),
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: [] } },
        { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'The sky is blue.' } },
        { type: 'content_block_stop', index: 0 },
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn', stop_sequence: null },
          usage: { output_tokens: 5 },
        },
        { type: 'message_stop' },
      ])
    const events = await eventsOf(await post(server, { ...asking(block, 'claude-opus-5'), stream: true }))
    checkOrder(events)
    expect(events.map(({ data }) => data.delta?.citation).filter(Boolean)).toEqual([citation])
    const whole = await sdk(server)
      .messages.stream(asking(block, 'claude-opus-5') as never)
      .finalMessage()
    expect(whole.content as unknown).toEqual(cited)
  })

  test('are told not to be done where a model is asked by chat completions, and refused when strict', async () => {
    const words = 'messages.0.content.0.citations.enabled: is not done: answers cite no documents'
    const response = await post(server, asking(block, 'test/model'), V2023)
    expect(response.headers.get('x-compat-warnings')).toBe(words)
    expect(((await response.json()) as any).content).toEqual([
      { type: 'text', text: 'The sky is blue.', citations: null },
    ])
    const { status, message: told } = await refusal(strict, asking(block, 'test/model'), V2023)
    expect([status, told]).toEqual([400, words])
  })
})
