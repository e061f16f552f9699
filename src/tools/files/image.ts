import type { ImageBlock } from '../../wire/anthropic/content.ts'
import { ToolFailure } from '../failure.ts'
import type { ToolContent } from '../tool.ts'

type MediaType = Extract<ImageBlock['source'], { type: 'base64' }>['media_type']

const SIGNATURES: ReadonlyArray<readonly [RegExp, MediaType]> = [
  [/^\x89PNG\r\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF[^]{4}WEBP/, 'image/webp'],
]

/** Larger ones cost more and show no more (Anthropic API, limits on images). */
const MAX_EDGE_PX = 2000
/** Anthropic's limit of 5 MB holds for the base64 text. */
const MAX_BYTES = 3_700_000
/** A small file can be a huge picture, which takes its pixels' memory. */
const MAX_PIXELS = 100_000_000

/** An image that a model can see, made smaller where it has to be; undefined for what is no image. */
export async function toImageContent(bytes: Uint8Array, name: string): Promise<ToolContent | undefined> {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1')
  const mediaType = SIGNATURES.find(([signature]) => signature.test(head))?.[1]
  if (mediaType === undefined) return undefined
  const { width, height } = await sizeOf(bytes, name)
  if (Math.max(width, height) <= MAX_EDGE_PX && bytes.byteLength <= MAX_BYTES)
    return [toBlock(bytes, mediaType)]
  const scale = Math.min(1, MAX_EDGE_PX / Math.max(width, height))
  const smaller = await shrink(bytes, Math.round(width * scale), name)
  return [
    { type: 'text', text: `${name} is ${width} × ${height} pixels; shown at ${Math.round(scale * 100)} %.` },
    smaller,
  ]
}

const toBlock = (bytes: Uint8Array, mediaType: MediaType): ImageBlock => ({
  type: 'image',
  source: { type: 'base64', media_type: mediaType, data: Buffer.from(bytes).toString('base64') },
})

async function sizeOf(bytes: Uint8Array, name: string): Promise<{ width: number; height: number }> {
  const { width, height } = await new Bun.Image(bytes).metadata().catch(() => ({ width: 0, height: 0 }))
  if (width === 0 || height === 0) throw new ToolFailure('refused', `${name} is a damaged image.`)
  if (width * height > MAX_PIXELS)
    throw new ToolFailure('too-large', `${name} is too large to be shown: ${width} × ${height} pixels.`)
  return { width, height }
}

async function shrink(bytes: Uint8Array, width: number, name: string): Promise<ImageBlock> {
  const png = await new Bun.Image(bytes).resize(width).png().bytes()
  if (png.byteLength <= MAX_BYTES) return toBlock(png, 'image/png')
  const jpeg = await new Bun.Image(bytes).resize(width).jpeg({ quality: 80 }).bytes()
  if (jpeg.byteLength <= MAX_BYTES) return toBlock(jpeg, 'image/jpeg')
  throw new ToolFailure('too-large', `${name} cannot be made small enough to be shown.`)
}
