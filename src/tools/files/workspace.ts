import { constants, lstatSync, readdirSync, readSync, realpathSync, type Stats } from 'node:fs'
import { join, resolve } from 'node:path'

import { ToolFailure } from '../failure.ts'
import { confine, type Root } from './confine.ts'
import { at, type Handle, openFolder, openWithin, toFailure } from './handle.ts'
import { type Expected, writeAtomically } from './write.ts'

/** A file as it was read. */
export interface ReadFile {
  /** Its real path. */
  readonly path: string
  readonly bytes: Uint8Array
  readonly stats: Stats
}

/** What stands in a folder. */
export interface Entry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
}

/** The folder that tools work in. Its functions throw a `ToolFailure` for whatever lies outside of it. */
export interface Workspace {
  /** The real path. */
  readonly root: string
  readonly maxFileBytes: number
  /** The real path that a path leads to, whether or not anything is there yet. */
  locate(given: string): string
  /** Whether there is anything at a path. */
  exists(given: string): boolean
  /** Opens a file or a folder to look at. */
  open(given: string): Handle
  /** Reads a whole regular file. */
  read(given: string): ReadFile
  /** Writes a whole file in one step and returns what it is now; folders on the way are made. */
  write(given: string, bytes: Uint8Array, expected: Expected): ReadFile
  /** What is in a folder, in no order. */
  list(folder: Handle): readonly Entry[]
  /** Opens a folder in another one. */
  enter(folder: Handle, name: string): Handle
  /** A file's facts; undefined when it is gone. */
  look(folder: Handle, name: string): Stats | undefined
}

export function openWorkspace(given: string, maxFileBytes: number): Workspace {
  const root: Root = { given: resolve(given), real: realpathSync.native(given) }
  const open = (path: string): Handle => {
    const { real, missing } = confine(root, path)
    if (missing.length > 0) throw new ToolFailure('not-found', `${path} does not exist.`)
    // Devices and pipes are not even opened, as that alone can have effects.
    const stats = lstatSync(real, { throwIfNoEntry: false })
    if (!stats) throw new ToolFailure('not-found', `${path} does not exist any more.`)
    if (!stats.isFile() && !stats.isDirectory())
      throw new ToolFailure('refused', `${path} is neither a file nor a folder.`)
    return openWithin(root.real, real, constants.O_RDONLY, path)
  }
  return {
    root: root.real,
    maxFileBytes,
    locate(path) {
      const { real, missing } = confine(root, path)
      return join(real, ...missing)
    },
    exists: (path) => confine(root, path).missing.length === 0,
    open,
    read(path) {
      using file = open(path)
      return readWhole(file, path, maxFileBytes)
    },
    write(path, bytes, expected) {
      if (bytes.byteLength > maxFileBytes) throw tooLarge(path, bytes.byteLength, maxFileBytes)
      return writeAtomically({ root: root.real, place: confine(root, path), name: path, bytes, expected })
    },
    list(folder) {
      try {
        return readdirSync(at(folder, '.'), { withFileTypes: true }).map(toEntry)
      } catch (error) {
        throw toFailure(error, folder.path)
      }
    },
    enter: (folder, name) => openFolder(root.real, at(folder, name), join(folder.path, name)),
    look(folder, name) {
      return lstatSync(at(folder, name), { throwIfNoEntry: false })
    },
  }
}

const toEntry = (entry: {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}): Entry => ({ name: entry.name, kind: kindOf(entry) })

function kindOf(entry: {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}): Entry['kind'] {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'folder'
  return entry.isSymbolicLink() ? 'link' : 'other'
}

/** All bytes of an open file, which may grow while it is read, but not beyond the limit. */
export function readWhole(file: Handle, name: string, maxBytes: number): ReadFile {
  const { fd, path, stats } = file
  if (stats.isDirectory())
    throw new ToolFailure('refused', `${name} is a folder, not a file. List it with LS instead.`)
  if (!stats.isFile()) throw new ToolFailure('refused', `${name} is no regular file.`)
  if (stats.size > maxBytes) throw tooLarge(name, stats.size, maxBytes)
  const buffer = new Uint8Array(Math.min(maxBytes, stats.size) + 1)
  let length = 0
  for (let read = 1; read > 0 && length < buffer.length; length += read)
    read = readSync(fd, buffer, length, buffer.length - length, null)
  return { path, bytes: buffer.subarray(0, Math.min(length, buffer.length)), stats }
}

const tooLarge = (name: string, bytes: number, maxBytes: number): ToolFailure =>
  new ToolFailure(
    'too-large',
    `${name}: ${bytes} bytes are more than the ${maxBytes} that a file may have here. ` +
      'Search it with Grep, or take parts of it with Bash.',
  )
