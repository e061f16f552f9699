import type { Stats } from 'node:fs'

import type { Handle } from './handle.ts'
import type { Workspace } from './workspace.ts'

/** A file that was found. */
export interface FoundFile {
  /** From the folder where the walk began, with `/` between the names. */
  readonly path: string
  readonly name: string
  /** The folder that it is in, open for as long as the caller looks at this file. */
  readonly folder: Handle
}

/** Folders whose files nobody looks for by name or by text. */
const SKIPPED = new Set(['.git', '.hg', '.svn'])
const NOT_SEARCHED = new Set([...SKIPPED, 'node_modules'])

export interface WalkOptions {
  readonly signal: AbortSignal
  /** Whether folders full of other people's code are left out too. */
  readonly skipModules?: boolean
}

/** Files that a walk looks at before it gives up. */
const MAX_FILES = 200_000
/** Files between two looks at whether the answer is still wanted. */
const FILES_A_BREATH = 500

/** Visits every file below an open folder, links aside: they may lead anywhere. Folders are visited in order. */
export async function* walk(
  workspace: Workspace,
  start: Handle,
  { signal, skipModules = false }: WalkOptions,
): AsyncGenerator<FoundFile> {
  const skipped = skipModules ? NOT_SEARCHED : SKIPPED
  let count = 0
  async function* visit(folder: Handle, prefix: string): AsyncGenerator<FoundFile> {
    const entries = workspace.list(folder).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    for (const { name, kind } of entries) {
      if (kind === 'file') {
        if (++count > MAX_FILES) return
        if (count % FILES_A_BREATH === 0) await breathe(signal)
        yield { path: `${prefix}${name}`, name, folder }
      }
      if (kind !== 'folder' || skipped.has(name)) continue
      using inner = tryToEnter(workspace, folder, name)
      if (inner) yield* visit(inner, `${prefix}${name}/`)
    }
  }
  yield* visit(start, '')
}

/** A folder that vanished or may not be read is passed by. */
function tryToEnter(workspace: Workspace, folder: Handle, name: string): Handle | undefined {
  try {
    return workspace.enter(folder, name)
  } catch {
    return undefined
  }
}

/** Lets everybody else have a turn, and stops when nobody waits any more. */
async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  signal.throwIfAborted()
}

/** When a file was last changed; nothing for one that has gone. */
export const changedAt = (workspace: Workspace, { folder, name }: FoundFile): number | undefined => {
  const stats: Stats | undefined = workspace.look(folder, name)
  return stats?.mtimeMs
}
