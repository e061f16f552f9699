import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Anthropic } from '@anthropic-ai/sdk'
import { toFile } from '@anthropic-ai/sdk/core/uploads'

import { startAnthropicUpstream } from '../support/anthropic-upstream.ts'
import { message, type Place, post, refusal, refusalOf, sdk, sdk0 } from '../support/api.ts'
import { memoryOf, startServer, type TestServer } from '../support/server.ts'
import { CAN_MOUNT, onSmallDisk } from '../support/small-disk.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'
import { connect } from '../support/wire.ts'

setDefaultTimeout(60_000)

// The Files API, and messages that refer to its files.

const MB = 1024 * 1024
const KEYS = { ann: 'key-of-ann', bob: 'key-of-bob' }
const PDF = Buffer.from('%PDF-1.7 a paper')
const PNG = Buffer.from('\x89PNG\r\n\x1a\n a picture', 'latin1')

const upstream = startUpstream((body) => textAnswer('Seen.', body))
const claude = startAnthropicUpstream()
let folder = ''
let server: TestServer

const settings = (dataDir: string): Record<string, string> => ({
  OPENROUTER_BASE_URL: upstream.baseUrl,
  LOG_LEVEL: 'warn',
  DATA_DIR: dataDir,
  CONFIG_FILE: join(folder, 'config.toml'),
})
const newFolder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'files-api-'))

beforeAll(async () => {
  folder = await newFolder()
  const config = `[upstreams.claude]\nbase_url = "${claude.baseUrl}"\nwire = "messages"\n`
  await Bun.write(join(folder, 'config.toml'), config)
  server = await startServer({
    ...settings(join(folder, 'data')),
    SERVER_API_KEYS: Object.values(KEYS).join(','),
    FILES_QUOTA: '3',
    FILES_MAX_SIZE: '2',
  })
})
afterAll(async () => {
  await server.stop()
  await Promise.all([upstream[Symbol.asyncDispose](), claude[Symbol.asyncDispose]()])
  await rm(folder, { recursive: true })
})

const ann = () => sdk(server, { apiKey: KEYS.ann })
const bob = () => sdk(server, { apiKey: KEYS.bob })
const asAnn = { 'x-api-key': KEYS.ann }

const formOf = (fields: Readonly<Record<string, string | File>>): FormData => {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}
const upload = async (
  place: Place,
  fields: Readonly<Record<string, string | File>>,
  headers: Readonly<Record<string, string>> = asAnn,
  path = '/v1/files',
): Promise<Response> => fetch(`${place.url}${path}`, { method: 'POST', headers, body: formOf(fields) })
const idOf = async (response: Response): Promise<string> => {
  expect(response.status).toBe(200)
  return ((await response.json()) as { id: string }).id
}
const textFile = new File(['hello'], 'notes.txt', { type: 'text/plain' })

describe('the SDK', () => {
  test('stores, finds, lists and deletes files', async () => {
    const { files } = ann()
    const file = await files.upload({
      file: await toFile(PDF, '/home/ann/paper.pdf', { type: 'application/pdf' }),
      expires_in_seconds: 7200,
    })
    expect(file).toMatchObject({
      type: 'file',
      filename: 'paper.pdf',
      mime_type: 'application/pdf',
      size_bytes: PDF.length,
      downloadable: false,
    })
    expect(Date.parse(file.expires_at ?? '') - Date.parse(file.created_at)).toBe(7_200_000)
    expect(await files.retrieveMetadata(file.id)).toMatchObject({ id: file.id, filename: 'paper.pdf' })
    expect((await files.list({ ids: [file.id, 'file_none'] })).data.map(({ id }) => id)).toEqual([file.id])
    expect(await files.delete(file.id)).toEqual({ id: file.id, type: 'file_deleted' })
    const gone = await files.retrieveMetadata(file.id).catch((error: unknown) => error)
    expect(gone).toBeInstanceOf(Anthropic.NotFoundError)
    expect((gone as Error).message).toContain(`File \`${file.id}\` not found.`)
  })

  test('pages through a long list', async () => {
    const { files } = ann()
    const ids: string[] = []
    for (let at = 0; at < 5; at++) ids.unshift((await files.upload({ file: textFile })).id)
    const listed: string[] = []
    for await (const { id } of files.list({ limit: 2 })) listed.push(id)
    expect(listed.filter((id) => ids.includes(id))).toEqual(ids)
    for (const id of ids) await files.delete(id)
  })

  test('of the generation before works by its beta calls', async () => {
    const { files } = sdk0(server, { apiKey: KEYS.ann }).beta
    const file = await files.upload({ file: textFile, betas: ['files-api-2025-04-14'] })
    expect(await files.retrieveMetadata(file.id)).toEqual(file)
    expect((await files.list({ limit: 1 })).data).toEqual([file])
    expect(await files.delete(file.id)).toMatchObject({ type: 'file_deleted' })
  })

  test('knows by the error that an upload cannot be fetched', async () => {
    const { files } = ann()
    const { id } = await files.upload({ file: textFile })
    const refused = await files.download(id).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Anthropic.Files.FileNotDownloadableError)
    await files.delete(id)
  })

  test('knows by the error that the quota is used up', async () => {
    const { files } = ann()
    const big = new File([new Uint8Array(1.8 * MB)], 'big.bin')
    const first = await files.upload({ file: big })
    const refused = await files.upload({ file: big }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Anthropic.Files.StorageQuotaExceededError)
    const others = await bob().files.upload({ file: big })
    await files.delete(first.id)
    await files.delete((await files.upload({ file: big })).id)
    await bob().files.delete(others.id)
  })
})

describe('a file', () => {
  test('is nobody else’s', async () => {
    const { id } = await ann().files.upload({ file: textFile })
    const { files } = bob()
    expect((await files.list()).data).toEqual([])
    for (const run of [files.retrieveMetadata(id), files.download(id), files.delete(id)])
      expect(await run.catch((error: unknown) => error)).toBeInstanceOf(Anthropic.NotFoundError)
    const content = [{ type: 'document', source: { type: 'file', file_id: id } }]
    const body = message({ messages: [{ role: 'user', content }] })
    expect(await refusal(server, body, { headers: { 'x-api-key': KEYS.bob } })).toMatchObject({ status: 404 })
    await ann().files.delete(id)
  })

  test('wants a key', async () => {
    expect((await upload(server, { file: textFile }, {})).status).toBe(401)
  })

  test('is found below a base URL with one /v1 too many', async () => {
    const id = await idOf(await upload(server, { file: textFile }, asAnn, '/v1/v1/files'))
    const deleted = await fetch(`${server.url}/v1/v1/files/${id}`, { method: 'DELETE', headers: asAnn })
    expect(await deleted.json()).toEqual({ id, type: 'file_deleted' })
  })

  test('gets the name and the type that it has none of', async () => {
    const form = formOf({ file: new File([PDF], '') })
    const response = await fetch(`${server.url}/v1/files`, { method: 'POST', headers: asAnn, body: form })
    expect(await response.json()).toMatchObject({ mime_type: 'application/pdf' })
  })

  test('whose expiry is told behind it has it', async () => {
    const response = await upload(server, { file: textFile, expires_in_seconds: '3600' })
    expect(((await response.json()) as { expires_at: unknown }).expires_at).toBeString()
  })
})

describe('an upload is refused', () => {
  test.each([
    ['without a file', { note: 'x' }, 'file: Field required'],
    [
      'with a field that is too long',
      { file: textFile, expires_in_seconds: 'x'.repeat(2000) },
      /^expires_in_seconds: /,
    ],
    [
      'that expires in a second',
      { file: textFile, expires_in_seconds: '1' },
      /greater than or equal to 3600$/,
    ],
    [
      'that expires in a year',
      { file: textFile, expires_in_seconds: '31536000' },
      /less than or equal to 7776000$/,
    ],
    ['that expires soon', { file: textFile, expires_in_seconds: 'soon' }, /valid integer/],
    ['with a bad name', { file: new File(['x'], 'a?b.txt') }, /^file: Invalid filename/],
  ] as const)('%s', async (_what, fields, expected) => {
    const { status, message: text } = await refusalOf(await upload(server, fields))
    expect(status).toBe(400)
    expect(text).toMatch(expected)
  })

  test('of more than one file', async () => {
    const form = formOf({ file: textFile })
    form.append('file', textFile)
    const response = await fetch(`${server.url}/v1/files`, { method: 'POST', headers: asAnn, body: form })
    expect((await refusalOf(response)).message).toBe('file: only one file can be uploaded at a time')
  })

  test('that is no form', async () => {
    const refused = await refusal(server, { file: 'x' }, { path: '/v1/files', headers: asAnn })
    expect(refused).toMatchObject({ status: 400, message: expect.stringMatching(/^content-type: must be/) })
  })

  test('that is too large, whether it says so or not', async () => {
    const big = new File([new Uint8Array(2 * MB + 1)], 'big.bin')
    expect(await refusalOf(await upload(server, { file: big }))).toMatchObject({
      status: 413,
      type: 'request_too_large',
    })
    const huge = new File([new Uint8Array(8 * MB)], 'huge.bin')
    expect(await refusalOf(await upload(server, { file: huge }))).toMatchObject({ status: 413 })
    expect((await ann().files.list()).data.map(({ filename }) => filename)).not.toContain('big.bin')
  })

  test.each([
    ['?limit=0', /^limit: /],
    ['?limit=1001', /^limit: /],
    ['?page=x', /^page: /],
    ['?ids[]=file_1&limit=2', /^ids: cannot be combined/],
    [
      `?${Array.from({ length: 101 }, (_, at) => `ids[]=${at}`).join('&')}`,
      /^ids: List should have at most 100/,
    ],
  ])('a list for %s', async (query, expected) => {
    const response = await fetch(`${server.url}/v1/files${query}`, { headers: asAnn })
    expect(await refusalOf(response)).toMatchObject({ status: 400, message: expect.stringMatching(expected) })
  })

  test('where the operator wants no files', async () => {
    await using closed = await startServer({ LOG_LEVEL: 'warn', ENABLE_FILES: 'false' })
    expect(await refusalOf(await upload(closed, { file: textFile }))).toMatchObject({
      status: 404,
      message: expect.stringContaining('ENABLE_FILES'),
    })
  })
})

describe('a message that names a file', () => {
  const contentOf = (file_id: string, type = 'document') => [
    { type, source: { type: 'file', file_id } },
    { type: 'text', text: 'What is it?' },
  ]
  const ask = async (file_id: string, type: string, fields: object = {}) =>
    post(server, message({ messages: [{ role: 'user', content: contentOf(file_id, type) }], ...fields }), {
      headers: asAnn,
    })
  const lastContent = (): any => (upstream.bodies.at(-1) as any).messages[0].content

  test('sends a PDF upstream as a file', async () => {
    const id = await idOf(await upload(server, { file: new File([PDF], 'paper.pdf') }))
    expect((await ask(id, 'document')).status).toBe(200)
    expect(lastContent()[0]).toEqual({
      type: 'file',
      file: { filename: 'paper.pdf', file_data: `data:application/pdf;base64,${PDF.toString('base64')}` },
    })
    await ann().files.delete(id)
  })

  test('sends a picture upstream as one', async () => {
    const id = await idOf(await upload(server, { file: new File([PNG], 'a.png', { type: 'image/png' }) }))
    expect((await ask(id, 'image')).status).toBe(200)
    const url = `data:image/png;base64,${PNG.toString('base64')}`
    expect(lastContent()[0]).toEqual({ type: 'image_url', image_url: { url } })
    await ann().files.delete(id)
  })

  test('sends a text upstream as text', async () => {
    const id = await idOf(await upload(server, { file: new File(['The moon is far.'], 'moon.md') }))
    expect((await ask(id, 'document')).status).toBe(200)
    expect(JSON.stringify(lastContent())).toContain('The moon is far.')
    await ann().files.delete(id)
  })

  test('sends the content to an upstream that speaks the Messages API', async () => {
    const id = await idOf(await upload(server, { file: new File([PDF], 'paper.pdf') }))
    expect((await ask(id, 'document', { model: 'claude/claude-opus-5' })).status).toBe(200)
    expect(claude.calls.at(-1)?.body.messages[0].content[0].source).toEqual({
      type: 'base64',
      media_type: 'application/pdf',
      data: PDF.toString('base64'),
    })
    await ann().files.delete(id)
  })

  test('is counted with the content', async () => {
    const id = await idOf(await upload(server, { file: new File(['word '.repeat(5000)], 'long.txt') }))
    const { input_tokens } = await ann().messages.countTokens({
      model: 'test/model',
      messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: id } }] }],
    })
    expect(input_tokens).toBeGreaterThan(4000)
    await ann().files.delete(id)
  })

  test('C75 and that does not exist is answered with 404, before anybody is asked', async () => {
    const calls = upstream.bodies.length
    const refused = await refusalOf(await ask('file_none', 'document'))
    expect(refused).toMatchObject({
      status: 404,
      type: 'not_found_error',
      message: 'File `file_none` not found.',
    })
    expect(upstream.bodies).toHaveLength(calls)
  })
})

/** A form with one file of that many megabytes, one of them at a time. */
function bigForm(megabytes: number): { readonly type: string; readonly body: ReadableStream<Uint8Array> } {
  const piece = Buffer.alloc(MB, 'x')
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    start: (controller) =>
      controller.enqueue(
        Buffer.from('--cut\r\ncontent-disposition: form-data; name="file"; filename="big.txt"\r\n\r\n'),
      ),
    pull(controller) {
      if (sent++ < megabytes) return controller.enqueue(piece)
      controller.enqueue(Buffer.from('\r\n--cut--\r\n'))
      controller.close()
    },
  })
  return { type: 'multipart/form-data; boundary=cut', body }
}

test('500 MB are stored without being held in memory', async () => {
  const dataDir = await newFolder()
  await using place = await startServer(settings(dataDir))
  await post(place, message({}))
  const before = await memoryOf(place)
  let most = 0
  let uploading = true
  const watching = (async () => {
    while (uploading) {
      most = Math.max(most, await memoryOf(place))
      await Bun.sleep(20)
    }
  })()
  const { type, body } = bigForm(500)
  const response = await fetch(`${place.url}/v1/files`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
  uploading = false
  await watching
  expect(await response.json()).toMatchObject({ size_bytes: 500 * MB, mime_type: 'text/plain' })
  expect(most - before).toBeLessThan(200 * MB)
  await rm(dataDir, { recursive: true })
})

describe('what is left of an upload', () => {
  const partSize = (dataDir: string): number => {
    const parts = join(dataDir, 'files')
    const names = existsSync(parts) ? readdirSync(parts) : []
    return names.reduce((total, name) => total + statSync(join(parts, name)).size, 0)
  }
  /** Sends the first megabytes of an upload and then no more. */
  const begin = async (place: Place) => {
    const wire = await connect(place.url)
    wire.send(
      'POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-length: 50000000\r\n' +
        'content-type: multipart/form-data; boundary=cut\r\n\r\n' +
        '--cut\r\ncontent-disposition: form-data; name="file"; filename="half.txt"\r\n\r\n',
    )
    wire.send(Buffer.alloc(3 * MB, 'x'))
    return wire
  }
  const list = async (place: Place): Promise<readonly string[]> =>
    (await sdk(place).files.list()).data.map(({ filename }) => filename)

  test('when its client hangs up: nothing', async () => {
    const dataDir = await newFolder()
    await using place = await startServer(settings(dataDir))
    const wire = await begin(place)
    await until('half of it is there', () => partSize(dataDir) > MB)
    wire.drop()
    await until('it is gone', () => readdirSync(join(dataDir, 'files')).length === 0)
    expect(await list(place)).toEqual([])
    await rm(dataDir, { recursive: true })
  })

  test('when the program is killed: nothing, and everything else', async () => {
    const dataDir = await newFolder()
    const first = await startServer(settings(dataDir))
    const kept = await idOf(await upload(first, { file: textFile }, {}))
    await begin(first)
    await until('half of it is there', () => partSize(dataDir) > MB)
    await first.stop('SIGKILL')
    expect(readdirSync(join(dataDir, 'files'))).toHaveLength(2)
    await using second = await startServer(settings(dataDir))
    expect(await list(second)).toEqual(['notes.txt'])
    await until('the half is gone', () => readdirSync(join(dataDir, 'files')).length === 1)
    expect(readdirSync(join(dataDir, 'files'))).toEqual([kept])
    await rm(dataDir, { recursive: true })
  })

  test.skipIf(!CAN_MOUNT)('when the disk is full: nothing, everything else, and a clear word', async () => {
    const dataDir = await newFolder()
    await using place = await startServer(settings(dataDir), [], onSmallDisk(dataDir, 'size=4m'))
    const kept = await idOf(await upload(place, { file: textFile }, {}))
    const big = new File([new Uint8Array(6 * MB)], 'big.bin')
    const refused = await refusalOf(await upload(place, { file: big }, {}))
    expect(refused).toMatchObject({ status: 503, type: 'api_error' })
    expect(refused.message).toContain('the disk of the server')
    expect(refused.message).toContain('full')
    expect(await list(place)).toEqual(['notes.txt'])
    // Filled up in small steps, so that there is no room for anything, it can still be emptied.
    const small = new File([new Uint8Array(64 * 1024)], 'small.bin')
    let last: Response
    do last = await upload(place, { file: small }, {})
    while (last.status === 200)
    expect(last.status).toBe(503)
    for await (const { id, filename } of sdk(place).files.list())
      if (filename === 'small.bin') await sdk(place).files.delete(id)
    await idOf(await upload(place, { file: small }, {}))
    const content = [{ type: 'document', source: { type: 'file', file_id: kept } }]
    expect((await post(place, message({ messages: [{ role: 'user', content }] }))).status).toBe(200)
    await rm(dataDir, { recursive: true })
  })

  test.skipIf(!CAN_MOUNT)('where nothing can be written: a clear word', async () => {
    const dataDir = await newFolder()
    await using place = await startServer(settings(dataDir), [], onSmallDisk(dataDir, 'ro'))
    expect(await refusalOf(await upload(place, { file: textFile }, {}))).toMatchObject({
      status: 503,
      message: expect.stringContaining('cannot be written to'),
    })
    expect(await list(place)).toEqual([])
    await rm(dataDir, { recursive: true })
  })
})
