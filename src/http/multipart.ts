import { invalidRequest } from '../core/errors.ts'
import { readText } from './body-stream.ts'

/** One field of a form (RFC 7578). */
export interface FormPart {
  readonly name: string
  /** Undefined where the part has none; it may be empty. */
  readonly filename: string | undefined
  readonly mediaType: string | undefined
  /** The bytes as they come. They must be read to their end, or not at all, before the next part is asked for. */
  readonly content: AsyncIterable<Uint8Array>
}

const MAX_PARTS = 100
const MAX_HEADER_BYTES = 16 * 1024
const HEADERS_END = Buffer.from('\r\n\r\n')

/** The parts of a `multipart/form-data` body, as they come: whatever its size, one piece of it is in memory. */
export async function* readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string | null,
): AsyncGenerator<FormPart> {
  const boundary = boundaryOf(contentType)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const scanner = createScanner(body)
  try {
    await skip(scanner.until(delimiter))
    for (let parts = 0; await scanner.opensPart(); parts++) {
      if (parts === MAX_PARTS) throw invalidRequest(`The form has more than ${MAX_PARTS} fields`)
      const headers = await readText(
        scanner.until(HEADERS_END),
        MAX_HEADER_BYTES,
        'The headers of a form field',
      )
      const content = scanner.until(delimiter)
      yield { ...describePart(headers), content }
      await skip(content)
    }
  } finally {
    await scanner.stop()
  }
}

function boundaryOf(contentType: string | null): string {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType ?? '') ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined || boundary.length > 200)
    throw invalidRequest('content-type: must be multipart/form-data with a boundary')
  return boundary
}

async function skip(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of content);
}

interface Scanner {
  /** What comes before the mark, in pieces; the mark is taken too. */
  until(mark: Buffer): AsyncGenerator<Uint8Array>
  /** Behind a delimiter: whether a part follows, and not the end of the form. */
  opensPart(): Promise<boolean>
  /** No more is wanted. */
  stop(): Promise<void>
}

function createScanner(body: AsyncIterable<Uint8Array>): Scanner {
  const source = body[Symbol.asyncIterator]()
  // The first delimiter may stand at the very beginning; all others begin with the end of a line.
  let pending = Buffer.from('\r\n')

  const more = async (): Promise<void> => {
    const { done, value } = await source.next()
    if (done) throw invalidRequest('The form ends before its closing boundary')
    pending = Buffer.concat([pending, value])
  }
  return {
    async *until(mark) {
      for (;;) {
        const at = pending.indexOf(mark)
        // The last bytes may be the first ones of a mark.
        const end = at >= 0 ? at : Math.max(0, pending.length - mark.length + 1)
        const piece = pending.subarray(0, end)
        pending = pending.subarray(at >= 0 ? at + mark.length : end)
        if (piece.length > 0) yield piece
        if (at >= 0) return
        await more()
      }
    },
    async opensPart() {
      while (pending.length < 2) await more()
      const next = pending.toString('latin1', 0, 2)
      // The end of the line stays: where a part has no headers, it is half of what ends them.
      if (next === '\r\n') return true
      if (next === '--') return false
      throw invalidRequest('The form has something behind a boundary')
    },
    async stop() {
      await source.return?.()
    },
  }
}

function describePart(headers: string): Omit<FormPart, 'content'> {
  const disposition = headerOf(headers, 'content-disposition') ?? ''
  const name = parameterOf(disposition, 'name')
  if (name === undefined) throw invalidRequest('The form has a field without a name')
  return {
    name,
    filename: encodedParameterOf(disposition, 'filename') ?? parameterOf(disposition, 'filename'),
    mediaType: headerOf(headers, 'content-type'),
  }
}

const headerOf = (headers: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*)$`, 'im').exec(headers)?.[1]?.trim()

/** A value in quotes, in which clients write a quote as `%22` (browsers, SDKs) or as `\"` (curl). */
function parameterOf(header: string, name: string): string | undefined {
  const [, quoted, plain] =
    new RegExp(`;\\s*${name}=(?:"((?:\\\\"|[^"])*)"|([^\\s;]+))`, 'i').exec(header) ?? []
  return (quoted ?? plain)?.replaceAll('\\"', '"').replaceAll(/%(22|0d|0a)/gi, decodeURIComponent)
}

/** The form of RFC 5987, `name*=UTF-8''…`, which some clients use for what is not ASCII. */
function encodedParameterOf(header: string, name: string): string | undefined {
  const value = new RegExp(`;\\s*${name}\\*=utf-8'[^']*'([^\\s;]+)`, 'i').exec(header)?.[1]
  try {
    return value && decodeURIComponent(value)
  } catch {
    return undefined
  }
}
