import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, refusal } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 D: images, documents, search results.

const upstream = startUpstream()
const model = modelsOf(upstream)
let open: TestServer
let strict: TestServer

beforeAll(async () => {
  const common = { OPENROUTER_BASE_URL: upstream.baseUrl, LOG_LEVEL: 'warn' }
  ;[open, strict] = await Promise.all([
    startServer(common),
    startServer({ ...common, STRICT_COMPAT: 'true' }),
  ])
})

afterAll(async () => {
  await Promise.all([open.stop(), strict.stop(), upstream[Symbol.asyncDispose]()])
})

const V2023 = { headers: { 'anthropic-version': '2023-06-01' } }

const base64 = (...bytes: ReadonlyArray<number | string>): string =>
  Buffer.concat(
    bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))),
  ).toString('base64')
const rest = 'more bytes of a picture'
const PNG = base64(0x89, 'PNG\r\n\x1a\n', rest)
const JPEG = base64(0xff, 0xd8, 0xff, 0xe0, rest)
const GIF = base64('GIF89a', rest)
const WEBP = base64('RIFF', 0, 0, 0, 0, 'WEBPVP8 ', rest)
const PDF = base64('%PDF-1.7\n', rest)

const image = (media_type: string, data: string) => ({
  type: 'image',
  source: { type: 'base64', media_type, data },
})
const document = (source: object, fields: object = {}) => ({ type: 'document', source, ...fields })
const text = (words: string) => ({ type: 'text', text: words })
const from = (url: string) => ({ type: 'url', url })
const ask = text('What is this?')

/** What the upstream got for the content of one user message. */
async function sentFor(...content: object[]): Promise<readonly any[]> {
  const own = model((body) => textAnswer('ok', body))
  const body = message({ model: own.name, messages: [{ role: 'user', content: [...content, ask] }] })
  expect(await (await post(open, body)).json()).toMatchObject({ content: [{ text: 'ok' }] })
  return partsOf(own.call().body.messages[0].content)
}

/** A content that is a plain string is one part of text. */
const partsOf = (content: string | readonly object[]): readonly any[] =>
  typeof content === 'string' ? [text(content)] : content

/** What the upstream got for the content of one tool result. */
async function sentForResult(...content: object[]): Promise<any> {
  const own = model((body) => textAnswer('ok', body))
  const messages = [
    { role: 'user', content: 'Look' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content }] },
  ]
  const tools = [{ name: 'look', input_schema: { type: 'object', properties: {} } }]
  expect((await post(open, message({ model: own.name, messages, tools }))).status).toBe(200)
  return own.call().body.messages
}

describe('images', () => {
  test.each([
    ['image/png', PNG],
    ['image/jpeg', JPEG],
    ['image/gif', GIF],
    ['image/webp', WEBP],
  ])('C73 %s in base64 goes up as a data URL', async (type, data) => {
    expect(await sentFor(image(type, data))).toEqual([
      { type: 'image_url', image_url: { url: `data:${type};base64,${data}` } },
      ask,
    ])
  })

  test('C74 an image behind an address goes up as that address', async () => {
    const url = 'https://images.example.com/cat.png?size=2'
    expect(await sentFor({ type: 'image', source: from(url) })).toEqual([
      { type: 'image_url', image_url: { url } },
      ask,
    ])
  })

  test.each([
    { type: 'image', source: { type: 'file', file_id: 'file_nobody' } },
    document({ type: 'file', file_id: 'file_nobody' }),
  ])('C75 an unknown file: 404 (%j)', async (block) => {
    const body = message({ messages: [{ role: 'user', content: [block] }] })
    expect(await refusal(open, body)).toMatchObject({
      status: 404,
      type: 'not_found_error',
      message: 'File `file_nobody` not found.',
    })
  })

  const IMAGE_PATH = 'messages.0.content.0.image.source.base64'
  test.each([
    [
      'a media type that is no image',
      image('image/bmp', PNG),
      `${IMAGE_PATH}.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'`,
    ],
    [
      'broken base64',
      image('image/png', 'not base64!'),
      `${IMAGE_PATH}.data: The file format is invalid or unsupported`,
    ],
    [
      'bytes of another type',
      image('image/png', JPEG),
      `${IMAGE_PATH}.data: Image does not match the provided media type image/png`,
    ],
    [
      'bytes of no image',
      image('image/png', base64('hello world')),
      `${IMAGE_PATH}.data: Could not process image`,
    ],
  ])('C76 %s: 400', async (_, block, words) => {
    const body = message({ messages: [{ role: 'user', content: [block, ask] }] })
    for (const server of [open, strict])
      expect(await refusal(server, body, V2023)).toMatchObject({ status: 400, message: words })
  })

  test('C77 an image of 11 MB: passed on when lenient, 400 when strict', async () => {
    const huge = Buffer.concat([Buffer.from(PNG, 'base64'), Buffer.alloc(11 * 1024 * 1024)])
    const block = image('image/png', huge.toString('base64'))
    const [part] = await sentFor(block)
    expect(part.image_url.url).toHaveLength('data:image/png;base64,'.length + block.source.data.length)
    const body = message({ messages: [{ role: 'user', content: [block, ask] }] })
    const found = await refusal(strict, body, V2023)
    expect(found.status).toBe(400)
    expect(found.message).toStartWith(`${IMAGE_PATH}: image exceeds 10 MB maximum: ${huge.length} bytes`)
  })
})

describe('documents', () => {
  test('C78 a PDF in base64 goes up as a file', async () => {
    const source = { type: 'base64', media_type: 'application/pdf', data: PDF }
    expect(await sentFor(document(source))).toEqual([
      { type: 'file', file: { filename: 'document.pdf', file_data: `data:application/pdf;base64,${PDF}` } },
      ask,
    ])
  })

  test('C78 a PDF behind an address goes up as that address', async () => {
    const url = 'https://files.example.com/paper.pdf'
    expect(await sentFor(document(from(url)))).toEqual([
      { type: 'file', file: { filename: 'document.pdf', file_data: url } },
      ask,
    ])
  })

  test.each([
    ['text', { type: 'text', media_type: 'text/plain', data: 'plain words' }, 'plain words'],
    ['a string of content', { type: 'content', content: 'quoted words' }, 'quoted words'],
    ['blocks of content', { type: 'content', content: [text('first'), text('second')] }, 'first\nsecond'],
  ])('C78 a document of %s goes up as text', async (_, source, words) => {
    const [part] = await sentFor(document(source))
    expect(part.type).toBe('text')
    expect(part.text).toContain('<document')
    expect(part.text).toContain(words)
  })

  test('C78 an image among the blocks of a document goes up too', async () => {
    const content = [text('see'), image('image/png', PNG)]
    const parts = await sentFor(document({ type: 'content', content }))
    expect(parts).toContainEqual({ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } })
  })

  test.each([
    ['text', { type: 'text', media_type: 'text/plain', data: 'words' }],
    ['a PDF', { type: 'base64', media_type: 'application/pdf', data: PDF }],
  ])('C79 title and context of %s reach the prompt', async (_, source) => {
    const sent = JSON.stringify(
      await sentFor(document(source, { title: 'The Title', context: 'The Context' })),
    )
    expect(sent).toContain('The Title')
    expect(sent).toContain('The Context')
  })

  test('C80 a search result reaches the prompt with its source and title', async () => {
    const [part] = await sentFor({
      type: 'search_result',
      source: 'https://example.com/a',
      title: 'A page',
      content: [text('found this'), text('and that')],
      citations: { enabled: true },
    })
    expect(part.type).toBe('text')
    for (const words of ['https://example.com/a', 'A page', 'found this', 'and that'])
      expect(part.text).toContain(words)
  })
})

describe('tool results', () => {
  test('C81 an image inside a tool result reaches the upstream, next to its result', async () => {
    const messages = await sentForResult(text('a screenshot'), image('image/png', PNG))
    expect(messages.slice(-2).map(({ role }: any) => role)).toEqual(['tool', 'user'])
    expect(messages.at(-2).content).toContain('a screenshot')
    expect(messages.at(-1).content).toContainEqual({
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${PNG}` },
    })
  })

  test('C82 a document inside a tool result reaches the upstream', async () => {
    const plain = await sentForResult(document({ type: 'text', media_type: 'text/plain', data: 'the words' }))
    expect(plain.at(-1)).toMatchObject({ role: 'tool' })
    expect(plain.at(-1).content).toContain('the words')
    const pdf = await sentForResult(document({ type: 'base64', media_type: 'application/pdf', data: PDF }))
    expect(JSON.stringify(pdf)).toContain(PDF)
  })
})
