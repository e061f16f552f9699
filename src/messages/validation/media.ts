import { invalidRequest } from '../../core/errors.ts'
import type { DocumentBlock, ImageBlock } from '../../wire/anthropic/content.ts'
import { insideBlock, type Located, type Subject } from './subject.ts'

type MediaBlock = ImageBlock | DocumentBlock
type LocatedMedia = Located & { readonly block: MediaBlock }

const isMedia = (located: Located): located is LocatedMedia =>
  located.block.type === 'image' || located.block.type === 'document'

/** How a file of each media type begins; a PDF may have other bytes before its mark. */
const SIGNATURES = {
  'image/jpeg': /^\xff\xd8\xff/,
  'image/png': /^\x89PNG/,
  'image/gif': /^GIF8/,
  'image/webp': /^RIFF[^]{4}WEBP/,
  'application/pdf': /%PDF-/,
} as const

/** Whether files of that type can be told by how they begin. */
export const isSigned = (mediaType: string): mediaType is keyof typeof SIGNATURES =>
  Object.hasOwn(SIGNATURES, mediaType)

const SIGNATURE_BYTES = { image: 12, document: 1024 } as const

/** Base64 data is base64, and of the media type that it says it is (Anthropic API, V51, V52). */
export function checkMedia({ blocks }: Subject): void {
  for (const located of blocks) {
    if (!isMedia(located)) continue
    const { source } = located.block
    if (source.type !== 'base64') continue
    const fault = isBase64(source.data) ? findMismatch(located.block.type, source) : FORMAT_FAULT
    if (fault) throw invalidRequest(`${insideBlock(located, 'source', 'base64', 'data')}: ${fault}`)
  }
}

const FORMAT_FAULT = 'The file format is invalid or unsupported'

/** Padding may be missing, but no text of 4n + 1 characters stands for whole bytes. */
const isBase64 = (data: string): boolean => /^[A-Za-z0-9+/]*={0,2}$/.test(data) && data.length % 4 !== 1

/** What is wrong with base64 data that is said to be of a media type. */
export function findMismatch(
  kind: MediaBlock['type'],
  { media_type, data }: { readonly media_type: keyof typeof SIGNATURES; readonly data: string },
): string | undefined {
  const head = decodeHead(data, SIGNATURE_BYTES[kind])
  if (SIGNATURES[media_type].test(head)) return undefined
  if (kind === 'document') return FORMAT_FAULT
  const isOther = Object.values(SIGNATURES).some((signature) => signature.test(head))
  return isOther ? `Image does not match the provided media type ${media_type}` : 'Could not process image'
}

/** The first bytes, one character each. */
const decodeHead = (data: string, bytes: number): string =>
  Buffer.from(data.slice(0, Math.ceil(bytes / 3) * 4), 'base64').toString('latin1')

const MAX_IMAGE_BYTES = 10 * 1024 * 1024

/** Media that Anthropic's service would not take: images above 10 MB and addresses without TLS (V53, V56). */
export function checkMediaLimits({ blocks }: Subject): void {
  for (const located of blocks) {
    if (!isMedia(located)) continue
    const { source } = located.block
    if (source.type === 'url' && !/^https:/i.test(source.url))
      throw invalidRequest('Unable to download the file. Please verify the URL and try again.')
    if (source.type === 'base64' && located.block.type === 'image')
      checkImageSize(insideBlock(located, 'source', 'base64'), Buffer.byteLength(source.data, 'base64'))
  }
}

/** The same for an image whose bytes are known otherwise (V53). */
export function checkImageSize(path: string, bytes: number): void {
  if (bytes <= MAX_IMAGE_BYTES) return
  throw invalidRequest(`${path}: image exceeds 10 MB maximum: ${bytes} bytes > ${MAX_IMAGE_BYTES} bytes`)
}
