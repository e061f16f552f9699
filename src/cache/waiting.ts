import type { PackedAnswer } from './packed.ts'

/** Answers that are still to be written, the newest one of each key. */
export interface Waiting {
  /** Whether there are so many that they should be written now. */
  isFull(): boolean
  get(key: string): PackedAnswer | undefined
  add(answer: PackedAnswer): void
  /** Takes all of them out, the oldest first. */
  take(): readonly PackedAnswer[]
}

/** In one transaction: longer ones would make requests wait. */
const MOST = 100

/** Answers are many from 100 on, or from that many bytes. */
export function createWaiting(mostBytes: number): Waiting {
  const answers = new Map<string, PackedAnswer>()
  let bytes = 0

  return {
    isFull: () => answers.size >= MOST || bytes >= mostBytes,
    get: (key) => answers.get(key),
    add(answer) {
      bytes += answer.bytes - (answers.get(answer.key)?.bytes ?? 0)
      answers.delete(answer.key)
      answers.set(answer.key, answer)
    },
    take() {
      const taken = [...answers.values()]
      answers.clear()
      bytes = 0
      return taken
    },
  }
}
