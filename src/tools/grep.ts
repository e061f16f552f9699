import { lstatSync } from 'node:fs'
import { join, relative } from 'node:path'

import { type Static, Type } from '@sinclair/typebox'

import type { Fields } from '../core/context.ts'
import { oneOf } from '../wire/schema.ts'
import { optional, renamed } from './files/parameters.ts'
import description from './grep.md' with { type: 'text' }
import type { FoundFile, Query } from './grep/search.ts'
import { showLines } from './grep/show.ts'
import { defineTool } from './tool.ts'

const context = (what: string) =>
  optional(
    Type.Integer({ minimum: 0, maximum: 1000, description: `Lines to show ${what}; with content only` }),
  )

const input = Type.Object({
  pattern: Type.String({ minLength: 1, description: 'The regular expression to look for' }),
  path: optional(
    Type.String({ description: 'The file or folder to search; the working directory where it is left out' }),
  ),
  glob: optional(Type.String({ description: 'A pattern of file names, such as "*.{ts,tsx}"' })),
  output_mode: optional(
    oneOf(['content', 'files_with_matches', 'count'], {
      description: 'What to show; files_with_matches by default',
    }),
  ),
  '-B': context('before each match'),
  '-A': context('after each match'),
  '-C': context('before and after each match'),
  '-n': optional(Type.Boolean({ description: 'Show line numbers; with content only' })),
  '-i': optional(Type.Boolean({ description: 'Take capital and small letters for the same' })),
  '-o': optional(Type.Boolean({ description: 'Show only what matched; with content only' })),
  type: optional(
    Type.String({ pattern: '^[\\w+-]+$', description: 'The kind of files, such as js, py or rust' }),
  ),
  head_limit: optional(
    Type.Integer({ minimum: 0, description: 'How many lines or entries to show; 0 for all' }),
  ),
  offset: optional(Type.Integer({ minimum: 0, description: 'How many to leave out before them' })),
  multiline: optional(Type.Boolean({ description: 'Let a match go over several lines' })),
})
type Input = Static<typeof input>

/** Other names of the same; one who counts matches wants to see them. */
function accept(given: Fields): Fields {
  const { case_sensitive, max_matches, ...fields } = renamed({ include: 'glob', context: '-C' })(given)
  const isOther = case_sensitive !== undefined || max_matches !== undefined
  return {
    ...(case_sensitive === false ? { '-i': true } : {}),
    ...(max_matches === undefined ? {} : { head_limit: max_matches }),
    ...(isOther ? { output_mode: 'content', '-n': true } : {}),
    ...fields,
  }
}

export const grep = defineTool({
  name: 'Grep',
  description,
  input,
  accept,
  parallelSafe: true,
  perMinute: 120,
  risk: 'Shows text of any file below the working directory to the model, and so to its provider.',
  async run(given, { workspace, search, signal }) {
    using start = workspace.open(given.path ?? '.')
    const prefix = relative(workspace.root, start.path)
    const files: FoundFile[] = []
    let lines = 0
    for await (const file of search(queryOf(given), { workspace, start, signal })) {
      files.push({ ...file, path: join(prefix, file.path) })
      lines += file.lines.length
      if (lines > MAX_LINES) break
    }
    return files.length === 0 ? 'No matches found' : limited(given, entriesOf(given, files, workspace.root))
  },
})

/** More than anybody reads. */
const MAX_LINES = 100_000

const queryOf = (given: Input): Query => ({
  pattern: given.pattern,
  ignoreCase: given['-i'] ?? false,
  multiline: given.multiline ?? false,
  globs: given.glob?.split(/\s+/).filter(Boolean) ?? [],
  type: given.type,
  before: given.output_mode === 'content' ? (given['-B'] ?? given['-C'] ?? 0) : 0,
  after: given.output_mode === 'content' ? (given['-A'] ?? given['-C'] ?? 0) : 0,
  firstOnly: (given.output_mode ?? 'files_with_matches') === 'files_with_matches',
})

function entriesOf(given: Input, files: readonly FoundFile[], root: string): readonly string[] {
  switch (given.output_mode) {
    case 'content':
      return contentOf(given, files)
    case 'count':
      return files.map(({ path, lines }) => `${path}:${lines.filter(({ isMatch }) => isMatch).length}`)
    default:
      return files
        .map(({ path }) => ({
          path,
          at: lstatSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0,
        }))
        .toSorted((a, b) => b.at - a.at || (a.path < b.path ? -1 : 1))
        .map(({ path }) => path)
  }
}

function contentOf(given: Input, files: readonly FoundFile[]): readonly string[] {
  const groups = [given['-A'], given['-B'], given['-C']].some((count) => (count ?? 0) > 0)
  const options = { numbers: given['-n'] ?? false, onlyMatches: given['-o'] ?? false, groups }
  return files.flatMap((file, index) => [...(groups && index > 0 ? ['--'] : []), ...showLines(file, options)])
}

function limited({ head_limit = 0, offset = 0 }: Input, entries: readonly string[]): string {
  const end = head_limit === 0 ? entries.length : offset + head_limit
  const shown = entries.slice(offset, end)
  if (shown.length === 0) return `[There are only ${entries.length} entries.]`
  const note = end < entries.length ? [`[${entries.length - end} more; go on with offset ${end}.]`] : []
  return [...shown, ...note].join('\n')
}
