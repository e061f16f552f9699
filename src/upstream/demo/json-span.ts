/** Where a JSON value ends, or where it breaks and what should have stood there. */
type JsonSpan = { readonly end: number } | { readonly brokenAt: number; readonly expected: string }

type Want = 'value' | 'element' | 'first-key' | 'key' | 'colon' | 'next-element' | 'next-member' | 'end'
type Move = Want | 'done' | 'close'

const VALUE = { string: 'done', scalar: 'done', '[': 'element', '{': 'first-key' } as const

/** What may follow what: the grammar of JSON as a table. A pair that is not here breaks it. */
const MOVES: Record<Want, Readonly<Record<string, Move>>> = {
  value: VALUE,
  element: { ...VALUE, ']': 'close' },
  'first-key': { string: 'colon', '}': 'close' },
  key: { string: 'colon' },
  colon: { ':': 'value' },
  'next-element': { ',': 'value', ']': 'close' },
  'next-member': { ',': 'key', '}': 'close' },
  end: {},
}

const EXPECTED: Record<Want, string> = {
  value: 'a value',
  element: 'a value or ]',
  'first-key': 'a key in double quotes or }',
  key: 'a key in double quotes',
  colon: ':',
  'next-element': ', or ]',
  'next-member': ', or }',
  end: 'the end',
}

const TOKEN =
  /[ \t\r\n]*(?:(?<string>"[^"\\\t\r\n]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\t\r\n]*)*")|(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|(?<mark>[[\]{},:]))/y

/**
 * Reads over one JSON value without building it. `JSON.parse` would not say where the fault is, and it cannot
 * find the end of a value inside a longer text.
 */
export const spanJson = (text: string, from: number): JsonSpan => {
  const token = new RegExp(TOKEN)
  const outer: Want[] = []
  let want: Want = 'value'
  token.lastIndex = from
  while (want !== 'end') {
    const at = token.lastIndex
    const { string, scalar, mark } = token.exec(text)?.groups ?? {}
    const move: Move | undefined = MOVES[want][(string && 'string') ?? (scalar && 'scalar') ?? mark ?? '']
    if (move === undefined) return breakAt(text, skipSpace(text, at), want)
    if (move === 'element') outer.push('next-element')
    if (move === 'first-key') outer.push('next-member')
    if (move === 'close') outer.pop()
    want = move === 'done' || move === 'close' ? (outer.at(-1) ?? 'end') : move
  }
  return { end: token.lastIndex }
}

const breakAt = (text: string, brokenAt: number, want: Want): JsonSpan => ({
  brokenAt,
  expected: text[brokenAt] === '"' && 'string' in MOVES[want] ? 'a well-formed string' : EXPECTED[want],
})

const skipSpace = (text: string, from: number): number => {
  const found = text.slice(from).search(/[^ \t\r\n]/)
  return found < 0 ? text.length : from + found
}
