import type { Recorder } from '../core/context.ts'
import { mask, redactField } from '../observability/redact.ts'
import type { RunRecording } from '../wire/server/runs.ts'

/** A recorder, and what it holds in the end. */
export interface RunRecorder extends Recorder {
  readonly read: () => RunRecording
}

type Part = 'request' | 'upstream_request' | 'chunks' | 'message'

/**
 * Keeps what is said in one request. Everything is held as it is until the end; then secrets are hidden, and parts
 * that are larger than `maxBytes` are left out. A chunk is only a piece of a text, in which a secret may begin and not
 * end: chunks that hold one between them are left out too.
 */
export function createRecorder(maxBytes: number): RunRecorder {
  let request: unknown
  let call: { readonly body: string; readonly terms: unknown } | undefined
  let chunks: unknown[] = []
  let answer = (): unknown => null

  return {
    request(body) {
      request = body
    },
    call(body, terms) {
      call = { body, terms }
      chunks = []
    },
    chunks(batch) {
      if (chunks.length < MOST_CHUNKS) chunks.push(...batch)
    },
    answer(message) {
      answer = message
    },
    read() {
      const leftOut: Part[] = []
      const keep = (part: Part, value: unknown): unknown => {
        if (value === undefined || value === null) return null
        const clean = redactField({ value }, 'value')
        if (JSON.stringify(clean).length <= maxBytes) return clean
        leftOut.push(part)
        return null
      }
      const message = attempt(answer)
      const pieces = chunks.length >= MOST_CHUNKS || holdsSecret(chunks) ? undefined : chunks
      if (!pieces) leftOut.push('chunks')
      return {
        request: keep('request', withoutUser(request)),
        upstream_request: keep(
          'upstream_request',
          withoutUser(attempt(() => JSON.parse(call?.body ?? 'null'))),
        ),
        chunks: pieces?.length ? (keep('chunks', pieces) as unknown[] | null) : null,
        terms: call ? redactField({ terms: call.terms }, 'terms') : null,
        message: keep('message', message),
        left_out: leftOut,
      }
    },
  }
}

const MOST_CHUNKS = 50_000

function attempt(make: () => unknown): unknown {
  try {
    return make()
  } catch {
    return null
  }
}

/** Whether the texts of all chunks, put together, hold what none of them holds alone. */
function holdsSecret(chunks: readonly unknown[]): boolean {
  const texts = new Map<string, string>()
  for (const chunk of chunks) gather(chunk, '', texts)
  return [...texts.values()].some((text) => mask(text) !== text)
}

/** Puts the strings at each place of all chunks together. */
function gather(value: unknown, path: string, texts: Map<string, string>): void {
  if (typeof value === 'string') texts.set(path, (texts.get(path) ?? '') + value)
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) gather(inner, `${path}.${name}`, texts)
}

/** Who the client's user is, is nobody's business. */
function withoutUser(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body
  return Object.fromEntries(
    Object.entries(body).filter(([name]) => name !== 'metadata' && name !== 'user' && name !== 'session_id'),
  )
}
