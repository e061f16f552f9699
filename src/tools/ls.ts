import { Type } from '@sinclair/typebox'

import type { Fields } from '../core/context.ts'
import { ToolFailure } from './failure.ts'
import type { Handle } from './files/handle.ts'
import { optional } from './files/parameters.ts'
import type { Workspace } from './files/workspace.ts'
import { defineTool } from './tool.ts'

const MAX_ENTRIES = 1000
/** How deep a listing goes; deeper folders are shown, but not what is in them. */
const MAX_DEPTH = 3
const CLOSED = new Set(['.git', 'node_modules', '__pycache__'])

export const ls = defineTool({
  name: 'LS',
  description:
    'Lists the files and folders in a folder of the working directory, as a tree. Names that match one of the ignore ' +
    'patterns are left out. To find files by name use Glob, to find text use Grep.',
  input: Type.Object({
    path: optional(
      Type.String({ description: 'The folder to list; the working directory where it is left out' }),
    ),
    ignore: optional(Type.Array(Type.String(), { description: 'Glob patterns of names to leave out' })),
    all: optional(Type.Boolean({ description: 'Show names that begin with a dot too; true by default' })),
    long: optional(Type.Boolean({ description: 'Show size and time of change; false by default' })),
  }),
  accept: (given: Fields) => given,
  parallelSafe: true,
  perMinute: 300,
  risk: 'Shows the names of all files below the working directory to the model.',
  async run({ path = '.', ignore = [], all = true, long = false }, { workspace }) {
    using folder = workspace.open(path)
    if (!folder.stats.isDirectory())
      throw new ToolFailure('refused', `${path} is a file, not a folder. Look into it with Read.`)
    const ignored = ignore.map((pattern) => new Bun.Glob(pattern))
    const isShown = (name: string): boolean =>
      (all || !name.startsWith('.')) && !ignored.some((glob) => glob.match(name))
    const lines: string[] = []
    const complete = list(workspace, folder, { depth: 1, isShown, long }, lines)
    const note = complete ? '' : `\n[Only the first ${MAX_ENTRIES} entries. List a folder further down.]`
    return `- ${folder.path}/\n${lines.join('\n')}${note}`
  },
})

interface Listing {
  readonly depth: number
  readonly isShown: (name: string) => boolean
  readonly long: boolean
}

/** Adds the lines of one folder and of those in it; false where there are too many. */
function list(workspace: Workspace, folder: Handle, listing: Listing, lines: string[]): boolean {
  const { depth, isShown, long } = listing
  const entries = workspace.list(folder).filter(({ name }) => isShown(name))
  for (const { name, kind } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (lines.length >= MAX_ENTRIES) return false
    const facts = long ? factsOf(workspace, folder, name) : ''
    lines.push(`${'  '.repeat(depth)}- ${name}${MARKS[kind]}${facts}`)
    if (kind !== 'folder' || depth >= MAX_DEPTH || CLOSED.has(name)) continue
    using inner = workspace.enter(folder, name)
    if (!list(workspace, inner, { ...listing, depth: depth + 1 }, lines)) return false
  }
  return true
}

const MARKS = { file: '', folder: '/', link: ' (link)', other: ' (special file)' } as const

function factsOf(workspace: Workspace, folder: Handle, name: string): string {
  const stats = workspace.look(folder, name)
  return stats ? ` (${stats.size} bytes, ${stats.mtime.toISOString()})` : ''
}
