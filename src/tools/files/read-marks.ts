import type { Stats } from 'node:fs'

import { LRUCache } from 'lru-cache'

import { ToolFailure } from '../failure.ts'
import type { ToolCaller } from '../tool.ts'
import type { ReadFile } from './workspace.ts'

type Reader = Pick<ToolCaller, 'owner' | 'conversation'>

/** Which files a conversation has seen, and as what, so that it changes none that it does not know. */
export interface ReadMarks {
  /** Notes that the conversation knows the file as it is now. */
  note(reader: Reader, file: ReadFile): void
  /** What the file was when it was seen. Throws a `ToolFailure` where it never was. */
  expect(reader: Reader, path: string, name: string): Stats
}

const MAX_MARKS = 20_000

export function createReadMarks(): ReadMarks {
  const marks = new LRUCache<string, Stats>({ max: MAX_MARKS })
  const keyOf = ({ owner, conversation }: Reader, path: string): string =>
    JSON.stringify([owner, conversation, path])
  return {
    note(reader, { path, stats }) {
      marks.set(keyOf(reader, path), stats)
    },
    expect(reader, path, name) {
      const stats = marks.get(keyOf(reader, path))
      if (stats) return stats
      throw new ToolFailure('not-read', `${name} has not been read yet. Read it first before writing to it.`)
    },
  }
}
