/** Is told of each step of work, and may throw. */
type Spend = (steps: number) => void

/** Tells whether a pattern occurs in a text. */
export type Matcher = (text: string) => boolean

type Test = (character: string) => boolean
type Position = 'start' | 'end' | 'word' | 'not-word'

type Node =
  | { readonly kind: 'one'; readonly test: Test }
  | { readonly kind: 'all' | 'any'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'at'; readonly position: Position }

/** A state of the automaton: it reads a character, holds at a position, or goes on at once. */
interface State {
  readonly test?: Test
  readonly position?: Position
  readonly next: number[]
}

/** Enough for any pattern that a person wrote. */
const MAX_STATES = 5000

/**
 * Compiles a regular expression of JSON Schema (ECMAScript's) to an automaton whose time grows with the text's length
 * and never explodes, whatever the pattern: `^(a+)+$` is as cheap as `^a+$`. Undefined for what no automaton can do
 * (look-around, back-references), for what is no regular expression, and for huge repetitions.
 */
export function compilePattern(pattern: string, spend: Spend): Matcher | undefined {
  spend(pattern.length)
  const flags = ['u', ''].find((candidate) => isLegal(pattern, candidate))
  if (flags === undefined) return undefined
  const node = parse(pattern, flags)
  const states = node && toStates(node)
  if (!states) return undefined
  spend(states.length)
  return toMatcher(states, spend)
}

function isLegal(pattern: string, flags: string): boolean {
  try {
    return new RegExp(pattern, flags) instanceof RegExp
  } catch {
    return false
  }
}

// — reading —

/** Reads a pattern that is known to be legal; undefined for what is not regular. */
function parse(pattern: string, flags: string): Node | undefined {
  let at = 0
  let isRegular = true
  const take = (expression: RegExp): RegExpExecArray | undefined => {
    expression.lastIndex = at
    const found = expression.exec(pattern)
    if (found) at = expression.lastIndex
    return found ?? undefined
  }

  const alternatives = (): Node => {
    const nodes = [sequence()]
    while (take(BAR)) nodes.push(sequence())
    return nodes.length === 1 && nodes[0] ? nodes[0] : { kind: 'any', nodes }
  }
  const sequence = (): Node => {
    const nodes: Node[] = []
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') nodes.push(quantified(atom()))
    return { kind: 'all', nodes }
  }
  const quantified = (node: Node): Node => {
    const found = take(QUANTIFIER)
    if (!found) return node
    const [, sign, least = '', comma, most = ''] = found
    const [min, max] = sign ? SIGNS[sign as keyof typeof SIGNS] : [+least, upper(least, comma, most)]
    return { kind: 'repeat', node, min, max }
  }
  const atom = (): Node => {
    const position = take(POSITION)
    if (position) return { kind: 'at', position: POSITIONS[position[0] as keyof typeof POSITIONS] }
    if (take(GROUP)) {
      const inner = alternatives()
      at++
      return inner
    }
    if (take(NOT_REGULAR)) return giveUp()
    const set = take(CHARACTER_SET)
    if (set) return oneOf(set[0], flags)
    const literal = take(CHARACTER)?.[0] ?? ''
    return { kind: 'one', test: (character) => character === literal }
  }
  const giveUp = (): Node => {
    isRegular = false
    at = pattern.length
    return { kind: 'all', nodes: [] }
  }
  const node = alternatives()
  return isRegular ? node : undefined
}

const BAR = /\|/y
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y
const POSITION = /\^|\$|\\[bB]/y
/** Whether a group captures makes no difference here. */
const GROUP = /\((?:\?:|\?<(?![=!])[^>]*>|(?!\?))/y
/** Look-around, inline flags and back-references. */
const NOT_REGULAR = /\(|\\[1-9k]/y
/** A class, an escape, or the dot. */
const CHARACTER_SET =
  /\[(?:[^\]\\]|\\[^])*\]|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u\{[\da-fA-F]+\}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\c[A-Za-z]|\\[pP]\{[^}]*\}|\\[^]|\./uy
const CHARACTER = /[^]/uy

const SIGNS = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] } as const
const POSITIONS = { '^': 'start', $: 'end', '\\b': 'word', '\\B': 'not-word' } as const

function upper(least: string, comma: string | undefined, most: string): number {
  if (!comma) return +least
  return most === '' ? Infinity : +most
}

/** One character at a time, the language's own engine is quick whatever it is asked. */
function oneOf(source: string, flags: string): Node {
  const expression = new RegExp(`^${source}$`, flags)
  return { kind: 'one', test: (character) => expression.test(character) }
}

// — the automaton —

/** State 0 accepts, the last one begins. Undefined where there would be too many. */
function toStates(node: Node): readonly State[] | undefined {
  const states: State[] = [{ next: [] }]
  let built = 0
  const add = (state: State): number => states.push(state) - 1
  const build = (part: Node, next: number): number => {
    if (++built > MAX_STATES) return 0
    switch (part.kind) {
      case 'one':
        return add({ test: part.test, next: [next] })
      case 'at':
        return add({ position: part.position, next: [next] })
      case 'all':
        return part.nodes.reduceRight((after, inner) => build(inner, after), next)
      case 'any':
        return add({ next: part.nodes.map((inner) => build(inner, next)) })
      case 'repeat':
        return buildRepeat(part, next)
    }
  }
  const buildRepeat = (
    { node: inner, min, max }: Extract<Node, { kind: 'repeat' }>,
    next: number,
  ): number => {
    let entry = next
    if (max === Infinity) {
      entry = add({ next: [next] })
      states[entry]?.next.push(build(inner, entry))
    } else
      for (let n = min; n < max && built <= MAX_STATES; n++)
        entry = add({ next: [next, build(inner, entry)] })
    for (let n = 0; n < min && built <= MAX_STATES; n++) entry = build(inner, entry)
    return entry
  }
  add({ next: [build(node, 0)] })
  return built > MAX_STATES ? undefined : states
}

/** Follows all ways through the automaton at once, so that each state is entered at most once for each character. */
function toMatcher(states: readonly State[], spend: Spend): Matcher {
  return (text) => {
    const characters = Array.from(text)
    let entered = new Set<number>()
    for (let at = 0; ; at++) {
      const reached = closure(states, [...entered, states.length - 1], characters, at)
      spend(reached.size)
      if (reached.has(0)) return true
      const character = characters[at]
      if (character === undefined) return false
      entered = new Set()
      for (const n of reached) {
        const { test, next } = states[n] ?? START
        if (test?.(character)) for (const after of next) entered.add(after)
      }
    }
  }
}

const START: State = { next: [] }

/** All states that can be reached from some of them without reading. */
function closure(
  states: readonly State[],
  from: readonly number[],
  characters: readonly string[],
  at: number,
): ReadonlySet<number> {
  const reached = new Set(from)
  for (const n of reached) {
    const { test, position, next } = states[n] ?? START
    if (test || (position && !holds(position, characters, at))) continue
    for (const after of next) reached.add(after)
  }
  return reached
}

function holds(position: Position, characters: readonly string[], at: number): boolean {
  switch (position) {
    case 'start':
      return at === 0
    case 'end':
      return at === characters.length
    case 'word':
      return isWord(characters[at - 1]) !== isWord(characters[at])
    case 'not-word':
      return isWord(characters[at - 1]) === isWord(characters[at])
  }
}

const isWord = (character: string | undefined): boolean => /^\w$/.test(character ?? '')
