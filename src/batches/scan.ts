import { Failure, invalidRequest } from '../core/errors.ts'

export interface ScanLimits {
  /** The longest single element. */
  readonly maxElementBytes: number
}

/** Cuts a list out of a JSON object that comes in pieces and is never there as a whole. */
export interface ListScanner {
  /** Takes the next piece; gives the texts of the elements that end in it. Throws a `Failure` for what is no JSON. */
  push(piece: Uint8Array): readonly Uint8Array[]
  /** What stood around the elements, the list itself emptied of them. Throws a `Failure` for what is no JSON. */
  end(): unknown
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const COLON = 0x3a
const ZERO = 0x30
const SPACE = 0x20
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** Inside the list, inside the top-level object. */
const LIST_DEPTH = 2
/** What is nested deeper costs quadratic time to write. */
const MAX_DEPTH = 1000
/** What may stand beside the elements; each of them leaves two bytes of it. */
const MAX_AROUND_BYTES = 1024 * 1024

const isOpening = (byte: number): boolean => byte === OPEN_OBJECT || byte === OPEN_LIST
const isClosing = (byte: number): boolean => byte === CLOSE_OBJECT || byte === CLOSE_LIST
const isSpace = (byte: number): boolean => byte <= SPACE

/**
 * Finds the list by the name of its field in the top-level object. Only brackets and strings are followed here; the
 * elements are for `JSON.parse`, and so is what stands around them, with a 0 in the place of each.
 */
export function createListScanner(field: string, { maxElementBytes }: ScanLimits): ListScanner {
  const around: number[] = []
  let depth = 0
  let inString = false
  let escaped = false
  let inList = false
  let wasInList = false
  let elements = 0
  /** What is known of the element that goes on in the next piece; undefined between elements. */
  let element: { parts: Uint8Array[]; bytes: number } | undefined
  /** Where in `around` the last string begins that could be a key. */
  let keyFrom = 0

  const keep = (byte: number): void => {
    if (around.length >= MAX_AROUND_BYTES)
      throw invalidRequest(`The request body holds more than ${MAX_AROUND_BYTES} bytes beside its ${field}`)
    around.push(byte)
  }
  const take = (part: Uint8Array): void => {
    if (!element) return
    element.bytes += part.byteLength
    if (element.bytes > maxElementBytes)
      throw new Failure(
        'request_too_large',
        `${field}.${elements}: Request exceeds the maximum size of ${maxElementBytes} bytes`,
      )
    element.parts.push(part)
  }
  const finishElement = (out: Uint8Array[]): void => {
    if (!element) return
    const [first, ...others] = element.parts
    if (first) out.push(others.length === 0 ? first : Buffer.concat(element.parts))
    element = undefined
    elements++
    keep(ZERO)
  }
  const goDown = (): void => {
    depth++
    if (depth > MAX_DEPTH)
      throw invalidRequest(`The request body is nested too deeply; at most ${MAX_DEPTH} levels are read`)
  }
  const goUp = (): void => {
    depth--
    if (depth < 0) throw notJson('unexpected bracket')
  }
  /** Whether the list that opens here is the one that is looked for. */
  const isTheList = (): boolean => {
    if (depth !== 1 || around[0] !== OPEN_OBJECT || around.at(-1) !== COLON) return false
    const key = parse(Buffer.from(around.slice(keyFrom, -1)).toString())
    if (key !== field) return false
    if (wasInList) throw invalidRequest(`${field}: given twice`)
    return true
  }
  /** The end of the string that goes on at `from`, or of the piece. */
  const skipString = (piece: Uint8Array, from: number): number => {
    let at = from
    for (;;) {
      const quote = piece.indexOf(QUOTE, at)
      const end = quote < 0 ? piece.length : quote
      let backslashes = 0
      while (end - backslashes > at && piece[end - backslashes - 1] === BACKSLASH) backslashes++
      const carries = escaped && end - backslashes === at
      escaped = (backslashes % 2 === 1) !== carries
      if (quote < 0) return end
      if (!escaped) {
        inString = false
        return quote + 1
      }
      escaped = false
      at = quote + 1
    }
  }

  /** One byte between the elements, or outside of the list; strings are taken whole. */
  const stepAround = (piece: Uint8Array, at: number): number => {
    const byte = piece[at] ?? 0
    if (inString) {
      const end = skipString(piece, at)
      for (let index = at; index < end; index++) keep(piece[index] ?? 0)
      return end
    }
    if (isSpace(byte)) return at + 1
    if (byte === QUOTE) {
      inString = true
      if (depth === 1) keyFrom = around.length
    }
    if (byte === OPEN_LIST && isTheList()) inList = wasInList = true
    if (isOpening(byte)) goDown()
    if (isClosing(byte)) {
      goUp()
      if (depth < LIST_DEPTH) inList = false
    }
    keep(byte)
    return at + 1
  }
  /** Goes on in an element; returns where it, or the piece, ends. */
  const stepElement = (piece: Uint8Array, from: number, out: Uint8Array[]): number => {
    let at = from
    while (at < piece.length) {
      if (inString) {
        at = skipString(piece, at)
        if (!inString && depth === LIST_DEPTH) break
        continue
      }
      const byte = piece[at] ?? 0
      const isBare = depth === LIST_DEPTH && element !== undefined && (at > from || element.bytes > 0)
      if (isBare && (byte === COMMA || isClosing(byte) || isSpace(byte))) break
      at++
      if (byte === QUOTE) inString = true
      else if (isOpening(byte)) goDown()
      else if (isClosing(byte)) {
        goUp()
        if (depth === LIST_DEPTH) break
      }
    }
    take(piece.subarray(from, at))
    const isOpen = inString || depth > LIST_DEPTH || (at === piece.length && isBareEnd(piece, at))
    if (!isOpen) finishElement(out)
    return at
  }

  return {
    push(piece) {
      const out: Uint8Array[] = []
      let at = around.length === 0 && depth === 0 ? skipMark(piece) : 0
      while (at < piece.length) {
        const byte = piece[at] ?? 0
        const begins = inList && depth === LIST_DEPTH && !inString && !isBetween(byte)
        if (!element && begins) element = { parts: [], bytes: 0 }
        at = element ? stepElement(piece, at, out) : stepAround(piece, at)
      }
      return out
    },
    end() {
      if (around.length === 0) throw notJson('unexpected end of data')
      if (inString || depth > 0) throw notJson('unexpected end of data')
      return parse(Buffer.from(around).toString())
    },
  }
}

const isBetween = (byte: number): boolean => isSpace(byte) || byte === COMMA || isClosing(byte)

/** Whether an element that stops with its piece may go on in the next: a number or a word, which nothing closes. */
const isBareEnd = (piece: Uint8Array, at: number): boolean => {
  const last = piece[at - 1] ?? 0
  return last !== QUOTE && !isClosing(last)
}

const skipMark = (piece: Uint8Array): number =>
  BYTE_ORDER_MARK.every((byte, at) => piece[at] === byte) ? BYTE_ORDER_MARK.length : 0

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notJson(error instanceof Error ? error.message.replace(/^JSON Parse error: /, '') : 'unreadable')
  }
}

/** What a body is refused with that is no JSON. */
export const notJson = (detail: string): Failure =>
  invalidRequest(`The request body is not valid JSON: ${detail}`)
