import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path'

import { ToolFailure } from '../failure.ts'

/** The folder that tools may work in: under the name the operator gave it, and where that really is. */
export interface Root {
  readonly given: string
  readonly real: string
}

/** Where a path leads, after all links. */
export interface Place {
  /** What exists of it: a real path within the root. */
  readonly real: string
  /** The names behind that which do not exist yet; none where the whole path exists. */
  readonly missing: readonly string[]
}

const MAX_PATH_CHARS = 4096

/**
 * Where a path of the model's leads. Throws a `ToolFailure` for everything outside of the root, whatever it is called
 * and whichever links lead there; a path is never bent into the root.
 */
export function confine(root: Root, given: string): Place {
  const lexical = withinByName(root, given)
  const place = realPlace(lexical, given)
  if (!isWithin(root.real, place.real)) throw outside(root, given)
  return place
}

/** The path as it is written, without looking at the disk. */
function withinByName(root: Root, given: string): string {
  if (given === '') throw new ToolFailure('invalid-input', 'The path is empty.')
  if (given.includes('\0')) throw new ToolFailure('refused', 'The path holds a NUL character.')
  if (given.length > MAX_PATH_CHARS)
    throw new ToolFailure('refused', `The path is longer than ${MAX_PATH_CHARS} characters.`)
  if (/^~(?:\/|$)/.test(given))
    throw new ToolFailure(
      'refused',
      `${given}: ~ is not expanded here. The working directory is ${root.real}.`,
    )
  const path = isAbsolute(given) ? normalize(given) : resolve(root.real, given)
  if (isWithin(root.real, path)) return path
  if (isWithin(root.given, path)) return join(root.real, relative(root.given, path))
  throw outside(root, given)
}

const outside = (root: Root, given: string): ToolFailure =>
  new ToolFailure(
    'refused',
    `${given} is outside of the working directory ${root.real}, the only place that tools may use.`,
  )

/** Whether a path is that folder or in it. Both must be absolute and normalised. */
export const isWithin = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

function realPlace(path: string, given: string): Place {
  const missing: string[] = []
  for (let existing = path; ; existing = dirname(existing)) {
    try {
      return { real: realpathSync.native(existing), missing }
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOTDIR') throw new ToolFailure('not-found', `${given}: a part of the path is no folder.`)
      if (code === 'ENAMETOOLONG')
        throw new ToolFailure('refused', `${given}: a name in the path is too long.`)
      if (code !== 'ENOENT') throw new ToolFailure('refused', `${given} cannot be reached (${code}).`)
      // A link that leads nowhere now may lead anywhere once something is written through it.
      if (isThere(existing)) throw new ToolFailure('refused', `${given} is a link that leads nowhere.`)
      missing.unshift(basename(existing))
    }
  }
}

function isThere(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

/** The system's code of an error, e.g. ENOENT. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
