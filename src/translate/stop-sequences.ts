/**
 * Finds stop sequences in text that arrives in pieces. Some upstreams ignore `stop`, so every answer is scanned
 * here as well. `held` is the tail that may yet turn out to be a stop sequence.
 */
export interface StopScan {
  readonly text: string
  readonly held: string
  readonly hit: string | undefined
}

/** The sequence that is complete first counts, of several the longest: so a generation would have stopped. */
export function scanForStop(sequences: readonly string[], held: string, piece: string): StopScan {
  const whole = held + piece
  let end = Infinity
  let hit: string | undefined
  for (const sequence of sequences) {
    const at = whole.indexOf(sequence)
    const endsAt = at + sequence.length
    if (at < 0 || endsAt > end || (endsAt === end && sequence.length < (hit?.length ?? 0))) continue
    end = endsAt
    hit = sequence
  }
  if (hit !== undefined) return { text: whole.slice(0, end - hit.length), held: '', hit }
  const keep = tailLength(sequences, whole)
  return { text: whole.slice(0, whole.length - keep), held: whole.slice(whole.length - keep), hit: undefined }
}

/** How many characters at the end of `text` begin one of the sequences. */
function tailLength(sequences: readonly string[], text: string): number {
  let longest = 0
  for (const sequence of sequences) {
    const first = sequence.charAt(0)
    let at = text.indexOf(first, text.length - sequence.length + 1)
    while (at >= 0 && !sequence.startsWith(text.slice(at))) at = text.indexOf(first, at + 1)
    if (at >= 0) longest = Math.max(longest, text.length - at)
  }
  return longest
}
