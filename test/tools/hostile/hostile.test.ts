import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { createBench, hasSandbox, type Bench } from '../support.ts'
import { HOSTILE_COMMANDS } from './commands.ts'
import { HOSTILE_PATHS, ODD_NAMES } from './paths.ts'
import { damages, fill, furnish, openSocket, SECRET } from './world.ts'

setDefaultTimeout(60_000)

let bench: Bench
let socket: Disposable
beforeAll(async () => {
  bench = createBench({ timeoutMs: 5000 })
  furnish(bench)
  socket = await openSocket(bench)
})
afterAll(() => {
  socket[Symbol.dispose]()
  bench[Symbol.dispose]()
})

const READERS: ReadonlyArray<readonly [string, (path: string) => object]> = [
  ['Read', (file_path) => ({ file_path })],
  ['LS', (path) => ({ path })],
  ['Glob', (path) => ({ pattern: '*', path })],
  ['Grep', (path) => ({ pattern: 'hunter2', path, output_mode: 'content' })],
  ['NotebookRead', (notebook_path) => ({ notebook_path })],
]
const WRITERS: ReadonlyArray<readonly [string, (path: string) => object]> = [
  ['Write', (file_path) => ({ file_path, content: 'x' })],
  ['Edit', (file_path) => ({ file_path, old_string: '', new_string: 'x' })],
  ['Edit', (file_path) => ({ file_path, old_string: 'hunter2', new_string: 'x' })],
  ['MultiEdit', (file_path) => ({ file_path, edits: [{ old_string: '', new_string: 'x' }] })],
  [
    'NotebookEdit',
    (notebook_path) => ({ notebook_path, new_source: 'x', cell_type: 'code', edit_mode: 'insert' }),
  ],
]

/** Paths that may be looked at, but not written to. */
const isReadable = (path: string): boolean => /(?:^|\/)(?:\.git|link-git)\//i.test(path)

test('there are more than 300 hostile inputs', () => {
  const commands = Object.values(HOSTILE_COMMANDS).flat()
  expect(new Set(commands).size).toBe(commands.length)
  expect(new Set(HOSTILE_PATHS).size).toBe(HOSTILE_PATHS.length)
  expect(commands.length).toBeGreaterThan(300)
})

describe('a hostile path', () => {
  test.each(HOSTILE_PATHS.map((path) => [path.slice(0, 60), path]))(
    '%j is refused by every tool',
    async (_, path) => {
      const given = fill(path, bench)
      for (const [tool, input] of isReadable(path) ? WRITERS : [...READERS, ...WRITERS]) {
        const { content, isError } = await bench.run(tool, input(given))
        expect([tool, isError]).toEqual([tool, true])
        expect(JSON.stringify(content)).not.toContain(SECRET)
      }
      expect(damages(bench)).toEqual([])
      expect(bench.log.filter(({ event }) => event === 'unexpected-error')).toEqual([])
    },
  )

  test.each(ODD_NAMES.map((name) => [name]))('%j is only an odd name', async (name) => {
    const given = fill(name, bench)
    for (const [tool, input] of [...READERS, ...WRITERS]) {
      const { content } = await bench.run(tool, input(given))
      expect(JSON.stringify(content)).not.toContain(SECRET)
    }
    expect(damages(bench)).toEqual([])
    expect(bench.log.filter(({ event }) => event === 'unexpected-error')).toEqual([])
  })
})

describe.each(Object.entries(HOSTILE_COMMANDS))('%s', (_, commands) => {
  test.each(commands.map((command) => [command]))('is not run without a sandbox: %j', async (command) => {
    const { content, isError } = await bench.run('Bash', { command: fill(command, bench) })
    expect({ isError, outcome: bench.log.at(-1)?.fields.outcome, content }).toMatchObject({
      isError: true,
      outcome: 'refused',
    })
    expect(damages(bench)).toEqual([])
  })
})

describe.if(hasSandbox)('in the sandbox', () => {
  let walled: Bench
  beforeAll(() => {
    walled = createBench({ sandbox: true, timeoutMs: 3000 })
    furnish(walled)
  })
  afterAll(() => walled[Symbol.dispose]())

  // Those whose harm is in the files that they reach. Where they end is all the same.
  const groups = Object.entries(HOSTILE_COMMANDS).filter(([group]) => /file|folder|redirection/.test(group))

  test.each(groups)('%s is not shown and not changed', async (_, commands) => {
    const attack = async (command: string): Promise<void> => {
      const { content } = await walled.run('Bash', { command: fill(command, walled), timeout: 700 })
      expect({ command, shown: JSON.stringify(content).includes(SECRET) }).toEqual({ command, shown: false })
      // What a command does to its own directory is its own business.
      const hurt = damages(walled).filter((path) => !/^sub\/\.git$|^\.git\/x$|^\.git\/hooks\/x$/.test(path))
      expect({ command, hurt }).toEqual({ command, hurt: [] })
    }
    // What is moved away would be missing for those behind.
    await Promise.all(commands.filter((command) => !/\brm\b|\bmv\b/.test(command)).map(attack))
  })
})
