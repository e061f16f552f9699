import type { ChatError } from '../wire/openrouter/chunk.ts'

const MAX_CHARS = 2000

/**
 * What an error says, the provider's own words included where the upstream only passes them on; '' where it says
 * nothing. Keys in it are made unreadable.
 */
export function wordsOf(error: ChatError): string {
  const own = textOf(error.message)
  const { raw, provider_name: provider } = error.metadata ?? {}
  const detail = textOf(raw)
  if (detail === '' || own.includes(detail)) return maskKeys(own).slice(0, MAX_CHARS)
  const speaker = typeof provider === 'string' && provider !== '' ? ` (${provider})` : ''
  return maskKeys(own === '' ? detail : `${own}${speaker}: ${detail}`).slice(0, MAX_CHARS)
}

/** Fields in which servers put their message, the likeliest first. */
const MESSAGE_FIELDS = ['error', 'message', 'detail', 'msg', 'errors'] as const
/** Errors that pass several hands are wrapped by each; nobody wraps this often in good faith. */
const MAX_WRAPPINGS = 8

/** The words in whatever a provider sent: text, JSON as text, an object, or a list of such. */
function textOf(value: unknown, depth = 0): string {
  if (depth > MAX_WRAPPINGS) return ''
  if (typeof value === 'string') {
    const inner = parseJson(value)
    return (inner === undefined ? '' : textOf(inner, depth + 1)) || titleOf(value) || value.trim()
  }
  if (Array.isArray(value)) return textOf(value[0], depth + 1)
  if (typeof value !== 'object' || value === null) return ''
  const fields: Readonly<Record<string, unknown>> = { ...value }
  for (const field of MESSAGE_FIELDS) {
    const text = textOf(fields[field], depth + 1)
    if (text !== '') return text
  }
  return ''
}

/** What a page says that some proxy in between has made; '' for all other text. */
const titleOf = (text: string): string =>
  /^\s*<(?:!doctype|html)\b[^]*?<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1]?.trim() ?? ''

function parseJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Providers echo keys in their refusals. */
const KEYS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b((?:sk|pk|gsk|xai|nvapi|hf|r8|key)[-_][\w-]{2,4})[\w-]{4,}/g, '$1…'],
  [/\b(AIza[\w-]{2})[\w-]{10,}/g, '$1…'],
  [/\b(bearer )[^\s"',;…]{6,}/gi, '$1…'],
]

/** Text in which no key can be read any more. */
const maskKeys = (text: string): string =>
  KEYS.reduce((masked, [key, kept]) => masked.replaceAll(key, kept), text)
