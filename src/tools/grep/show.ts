import type { FoundFile, FoundLine } from './search.ts'

export interface ShowOptions {
  readonly numbers: boolean
  /** Only the texts that matched, one a line. */
  readonly onlyMatches: boolean
  /** Whether groups of lines are set apart, as they have others around them. */
  readonly groups: boolean
}

const MAX_LINE_CHARS = 500

/** The lines of one file, as ripgrep prints them: `path:12:text`, and `path-11-text` for those around. */
export function showLines({ path, lines }: FoundFile, options: ShowOptions): readonly string[] {
  const shown: string[] = []
  let next: number | undefined
  for (const line of lines) {
    if (options.groups && next !== undefined && line.number > next) shown.push('--')
    next = line.number + line.text.split('\n').length
    shown.push(...showLine(path, line, options))
  }
  return shown
}

function showLine(path: string, line: FoundLine, { numbers, onlyMatches }: ShowOptions): readonly string[] {
  if (onlyMatches && !line.isMatch) return []
  const mark = line.isMatch ? ':' : '-'
  const texts = onlyMatches ? line.matches : line.text.split('\n')
  return texts.map((text, index) => {
    const number = numbers ? `${line.number + (onlyMatches ? 0 : index)}${mark}` : ''
    return `${path}${mark}${number}${cut(text)}`
  })
}

const cut = (text: string): string =>
  text.length <= MAX_LINE_CHARS ? text : `${text.slice(0, MAX_LINE_CHARS).toWellFormed()}… [line cut]`
