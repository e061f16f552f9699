import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Fields, Logger } from '../../src/core/context.ts'
import { Failure } from '../../src/core/errors.ts'
import { createFileStore, type FileStoreOptions } from '../../src/files/disk-store.ts'
import type { FileDescription, FileStore, StoredFile } from '../../src/files/store.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let folder = ''
let nowMs = 0
let told: Array<readonly [string, Fields | undefined]> = []
let stores: FileStore[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'))
  nowMs = 1_000_000
  told = []
  stores = []
})
afterEach(() => {
  for (const store of stores) store.close()
  rmSync(folder, { recursive: true })
})

const quiet = (): void => {}
const log: Logger = {
  debug: quiet,
  info: quiet,
  warn: (event, fields) => told.push([event, fields]),
  error: (event, fields) => told.push([event, fields]),
}
const openStore = (options: Partial<FileStoreOptions> = {}): FileStore => {
  const store = createFileStore({
    dataDir: folder,
    clock: { now: () => nowMs },
    log,
    maxBytes: 1000,
    quotaBytes: 2000,
    expireAfterMs: undefined,
    ...options,
  })
  stores.push(store)
  return store
}
/** The names of the contents on the disk. */
const contents = (): readonly string[] =>
  existsSync(join(folder, 'files')) ? readdirSync(join(folder, 'files')) : []

async function* of(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
}
const put = async (
  store: FileStore,
  text = 'hello',
  { owner = 'ann', ...said }: Partial<FileDescription> & { owner?: string } = {},
): Promise<StoredFile> =>
  store.put({
    owner,
    content: of(text),
    describe: async () => ({ filename: 'a.txt', mediaType: undefined, expireAfterMs: undefined, ...said }),
  })
const textOf = async (store: FileStore, id: string, owner = 'ann'): Promise<string> =>
  (await store.read(owner, id)).bytes.text()
const failureOf = async (run: Promise<unknown>): Promise<Failure | undefined> => {
  try {
    await run
    return undefined
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

describe('a stored file', () => {
  test('is known by what it is, and has its bytes', async () => {
    const store = openStore()
    const file = await store.put({
      owner: 'ann',
      content: of('hel', 'lo'),
      describe: async () => ({ filename: 'C:\\docs\\a.txt', mediaType: undefined, expireAfterMs: HOUR_MS }),
    })
    expect(file).toEqual({
      id: expect.stringMatching(/^file_[0-9a-f]{32}$/),
      filename: 'a.txt',
      mimeType: 'text/plain',
      sizeBytes: 5,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + HOUR_MS,
      downloadable: false,
    })
    expect(await store.get('ann', file.id)).toEqual(file)
    expect(await textOf(store, file.id)).toBe('hello')
  })

  test('outlives the process', async () => {
    const before = openStore()
    const file = await put(before)
    before.close()
    const after = openStore()
    await after.cleanup()
    expect(await after.get('ann', file.id)).toEqual(file)
    expect(await textOf(after, file.id)).toBe('hello')
  })

  test('does not exist for anybody else', async () => {
    const store = openStore()
    const { id } = await put(store)
    for (const run of [store.get('bob', id), store.read('bob', id), store.remove('bob', id)])
      expect(await failureOf(run)).toMatchObject({ status: 404, message: `File \`${id}\` not found.` })
    expect((await store.list('bob', { ids: [id] })).files).toEqual([])
    expect((await store.list('bob', { limit: 9, page: undefined })).files).toEqual([])
    expect(await textOf(store, id)).toBe('hello')
  })

  test('is gone with its bytes when it is removed', async () => {
    const store = openStore()
    const { id } = await put(store)
    await store.remove('ann', id)
    expect(contents()).toEqual([])
    for (const run of [store.get('ann', id), store.read('ann', id), store.remove('ann', id)])
      expect(await failureOf(run)).toMatchObject({ status: 404 })
  })

  test('may be empty', async () => {
    const store = openStore()
    const { id, sizeBytes } = await put(store, '')
    expect(sizeBytes).toBe(0)
    expect(await textOf(store, id)).toBe('')
  })
})

describe('the list', () => {
  test('is paged, newest first', async () => {
    const store = openStore()
    const ids: string[] = []
    for (let at = 0; at < 5; at++) ids.unshift((await put(store)).id)
    await put(store, 'x', { owner: 'bob' })
    const pages: string[][] = []
    let page: string | undefined
    do {
      const found = await store.list('ann', { limit: 2, page })
      pages.push(found.files.map(({ id }) => id))
      page = found.nextPage
    } while (page)
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
  })

  test('goes on where it was, whatever came or went meanwhile', async () => {
    const store = openStore()
    const [first, second, third] = [await put(store), await put(store), await put(store)]
    const { nextPage } = await store.list('ann', { limit: 2, page: undefined })
    await put(store)
    await store.remove('ann', second.id)
    await store.remove('ann', third.id)
    expect((await store.list('ann', { limit: 2, page: nextPage })).files).toEqual([first])
  })

  test('of some ids leaves out those that are not there', async () => {
    const store = openStore()
    const [first, , third] = [await put(store), await put(store), await put(store)]
    const page = await store.list('ann', { ids: [first.id, 'file_none', third.id] })
    expect(page).toEqual({ files: [third, first], nextPage: undefined })
  })

  test.each(['x', 'page_', 'page_!!', `page_${Buffer.from('1 OR 1').toString('base64url')}`])(
    'refuses the page %p',
    async (page) => {
      const store = openStore()
      await put(store)
      expect(await failureOf(store.list('ann', { limit: 1, page }))).toMatchObject({ status: 400 })
    },
  )
})

describe('an upload', () => {
  test('that is too large is refused and leaves nothing', async () => {
    const store = openStore()
    const failure = await failureOf(put(store, 'x'.repeat(1001)))
    expect(failure).toMatchObject({ kind: 'request_too_large', status: 413 })
    expect(contents()).toEqual([])
    expect(await store.list('ann', { limit: 1, page: undefined })).toMatchObject({ files: [] })
  })

  test('beyond the quota of its owner is refused, and fits again when there is room', async () => {
    const store = openStore()
    const { id } = await put(store, 'x'.repeat(1000))
    await put(store, 'x'.repeat(900))
    const failure = await failureOf(put(store, 'x'.repeat(101)))
    expect(failure).toMatchObject({ status: 400, details: { error_code: 'storage_quota_exceeded' } })
    await put(store, 'x'.repeat(1000), { owner: 'bob' })
    await put(store, 'x'.repeat(100))
    await store.remove('ann', id)
    await put(store, 'x'.repeat(1000))
    expect(await failureOf(put(store, 'x'))).toMatchObject({ status: 400 })
  })

  test('counts against the quota while it comes', async () => {
    const store = openStore({ maxBytes: 2000 })
    const gate = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1500)
      reached.resolve()
      await gate.promise
    }
    const describe = async (): Promise<FileDescription> => ({
      filename: 'a',
      mediaType: undefined,
      expireAfterMs: undefined,
    })
    const arriving = store.put({ owner: 'ann', content: slow(), describe })
    await reached.promise
    expect(await failureOf(put(store, 'x'.repeat(501)))).toMatchObject({ status: 400 })
    await put(store, 'x'.repeat(500))
    gate.resolve()
    await arriving
    expect(await failureOf(put(store, 'x'))).toMatchObject({ status: 400 })
  })

  test('that breaks off leaves nothing', async () => {
    const store = openStore()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new Failure('invalid_request_error', 'gone')
    }
    const run = store.put({
      owner: 'ann',
      content: broken(),
      describe: async () => ({ filename: 'a', mediaType: undefined, expireAfterMs: undefined }),
    })
    expect(await failureOf(run)).toMatchObject({ message: 'gone' })
    expect(contents()).toEqual([])
  })

  test('whose name is not allowed leaves nothing', async () => {
    const store = openStore()
    expect(await failureOf(put(store, 'x', { filename: 'a?b' }))).toMatchObject({ status: 400 })
    expect(contents()).toEqual([])
  })

  test('that a crash cut short is cleaned away, and what is whole stays', async () => {
    const before = openStore()
    const whole = await put(before)
    const never = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      reached.resolve()
      await never.promise
    }
    const arriving = before.put({
      owner: 'ann',
      content: endless(),
      describe: async () => ({ filename: 'a', mediaType: undefined, expireAfterMs: undefined }),
    })
    await reached.promise
    expect(contents()).toHaveLength(2)
    // Its own cleanup knows that it is still coming.
    await before.cleanup()
    expect(contents()).toHaveLength(2)
    const after = openStore()
    await after.cleanup()
    expect(contents()).toEqual([whole.id])
    expect((await after.list('ann', { limit: 9, page: undefined })).files).toEqual([whole])
    never.resolve()
    await arriving.catch(quiet)
  })
})

describe('time', () => {
  test('takes the bytes of a file away, and later the file', async () => {
    const store = openStore()
    const short = await put(store, 'short', { expireAfterMs: HOUR_MS })
    const long = await put(store, 'long')
    nowMs += HOUR_MS
    // Even before anybody cleaned up.
    const told404 = { status: 404, details: { error_code: 'file_expired' } }
    expect(await failureOf(store.read('ann', short.id))).toMatchObject(told404)
    await store.cleanup()
    expect(contents()).toEqual([long.id])
    expect(await failureOf(store.read('ann', short.id))).toMatchObject(told404)
    expect(await store.get('ann', short.id)).toEqual(short)
    nowMs += 30 * DAY_MS
    await store.cleanup()
    expect(await failureOf(store.get('ann', short.id))).toMatchObject({
      message: `File \`${short.id}\` not found.`,
    })
    expect(await textOf(store, long.id)).toBe('long')
  })

  test('frees the quota', async () => {
    const store = openStore()
    await put(store, 'x'.repeat(1000), { expireAfterMs: HOUR_MS })
    await put(store, 'x'.repeat(1000))
    expect(await failureOf(put(store))).toMatchObject({ status: 400 })
    nowMs += HOUR_MS
    await store.cleanup()
    await put(store)
  })

  test('is set by the server where the client says nothing', async () => {
    const store = openStore({ expireAfterMs: DAY_MS })
    expect((await put(store)).expiresAtMs).toBe(nowMs + DAY_MS)
    expect((await put(store, 'x', { expireAfterMs: HOUR_MS })).expiresAtMs).toBe(nowMs + HOUR_MS)
  })
})

describe('the disk', () => {
  test('is left alone as long as nothing was stored', async () => {
    const store = openStore()
    await store.list('ann', { limit: 1, page: undefined })
    await failureOf(store.get('ann', 'file_1'))
    await store.cleanup()
    expect(readdirSync(folder)).toEqual([])
  })

  test('that lost its table of files is begun anew, and no content is touched', async () => {
    const before = openStore()
    const { id } = await put(before)
    before.close()
    writeFileSync(join(folder, 'files.db'), 'garbage '.repeat(2000))
    const after = openStore()
    expect(await failureOf(after.get('ann', id))).toMatchObject({ status: 404 })
    const next = await put(after)
    await after.cleanup()
    expect(contents().toSorted()).toEqual([id, next.id].toSorted())
    expect(told.map(([event]) => event)).toEqual(['database-damaged'])
  })

  test('that lost a content says so to the operator', async () => {
    const store = openStore()
    const { id } = await put(store)
    rmSync(join(folder, 'files', id))
    expect(await failureOf(store.read('ann', id))).toMatchObject({ status: 404 })
    expect(told).toMatchObject([['file-content-missing', { id }]])
  })
})
