const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' }

/** How many places in a text are tried as the beginning of a JSON value. */
const MAX_STARTS = 20
const MAX_SPANS = 3

/**
 * The parts of a text that may be the JSON value that was asked for, likeliest first: what stands in code fences, then
 * objects and lists in prose, the longest first, then what was begun and never closed. Strings inside are respected.
 */
export function findJsonSpans(text: string): readonly string[] {
  const fenced = fencedParts(text).filter((part) => part !== '')
  return [...new Set([...fenced, ...balancedParts(text)])].slice(0, MAX_SPANS)
}

const FENCE = '```'

function fencedParts(text: string): readonly string[] {
  const parts = text.split(FENCE)
  // A closing fence may be missing; the language stands behind the opening one.
  return parts.filter((_part, index) => index % 2 === 1).map((part) => part.replace(/^\w*\s/, '').trim())
}

function balancedParts(text: string): readonly string[] {
  const closed: string[] = []
  const open: string[] = []
  let at = nextStart(text, 0)
  for (let tries = 0; at >= 0 && tries < MAX_STARTS; tries++) {
    const end = closingOf(text, at)
    if (end === undefined) open.push(text.slice(at))
    else closed.push(text.slice(at, end))
    at = nextStart(text, end ?? at + 1)
  }
  return [...closed.toSorted((one, other) => other.length - one.length), ...open.slice(0, 1)]
}

function nextStart(text: string, from: number): number {
  const found = text.slice(from).search(/[{[]/)
  return found < 0 ? -1 : from + found
}

/** The place behind the bracket that closes the one at `start`. */
function closingOf(text: string, start: number): number | undefined {
  const waiting: string[] = []
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? ''
    const closing = CLOSING[character]
    if (closing) waiting.push(closing)
    else if (character === '"') at = endOfString(text, at)
    else if (character === waiting.at(-1)) {
      waiting.pop()
      if (waiting.length === 0) return at + 1
    }
  }
  return undefined
}

/** The place of the quote that ends the string at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
