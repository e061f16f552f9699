import type { MessageResponse } from '../wire/anthropic/response.ts'
import type { CachedAnswer } from './answer.ts'

/** An answer as it is written. */
export interface PackedAnswer extends Omit<CachedAnswer, 'message'> {
  readonly key: string
  /** JSON, compressed if `isPacked`. */
  readonly message: Uint8Array
  readonly isPacked: boolean
  /** What it takes on the disk. */
  readonly bytes: number
}

/** What a row costs beside its answer: key, times, indexes. */
const BYTES_A_ROW = 300
/** Smaller ones are not worth the time: two or more fit on a page of the file as they are. */
const LEAST_PACKED_BYTES = 1536
/** Higher ones take longer for a few per cent. */
const LEVEL = 1

export function pack(key: string, { message, ...rest }: CachedAnswer): PackedAnswer {
  const text = new TextEncoder().encode(JSON.stringify(message))
  const isPacked = text.byteLength >= LEAST_PACKED_BYTES
  const written = isPacked ? Bun.zstdCompressSync(text, { level: LEVEL }) : text
  return { ...rest, key, message: written, isPacked, bytes: written.byteLength + key.length + BYTES_A_ROW }
}

export function unpack({ message, isPacked, ...rest }: Omit<PackedAnswer, 'key' | 'bytes'>): CachedAnswer {
  const text = isPacked ? Bun.zstdDecompressSync(message) : message
  const { owner, model, storedAtMs, expiresAtMs, costUsd } = rest
  return {
    message: JSON.parse(new TextDecoder().decode(text)) as MessageResponse,
    owner,
    model,
    storedAtMs,
    expiresAtMs,
    costUsd,
  }
}
