/** The brackets that are still to come, innermost first. */
interface Brackets {
  readonly closer: string
  readonly outer: Brackets | undefined
}

/** Where a piecewise arriving JSON value stands, without parsing it twice. */
export interface JsonScan {
  readonly brackets: Brackets | undefined
  readonly inString: boolean
  readonly escaped: boolean
  /** The last character outside of strings that is no white space; 0 at the start. */
  readonly last: number
  /** The value is an object or array, and its last bracket is here. */
  readonly complete: boolean
}

export const JSON_START: JsonScan = {
  brackets: undefined,
  inString: false,
  escaped: false,
  last: 0,
  complete: false,
}

export interface Scanned {
  readonly scan: JsonScan
  /** The offset just behind the value's last character, or -1 while the value goes on. */
  readonly end: number
  /** The offsets of the commas between the value's own members. */
  readonly commas: readonly number[]
}

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

const NO_COMMAS: readonly number[] = []

/** Moves the scan over one more piece. What stands behind the value's end is not looked at. */
export function scanJson(from: JsonScan, text: string): Scanned {
  let { brackets, inString, escaped, last } = from
  let commas: number[] | undefined
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (escaped) escaped = false
      else if (code === BACKSLASH) escaped = true
      else if (code === QUOTE) inString = false
      continue
    }
    if (code <= 32) continue
    last = code
    if (code === QUOTE) inString = true
    else if (code === OPEN_BRACE) brackets = { closer: '}', outer: brackets }
    else if (code === OPEN_BRACKET) brackets = { closer: ']', outer: brackets }
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      brackets = brackets?.outer
      if (!brackets)
        return { scan: { ...JSON_START, last, complete: true }, end: i + 1, commas: commas ?? NO_COMMAS }
    } else if (code === COMMA && brackets && !brackets.outer) (commas ??= []).push(i)
  }
  return {
    scan: { brackets, inString, escaped, last, complete: false },
    end: -1,
    commas: commas ?? NO_COMMAS,
  }
}

/** Whether a key or a value must come next: after a colon, a comma or an opening bracket, and at the start. */
export const expectsValue = ({ inString, last }: JsonScan): boolean =>
  !inString &&
  (last === 0 || last === COMMA || last === COLON || last === OPEN_BRACE || last === OPEN_BRACKET)

/** The brackets that complete the value where nothing else is missing; empty where something is. */
export function missingBrackets({ brackets, inString, last }: JsonScan): string {
  let missing = ''
  if (inString || last === COMMA || last === COLON) return missing
  for (let open = brackets; open; open = open.outer) missing += open.closer
  return missing
}
