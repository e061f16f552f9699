import type { Trace } from '../core/context.ts'

/**
 * Tells the readers of a stream where it was rescued: what stands before the events that are written next, a comment
 * where those come from another call than the ones before. Readers pass over comments (HTML, 9.2.6).
 */
export function rescueMarks({ noted }: Pick<Trace, 'noted'>): () => string {
  let told: unknown
  return () => {
    const rescued = noted('rescued')
    if (rescued === told) return ''
    told = rescued
    return `: rescued by ${toLine(String(noted('rescued_by')))}\n\n`
  }
}

/** A model's name is the client's or the operator's; no line break in it may begin an event. */
const toLine = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ')
