/** Where a piecewise arriving JSON value stands, without parsing it twice. */
export interface JsonScan {
  /** The brackets that are still to come, innermost first. */
  readonly closers: string
  readonly inString: boolean
  readonly escaped: boolean
  /** The last character outside of strings that is no white space; 0 at the start. */
  readonly last: number
  /** The value is an object or array, and its last bracket is here. */
  readonly complete: boolean
}

export const JSON_START: JsonScan = { closers: '', inString: false, escaped: false, last: 0, complete: false }

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/**
 * Moves the scan over one more piece. `end` is the offset in `text` just behind the value's last character, or -1
 * while the value goes on; what stands behind `end` was not looked at.
 */
export function scanJson(from: JsonScan, text: string): { readonly scan: JsonScan; readonly end: number } {
  let { closers, inString, escaped, last } = from
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
    else if (code === OPEN_BRACE) closers = `}${closers}`
    else if (code === OPEN_BRACKET) closers = `]${closers}`
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      closers = closers.slice(1)
      if (closers === '') return { scan: { ...JSON_START, last, complete: true }, end: i + 1 }
    }
  }
  return { scan: { closers, inString, escaped, last, complete: false }, end: -1 }
}

/** Whether a key or a value must come next: after a colon, a comma or an opening bracket, and at the start. */
export const expectsValue = ({ inString, last }: JsonScan): boolean =>
  !inString &&
  (last === 0 || last === COMMA || last === COLON || last === OPEN_BRACE || last === OPEN_BRACKET)

/** The brackets that complete the value where nothing else is missing; empty where something is. */
export const missingBrackets = ({ closers, inString, last }: JsonScan): string =>
  inString || last === COMMA || last === COLON ? '' : closers
