/** Shorter texts are not worth the time. */
const LEAST_PACKED_BYTES = 2048
/** How every zstd frame begins; no JSON text does. */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const

/** A JSON text as it is stored: compressed where that pays. */
export function pack(text: Uint8Array): Uint8Array {
  if (text.byteLength < LEAST_PACKED_BYTES) return text
  const packed = Bun.zstdCompressSync(text, { level: 1 })
  return packed.byteLength < text.byteLength ? packed : text
}

/** The text that was packed. */
export const unpack = (stored: Uint8Array): Uint8Array =>
  ZSTD_MAGIC.every((byte, at) => stored[at] === byte) ? Bun.zstdDecompressSync(stored) : stored
