import type { Chunk } from '../wire/openrouter/chunk.ts'
import { parseChunk } from './answer-body.ts'

/** Where a chunk's text begins; unescaped, so it can stand inside no string of the JSON. */
const KEY = '"content":"'

/** Text that means itself: no character that ends a string, escapes something or controls. */
const PLAIN = /^[ !#-[\]-\uffff]*$/

/** How many chunks in a row may be unlike the one before, until it is plain that this upstream's always are. */
const MAX_UNLIKE = 8

/** A chunk, and what stands around its text in the JSON. */
interface Like {
  readonly chunk: Chunk
  readonly head: string
  readonly tail: string
}

/**
 * Reads the chunks of one stream. Nearly all of them are the one before with another text in it, and to compare costs a
 * fraction of parsing: what is equal up to the text and behind it, and has a plain text in between, is the same chunk
 * with that text. Throws a `Failure` for what is no chunk.
 */
export class ChunkParser {
  #like: Like | undefined
  #unlike = 0

  parse(text: string, from: number, to: number): Chunk {
    if (this.#unlike >= MAX_UNLIKE) return parseChunk(text.slice(from, to))
    const like = this.#like
    if (like && isLike(like, text, from, to)) {
      this.#unlike = 0
      const content = text.slice(from + like.head.length, to - like.tail.length)
      return PLAIN.test(content) ? withText(like.chunk, content) : parseChunk(text.slice(from, to))
    }
    this.#unlike++
    const data = text.slice(from, to)
    const chunk = parseChunk(data)
    this.#like = toLike(chunk, data) ?? like
    return chunk
  }
}

const isLike = ({ head, tail }: Like, text: string, from: number, to: number): boolean =>
  to - from >= head.length + tail.length && text.startsWith(head, from) && text.endsWith(tail, to)

/** Undefined for a chunk without a plain text, or with a second place where its text might stand. */
function toLike(chunk: Chunk, data: string): Like | undefined {
  const content = chunk.choices?.[0]?.delta?.content
  if (typeof content !== 'string' || chunk.choices?.length !== 1) return undefined
  const start = data.indexOf(KEY) + KEY.length
  const end = start + content.length
  const isPlain = data.startsWith(`${content}"`, start) && PLAIN.test(content)
  if (start < KEY.length || !isPlain || data.includes(KEY, end)) return undefined
  return { chunk, head: data.slice(0, start), tail: data.slice(end) }
}

function withText(chunk: Chunk, content: string): Chunk {
  const choice = chunk.choices?.[0]
  return { ...chunk, choices: [{ ...choice, delta: { ...choice?.delta, content } }] }
}
