import { isAbsolute, join, relative } from 'node:path'

import { Type } from '@sinclair/typebox'

import { ToolFailure } from './failure.ts'
import { optional, renamed } from './files/parameters.ts'
import { changedAt, walk } from './files/walk.ts'
import { defineTool } from './tool.ts'

const MAX_RESULTS = 100

export const glob = defineTool({
  name: 'Glob',
  description:
    'Finds files by a pattern such as "**/*.js" or "src/**/*.ts". The paths come in the order of change, latest first.',
  input: Type.Object({
    pattern: Type.String({ minLength: 1, description: 'The pattern that paths must match' }),
    path: optional(
      Type.String({ description: 'The folder to look in; the working directory where it is left out' }),
    ),
  }),
  accept: renamed({ directory: 'path' }),
  parallelSafe: true,
  perMinute: 120,
  risk: 'Shows the names of all files below the working directory to the model.',
  async run({ pattern, path = '.' }, { workspace, signal }) {
    using folder = workspace.open(path)
    if (!folder.stats.isDirectory()) throw new ToolFailure('refused', `${path} is no folder.`)
    const matcher = new Bun.Glob(withinFolder(pattern, folder.path))
    const found: Array<{ readonly path: string; readonly changedAtMs: number }> = []
    for await (const file of walk(workspace, folder, { signal })) {
      if (matcher.match(file.path))
        found.push({ path: join(folder.path, file.path), changedAtMs: changedAt(workspace, file) ?? 0 })
    }
    if (found.length === 0) return 'No files found'
    const latest = found.toSorted((a, b) => b.changedAtMs - a.changedAtMs).slice(0, MAX_RESULTS)
    const note =
      found.length > MAX_RESULTS
        ? [`[The latest ${MAX_RESULTS} of ${found.length}. A narrower pattern or path shows the others.]`]
        : []
    return [...latest.map((file) => file.path), ...note].join('\n')
  },
})

/** The pattern as seen from the folder that is looked through. */
function withinFolder(pattern: string, folder: string): string {
  const inner = isAbsolute(pattern) ? relative(folder, pattern) : pattern.replace(/^(?:\.\/)+/, '')
  if (inner.split(/[/{},]/).includes('..'))
    throw new ToolFailure('refused', `${pattern} leads out of the folder ${folder}. Give the folder as path.`)
  return inner
}
