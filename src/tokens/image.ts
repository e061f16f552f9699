import type { ImageBlock } from '../wire/anthropic/content.ts'
import { type ImageLimits, PX_PER_TOKEN, STANDARD_IMAGE, UNSEEN_IMAGE_TOKENS } from './calibration.ts'

/** Reads one byte of a file; `NaN` where there is none. */
type ByteAt = (at: number) => number

/** Pixels of an image. */
export interface ImageSize {
  readonly width: number
  readonly height: number
}

/** Tokens of an image: by its pixels when its bytes are at hand and readable, else those of a large image. */
export function imageTokens(source: ImageBlock['source'], limits: ImageLimits = STANDARD_IMAGE): number {
  const size = source.type === 'base64' ? imageSize(source.data) : undefined
  if (size === undefined) return UNSEEN_IMAGE_TOKENS
  const scale = Math.min(1, limits.maxEdgePx / Math.max(size.width, size.height))
  const tokens = Math.ceil((size.width * size.height * scale * scale) / PX_PER_TOKEN)
  return Math.min(tokens, limits.maxTokens)
}

/** Width and height of a base64 PNG, JPEG, GIF or WebP, read from a few bytes of it; undefined if it is none. */
export function imageSize(base64: string): ImageSize | undefined {
  const byteAt = bytesOf(base64)
  const size = FORMATS.find(({ signature }) => startsWith(byteAt, signature))?.read(byteAt)
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined
}

interface Format {
  readonly signature: string
  readonly read: (byteAt: ByteAt) => ImageSize | undefined
}

const FORMATS: readonly Format[] = [
  { signature: '\x89PNG', read: (at) => ({ width: bigEndian(at, 16, 4), height: bigEndian(at, 20, 4) }) },
  { signature: '\xff\xd8\xff', read: jpegSize },
  { signature: 'GIF8', read: (at) => ({ width: littleEndian(at, 6, 2), height: littleEndian(at, 8, 2) }) },
  { signature: 'RIFF', read: webpSize },
]

const FIRST_SEGMENT = 2
const MAX_SEGMENTS = 1_000

/** Walks the segments to the frame header, the only one that knows the size. */
function jpegSize(byteAt: ByteAt): ImageSize | undefined {
  let at = FIRST_SEGMENT
  for (let segment = 0; segment < MAX_SEGMENTS && byteAt(at) === 0xff; segment++) {
    const marker = byteAt(at + 1)
    if (isFrameHeader(marker))
      return { height: bigEndian(byteAt, at + 5, 2), width: bigEndian(byteAt, at + 7, 2) }
    // Any number of fill bytes may stand before a marker.
    at += marker === 0xff ? 1 : 2 + bigEndian(byteAt, at + 2, 2)
  }
  return undefined
}

// SOF0 to SOF15 without the tables DHT, JPG and DAC, which lie between them.
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

function webpSize(byteAt: ByteAt): ImageSize | undefined {
  if (startsWith(byteAt, 'VP8X', 12))
    return { width: 1 + littleEndian(byteAt, 24, 3), height: 1 + littleEndian(byteAt, 27, 3) }
  if (startsWith(byteAt, 'VP8L', 12)) {
    const bits = littleEndian(byteAt, 21, 4)
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) }
  }
  if (startsWith(byteAt, 'VP8 ', 12))
    return { width: littleEndian(byteAt, 26, 2) & 0x3fff, height: littleEndian(byteAt, 28, 2) & 0x3fff }
  return undefined
}

const startsWith = (byteAt: ByteAt, text: string, from = 0): boolean =>
  Array.from(text).every((character, index) => byteAt(from + index) === character.charCodeAt(0))

function bigEndian(byteAt: ByteAt, at: number, length: number): number {
  let value = 0
  for (let index = 0; index < length; index++) value = value * 256 + byteAt(at + index)
  return value
}

function littleEndian(byteAt: ByteAt, at: number, length: number): number {
  let value = 0
  for (let index = length - 1; index >= 0; index--) value = value * 256 + byteAt(at + index)
  return value
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const SEXTETS = new Map(Array.from(BASE64, (character, value) => [character.charCodeAt(0), value]))

/** Random access into base64: three bytes stand in four characters, so a photo's header needs no decoded photo. */
function bytesOf(base64: string): ByteAt {
  const sextet = (at: number): number => SEXTETS.get(base64.charCodeAt(at)) ?? NaN
  return (at) => {
    const first = Math.floor(at / 3) * 4 + (at % 3)
    const shift = (at % 3) * 2
    const pair = sextet(first) * 64 + sextet(first + 1)
    return Math.floor(pair / 2 ** (4 - shift)) % 256
  }
}
