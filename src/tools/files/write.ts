import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'

import { ToolFailure } from '../failure.ts'
import { codeOf, type Place } from './confine.ts'
import { at, type Handle, openFolder, toFailure } from './handle.ts'
import type { ReadFile } from './workspace.ts'

/** What the file must still be: as it was when it was read, or not there. */
export type Expected = Stats | 'absent'

interface Writing {
  /** The real path of the folder that everything stays in. */
  readonly root: string
  readonly place: Place
  /** The path as the model wrote it. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly expected: Expected
}

/** Programs of the operator's trust what is in there: hooks and settings that would be run outside of all limits. */
const PROTECTED = new Set(['.git'])

/**
 * Puts a file in place whole: readers see the old text or the new one. A file that was there keeps its mode and
 * owner. Every folder on the way is held open while it is used, so that no link can redirect the writing.
 */
export function writeAtomically({ root, place, name, bytes, expected }: Writing): ReadFile {
  const target = join(place.real, ...place.missing)
  if (
    relative(root, target)
      .split(sep)
      .some((part) => PROTECTED.has(part.toLowerCase()))
  )
    throw new ToolFailure('refused', `${name}: what is in .git cannot be written to.`)
  if (target === root) throw new ToolFailure('refused', `${name} is the working directory itself.`)
  using folder = openParent(root, place, name)
  return replace(folder, basename(target), { name, bytes, expected })
}

/** Opens the folder that the file belongs in, and makes what is missing of it. */
function openParent(root: string, { real, missing }: Place, name: string): Handle {
  let folder = openFolder(root, missing.length === 0 ? dirname(real) : real, name)
  for (const part of missing.slice(0, -1)) {
    using outer = folder
    makeFolder(at(outer, part), name)
    folder = openFolder(root, at(outer, part), name)
  }
  return folder
}

function makeFolder(path: string, name: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw toFailure(error, name)
  }
}

function replace(
  folder: Handle,
  base: string,
  { name, bytes, expected }: Pick<Writing, 'name' | 'bytes' | 'expected'>,
): ReadFile {
  const target = at(folder, base)
  const before = lstatSync(target, { throwIfNoEntry: false })
  if (before && !before.isFile()) throw new ToolFailure('refused', `${name} is no regular file.`)
  if (!isAsExpected(before, expected))
    throw new ToolFailure(
      'conflict',
      `${name} was changed since it was read. Read it again before you write it.`,
    )
  const temporary = at(folder, `.${base.slice(0, 100)}.${crypto.randomUUID()}.tmp`)
  try {
    const stats = writeNew(temporary, bytes, before)
    renameSync(temporary, target)
    return { path: join(folder.path, base), bytes, stats }
  } catch (error) {
    discard(temporary)
    throw toFailure(error, name)
  }
}

/** Whether nobody has made or changed the file since. */
function isAsExpected(found: Stats | undefined, expected: Expected): boolean {
  if (expected === 'absent' || !found) return expected === 'absent' && !found
  const { mtimeMs, size, ino, dev } = expected
  return found.mtimeMs === mtimeMs && found.size === size && found.ino === ino && found.dev === dev
}

function writeNew(path: string, bytes: Uint8Array, before: Stats | undefined): Stats {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants
  const fd = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o666)
  try {
    for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset)
    if (before) {
      keepOwner(fd, before)
      // Without the bits that would let others run it as its owner.
      fchmodSync(fd, before.mode & 0o777)
    }
    fsyncSync(fd)
    return fstatSync(fd)
  } finally {
    closeSync(fd)
  }
}

function keepOwner(fd: number, { uid, gid }: Stats): void {
  try {
    fchownSync(fd, uid, gid)
  } catch {
    // Only a privileged process can give files away; the new file is ours then.
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never made.
  }
}
