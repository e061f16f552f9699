import type { Warning } from '../core/context.ts'

/** What proxies and clients surely take of one header line. */
const MAX_CHARS = 2048

/** What is left to say how many more there are. */
const RESERVED_CHARS = 24

/** One warning as a line of text: `path: message`. */
export const toWarningLine = ({ path, message }: Warning): string => `${path}: ${message}`

/**
 * Warnings as the value of one header: `path: message`, joined by `; `. ASCII only, the rest is percent-encoded. At
 * most 2 KB; what does not fit is counted: `...and 3 more`.
 */
export function toWarningHeader(warnings: readonly Warning[]): string {
  const entries: string[] = []
  let room = MAX_CHARS - RESERVED_CHARS
  for (const warning of warnings) {
    const entry = toHeaderText(toWarningLine(warning))
    room -= entry.length + SEPARATOR.length
    if (room < 0) break
    entries.push(entry)
  }
  const left = warnings.length - entries.length
  return [...entries, ...(left > 0 ? [`...and ${left} more`] : [])].join(SEPARATOR)
}

const SEPARATOR = '; '

/** `%` too is encoded, so that the text can be decoded; `;` only ever ends an entry. */
const toHeaderText = (text: string): string => text.toWellFormed().replaceAll(/[^\x20-\x7e]|[%;]/gu, encode)

const encode = (character: string): string => (character === ';' ? '%3B' : encodeURIComponent(character))
