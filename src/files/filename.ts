import { invalidFilename } from './failures.ts'
import { extensionFor } from './media-type.ts'

const MAX_CHARACTERS = 255
// oxlint-disable-next-line no-control-regex -- these are the ones that a name must not have
const FORBIDDEN = /[<>:"|?*\\/\u0000-\u001f]/

/**
 * A file's name by the rules of Anthropic's Files API (§1.4): of a path the last part, and a name of its own for what
 * has none. Throws a `Failure` for a name that is not allowed.
 */
export function filenameOf(given: string | undefined, mimeType: string): string {
  const name = given?.split(/[\\/]/).at(-1) || `unnamed${extensionFor(mimeType)}`
  if (Array.from(name).length > MAX_CHARACTERS || FORBIDDEN.test(name)) throw invalidFilename()
  return name
}
