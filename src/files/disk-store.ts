import type { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { invalidRequest } from '../core/errors.ts'
import { isDamaged, isFull, openDatabase, toStoreFailure } from '../store/database.ts'
import { expired, notFound, tooLarge } from './failures.ts'
import { filenameOf } from './filename.ts'
import { mediaTypeOf } from './media-type.ts'
import { createQuota } from './quota.ts'
import { receive, type Received, syncFolder } from './receive.ts'
import { FILE_MIGRATIONS, type FileRows, openRows } from './rows.ts'
import type { FileDescription, FilePage, FileQuery, FileStore, NewFile, StoredFile } from './store.ts'

export interface FileStoreOptions {
  /** Holds `files.db` and the folder `files`; both are made when the first file comes. */
  readonly dataDir: string
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  /** The largest file. */
  readonly maxBytes: number
  /** All files of one owner together. */
  readonly quotaBytes: number
  /** How long a file stays whose owner does not say; undefined for ever. */
  readonly expireAfterMs: number | undefined
}

/** How long an expired file is still known as one, before it is as if it had never been there. */
const REMEMBERED_MS = 30 * 24 * 60 * 60_000
/** Rows changed at a time, so that no request waits for a long transaction. */
const SLICE = 100

/** Files on this machine's disk: what they are in `files.db`, their bytes beside it, one file each. */
export function createFileStore(options: FileStoreOptions): FileStore {
  const { dataDir, clock, log, maxBytes, quotaBytes, expireAfterMs } = options
  const folder = join(dataDir, 'files')
  const databasePath = join(dataDir, 'files.db')
  /** Ids whose content is on its way in, so that nobody takes them for a crash's leftovers. */
  const arriving = new Set<string>()
  let database: Database | undefined
  let rows: FileRows | undefined
  const quota = createQuota(quotaBytes, (owner) => open().bytesOf(owner))

  const open = (): FileRows => {
    if (rows) return rows
    const stamp = (): string => `${clock.now()}`
    database = openDatabase({ path: databasePath, migrations: FILE_MIGRATIONS, stamp, log })
    rows = openRows(database)
    return rows
  }
  const close = (): void => {
    database?.close()
    database = undefined
    rows = undefined
  }
  /** A server that never stored a file leaves its data folder alone. */
  const isUnused = (): boolean => !rows && !existsSync(databasePath)

  const attempt = async <Result>(run: () => Result | Promise<Result>): Promise<Result> => {
    try {
      return await run()
    } catch (error) {
      // Opened again, a damaged file is set aside.
      if (isDamaged(error)) close()
      throw toStoreFailure(error)
    }
  }
  const pathOf = (id: string): string => join(folder, id)
  const partOf = (id: string): string => `${pathOf(id)}.part`

  /** Removes what is loose. What cannot be removed now stays loose for the next cleanup. */
  const drop = async (id: string): Promise<void> => {
    try {
      await rm(partOf(id), { force: true })
      await rm(pathOf(id), { force: true })
      open().settle(id)
    } catch (error) {
      log.warn('file-content-left', { id, error })
    }
  }
  const find = (owner: string, id: string): StoredFile => {
    const file = isUnused() ? undefined : open().find(owner, id)
    if (!file) throw notFound(id)
    return file
  }
  const forget = async (owner: string, id: string): Promise<void> => {
    try {
      open().forget(owner, id)
    } catch (error) {
      if (!isFull(error)) throw error
      // A full disk could otherwise never be emptied: the content makes room for the note that it is gone.
      await rm(pathOf(id), { force: true })
      open().forget(owner, id)
    }
  }
  const isExpired = ({ expiresAtMs }: StoredFile): boolean =>
    expiresAtMs !== undefined && expiresAtMs <= clock.now()

  const withDefault = (description: FileDescription): FileDescription => ({
    ...description,
    expireAfterMs: description.expireAfterMs ?? expireAfterMs,
  })

  const takeIn = async (id: string, { owner, content, describe }: NewFile): Promise<StoredFile> => {
    let sizeBytes = 0
    const admit = (bytes: number): void => {
      if (sizeBytes + bytes > maxBytes) throw tooLarge(maxBytes)
      quota.take(owner, bytes)
      sizeBytes += bytes
    }
    try {
      const received = await receive(partOf(id), content, admit)
      const file = toStoredFile(id, received, withDefault(await describe()), clock.now())
      await rename(partOf(id), pathOf(id))
      await syncFolder(folder)
      open().keep(owner, file)
      return file
    } catch (error) {
      await drop(id)
      throw error
    } finally {
      quota.giveBack(owner, sizeBytes)
      arriving.delete(id)
    }
  }

  return {
    maxBytes,
    put: async (file) =>
      attempt(async () => {
        const id = newFileId()
        await mkdir(folder, { recursive: true, mode: 0o700 })
        open().announce(id)
        arriving.add(id)
        return takeIn(id, file)
      }),
    get: async (owner, id) => attempt(() => find(owner, id)),
    list: async (owner, query) => attempt(() => (isUnused() ? NO_FILES : findPage(open(), owner, query))),
    remove: async (owner, id) =>
      attempt(async () => {
        find(owner, id)
        await forget(owner, id)
        quota.refresh()
        await drop(id)
      }),
    read: async (owner, id) =>
      attempt(async () => {
        const file = find(owner, id)
        if (isExpired(file)) throw expired(id)
        const bytes = Bun.file(pathOf(id), { type: file.mimeType })
        if (await bytes.exists()) return { file, bytes }
        log.error('file-content-missing', { id, path: pathOf(id) })
        throw notFound(id)
      }),
    cleanup: async () =>
      attempt(async () => {
        if (isUnused()) return
        while (open().expire(clock.now(), SLICE) === SLICE) await nextTurn()
        while (open().forgetExpired(clock.now() - REMEMBERED_MS, SLICE) === SLICE) await nextTurn()
        quota.refresh()
        for (const id of open().loose()) if (!arriving.has(id)) await drop(id)
      }),
    close,
  }
}

const NO_FILES: FilePage = { files: [], nextPage: undefined }

const newFileId = (): string => `file_${crypto.randomUUID().replaceAll('-', '')}`

const nextTurn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function toStoredFile(
  id: string,
  { sizeBytes, head }: Received,
  { filename, mediaType, expireAfterMs, downloadable = false }: FileDescription,
  nowMs: number,
): StoredFile {
  const mimeType = mediaTypeOf(mediaType, head, filename)
  return {
    id,
    filename: filenameOf(filename, mimeType),
    mimeType,
    sizeBytes,
    createdAtMs: nowMs,
    expiresAtMs: expireAfterMs === undefined ? undefined : nowMs + expireAfterMs,
    downloadable,
  }
}

function findPage(rows: FileRows, owner: string, query: FileQuery): FilePage {
  if ('ids' in query) return { files: rows.among(owner, query.ids), nextPage: undefined }
  // One more than asked for tells whether there is another page.
  const found = rows.page(owner, query.limit + 1, query.page === undefined ? undefined : toPlace(query.page))
  const shown = found.slice(0, query.limit)
  const last = found.length > shown.length ? shown.at(-1) : undefined
  return { files: shown.map(({ file }) => file), nextPage: last && toToken(last.place) }
}

const TOKEN_MARK = 'page_'

const toToken = (place: number): string => `${TOKEN_MARK}${Buffer.from(`${place}`).toString('base64url')}`

function toPlace(token: string): number {
  const text = Buffer.from(token.slice(TOKEN_MARK.length), 'base64url').toString()
  if (!token.startsWith(TOKEN_MARK) || !/^\d{1,15}$/.test(text))
    throw invalidRequest('page: Invalid page token')
  return Number(text)
}
