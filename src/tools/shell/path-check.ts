import { lstatSync, readdirSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

import { ToolFailure } from '../failure.ts'
import type { Workspace } from '../files/workspace.ts'

/** What a command does with a path: looks at it, or at it alone if it is a file, writes it, or puts it elsewhere. */
export type PathUse = 'read' | 'file' | 'write' | 'move'

/** The check of one command line's paths, wherever it may have gone before. */
export interface PathCheck {
  /** A word that may be a path, or hold one. */
  word(value: string, use: PathUse): void
  /** A pattern that names are put in place of. */
  glob(pattern: string, use: PathUse): void
  /** A folder that the commands behind it may be in. */
  enter(folder: string): void
}

/** Files that are no files of anybody's. */
const HARMLESS = new Set(['/dev/null'])
const MAX_FOLDERS = 16
const MAX_ENTRIES = 20_000

export function createPathCheck(workspace: Workspace): PathCheck {
  // Whether a cd is reached is not known, so every folder that one may lead to counts from then on.
  const folders = new Set([workspace.root])
  const everywhere = (path: string): readonly string[] =>
    isAbsolute(path) ? [path] : [...folders].map((folder) => join(folder, path))
  const checkPath = (path: string, use: PathUse): void => {
    if (HARMLESS.has(path)) return
    if (path.split('/').includes('..'))
      throw new ToolFailure(
        'refused',
        `${path}: .. is not allowed here. Name the path from the working directory.`,
      )
    for (const full of everywhere(path)) {
      const real = workspace.locate(full)
      if (use === 'file' && isFolder(full))
        throw new ToolFailure(
          'refused',
          `${path} is a folder, in which links would be followed. Name the files.`,
        )
      if (use === 'write' || use === 'move') refuseGit(workspace, path, real)
      if (use === 'move') refuseLinks(full, path)
    }
  }
  return {
    word(value, use) {
      for (const path of pathsIn(value)) checkPath(path, use)
    },
    glob(pattern, use) {
      const segments = pattern.split('/')
      const first = segments.findIndex((segment) => /[*?[]/.test(segment))
      const before = segments.slice(0, first).join('/')
      const start = before || (pattern.startsWith('/') ? '/' : '.')
      if (first === 0 && /^[^A-Za-z0-9_]/.test(pattern))
        throw new ToolFailure(
          'refused',
          `${pattern} could become an option. Begin it with ./ for files, or put it in quotes.`,
        )
      if (
        segments.includes('..') ||
        use === 'file' ||
        (use !== 'read' && segments.some((segment) => /^\.[^/]*[*?[]/.test(segment)))
      )
        throw new ToolFailure('refused', `${pattern}: such a pattern is not allowed here. Name the files.`)
      checkPath(start, 'read')
      for (const folder of everywhere(start)) checkEntries(workspace, folder, segments.slice(first), use)
    },
    enter(folder) {
      checkPath(folder, 'write')
      for (const full of everywhere(folder)) folders.add(workspace.locate(full))
      if (folders.size > MAX_FOLDERS) throw new ToolFailure('refused', 'Too many folders are entered by cd.')
    },
  }
}

/** Every part of a word that a command may take for a path. */
function pathsIn(value: string): readonly string[] {
  if (value === '' || value === '-' || value === '--') return []
  const behind = value.includes('=') ? [value.slice(value.indexOf('=') + 1)] : []
  if (value.startsWith('--')) return behind
  if (!value.startsWith('-')) return [value, ...behind]
  // Options with their value attached: which letters are options is not known.
  const attached = Array.from({ length: Math.min(value.length, 64) - 2 }, (_, index) =>
    value.slice(index + 2),
  )
  return [...behind, ...attached.filter((path) => path !== '')]
}

function refuseGit({ root }: Workspace, name: string, real: string): void {
  const parts = real.slice(root.length).toLowerCase().split('/')
  if (parts.includes('.git'))
    throw new ToolFailure('refused', `${name}: what is in .git cannot be written to.`)
}

/** A link that is put in another place can lead elsewhere from there. */
function refuseLinks(path: string, name: string): void {
  let left = MAX_ENTRIES
  const visit = (current: string): void => {
    const stats = lstatSync(current, { throwIfNoEntry: false })
    if (--left < 0) throw new ToolFailure('refused', `${name} holds too many files to be moved or copied.`)
    if (stats?.isSymbolicLink())
      throw new ToolFailure('refused', `${name} is or holds a link, which cannot be moved or copied here.`)
    if (stats?.isDirectory()) for (const entry of readdirSync(current)) visit(join(current, entry))
  }
  visit(path)
}

/** Every file that a pattern could name, rather too many than too few. */
function checkEntries(workspace: Workspace, start: string, segments: readonly string[], use: PathUse): void {
  let left = MAX_ENTRIES
  const visit = (folder: string, [segment, ...others]: readonly string[]): void => {
    if (segment === undefined || !isFolder(folder)) return
    for (const name of /[*?[]/.test(segment) ? namesIn(folder) : [segment]) {
      if (--left < 0) throw new ToolFailure('refused', 'The pattern covers too many files. Name them.')
      const path = join(folder, name)
      workspace.locate(path)
      if (use === 'move') refuseLinks(path, path)
      visit(path, others)
    }
  }
  visit(start, segments)
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
