/**
 * The object that JSON text stands for which was cut off: every complete member of it, without the one that was
 * under way. Text that does not even begin an object gives `{}`.
 */
export function parseCutObject(text: string): Record<string, unknown> {
  const whole = parseObject(text)
  if (whole) return whole
  const { closing, cut } = scan(text)
  // A string, a bracket or a word at the very end is complete; a number may lack digits.
  const isComplete = /["\]}el]\s*$/.test(text)
  return (isComplete ? parseObject(text + closing) : undefined) ?? parseObject(cut) ?? {}
}

/** The object behind text whose only fault is a comma too many at its end; undefined for anything else. */
export function parseDespiteComma(text: string): Record<string, unknown> | undefined {
  const comma = text.lastIndexOf(',')
  const isStray = comma >= 0 && /^[\s}\]]*$/.test(text.slice(comma + 1))
  return isStray ? parseObject(text.slice(0, comma) + text.slice(comma + 1)) : undefined
}

/** Whether a text is JSON, of whatever type. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The JSON object that a text is; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

interface Scan {
  /** The brackets that are open at the end, as they must be closed. */
  readonly closing: string
  /** The text up to the last member that had begun, with its brackets closed. */
  readonly cut: string
}

function scan(text: string): Scan {
  let closing = ''
  let inString = false
  let at = 0
  let closingAt = ''
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (inString) {
      if (char === '\\') i++
      else if (char === '"') inString = false
      continue
    }
    if (char === '"') inString = true
    else if (char === '{') closing = `}${closing}`
    else if (char === '[') closing = `]${closing}`
    else if (char === '}' || char === ']') closing = closing.slice(1)
    if (char === ',' || char === '{' || char === '[') {
      at = char === ',' ? i : i + 1
      closingAt = closing
    }
  }
  return { closing, cut: text.slice(0, at) + closingAt }
}
