import type {
  ChatError,
  ChatUsage,
  Chunk,
  ReasoningDetail,
  ToolCallDelta,
} from '../../wire/openrouter/chunk.ts'

/** The message of an answer that was not streamed. */
export interface WholeMessage {
  readonly role: 'assistant'
  readonly content: string | null
  readonly reasoning?: string
  readonly reasoning_details?: readonly ReasoningDetail[]
  readonly tool_calls?: readonly ToolCallDelta[]
}

/** All that a list of chunks says together. */
export interface Folded {
  readonly message: WholeMessage
  readonly finish: string | null
  readonly native: string | null
  readonly usage: ChatUsage | undefined
  readonly error: ChatError | string | undefined
}

type Entry = Readonly<Record<string, unknown>>

/** What chunks repeat or send once, and what is therefore replaced instead of lengthened. */
const WHOLE_STRINGS = new Set(['role', 'id', 'type', 'name', 'format', 'signature'])

/** Which fragments of a list belong together; entries of other lists stand alone. */
const BELONGS: Readonly<Record<string, (one: Entry, other: Entry) => boolean>> = {
  tool_calls: (one, other) => one['index'] === other['index'],
  reasoning_details: (one, other) => one['index'] === other['index'] && one['type'] === other['type'],
}

/** Puts the chunks of one stream together as OpenRouter does for a request without `stream`. */
export const foldChunks = (chunks: readonly Chunk[]): Folded => {
  const choices = chunks.flatMap((chunk) => chunk.choices ?? [])
  const { content = '', ...spoken } = choices
    .map(({ delta, message }) => ({ ...(delta ?? message) }))
    .reduce<Entry>(joinEntries, {})
  const ending = choices.findLast((choice) => choice.finish_reason)
  return {
    message: {
      ...spoken,
      role: 'assistant',
      content: spoken['tool_calls'] && !content ? null : String(content),
    },
    finish: ending?.finish_reason ?? null,
    native: ending?.native_finish_reason ?? null,
    usage: chunks.findLast(({ usage }) => usage)?.usage ?? undefined,
    error: chunks.findLast(({ error }) => error)?.error ?? undefined,
  }
}

const joinEntries = (one: Entry, other: Entry): Entry =>
  Object.entries(other).reduce<Entry>(
    (entry, [key, value]) => ({ ...entry, [key]: join(entry[key], value, key) }),
    one,
  )

const join = (one: unknown, other: unknown, key: string): unknown => {
  if (other === undefined || other === null) return one ?? null
  if (Array.isArray(other)) return other.reduce((list, entry) => joinList(list, entry, key), one ?? [])
  if (isEntry(one) && isEntry(other)) return joinEntries(one, other)
  if (typeof one !== 'string' || typeof other !== 'string') return other
  return WHOLE_STRINGS.has(key) ? other || one : one + other
}

const joinList = (list: readonly unknown[], entry: unknown, key: string): readonly unknown[] => {
  const belongs = BELONGS[key]
  const at = list.findIndex((known) => isEntry(known) && isEntry(entry) && belongs?.(known, entry))
  return at < 0 ? [...list, entry] : list.with(at, join(list[at], entry, key))
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
