import { constants } from 'node:fs'

import ignore, { type Ignore } from 'ignore'

import { ToolFailure } from '../failure.ts'
import { at, type Handle, openWithin } from '../files/handle.ts'
import { compilePattern, type Pattern } from '../files/pattern.ts'
import { isBinary, linesOf, showText } from '../files/text.ts'
import { type FoundFile as WalkedFile, walk } from '../files/walk.ts'
import { readWhole } from '../files/workspace.ts'
import type { FoundFile, FoundLine, Place, Query, Search } from './search.ts'

/** The kinds of files that are looked for most; ripgrep knows more. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  c: ['c', 'h'],
  cpp: ['cpp', 'cc', 'cxx', 'hpp', 'hh', 'h', 'hxx', 'inl'],
  cs: ['cs'],
  css: ['css', 'scss'],
  go: ['go'],
  html: ['html', 'htm'],
  java: ['java', 'jsp'],
  js: ['js', 'jsx', 'mjs', 'cjs', 'vue'],
  json: ['json'],
  kotlin: ['kt', 'kts'],
  lua: ['lua'],
  markdown: ['md', 'markdown', 'mdx'],
  md: ['md', 'markdown', 'mdx'],
  php: ['php'],
  py: ['py', 'pyi'],
  python: ['py', 'pyi'],
  ruby: ['rb', 'gemspec'],
  rust: ['rs'],
  sh: ['sh', 'bash', 'zsh'],
  sql: ['sql'],
  swift: ['swift'],
  toml: ['toml'],
  ts: ['ts', 'tsx', 'mts', 'cts'],
  txt: ['txt'],
  xml: ['xml', 'xsd', 'svg'],
  yaml: ['yaml', 'yml'],
}

/** The search of our own, for where there is no ripgrep: the same lines, about half as fast. */
export const ownSearch: Search = async function* (query, place) {
  const pattern = compilePattern(query.pattern, { ignoreCase: query.ignoreCase, dotAll: query.multiline })
  const { workspace, start, signal } = place
  if (!start.stats.isDirectory()) {
    const lines = linesIn(readWhole(start, start.path, workspace.maxFileBytes).bytes, pattern, query)
    if (lines.length > 0) yield { path: '', lines }
    return
  }
  const isAsked = filterOf(query)
  const isIgnored = createIgnores(place)
  for await (const file of walk(workspace, start, { signal, skipModules: true })) {
    if (!isAsked(file.path) || isIgnored(file.path)) continue
    const lines = linesIn(bytesOf(file, place), pattern, query)
    if (lines.length > 0) yield { path: file.path, lines } satisfies FoundFile
  }
}

/** A file that cannot be read, or is too large, has no lines. */
function bytesOf({ folder, name }: Pick<WalkedFile, 'folder' | 'name'>, { workspace }: Place): Uint8Array {
  try {
    using file = openWithin(workspace.root, at(folder, name), constants.O_RDONLY, name)
    return readWhole(file, name, workspace.maxFileBytes).bytes
  } catch (error) {
    if (error instanceof ToolFailure) return new Uint8Array()
    throw error
  }
}

function filterOf({ globs, type }: Query): (path: string) => boolean {
  const endings = type === undefined ? undefined : TYPES[type]
  if (type !== undefined && endings === undefined)
    throw new ToolFailure(
      'invalid-input',
      `unrecognized file type: ${type}. There are ${Object.keys(TYPES).join(', ')}.`,
    )
  const [wanted, unwanted] = [
    globs.filter((glob) => !glob.startsWith('!')),
    globs.filter((glob) => glob.startsWith('!')),
  ]
  const matchers = wanted.map(toMatcher)
  const refusers = unwanted.map((glob) => toMatcher(glob.slice(1)))
  return (path) =>
    (endings?.includes(path.split('.').at(-1) ?? '') ?? true) &&
    (matchers.length === 0 || matchers.some((matches) => matches(path))) &&
    !refusers.some((matches) => matches(path))
}

/** As ripgrep reads a glob: one without a slash means the name, in whatever folder. */
function toMatcher(pattern: string): (path: string) => boolean {
  const glob = new Bun.Glob(pattern.replace(/^\//, ''))
  return pattern.includes('/')
    ? (path) => glob.match(path)
    : (path) => glob.match(path.split('/').at(-1) ?? '')
}

/** Whether a .gitignore on the way says to leave a file out. */
function createIgnores({ workspace, start }: Place): (path: string) => boolean {
  const known = new Map<string, Ignore | undefined>()
  const rulesOf = (folder: string): Ignore | undefined => {
    if (known.has(folder)) return known.get(folder)
    const text = tryToRead(workspace, start, `${folder}.gitignore`)
    const rules = text === undefined ? undefined : ignore().add(text.split('\n').filter(isQuick))
    known.set(folder, rules)
    return rules
  }
  return (path) => {
    const parts = path.split('/')
    return parts.some((_, index) => {
      const folder = parts
        .slice(0, index)
        .map((part) => `${part}/`)
        .join('')
      return rulesOf(folder)?.ignores(path.slice(folder.length)) ?? false
    })
  }
}

/** Each star multiplies the ways to match a name; a line of many could take for ever, and is passed by. */
const isQuick = (line: string): boolean => line.replaceAll('**', '').split('*').length <= 4

function tryToRead(workspace: Place['workspace'], start: Handle, path: string): string | undefined {
  try {
    return showText(workspace.read(`${start.path}/${path}`).bytes)
  } catch (error) {
    if (error instanceof ToolFailure) return undefined
    throw error
  }
}

function linesIn(bytes: Uint8Array, pattern: Pattern, query: Query): readonly FoundLine[] {
  if (isBinary(bytes)) return []
  const text = showText(bytes)
  if (!pattern.test(text)) return []
  const lines = linesOf(text)
  const found = query.multiline ? matchesInText(text, lines, pattern) : matchesInLines(lines, pattern)
  if (query.firstOnly) return found.slice(0, 1)
  return withContext(found, lines, query)
}

const matchesInLines = (lines: readonly string[], pattern: Pattern): readonly FoundLine[] =>
  lines.flatMap((line, index) => {
    const matches = [...pattern.matches(line)].map(({ start, end }) => line.slice(start, end))
    return matches.length === 0 ? [] : [{ number: index + 1, text: line, isMatch: true, matches }]
  })

/** Matches over several lines, each with the whole of its lines; those on a common line are one. */
function matchesInText(text: string, lines: readonly string[], pattern: Pattern): readonly FoundLine[] {
  const starts: number[] = []
  let offset = 0
  for (const line of lines) {
    starts.push(offset)
    offset += line.length + 1
  }
  const lineAt = (at: number): number => starts.findLastIndex((start) => start <= at)
  const found: Array<FoundLine & { readonly last: number }> = []
  for (const { start, end } of pattern.matches(text)) {
    const [first, last] = [lineAt(start), lineAt(Math.max(start, end - 1))]
    const before = found.at(-1)
    const joins = before !== undefined && first <= before.last
    const number = joins ? before.number : first + 1
    const matches = [...(joins ? before.matches : []), text.slice(start, end)]
    if (joins) found.pop()
    found.push({ number, last, text: lines.slice(number - 1, last + 1).join('\n'), isMatch: true, matches })
  }
  return found
}

function withContext(
  found: readonly FoundLine[],
  lines: readonly string[],
  { before, after }: Query,
): readonly FoundLine[] {
  if (before === 0 && after === 0) return found
  const byNumber = new Map(found.map((line) => [line.number, line]))
  const inMatch = new Set(
    found.flatMap(({ number, text }) => text.split('\n').map((_, index) => number + index)),
  )
  for (const { number, text } of found) {
    const last = number + text.split('\n').length - 1
    for (let near = Math.max(1, number - before); near <= Math.min(lines.length, last + after); near++)
      if (!inMatch.has(near))
        byNumber.set(near, { number: near, text: lines[near - 1] ?? '', isMatch: false, matches: [] })
  }
  return [...byNumber.values()].toSorted((a, b) => a.number - b.number)
}
