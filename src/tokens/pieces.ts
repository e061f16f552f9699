/** The longest run of one kind of character that a tokenizer gets to see at once. */
export const MAX_RUN = 200

const LETTER = 1
const DIGIT = 2
const SPACE = 3
const SYMBOL = 4
const SURROGATE = 5

/** Kinds by UTF-16 code unit, filled as they are met; 0 is not yet known. */
const kinds = new Uint8Array(0x1_0000)

/**
 * Cuts a text where a run of letters, of digits, of spaces or of anything else grows longer than `MAX_RUN`; joined,
 * the pieces are the text. Prose and code stay whole. Without this, 100 KB of one letter keep any BPE tokenizer busy
 * for half a minute, as its work grows with the square of the run, and so does `normalize` over combining marks.
 */
export function toPieces(text: string): string[] {
  const pieces: string[] = []
  let pieceStart = 0
  let runStart = 0
  let runKind = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const kind = kinds[unit] || kindOf(unit)
    if (kind !== runKind && kind !== SURROGATE) {
      runStart = at
      runKind = kind
    } else if (at - runStart >= MAX_RUN && !isLowSurrogate(unit)) {
      pieces.push(text.slice(pieceStart, at))
      pieceStart = at
      runStart = at
    }
  }
  pieces.push(text.slice(pieceStart))
  return pieces
}

// Half of a pair tells no kind, so it prolongs whatever run it stands in: one too many cuts rather than one too few.
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

function kindOf(unit: number): number {
  const kind = isSurrogate(unit) ? SURROGATE : kindOfCharacter(String.fromCharCode(unit))
  kinds[unit] = kind
  return kind
}

function kindOfCharacter(character: string): number {
  if (/\p{L}/u.test(character)) return LETTER
  if (/\p{N}/u.test(character)) return DIGIT
  return /\s/u.test(character) ? SPACE : SYMBOL
}
