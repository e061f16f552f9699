import type { Clock } from '../core/clock.ts'
import { Failure, invalidRequest } from '../core/errors.ts'

export interface StreamLimits {
  /** The most bytes that are read. */
  readonly maxBytes: number
  /** The longest wait for the next bytes. */
  readonly maxSilenceMs: number
  readonly clock: Clock
}

/** A request's body as it comes, within bounds; nothing of it is kept. Throws when the client hangs up. */
export async function* streamBody(request: Request, limits: StreamLimits): AsyncGenerator<Uint8Array> {
  const { maxBytes, maxSilenceMs, clock } = limits
  refuseEncoding(request)
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const reader = request.body?.getReader()
  if (!reader) return
  let waitingSinceMs = Infinity
  let isTooSlow = false
  // Not a race against a promise of the deadline: that promise would keep every piece that ever won until the end.
  const stopWatching = clock.watch((nowMs) => {
    if (nowMs - waitingSinceMs <= maxSilenceMs) return
    isTooSlow = true
    void reader.cancel().catch(() => undefined)
  })
  let bytes = 0
  try {
    for (;;) {
      waitingSinceMs = clock.now()
      const { done, value } = await reader.read()
      waitingSinceMs = Infinity
      if (isTooSlow) throw tooSlow(maxSilenceMs)
      if (done) return
      bytes += value.byteLength
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      yield value
    }
  } finally {
    stopWatching()
    void reader.cancel().catch(() => undefined)
  }
}

function refuseEncoding({ headers }: Request): void {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() || 'identity'
  if (encoding === 'identity') return
  throw new Failure('invalid_request_error', `content-encoding: '${encoding}' is not supported for uploads`, {
    details: { error_code: 'request_body_encoding_unsupported' },
  })
}

const tooLarge = (maxBytes: number): Failure =>
  new Failure('request_too_large', `Request exceeds the maximum size of ${maxBytes} bytes`)

const tooSlow = (maxSilenceMs: number): Failure =>
  new Failure('invalid_request_error', `The request body stopped coming for ${maxSilenceMs / 1000} seconds`, {
    details: { error_code: 'request_body_timeout' },
  })

/** All of a stream that must be short, as text. `what` names it where it is not short, or not UTF-8. */
export async function readText(
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
  what: string,
): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of content) {
    bytes += piece.byteLength
    if (bytes > maxBytes) throw invalidRequest(`${what}: must not be longer than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces))
  } catch {
    throw invalidRequest(`${what}: must be UTF-8 text`)
  }
}
