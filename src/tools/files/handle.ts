import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { join } from 'node:path'

import { ToolFailure } from '../failure.ts'
import { codeOf, isWithin } from './confine.ts'

/** Something that was opened and proved to be within the root, however the disk changes meanwhile. */
export interface Handle extends Disposable {
  readonly fd: number
  readonly path: string
  readonly stats: Stats
}

/** Where the system shows what a descriptor really is; only Linux does. */
const DESCRIPTORS = '/proc/self/fd'
const showsDescriptors = existsSync(DESCRIPTORS)

/**
 * Opens a real path. A link that was put in its place since it was resolved is not followed, and where the
 * descriptor leads outside of the root after all, it is closed again. Pipes do not make it wait.
 */
export function openWithin(root: string, path: string, flags: number, name = path): Handle {
  const fd = open(path, flags, name)
  try {
    const actual = actualPath(fd, path)
    if (!isWithin(root, actual))
      throw new ToolFailure('refused', `${name} is outside of the working directory.`)
    return { fd, path: actual, stats: fstatSync(fd), [Symbol.dispose]: () => closeSync(fd) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function open(path: string, flags: number, name: string): number {
  try {
    return openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    throw toFailure(error, name)
  }
}

/** What the system says, for the model. */
export function toFailure(error: unknown, name: string): Error {
  const code = codeOf(error)
  if (code === 'ENOENT') return new ToolFailure('not-found', `${name} does not exist.`)
  if (code === 'EISDIR') return new ToolFailure('refused', `${name} is a folder, not a file.`)
  if (code === 'ENOTDIR') return new ToolFailure('refused', `${name} is not a folder.`)
  if (code === 'ELOOP' || code === 'EMLINK') return new ToolFailure('refused', `${name} is a link now.`)
  if (code === 'EACCES' || code === 'EPERM') return new ToolFailure('refused', `${name}: permission denied.`)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new ToolFailure('failed', `${name}: the disk is full.`)
  if (code === 'EROFS') return new ToolFailure('refused', `${name}: the disk cannot be written to.`)
  if (code === 'ENXIO') return new ToolFailure('refused', `${name} is no regular file.`)
  return error instanceof Error ? error : new Error(String(error))
}

function actualPath(fd: number, path: string): string {
  if (showsDescriptors) return readlinkSync(join(DESCRIPTORS, String(fd)))
  // Elsewhere: where the path leads now, provided that it is still the same file.
  const [opened, found] = [fstatSync(fd), statSync(path)]
  if (opened.ino !== found.ino || opened.dev !== found.dev)
    throw new ToolFailure('conflict', `${path} changed while it was opened.`)
  return realpathSync.native(path)
}

export const openFolder = (root: string, path: string, name = path): Handle =>
  openWithin(root, path, constants.O_RDONLY | constants.O_DIRECTORY, name)

/** A name in an open folder, by a way that nobody can redirect where the system has one. */
export const at = (folder: Handle, name: string): string =>
  join(showsDescriptors ? join(DESCRIPTORS, String(folder.fd)) : folder.path, name)
