/** Where a piecewise arriving JSON value stands, without parsing it twice. */
export interface JsonScan {
  readonly depth: number
  readonly inString: boolean
  readonly escaped: boolean
  /** True after a key's colon, a comma or an opening bracket: the next token is a value or a key. */
  readonly expectsValue: boolean
  readonly complete: boolean
}

export const JSON_START: JsonScan = {
  depth: 0,
  inString: false,
  escaped: false,
  expectsValue: true,
  complete: false,
}

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
  let { depth, inString, escaped, expectsValue } = from
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (escaped) escaped = false
      else if (code === BACKSLASH) escaped = true
      else if (code === QUOTE) inString = false
      continue
    }
    if (code <= 32) continue
    expectsValue = code === COMMA || code === COLON || code === OPEN_BRACE || code === OPEN_BRACKET
    if (code === QUOTE) inString = true
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--
      if (depth <= 0) return { scan: { ...JSON_START, expectsValue: false, complete: true }, end: i + 1 }
    }
  }
  return { scan: { depth, inString, escaped, expectsValue, complete: false }, end: -1 }
}
