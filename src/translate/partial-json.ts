/**
 * Parses JSON that was cut off: keeps every complete member, drops the one that was under way. Anything that is
 * not even the beginning of an object becomes `{}`.
 */
export function parsePartialJson(text: string): unknown {
  for (const candidate of closings(text)) {
    try {
      return JSON.parse(candidate)
    } catch {
      continue
    }
  }
  return {}
}

/** The text itself, then the text cut at each comma or opening from the end on, with its brackets closed. */
function* closings(text: string): Generator<string> {
  yield text
  const cuts: Array<{ at: number; closing: string }> = []
  const stack: string[] = []
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (inString) {
      if (char === '\\') i++
      else if (char === '"') inString = false
      continue
    }
    if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      stack.push(char === '{' ? '}' : ']')
      cuts.push({ at: i + 1, closing: stack.toReversed().join('') })
    } else if (char === '}' || char === ']') {
      stack.pop()
      cuts.push({ at: i + 1, closing: stack.toReversed().join('') })
    } else if (char === ',') cuts.push({ at: i, closing: stack.toReversed().join('') })
  }
  for (const { at, closing } of cuts.toReversed().slice(0, MAX_TRIES)) yield text.slice(0, at) + closing
}

/** The last cut or the one before it fits; more would only cost time on hostile text. */
const MAX_TRIES = 4
