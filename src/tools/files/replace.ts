import { ToolFailure } from '../failure.ts'

/** One replacement of text by other text. */
export interface Replacement {
  readonly old_string: string
  readonly new_string: string
  readonly replace_all?: boolean
  /** How often the old text must be there; more than once means that all are replaced. */
  readonly expected_replacements?: number
}

/** A text after a replacement. */
export interface Replaced {
  readonly text: string
  /** Where the first change begins. */
  readonly at: number
  readonly count: number
}

/** Replaces text that must be there, and there only once unless all are meant. `name` says whose text it is. */
export function replaceText(text: string, edit: Replacement, name: string): Replaced {
  const [old, next] = [toLines(edit.old_string), toLines(edit.new_string)]
  if (old === next)
    throw new ToolFailure(
      'invalid-input',
      `${name}: old_string and new_string are the same; nothing would change.`,
    )
  if (old === '') throw new ToolFailure('invalid-input', `${name}: old_string is empty; say what to replace.`)
  const at = text.indexOf(old)
  const count = at === -1 ? 0 : text.split(old).length - 1
  if (count === 0) throw new ToolFailure('not-found', notFound(text, old, name))
  checkCount(edit, count, name)
  return { text: text.split(old).join(next), at, count }
}

/** Models write the text as they saw it, with plain line ends. */
const toLines = (text: string): string => text.replaceAll('\r\n', '\n')

function checkCount(
  { replace_all = false, expected_replacements }: Replacement,
  count: number,
  name: string,
): void {
  const expected = expected_replacements ?? (replace_all ? count : 1)
  if (count === expected) return
  throw new ToolFailure(
    'conflict',
    expected_replacements === undefined
      ? `${name}: old_string is there ${count} times. Give more of the text around it to name one place, or set ` +
          'replace_all to change all.'
      : `${name}: old_string is there ${count} times, not ${expected_replacements}. Nothing was changed.`,
  )
}

function notFound(text: string, old: string, name: string): string {
  const message = `${name}: old_string was not found. It must be exactly what the file holds, without line numbers.`
  const squeezed = old.trim().replaceAll(/\s+/g, ' ')
  return squeezed !== '' && text.replaceAll(/\s+/g, ' ').includes(squeezed)
    ? `${message} The words are there with other spaces or line ends: read the place again.`
    : message
}
