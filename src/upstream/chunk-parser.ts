import type { Chunk } from '../wire/openrouter/chunk.ts'
import { parseChunk } from './answer-body.ts'

/** Where a chunk's text begins; unescaped, so it can stand inside no string of the JSON. */
const KEY = '"content":"'

/** What may stand in a JSON string and means itself, and what is escaped there. */
const PLAIN = /[ !#-[\]-\uffff]*/y
const ESCAPED = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

/** How many texts in a row may come in chunks unlike the one before, until it is plain that this upstream's always do. */
const MAX_UNLIKE = 8

/** A chunk, and what stands around its text in the JSON. */
interface Like {
  readonly chunk: Chunk
  readonly head: string
  readonly tail: string
  /** The chunk brings a text and nothing else that would add up. */
  readonly isText: boolean
}

/**
 * Reads the chunks of one stream. Nearly all of them are the one before with another text in it, and to compare costs a
 * fraction of parsing: what is equal up to the text and behind it is the same chunk with that text.
 */
export class ChunkParser {
  /** The chunk before, unless its text has no place that is easily found. */
  #like: Like | undefined
  #unlike = 0

  /** Throws a `Failure` for what is no chunk. */
  parse(text: string, from: number, to: number): Chunk {
    const content = this.#contentOf(text, from, to)
    if (this.#like && content !== undefined) return withText(this.#like.chunk, unescaped(content))
    const data = text.slice(from, to)
    const chunk = parseChunk(data)
    // Thoughts and calls, before a text and behind it, do not count.
    if (hasText(chunk)) this.#unlike++
    this.#like = this.#unlike > MAX_UNLIKE ? undefined : toLike(chunk, data)
    return chunk
  }

  /** What a chunk adds, as JSON writes it, that brings more text after the chunk before; undefined for any other. */
  continuation(text: string, from: number, to: number): string | undefined {
    return this.#like?.isText ? this.#contentOf(text, from, to) : undefined
  }

  /** The text of a chunk that is like the one before, as JSON writes it. */
  #contentOf(text: string, from: number, to: number): string | undefined {
    const like = this.#like
    if (!like || !isLike(like, text, from, to)) return undefined
    const start = from + like.head.length
    const end = to - like.tail.length
    if (stringEnd(text, start) !== end) return undefined
    this.#unlike = 0
    return text.slice(start, end)
  }
}

/** A chunk with more text behind its own, as `continuation` gave it. */
export function withMoreText(chunk: Chunk, more: string): Chunk {
  const content = chunk.choices?.[0]?.delta?.content
  return typeof content === 'string' ? withText(chunk, content + unescaped(more)) : chunk
}

const isLike = ({ head, tail }: Like, text: string, from: number, to: number): boolean =>
  to - from >= head.length + tail.length && text.startsWith(head, from) && text.endsWith(tail, to)

/** Where the string ends that a place in a JSON text is in, or where it stops being one. */
function stringEnd(text: string, from: number): number {
  for (let at = from; ; at = ESCAPED.lastIndex) {
    PLAIN.lastIndex = at
    PLAIN.test(text)
    ESCAPED.lastIndex = PLAIN.lastIndex
    if (!ESCAPED.test(text)) return PLAIN.lastIndex
  }
}

const unescaped = (string: string): string =>
  string.includes('\\') ? (JSON.parse(`"${string}"`) as string) : string

function hasText(chunk: Chunk): boolean {
  const content = chunk.choices?.[0]?.delta?.content
  return typeof content === 'string' && content !== ''
}

/** Undefined for a chunk without a text, or with a second place where its text might stand. */
function toLike(chunk: Chunk, data: string): Like | undefined {
  if (!hasText(chunk) || chunk.choices?.length !== 1) return undefined
  const content = chunk.choices[0]?.delta?.content
  const start = data.indexOf(KEY) + KEY.length
  if (start < KEY.length) return undefined
  const end = stringEnd(data, start)
  const isFound = data[end] === '"' && unescaped(data.slice(start, end)) === content
  if (!isFound || data.includes(KEY, end)) return undefined
  return { chunk, head: data.slice(0, start), tail: data.slice(end), isText: bringsTextAlone(chunk) }
}

function bringsTextAlone(chunk: Chunk): boolean {
  const { delta, ...choice } = chunk.choices?.[0] ?? {}
  const others = Object.entries(delta ?? {}).filter(([name]) => name !== 'content' && name !== 'role')
  return others.every(([, value]) => isEmpty(value)) && Object.values(choice).every(isScalar)
}

const isEmpty = (value: unknown): boolean => !value || (Array.isArray(value) && value.length === 0)

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null

function withText(chunk: Chunk, content: string): Chunk {
  const choice = chunk.choices?.[0]
  return { ...chunk, choices: [{ ...choice, delta: { ...choice?.delta, content } }] }
}
