import { Elysia } from 'elysia'

import { Failure, invalidRequest } from '../core/errors.ts'
import { notDownloadable } from '../files/failures.ts'
import type { FileContent, FileDescription, FileQuery, FileStore, StoredFile } from '../files/store.ts'
import type { DeletedFile, FileList, FileMetadata } from '../wire/anthropic/files.ts'
import { addressOf } from './address.ts'
import { readText, streamBody } from './body-stream.ts'
import { type FormPart, readForm } from './multipart.ts'
import { DELETE_FILE, DOWNLOAD_FILE, GET_FILE, LIST_FILES, UPLOAD_FILE } from './openapi/files.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Server } from './server.ts'

/** /v1/files: Anthropic's Files API (§1.4). */
export function filesRoutes(server: Server, prefix: string) {
  const answered = (handle: (request: Request, files: FileStore, owner: string) => Promise<unknown>) =>
    route(server, async (request, { context }) => {
      const answer = await handle(request, storeOf(server), context.owner)
      return json(answer, { ...baseHeaders(server, request), 'request-id': context.id })
    })

  return new Elysia({ name: `files ${prefix}`, prefix })
    .post(
      '/files',
      answered(async (request, files, owner) => toMetadata(await upload(request, files, owner, server))),
      { parse: 'none', detail: UPLOAD_FILE },
    )
    .get(
      '/files',
      answered(async (request, files, owner) => listFiles(request, files, owner)),
      { detail: LIST_FILES },
    )
    .get(
      '/files/:file_id',
      answered(async (request, files, owner) => toMetadata(await files.get(owner, idOf(request)))),
      { detail: GET_FILE },
    )
    .delete(
      '/files/:file_id',
      answered(async (request, files, owner) => deleteFile(idOf(request), files, owner)),
      { parse: 'none', detail: DELETE_FILE },
    )
    .get(
      '/files/:file_id/content',
      route(server, async (request, { context }) => {
        const content = await storeOf(server).read(context.owner, idOf(request))
        if (!content.file.downloadable) throw notDownloadable()
        return download(content, { ...baseHeaders(server, request), 'request-id': context.id })
      }),
      { detail: DOWNLOAD_FILE },
    )
}

function storeOf({ services }: Server): FileStore {
  if (services.files) return services.files
  throw new Failure('not_found_error', 'This server keeps no files; its operator can set ENABLE_FILES')
}

/** What stands behind the first `/files/`, up to the next slash. */
function idOf(request: Request): string {
  const { path } = addressOf(request)
  const encoded = /\/files\/([^/]*)/.exec(path)?.[1] ?? ''
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

/** Beside the file: the other fields of the form, and the boundaries. */
const FORM_BYTES = 1024 * 1024
/** How long an upload may stand still. */
const MAX_SILENCE_MS = 60_000
const MAX_FIELD_BYTES = 1024

type Form = AsyncGenerator<FormPart, void>

/** Takes a file in while it comes; what a form says behind the file is still part of its description. */
async function upload(
  request: Request,
  files: FileStore,
  owner: string,
  { clock, services }: Server,
): Promise<StoredFile> {
  const limits = { maxBytes: files.maxBytes + FORM_BYTES, maxSilenceMs: MAX_SILENCE_MS, clock }
  const form = readForm(streamBody(request, limits), request.headers.get('content-type'))
  try {
    const fields = new Map<string, string>()
    const part = await nextFile(form, fields)
    if (!part) throw invalidRequest('file: Field required')
    return await files.put({
      owner,
      content: part.content,
      async describe() {
        if (await nextFile(form, fields))
          throw invalidRequest('file: only one file can be uploaded at a time')
        return describeFile(part, fields, services.strict)
      },
    })
  } finally {
    await form.return(undefined)
  }
}

/** Reads on up to the next file; what comes before it is added to `fields`. */
async function nextFile(form: Form, fields: Map<string, string>): Promise<FormPart | undefined> {
  for (let next = await form.next(); !next.done; next = await form.next()) {
    const part = next.value
    if (part.name === 'file') return part
    fields.set(part.name, await readText(part.content, MAX_FIELD_BYTES, part.name))
  }
  return undefined
}

function describeFile(
  { filename, mediaType }: FormPart,
  fields: ReadonlyMap<string, string>,
  strict: boolean,
): FileDescription {
  const unknown = [...fields.keys()].find((name) => name !== 'expires_in_seconds')
  if (strict && unknown !== undefined) throw invalidRequest(`${unknown}: Extra inputs are not permitted`)
  return { filename, mediaType, expireAfterMs: parseExpiry(fields.get('expires_in_seconds')) }
}

const parseExpiry = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseInteger('expires_in_seconds', text, 3600, 7_776_000) * 1000

function parseInteger(name: string, text: string, least: number, most: number): number {
  if (!/^-?\d+$/.test(text))
    throw invalidRequest(`${name}: Input should be a valid integer, unable to parse string as an integer`)
  const value = Number(text)
  if (value < least) throw invalidRequest(`${name}: Input should be greater than or equal to ${least}`)
  if (value > most) throw invalidRequest(`${name}: Input should be less than or equal to ${most}`)
  return value
}

async function listFiles(request: Request, files: FileStore, owner: string): Promise<FileList> {
  const page = await files.list(owner, toQuery(new URLSearchParams(addressOf(request).query)))
  return { data: page.files.map(toMetadata), next_page: page.nextPage ?? null }
}

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 1000
const MAX_IDS = 100

function toQuery(query: URLSearchParams): FileQuery {
  const limit = query.get('limit')
  const page = query.get('page') ?? undefined
  const ids = [...new Set([...query.getAll('ids[]'), ...query.getAll('ids')])]
  if (ids.length === 0)
    return { limit: limit === null ? DEFAULT_LIMIT : parseInteger('limit', limit, 1, MAX_LIMIT), page }
  if (limit !== null || page !== undefined)
    throw invalidRequest('ids: cannot be combined with `page` or `limit`')
  if (ids.length > MAX_IDS)
    throw invalidRequest(`ids: List should have at most ${MAX_IDS} items after validation, not ${ids.length}`)
  return { ids }
}

async function deleteFile(id: string, files: FileStore, owner: string): Promise<DeletedFile> {
  await files.remove(owner, id)
  return { id, type: 'file_deleted' }
}

const toMetadata = (file: StoredFile): FileMetadata => ({
  type: 'file',
  id: file.id,
  filename: file.filename,
  mime_type: file.mimeType,
  size_bytes: file.sizeBytes,
  created_at: toTime(file.createdAtMs),
  downloadable: file.downloadable,
  expires_at: file.expiresAtMs === undefined ? null : toTime(file.expiresAtMs),
})

const toTime = (ms: number): string => new Date(ms).toISOString()

/** Straight from the disk. A browser must neither show it nor guess what it is. */
const download = ({ file, bytes }: FileContent, headers: Readonly<Record<string, string>>): Response =>
  new Response(bytes, {
    headers: {
      ...headers,
      'content-type': file.mimeType,
      'content-disposition': toDisposition(file.filename),
      'x-content-type-options': 'nosniff',
    },
  })

/** The name in ASCII for old clients, and as it is for all others (RFC 6266). */
function toDisposition(filename: string): string {
  const ascii = filename.replaceAll(/[^\x20-\x7e]/g, '_')
  const encoded = encodeURIComponent(filename).replaceAll(/['()*]/g, (character) => `%${toHex(character)}`)
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

const toHex = (character: string): string => character.charCodeAt(0).toString(16).toUpperCase()
