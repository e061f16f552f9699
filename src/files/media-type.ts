import { extname } from 'node:path'

/** Media types by the extension of a file's name; the first extension of a type is the one it is given. */
const TYPES_BY_EXTENSION: Readonly<Record<string, string>> = {
  '.txt': 'text/plain',
  '.log': 'text/plain',
  '.md': 'text/markdown',
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.html': 'text/html',
  '.htm': 'text/html',
  '.css': 'text/css',
  '.xml': 'application/xml',
  '.json': 'application/json',
  '.jsonl': 'application/x-ndjson',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.toml': 'application/toml',
  '.pdf': 'application/pdf',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  '.zip': 'application/zip',
}

/** How files begin whose type cannot be mistaken. */
const TYPES_BY_BEGINNING: ReadonlyArray<readonly [RegExp, string]> = [
  [/^%PDF-/, 'application/pdf'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^\x89PNG/, 'image/png'],
  [/^GIF8/, 'image/gif'],
  [/^RIFF[^]{4}WEBP/, 'image/webp'],
]

/** As many bytes of a file's beginning as it takes to tell its type. */
export const HEAD_BYTES = 1024
const UNKNOWN = 'application/octet-stream'

/** A file's media type: what was said of it, else what its bytes, then its name, then its look as text say. */
export const mediaTypeOf = (
  said: string | undefined,
  head: Uint8Array,
  filename: string | undefined,
): string =>
  essenceOf(said) ??
  typeOfBytes(head) ??
  TYPES_BY_EXTENSION[extname(filename ?? '').toLowerCase()] ??
  (looksLikeText(head) ? 'text/plain' : UNKNOWN)

/** The extension for files of that type, with its dot; empty where none is known. */
export const extensionFor = (mediaType: string): string =>
  Object.entries(TYPES_BY_EXTENSION).find(([, type]) => type === mediaType)?.[0] ?? ''

/** Without parameters. Clients send the type of unknown things for everything they did not look at. */
function essenceOf(said = ''): string | undefined {
  const essence = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/.exec(said.split(';', 1)[0]?.trim() ?? '')?.[0]
  return essence === undefined || essence.length > 127 || essence.toLowerCase() === UNKNOWN
    ? undefined
    : essence.toLowerCase()
}

function typeOfBytes(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString('latin1')
  return TYPES_BY_BEGINNING.find(([beginning]) => beginning.test(text))?.[1]
}

function looksLikeText(head: Uint8Array): boolean {
  if (head.includes(0)) return false
  try {
    // As a stream, so that a character that is cut at the end does no harm.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}
