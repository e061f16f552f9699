import type { CallPiece } from './delta.ts'
import type { Family } from './family.ts'

/**
 * Thoughts and calls that a model writes into its text, in its own markup, because the server in front of it does not
 * read that (q21). Only models whose servers usually do are read like this, and only what is complete and names a tool
 * that the request has: all else stays text.
 */
export interface Markup {
  /** A thought can only stand at the very beginning; the white space behind it belongs to nobody. */
  readonly phase: 'start' | 'thought' | 'gap' | 'text'
  /** What may yet turn out to be a mark, or the call that a mark has begun. */
  readonly held: string
}

export const MARKUP_START: Markup = { phase: 'start', held: '' }

export type MarkupPiece =
  | { readonly kind: 'text' | 'thought'; readonly text: string }
  | { readonly kind: 'call'; readonly call: CallPiece }

/** What decides how an answer's text is read. */
interface MarkupTerms {
  readonly family: Family
  /** Tools that may be called, by the names that the upstream knows. */
  readonly toolNames: ReadonlyMap<string, unknown>
}

/** Their own services tell thoughts and calls apart from text, always. */
const NEVER_MARKED: ReadonlySet<Family> = new Set(['anthropic', 'openai', 'google', 'x-ai'])

/** Whether there is anything to do for a piece of text; for nearly all pieces there is not. */
export const mayBeMarkup = ({ phase, held }: Markup, text: string, { family }: MarkupTerms): boolean =>
  !NEVER_MARKED.has(family) && (phase !== 'text' || held !== '' || text.includes('<'))

/** Reads one more piece of text. */
export function readMarkup(before: Markup, text: string, terms: MarkupTerms): [Markup, MarkupPiece[]] {
  const pieces: MarkupPiece[] = []
  let { phase } = before
  let rest = before.held + text
  for (;;) {
    const read = READERS[phase](rest, terms)
    if (read.piece) pieces.push(...read.piece)
    rest = read.rest
    if (read.phase === undefined) return [{ phase, held: rest }, pieces]
    phase = read.phase
  }
}

/** What is still held when the answer ends is what it looks like. */
export const flushMarkup = ({ phase, held }: Markup): MarkupPiece[] =>
  held === '' ? [] : [{ kind: phase === 'thought' ? 'thought' : 'text', text: held }]

interface Read {
  readonly piece?: readonly MarkupPiece[]
  readonly rest: string
  /** Where reading goes on; undefined: more text has to come first. */
  readonly phase?: Markup['phase']
}

const THOUGHT = '<think>'
const THOUGHT_END = '</think>'

/** A call that is not over by then is none. */
const MAX_CALL_CHARS = 64 * 1024

const READERS: Readonly<Record<Markup['phase'], (text: string, terms: MarkupTerms) => Read>> = {
  start(text) {
    const visible = text.trimStart()
    if (visible.startsWith(THOUGHT)) return { rest: visible.slice(THOUGHT.length), phase: 'thought' }
    return THOUGHT.startsWith(visible) ? { rest: text } : { rest: text, phase: 'text' }
  },
  thought(text) {
    const at = text.indexOf(THOUGHT_END)
    if (at >= 0)
      return {
        piece: say('thought', text.slice(0, at)),
        rest: text.slice(at + THOUGHT_END.length),
        phase: 'gap',
      }
    const safe = text.length - beginningOf([THOUGHT_END], text)
    return { piece: say('thought', text.slice(0, safe)), rest: text.slice(safe) }
  },
  gap(text) {
    const visible = text.trimStart()
    return visible === '' ? { rest: '' } : { rest: visible, phase: 'text' }
  },
  text(text, terms) {
    const form = FORMS.filter(({ families }) => families.has(terms.family))
    const starts = form.map(({ begin }) => begin)
    const found = terms.toolNames.size === 0 ? undefined : firstOf(form, text)
    if (!found) {
      const safe = text.length - (terms.toolNames.size === 0 ? 0 : beginningOf(starts, text))
      return { piece: say('text', text.slice(0, safe)), rest: text.slice(safe) }
    }
    const before = say('text', text.slice(0, found.at))
    const inside = text.indexOf(found.form.end, found.at)
    if (inside < 0) {
      const held = text.slice(found.at)
      return held.length > MAX_CALL_CHARS
        ? { piece: say('text', text), rest: '' }
        : { piece: before, rest: held }
    }
    const end = inside + found.form.end.length
    const calls = found.form.read(text.slice(found.at + found.form.begin.length, inside))
    const isKnown = calls?.every(({ name }) => terms.toolNames.has(name))
    const piece: readonly MarkupPiece[] =
      calls && isKnown
        ? calls.map((call) => ({ kind: 'call', call }))
        : say('text', text.slice(found.at, end))
    return { piece: [...before, ...piece], rest: text.slice(end), phase: 'text' }
  },
}

const say = (kind: 'text' | 'thought', text: string): readonly MarkupPiece[] =>
  text === '' ? [] : [{ kind, text }]

// — calls —

/** One way in which calls are written. */
interface Form {
  readonly families: ReadonlySet<Family>
  readonly begin: string
  readonly end: string
  /** The calls in between; undefined for what is none. */
  readonly read: (text: string) => readonly CallPiece[] | undefined
}

const KIMI_CALL =
  /<\|tool_call_begin\|>\s*(?<id>[^<]*?)\s*<\|tool_call_argument_begin\|>\s*(?<args>\{.*?\})\s*<\|tool_call_end\|>/gs
const KIMI_NAME = /^functions\.(?<name>[^:]+):\d+$/

const FORMS: readonly Form[] = [
  {
    families: new Set(['moonshotai', 'other']),
    begin: '<|tool_calls_section_begin|>',
    end: '<|tool_calls_section_end|>',
    read(text) {
      const found = [...text.matchAll(KIMI_CALL)]
      const isAll = found.length > 0 && text.replaceAll(KIMI_CALL, '').trim() === ''
      const calls = found.map(({ groups }) => ({
        index: undefined,
        id: groups?.['id'] ?? '',
        name: KIMI_NAME.exec(groups?.['id'] ?? '')?.groups?.['name'] ?? '',
        args: groups?.['args'] ?? '',
      }))
      return isAll && calls.every(({ args }) => isObjectText(args)) ? calls : undefined
    },
  },
  {
    families: new Set(['qwen', 'other']),
    begin: '<tool_call>',
    end: '</tool_call>',
    read(text) {
      const { name, arguments: args } = (parse(text) ?? {}) as {
        readonly name?: unknown
        readonly arguments?: unknown
      }
      if (typeof name !== 'string' || typeof args !== 'object' || args === null || Array.isArray(args))
        return undefined
      return [{ index: undefined, id: '', name, args: JSON.stringify(args) }]
    },
  },
]

function firstOf(
  forms: readonly Form[],
  text: string,
): { readonly form: Form; readonly at: number } | undefined {
  const found = forms.map((form) => ({ form, at: text.indexOf(form.begin) })).filter(({ at }) => at >= 0)
  return found.toSorted((a, b) => a.at - b.at)[0]
}

const isObjectText = (text: string): boolean => {
  const value = parse(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** How many characters at the end of `text` begin one of the marks. */
function beginningOf(marks: readonly string[], text: string): number {
  const longest = Math.max(0, ...marks.map(({ length }) => length - 1))
  for (let length = Math.min(longest, text.length); length > 0; length--)
    if (marks.some((mark) => mark.startsWith(text.slice(text.length - length)))) return length
  return 0
}
