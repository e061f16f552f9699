import { canonicalJson } from './canonical.ts'

type Fields = Readonly<Record<string, unknown>>

/** Everything that an answer depends on. */
export interface KeyParts {
  /** Whose answer it is: nobody else may ever be given it. */
  readonly owner: string
  readonly upstream: string
  readonly wire: string
  /** The request as it goes upstream. */
  readonly body: Fields
  /** What else shapes the answer on its way to the client, e.g. the names of its tools. */
  readonly shape: unknown
}

/** Written into every key; raised when answers are stored in another form. */
const VERSION = 1

/** The key of an answer: SHA-256, in hex, of the request without what cannot change the answer. */
export function cacheKey({ owner, upstream, wire, body, shape }: KeyParts, salt: string): string {
  const text = canonicalJson([VERSION, salt, owner, upstream, wire, withoutLabels(body), shape])
  return new Bun.CryptoHasher('sha256').update(text).digest('hex')
}

/** Fields at the top of a request that say who asks, how it is delivered, or what is remembered of it. */
const LABELS: ReadonlySet<string> = new Set([
  'cache_control',
  'debug',
  'metadata',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'session_id',
  'store',
  'stream',
  'stream_options',
  'trace',
  'usage',
  'user',
])

function withoutLabels(body: Fields): Fields {
  const fields: Record<string, unknown> = {}
  for (const name in body) if (!LABELS.has(name)) fields[name] = body[name]
  fields['messages'] = list(body['messages'])?.map(withoutMarksInContent)
  fields['tools'] = list(body['tools'])?.map(withoutMark)
  if (list(body['system'])) fields['system'] = list(body['system'])?.map(withoutMark)
  return fields
}

const list = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined)

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function withoutMarksInContent(message: unknown): unknown {
  if (!isFields(message)) return message
  const content = list(message['content'])
  return content ? { ...message, content: content.map(withoutMark) } : message
}

/** Cache breakpoints change what an answer costs, not what it says; results of tools hold blocks with their own. */
function withoutMark(part: unknown): unknown {
  if (!isFields(part)) return part
  const { cache_control: _mark, prompt_cache_breakpoint: _breakpoint, ...rest } = part
  return withoutMarksInContent(rest)
}
