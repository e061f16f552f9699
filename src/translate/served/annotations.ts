import type { Chunk } from '../../wire/openrouter/chunk.ts'
import { choiceOf, listOf, stringOf } from '../delta.ts'

/** A page that an upstream's own search has found and the answer cites (openrouter §3.5). */
export interface CitedPage {
  readonly url: string
  readonly title: string
  /** What the page says, or as much of it as the upstream tells. */
  readonly text: string
}

/** The pages that a chunk's annotations name. A message after deltas repeats all that they have said. */
export function citedPagesOf(chunk: Chunk): readonly CitedPage[] {
  const choice = choiceOf(chunk)
  const { annotations } = choice?.delta ?? choice?.message ?? {}
  return annotations ? toCitedPages(annotations) : NONE
}

const NONE: readonly CitedPage[] = []

/** The web pages among annotations; files and others are none. */
export const toCitedPages = (annotations: readonly unknown[]): readonly CitedPage[] =>
  listOf(annotations as readonly Readonly<Record<string, unknown>>[]).flatMap(({ type, url_citation }) => {
    if (type !== 'url_citation' || typeof url_citation !== 'object' || url_citation === null) return []
    const { url, title, content } = url_citation as Readonly<Record<string, unknown>>
    const address = stringOf(url)
    return address === '' ? [] : [{ url: address, title: stringOf(title), text: stringOf(content) }]
  })
