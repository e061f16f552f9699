/** Puts the beginning of a continuation to the text that it continues. */
export interface Seam {
  /** The next piece of the continuation → what the client may have of it. Undefined: this is no continuation. */
  take(piece: string): string | undefined
  /** What is still held when the text is over. */
  end(): string
}

/** A model that repeats so much of what it was given is telling it anew. */
const RETOLD_CHARS = 20

/**
 * A model is given the text without the white space at its end, which some refuse; so it may begin with that. And it
 * may not continue but begin again: as long as it says the very same, nothing is passed on, and then only what is new.
 */
export function createSeam(said: string): Seam {
  const end = said.slice(said.trimEnd().length)
  let held: string | undefined = ''

  const release = (text: string): string => {
    held = undefined
    return end !== '' && text.startsWith(end) ? text.slice(end.length) : text
  }
  return {
    take(piece) {
      if (held === undefined) return piece
      held += piece
      if (said.startsWith(held) || (held !== end && end.startsWith(held))) return ''
      if (held.startsWith(said)) {
        const rest = held.slice(said.length)
        held = undefined
        return rest
      }
      return commonLength(said, held) >= RETOLD_CHARS ? undefined : release(held)
    },
    end() {
      const rest = held ?? ''
      return rest.length >= RETOLD_CHARS ? '' : release(rest)
    },
  }
}

function commonLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length)
  for (let at = 0; at < most; at++) if (one.charCodeAt(at) !== other.charCodeAt(at)) return at
  return most
}
