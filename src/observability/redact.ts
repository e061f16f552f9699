import type { Fields } from '../core/context.ts'

const REDACTED = '[redacted]'
const UNSERIALISABLE = '[unserialisable]'
const DEEPEST = 32
const MOST_REMEMBERED = 1000

/** How much may be shown of what stands under a name. */
type Exposure = 'all' | 'numbers' | 'nothing'

const SECRET_NAME =
  /auth$|authori[sz]ation|authentication|(?:api|access|private|server|client|signing|encryption)keys?$|cookie|credential|jwt|bearer|passw(?:or)?d|passphrase|secret/
const TOKEN_NAME = /token/

/** Tokens that are counted are numbers; tokens that open doors are text. */
function classify(name: string): Exposure {
  const letters = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  if (SECRET_NAME.test(letters)) return 'nothing'
  return TOKEN_NAME.test(letters) ? 'numbers' : 'all'
}

const remembered = new Map<string, Exposure>()

/** The same few names come with every entry, so their exposure is remembered; a flood of new ones is not. */
function exposureOf(name: string): Exposure {
  const known = remembered.get(name)
  if (known) return known
  const exposure = classify(name)
  if (remembered.size < MOST_REMEMBERED) remembered.set(name, exposure)
  return exposure
}

const MAY_HOLD_KEY = /sk-|bearer|basic|api.?key|authorization|passw|secret|token|:\/\//i

/** The same for a whole entry in JSON: by names, too. Counts of tokens are no secret. */
const MAY_BE_SECRET =
  /sk-|bearer|basic|key"|api.?key|auth|cookie|credential|jwt|passw|passphrase|secret|token(?!s":[\d.n])|:\/\//i

/** Whether a JSON text has anything in it that may have to be hidden; rather too often than once too few. */
export const mayHoldSecret = (json: string): boolean => MAY_BE_SECRET.test(json)

/** What keys look like inside a text, and what stands there instead. */
const KEYS = [
  [/\b(bearer|basic)(\s+)[^\s"',;]+/gi, `$1$2${REDACTED}`],
  [/(?:(?<![a-z])|(?<=%[0-9a-f]{2}))sk-[\w-]{4,}|sk-(?:or|ant|proj)-[\w-]+/gi, REDACTED],
  [
    /((?:api.?key|authorization|passw(?:or)?d|secret|(?:auth|access|refresh|id).?token)[\\"']*\s*[:=]\s*[\\"']*)[^\s\\"',;&]+/gi,
    `$1${REDACTED}`,
  ],
  [/(:\/\/)[^\s/@]+@/g, `$1${REDACTED}@`],
] as const

/** The text with everything replaced that looks like a key, a bearer token or a password. */
export function mask(text: string): string {
  if (!MAY_HOLD_KEY.test(text)) return text
  return KEYS.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text)
}

/** A value that JSON says as it is, and that has no fields of its own. */
export const isPlain = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  typeof value === 'string' ||
  typeof value === 'number' ||
  typeof value === 'boolean'

/** All fields as they may be logged or shown: they themselves where nothing in them looks like a secret. */
export function redactFields(fields: Fields): Fields {
  for (const name in fields) if (!isPlain(fields[name])) return redactEach(fields)
  return mayHoldSecret(JSON.stringify(fields)) ? redactEach(fields) : fields
}

const redactEach = (fields: Fields): Fields =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, redactField(fields, name)]))

/**
 * A field's value as it may be logged or shown: plain JSON data without secrets. Never throws; what may be a secret
 * becomes `[redacted]`, and what JSON cannot say `[unserialisable]`.
 */
export function redactField(fields: Fields, name: string): unknown {
  try {
    return redactNamed(name, fields[name], 'all', [])
  } catch {
    return UNSERIALISABLE
  }
}

function redactNamed(name: string, value: unknown, inherited: Exposure, above: readonly object[]): unknown {
  const own = exposureOf(name)
  return redactValue(value, own === 'all' ? inherited : own, above)
}

function redactValue(value: unknown, exposure: Exposure, above: readonly object[]): unknown {
  if (value === undefined || value === null) return value
  if (exposure === 'nothing') return REDACTED
  if (typeof value === 'object') return redactObject(value, exposure, above)
  if (typeof value === 'string') return exposure === 'all' ? mask(value) : REDACTED
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'number' || typeof value === 'boolean' ? value : UNSERIALISABLE
}

function redactObject(value: object, exposure: Exposure, above: readonly object[]): unknown {
  if (above.length === DEEPEST || above.includes(value)) return UNSERIALISABLE
  const here = [...above, value]
  if (value instanceof Error) return redactError(value, exposure, here)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return redactValue(value.toJSON(), exposure, here)
  }
  if (Array.isArray(value)) return value.map((item) => redactValue(item, exposure, here))
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, inner]) => [mask(name), redactNamed(name, inner, exposure, here)]),
  )
}

const redactError = (
  { name, message, stack, cause }: Error,
  exposure: Exposure,
  above: readonly object[],
): unknown => ({
  name,
  message: redactValue(message, exposure, above),
  stack: redactValue(stack, exposure, above),
  cause: redactValue(cause, exposure, above),
})
