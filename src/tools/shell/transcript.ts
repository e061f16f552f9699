/** The output of a command in bounded memory: its beginning and its end. */
export interface Transcript {
  add(text: string): void
  /** All of it, or as much as was kept. */
  text(): string
}

export function createTranscript(maxChars: number): Transcript {
  const half = Math.ceil(maxChars / 2)
  let head = ''
  let tail = ''
  let dropped = 0
  return {
    add(text) {
      const room = half - head.length
      if (room > 0) head += text.slice(0, room)
      tail += text.slice(Math.max(0, room))
      // Not at every piece, as each cut copies.
      if (tail.length <= 2 * half) return
      dropped += tail.length - half
      tail = tail.slice(-half)
    },
    text() {
      const over = Math.max(0, tail.length - half)
      const kept = tail.slice(over)
      const left = dropped + over
      if (left === 0) return head + kept
      return `${head.toWellFormed()}\n\n[… ${left} characters left out here …]\n\n${kept.toWellFormed()}`
    },
  }
}
