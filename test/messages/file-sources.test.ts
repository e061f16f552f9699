import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Failure } from '../../src/core/errors.ts'
import { createFileStore } from '../../src/files/disk-store.ts'
import type { FileStore } from '../../src/files/store.ts'
import { resolveFiles } from '../../src/messages/file-sources.ts'
import type { ValidRequest } from '../../src/messages/validate.ts'
import { mergeTurns } from '../../src/translate/turns.ts'
import type { Message, MessagesRequest } from '../../src/wire/anthropic/request.ts'

const quiet = (): void => {}
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const PNG = Buffer.from('\x89PNG\r\n\x1a\n picture', 'latin1')
const PDF = Buffer.from('%PDF-1.7 paper')

let folder = ''
let nowMs = 0
let files: FileStore
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-sources-'))
  files = createFileStore({
    dataDir: folder,
    clock: { now: () => nowMs },
    log,
    maxBytes: 1e8,
    quotaBytes: 1e9,
    expireAfterMs: undefined,
  })
})
afterAll(async () => {
  files.close()
  await rm(folder, { recursive: true })
})

const put = async (
  bytes: Uint8Array,
  filename: string,
  mediaType?: string,
  owner = 'ann',
): Promise<string> => {
  const file = await files.put({
    owner,
    content: (async function* () {
      yield bytes
    })(),
    describe: async () => ({ filename, mediaType, expireAfterMs: owner === 'gone' ? 3_600_000 : undefined }),
  })
  return file.id
}

const source = (file_id: string) => ({ type: 'file', file_id })
const image = (id: string, fields: object = {}) => ({ type: 'image', source: source(id), ...fields })
const document = (id: string, fields: object = {}) => ({ type: 'document', source: source(id), ...fields })

const validOf = (...messages: readonly object[]): ValidRequest => {
  const request = { model: 'm', max_tokens: 1, messages } as unknown as MessagesRequest
  return { request, turns: mergeTurns(request.messages) }
}
const say = (...content: readonly object[]) => ({ role: 'user', content })
const resolve = async (
  valid: ValidRequest,
  { owner = 'ann', ...services }: Partial<{ owner: string; strict: boolean; maxRequestBytes: number }> = {},
): Promise<ValidRequest> =>
  resolveFiles(valid, { files, strict: false, maxRequestBytes: 32e6, ...services }, { owner })

const contentOf = ({ request }: ValidRequest, at = 0): unknown => request.messages[at]?.content
const failureOf = async (run: Promise<unknown>): Promise<Failure | undefined> => {
  try {
    await run
    return undefined
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

describe('a request that names files', () => {
  test('is as if it held them', async () => {
    const [png, pdf, text] = [
      await put(PNG, 'a.png'),
      await put(PDF, 'paper.pdf'),
      await put(Buffer.from('häuser'), 'notes.md', 'text/markdown'),
    ]
    const mark = { cache_control: { type: 'ephemeral' } }
    const valid = validOf(
      say(
        { type: 'text', text: 'Compare' },
        image(png, mark),
        document(pdf, { title: 'Paper', citations: { enabled: true } }),
        document(text, { context: 'mine' }),
      ),
    )
    const resolved = await resolve(valid)
    const content = [
      { type: 'text', text: 'Compare' },
      {
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: PNG.toString('base64') },
        ...mark,
      },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: PDF.toString('base64') },
        title: 'Paper',
        citations: { enabled: true },
      },
      {
        type: 'document',
        source: { type: 'text', media_type: 'text/plain', data: 'häuser' },
        context: 'mine',
        title: 'notes.md',
      },
    ]
    expect<unknown>(contentOf(resolved)).toEqual(content)
    expect<unknown>(resolved.turns[0]?.content).toEqual(content)
  })

  test('has them inside of tool results and documents too', async () => {
    const png = await put(PNG, 'a.png')
    const data = { type: 'base64', media_type: 'image/png', data: PNG.toString('base64') }
    const valid = validOf(
      say({ type: 'text', text: 'Go' }),
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look', input: {} }] },
      say({ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'see' }, image(png)] }),
      say({ type: 'document', source: { type: 'content', content: [image(png)] } }),
    )
    const resolved = await resolve(valid)
    expect(contentOf(resolved, 2)).toMatchObject([
      { type: 'tool_result', content: [{ type: 'text' }, { type: 'image', source: data }] },
    ])
    expect(contentOf(resolved, 3)).toMatchObject([
      { source: { type: 'content', content: [{ type: 'image', source: data }] } },
    ])
    // Neighbouring messages of one role are still one turn.
    expect(resolved.turns).toHaveLength(3)
  })

  test('is itself left as the client sent it', async () => {
    const valid = validOf(say(document(await put(PDF, 'a.pdf'))))
    const before = structuredClone(valid.request)
    await resolve(valid)
    expect(valid.request).toEqual(before)
  })

  test('keeps every message that names none', async () => {
    const [first, second] = [say({ type: 'text', text: 'a' }), { role: 'user', content: 'b' }]
    const valid = validOf(first, say(document(await put(PDF, 'a.pdf'))), second)
    const { messages } = (await resolve(valid)).request
    expect<unknown>(messages[0]).toBe(first)
    expect<unknown>(messages[2]).toBe(second as unknown as Message)
  })
})

test('a request without files is the same object', async () => {
  const valid = validOf(say({ type: 'text', text: 'a' }), { role: 'user', content: 'b' })
  expect(await resolve(valid)).toBe(valid)
})

describe('a file is refused', () => {
  const notFound = (id: string) => ({
    status: 404,
    kind: 'not_found_error',
    message: `File \`${id}\` not found.`,
  })

  test.each([
    ['an image', (id: string) => validOf(say(image(id)))],
    ['a document', (id: string) => validOf(say(document(id)))],
    [
      'inside a tool result',
      (id: string) => validOf(say({ type: 'tool_result', tool_use_id: 't1', content: [image(id)] })),
    ],
  ])('C75 that does not exist, as %s', async (_what, requestOf) => {
    expect(await failureOf(resolve(requestOf('file_none')))).toMatchObject(notFound('file_none'))
  })

  test('that is somebody else’s', async () => {
    const id = await put(PDF, 'a.pdf')
    expect(await failureOf(resolve(validOf(say(document(id))), { owner: 'bob' }))).toMatchObject(notFound(id))
  })

  test('where the server keeps none', async () => {
    const valid = validOf(say(document('file_1')))
    const run = resolveFiles(valid, { files: undefined, strict: false, maxRequestBytes: 1 }, { owner: 'ann' })
    expect(await failureOf(run)).toMatchObject(notFound('file_1'))
  })

  test('that has expired', async () => {
    const id = await put(PDF, 'a.pdf', undefined, 'gone')
    nowMs += 3_600_000
    expect(await failureOf(resolve(validOf(say(document(id))), { owner: 'gone' }))).toMatchObject({
      status: 404,
      details: { error_code: 'file_expired' },
    })
  })

  test('that such a block cannot hold', async () => {
    const [png, zip] = [await put(PNG, 'a.png'), await put(Buffer.from('PK'), 'a.zip', 'application/zip')]
    const refused = async (block: object): Promise<string | undefined> =>
      (await failureOf(resolve(validOf(say({ type: 'text', text: 'a' }, block)))))?.message
    expect(await refused(document(png))).toBe(
      `messages.0.content.1.document.source.file: File \`${png}\` is image/png; a document block can hold ` +
        'application/pdf and text',
    )
    expect(await refused(image(zip))).toContain(
      'is application/zip; an image block can hold image/jpeg, image/png',
    )
  })

  test('that is not what it says it is', async () => {
    const [png, pdf, text] = [
      await put(Buffer.from('no picture'), 'a.png', 'image/png'),
      await put(Buffer.from('no paper'), 'a.pdf', 'application/pdf'),
      await put(Buffer.from([0x61, 0xff]), 'a.txt', 'text/plain'),
    ]
    for (const [block, message] of [
      [image(png), 'image.source.file: Could not process image'],
      [document(pdf), 'document.source.file: The file format is invalid or unsupported'],
      [document(text), `document.source.file: File \`${text}\` is not UTF-8 text`],
    ] as const)
      expect((await failureOf(resolve(validOf(say(block)))))?.message).toBe(`messages.0.content.0.${message}`)
  })

  test('where it would make the request too large, however often it is named', async () => {
    const pdf = await put(PDF, 'a.pdf')
    const twice = validOf(say(document(pdf), document(pdf)))
    const encoded = PDF.toString('base64').length
    await resolve(twice, { maxRequestBytes: 2 * encoded })
    expect(await failureOf(resolve(twice, { maxRequestBytes: 2 * encoded - 1 }))).toMatchObject({
      status: 413,
    })
  })

  test('as an image of more than 10 MB where the server is strict', async () => {
    const png = await put(Buffer.concat([PNG, Buffer.alloc(10 * 1024 * 1024)]), 'a.png')
    const valid = validOf(say(image(png)))
    await resolve(valid)
    expect((await failureOf(resolve(valid, { strict: true })))?.message).toContain(
      'image exceeds 10 MB maximum',
    )
  })
})
