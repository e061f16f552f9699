import type {
  Choice,
  Chunk,
  ContentPart,
  Delta,
  ReasoningDetail,
  ToolCallDelta,
} from '../wire/openrouter/chunk.ts'

/**
 * What one chunk says, in plain values. The wire's types are a promise that no upstream has made: whatever is not
 * of the expected shape reads as absent.
 */

/** The answer's choice; others (`n` > 1) have no place in a message. */
export function choiceOf(chunk: Chunk): Choice | undefined {
  for (const choice of listOf(chunk.choices)) if (!choice.index) return choice
  return undefined
}

/** The text of a delta: its content, what its audio says, and a note in place of each picture. */
export function textOf(delta: Delta): string {
  const { content, audio, images } = delta
  const text = typeof content === 'string' ? content : partsText(content)
  if (!audio && !images) return text
  return text + stringOf(audio?.transcript) + imageNote(listOf(images).length)
}

const partsText = (content: Exclude<Delta['content'], string>): string =>
  listOf(content)
    .map((part) => (isThought(part) ? '' : stringOf(part.text)))
    .join('')

/** Anthropic's answers have no image block; saying so beats dropping it. */
function imageNote(count: number): string {
  if (count === 0) return ''
  const what = count === 1 ? 'An image' : `${count} images`
  return `[${what} in the answer cannot be shown through the Messages API.]`
}

/** The reasoning entries of a delta, as they came; thoughts among the parts of its content are entries as well. */
export function detailsOf({ content, reasoning_details }: Delta): readonly ReasoningDetail[] {
  const details = listOf(reasoning_details).map(readable)
  return Array.isArray(content) ? [...details, ...listOf(content).flatMap(thoughtsOf)] : details
}

const DETAIL_TEXTS = ['text', 'summary', 'data', 'signature'] as const

/** An entry without the fields that should be text and are not; nearly always the entry itself. */
function readable(detail: ReasoningDetail): ReasoningDetail {
  const odd = DETAIL_TEXTS.filter((field) => !isTextOrAbsent(detail[field]))
  if (odd.length === 0) return detail
  return Object.fromEntries(Object.entries(detail).filter(([field]) => !(odd as string[]).includes(field)))
}

const isTextOrAbsent = (value: unknown): boolean =>
  typeof value === 'string' || value === null || value === undefined

const isThought = ({ type }: ContentPart): boolean => type === 'thinking' || type === 'reasoning'

/** Mistral lists the texts of a thought as `thinking`, Databricks as `summary` with a signature beside each. */
function thoughtsOf(part: ContentPart): readonly ReasoningDetail[] {
  if (!isThought(part)) return []
  const { thinking, summary } = part
  const whole = { ...part, text: stringOf(thinking) || stringOf(part.text) }
  const texts = typeof thinking === 'string' ? [] : listOf(thinking ?? summary)
  return [whole, ...texts].map(toDetail).filter(saysAnything)
}

const toDetail = ({ text, signature }: ContentPart): ReasoningDetail => ({
  type: 'reasoning.text',
  text: stringOf(text),
  ...(signature ? { signature: stringOf(signature) } : {}),
})

const saysAnything = ({ text, signature }: ReasoningDetail): boolean => Boolean(text || signature)

/** What a tool-call delta says. */
export interface CallPiece {
  /** The upstream's index; providers leave it out or send 0 for every call. */
  readonly index: number | undefined
  readonly id: string
  readonly name: string
  readonly args: string
}

/** The tool-call pieces of a delta; a `function_call` of older servers is a call without index and id. */
export function callPiecesOf(delta: Delta): readonly CallPiece[] {
  const { tool_calls, function_call } = delta
  if (tool_calls) return listOf(tool_calls).map(toPiece)
  return function_call ? [toPiece({ function: function_call })] : []
}

const toPiece = (delta: ToolCallDelta): CallPiece => ({
  index: typeof delta.index === 'number' ? delta.index : undefined,
  id: idOf(delta.id),
  name: stringOf(delta.function?.name),
  args: argumentText(delta.function?.arguments),
})

/** Some servers number their calls. */
const idOf = (id: unknown): string => (typeof id === 'number' ? String(id) : stringOf(id))

/** Arguments are JSON text; some providers send the object itself (q9). */
const argumentText = (args: unknown): string =>
  typeof args === 'object' && args !== null ? JSON.stringify(args) : stringOf(args)

export const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The objects of a list. */
export function listOf<T>(value: readonly T[] | null | undefined): readonly T[] {
  if (!Array.isArray(value)) return []
  return value.every(isObject) ? value : value.filter(isObject)
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
