import { chmodSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ToolFailure } from '../failure.ts'
import type { FoundFile, FoundLine, Place, Query, Search } from './search.ts'

/** Ripgrep as a program, where there is one. */
export interface Ripgrep extends Disposable {
  search: Search
}

/**
 * Unpacks the ripgrep that this program carries; undefined where it carries none for this machine, or none that runs
 * here. Searching needs /proc, so that no link can lead it astray.
 */
export async function openRipgrep(): Promise<Ripgrep | undefined> {
  if (process.platform !== 'linux') return undefined
  const packed = await packedPath()
  if (packed === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'ripgrep-'))
  try {
    const file = join(folder, 'rg')
    await Bun.write(file, Bun.file(packed))
    chmodSync(file, 0o500)
    return ready(openSync(file, 'r'))
  } catch {
    return undefined
  } finally {
    // From here on only the descriptor leads to it, so that nothing is left behind, however the process ends.
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What is within the compiled program cannot be run where it is; this can. */
function ready(fd: number): Ripgrep | undefined {
  const program = `/proc/${process.pid}/fd/${fd}`
  const close = (): void => closeSync(fd)
  if (Bun.spawnSync([program, '--version'], { env: {} }).success)
    return { search: (query, place) => search(program, query, place), [Symbol.dispose]: close }
  close()
  return undefined
}

/** The bundler keeps the branch of the machine that it builds for, and takes the file in. */
async function packedPath(): Promise<string | undefined> {
  try {
    if (process.platform === 'linux' && process.arch === 'x64')
      return (await import('@vscode/ripgrep-linux-x64/bin/rg', { with: { type: 'file' } })).default
    if (process.platform === 'linux' && process.arch === 'arm64')
      return (await import('@vscode/ripgrep-linux-arm64/bin/rg', { with: { type: 'file' } })).default
  } catch {
    // It was built without it.
  }
  return undefined
}

const MAX_LINE_BYTES = 65_536
const NO_MATCH = 1

async function* search(
  program: string,
  query: Query,
  { workspace, start, signal }: Place,
): AsyncGenerator<FoundFile> {
  const isFolder = start.stats.isDirectory()
  // The descriptor is the folder or file that was opened, whatever stands in its place by now.
  const descriptor = `/proc/${process.pid}/fd/${start.fd}`
  const child = Bun.spawn(
    [program, ...argumentsOf(query, workspace.maxFileBytes), isFolder ? './' : descriptor],
    {
      cwd: isFolder ? descriptor : '/',
      env: {},
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      signal,
      killSignal: 'SIGKILL',
    },
  )
  try {
    const complaints = new Response(child.stderr).text()
    for await (const file of filesOf(child.stdout)) yield isFolder ? file : { ...file, path: '' }
    const code = await child.exited
    signal.throwIfAborted()
    // Code 2 stands for files that could not be read too, which is no failure where others could.
    const complaint = code > NO_MATCH ? refusalOf(await complaints) : undefined
    if (complaint !== undefined) throw new ToolFailure('invalid-input', complaint)
  } finally {
    child.kill('SIGKILL')
  }
}

const refusalOf = (text: string): string | undefined =>
  /regex parse error|unrecognized file type|error parsing glob|compiled regex exceeds/.test(text)
    ? text.trim()
    : undefined

function argumentsOf(query: Query, maxFileBytes: number): readonly string[] {
  const { pattern, ignoreCase, multiline, globs, type, before, after, firstOnly } = query
  const flags = ['--no-config', '--json', '--hidden', '--no-require-git', '--no-follow', '--sort=path']
  return [
    ...flags,
    `--max-filesize=${maxFileBytes}`,
    '--glob=!**/.git/**',
    '--glob=!**/node_modules/**',
    ...(ignoreCase ? ['--ignore-case'] : []),
    ...(multiline ? ['--multiline', '--multiline-dotall'] : []),
    ...(firstOnly ? ['--max-count=1'] : [`--before-context=${before}`, `--after-context=${after}`]),
    ...globs.map((glob) => `--glob=${glob}`),
    ...(type === undefined ? [] : [`--type=${type}`]),
    `--regexp=${pattern}`,
    '--',
  ]
}

/** A line of ripgrep's JSON, as far as it is read. */
interface Event {
  readonly type: 'begin' | 'match' | 'context' | 'end' | 'summary'
  readonly data: {
    readonly path?: Text
    readonly lines?: Text
    readonly line_number?: number
    readonly submatches?: ReadonlyArray<{ readonly match: Text }>
  }
}

type Text = { readonly text: string } | { readonly bytes: string }

const toText = (text: Text | undefined): string => {
  if (!text) return ''
  return 'text' in text ? text.text : Buffer.from(text.bytes, 'base64').toString('utf8')
}

async function* filesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<FoundFile> {
  let path = ''
  let lines: FoundLine[] = []
  for await (const { type, data } of eventsOf(stream)) {
    if (type === 'begin') path = toText(data.path).replace(/^\.\//, '')
    else if (type === 'match' || type === 'context') lines.push(toLine(data, type === 'match'))
    else if (type === 'end') {
      if (lines.length > 0) yield { path, lines }
      lines = []
    }
  }
}

const toLine = ({ lines, line_number = 0, submatches = [] }: Event['data'], isMatch: boolean): FoundLine => ({
  number: line_number,
  text: toText(lines).replace(/\r?\n$/, ''),
  isMatch,
  matches: submatches.map(({ match }) => toText(match)),
})

async function* eventsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Event
    // A line of a file can be as long as the file.
    if (rest.length > MAX_LINE_BYTES * 256)
      throw new ToolFailure('too-large', 'A line that was found is too long.')
  }
}
