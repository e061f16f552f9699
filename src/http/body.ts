import type { Clock } from '../core/clock.ts'
import { Failure, invalidRequest } from '../core/errors.ts'

/** How long a body may take. */
export interface BodyPatience {
  readonly clock: Clock
  readonly bodyTimeoutMs: number
}

/** Reads a request's JSON once, within bounds. Everything a client can get wrong here is a 4xx. */
export async function readJson(
  request: Request,
  maxBytes: number,
  patience?: BodyPatience,
): Promise<unknown> {
  const text = readText(request, maxBytes)
  return parseJson(await (patience ? inTime(text, patience) : text))
}

/** Bodies that trickle in would hold their connections for ever. */
async function inTime(text: Promise<string>, { clock, bodyTimeoutMs }: BodyPatience): Promise<string> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const endMs = clock.now() + bodyTimeoutMs
  const stop = clock.watch((nowMs) => {
    if (nowMs >= endMs) reject(tooSlow(bodyTimeoutMs))
  })
  try {
    return await Promise.race([text, late])
  } finally {
    stop()
  }
}

const tooSlow = (timeoutMs: number): Failure =>
  new Failure('invalid_request_error', `The request body did not arrive within ${timeoutMs / 1000} s`, {
    details: { error_code: 'request_body_timeout' },
  })

async function readText(request: Request, maxBytes: number): Promise<string> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  const encoding = request.headers.get('content-encoding')
  return encoding === null && !Number.isNaN(declared)
    ? request.text()
    : readBounded(request, encoding, maxBytes)
}

const tooLarge = (maxBytes: number): Failure =>
  new Failure('request_too_large', `Request exceeds the maximum size of ${maxBytes} bytes`)

/** Encodings that a body may come in, by their names in DecompressionStream. */
const ENCODINGS: Readonly<Record<string, 'gzip' | 'deflate' | undefined>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  identity: undefined,
  '': undefined,
}

/** Counts what comes out, so that neither an endless body nor a compressed bomb fills the memory. */
async function readBounded(request: Request, encoding: string | null, maxBytes: number): Promise<string> {
  const name = encoding?.trim().toLowerCase() ?? ''
  if (!Object.hasOwn(ENCODINGS, name)) throw unsupportedEncoding(name)
  if (!request.body) return ''
  const format = ENCODINGS[name]
  const stream = format ? request.body.pipeThrough(new DecompressionStream(format)) : request.body
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      bytes += piece.byteLength
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      text += decoder.decode(piece, { stream: true })
    }
  } catch (error) {
    if (error instanceof Failure || !format) throw error
    throw new Failure('invalid_request_error', `The request body is not valid ${name}`, {
      details: { error_code: 'request_body_encoding_invalid' },
    })
  }
  return text + decoder.decode()
}

const unsupportedEncoding = (name: string): Failure =>
  new Failure(
    'invalid_request_error',
    `content-encoding: '${name}' is not supported; send gzip, deflate or plain JSON`,
    { details: { error_code: 'request_body_encoding_unsupported' } },
  )

function parseJson(text: string): unknown {
  const value = parse(text)
  if (isDeeperThan(MAX_DEPTH, value))
    throw invalidRequest(`The request body is nested too deeply; at most ${MAX_DEPTH} levels are read`)
  // Half a surrogate pair can be escaped in JSON but not be sent on; only texts that hold such an escape are searched,
  // and most texts hold no escape by number at all, which is found out faster.
  if (text.includes('\\u') && /\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(value))
    throw invalidRequest('The request body is not valid JSON: no low surrogate in string')
  return value
}

function parse(text: string): unknown {
  if (text.trim() === '') throw invalidRequest('The request body is not valid JSON: unexpected end of data')
  try {
    return JSON.parse(text)
  } catch (error) {
    const detail = error instanceof Error ? error.message.replace(/^JSON Parse error: /, '') : 'unreadable'
    throw invalidRequest(`The request body is not valid JSON: ${detail}`)
  }
}

/** Bun writes deeply nested JSON in quadratic time: 100,000 levels, which 200 KB can hold, stop the server for seconds. */
const MAX_DEPTH = 1000

/** Written as loops: it sees every value of every request. */
function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) {
    for (const inner of value) if (isDeeperThan(levels - 1, inner)) return true
    return false
  }
  const fields = value as Readonly<Record<string, unknown>>
  for (const name in fields) if (isDeeperThan(levels - 1, fields[name])) return true
  return false
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed()
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => !key.isWellFormed() || hasLoneSurrogate(inner))
}
