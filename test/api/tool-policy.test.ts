import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { runProgram, startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/wait.ts'
import { hasSandbox } from '../tools/support.ts'

setDefaultTimeout(60_000)

// The tools of the real program: by its command line, and by what its server says of them.

let outside: string
let root: string
let settings: Record<string, string>
beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), 'tool-policy-'))
  root = join(outside, 'work')
  mkdirSync(root)
  writeFileSync(join(outside, 'secret.txt'), 'hunter2')
  symlinkSync(outside, join(root, 'link'))
  settings = {
    TOOL_WORKING_DIRECTORY: root,
    DATA_DIR: join(outside, 'data'),
    LOG_LEVEL: 'info',
    TOOL_SANDBOX: 'off',
    TMPDIR: join(outside, 'tmp'),
  }
  mkdirSync(settings['TMPDIR'] ?? '')
})
afterAll(() => rmSync(outside, { recursive: true }))

const run = async (name: string, input: object, more: Record<string, string> = {}) =>
  runProgram({ ...settings, ...more }, ['tools', 'run', name, JSON.stringify(input)])

describe('a tool', () => {
  test('writes, reads, changes, lists and finds files', async () => {
    expect(await run('Write', { file_path: 'src/a.ts', content: 'const one = 1\n' })).toMatchObject({
      code: 0,
    })
    expect((await run('Read', { file_path: 'src/a.ts' })).stdout).toBe('     1\tconst one = 1\n')
    expect((await run('LS', {})).stdout).toContain('    - a.ts')
    expect((await run('Glob', { pattern: '**/*.ts' })).stdout).toBe(`${join(root, 'src/a.ts')}\n`)
    const edit = { file_path: 'src/a.ts', old_string: 'one', new_string: 'two' }
    const { code, stdout } = await run('Edit', edit)
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: 'src/a.ts has not been read yet. Read it first before writing to it.\n',
    })
  })

  test('searches with the ripgrep that the program carries, and leaves nothing behind', async () => {
    const unpacked = (): readonly string[] =>
      [...new Bun.Glob('ripgrep-*').scanSync({ cwd: settings['TMPDIR'] ?? '', onlyFiles: false })].toSorted()
    const before = unpacked()
    writeFileSync(join(root, 'b.txt'), 'alpha\nbeta\n')
    const find = { pattern: 'B[a-z]+', '-i': true, output_mode: 'content', '-n': true }
    expect((await run('Grep', find)).stdout).toBe('b.txt:2:beta\n')
    // Only ripgrep knows this kind of file.
    expect((await run('Grep', { pattern: 'x', type: 'zig' })).stdout).toBe('No matches found\n')
    expect(unpacked().filter((name) => !before.includes(name))).toEqual([])
  })

  test('keeps todo lists between two processes', async () => {
    await run('TodoWrite', { todos: [{ content: 'Plan', status: 'pending', activeForm: 'Planning' }] })
    expect((await run('TodoRead', {})).stdout).toBe('[ ] 1: Plan\n')
  })

  test('shows pictures, notebooks and PDF files as blocks', async () => {
    writeFileSync(join(root, 'a.pdf'), '%PDF-1.4\n%%EOF')
    expect(JSON.parse((await run('Read', { file_path: 'a.pdf' })).stdout)).toMatchObject([
      {},
      { type: 'document' },
    ])
  })

  test.each([
    ['Read', { file_path: '../secret.txt' }],
    ['Read', { file_path: 'link/secret.txt' }],
    ['Write', { file_path: 'link/new.txt', content: 'x' }],
    ['Grep', { pattern: 'h.nter', path: 'link' }],
    ['Bash', { command: 'cat ../secret.txt' }],
    ['Bash', { command: 'ls; id' }],
    ['Bash', { command: 'echo "$(cat link/secret.txt)"' }],
    ['Bash', { command: 'bash -c id' }],
  ])('%s refuses %j', async (name, input) => {
    const { code, stdout, stderr } = await run(name, input)
    expect(code).toBe(1)
    expect(stdout + stderr).not.toContain('hunter2')
    expect(stderr).toContain('"outcome":"refused"')
    expect(existsSync(join(outside, 'new.txt'))).toBe(false)
  })

  test('runs commands with an environment of its own', async () => {
    const { stdout } = await run(
      'Bash',
      { command: 'env' },
      { TOOL_ALLOWED_COMMANDS: 'env', OPENROUTER_API_KEY: 'sk-x' },
    )
    expect(stdout).toContain(`HOME=${root}`)
    expect(stdout).not.toContain('sk-x')
  })

  test.if(hasSandbox)('runs programs in the sandbox', async () => {
    const write = { file_path: 'run.sh', content: 'echo "made $((6 * 7))"; cat ../secret.txt' }
    await run('Write', write)
    const { stdout } = await run('Bash', { command: 'sh run.sh' }, { TOOL_SANDBOX: 'required' })
    expect(stdout).toContain('made 42')
    expect(stdout).not.toContain('hunter2')
  })

  test('leaves a line for the audit', async () => {
    const { stderr } = await run('Write', { file_path: 'c.txt', content: 'top secret text' })
    const lines = stderr.split('\n').filter((line) => line.includes('"tool-run"'))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      event: 'tool-run',
      tool: 'Write',
      owner: 'operator',
      outcome: 'ok',
      arguments: { file_path: 'c.txt', content: '[15 characters]' },
    })
  })
})

test('the tools are listed with their limits and risks', async () => {
  const { stdout } = await runProgram(settings, ['tools', 'list'])
  expect(stdout).toContain('NotebookEdit')
  expect(stdout).toContain('Sandbox for commands: none')
})

describe('a start is refused', () => {
  const start = async (more: Record<string, string>) =>
    runProgram({ ...settings, TOOL_EXECUTION_ENABLED: 'true', PORT: '0', ...more })

  test.each([
    ['without a working directory', { TOOL_WORKING_DIRECTORY: '' }, 'TOOL_WORKING_DIRECTORY: is needed'],
    ['with one that is not there', { TOOL_WORKING_DIRECTORY: '/no/such/folder' }, 'is no folder'],
    ['with the root', { TOOL_WORKING_DIRECTORY: '/' }, 'is no place for tools'],
    ['with the settings of the system', { TOOL_WORKING_DIRECTORY: '/etc' }, 'is no place for tools'],
    [
      'without the sandbox that is required',
      { TOOL_SANDBOX: 'required', TOOL_PATH: '/no/such/folder' },
      'TOOL_SANDBOX',
    ],
    [
      'with all commands and no sandbox',
      { TOOL_ALLOWED_COMMANDS: '*' },
      'TOOL_ALLOWED_COMMANDS: "*" needs the sandbox',
    ],
  ])('%s', async (_, more, message) => {
    const { code, stderr } = await start(more)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  test('with a working directory that holds the data of the server', async () => {
    const { code, stderr } = await start({ DATA_DIR: join(root, 'data') })
    expect(code).toBe(2)
    expect(stderr).toContain('holds DATA_DIR')
  })

  test('with a search path that models can write to', async () => {
    const { code, stderr } = await start({ TOOL_PATH: `/usr/bin:${join(root, 'bin')}` })
    expect(code).toBe(2)
    expect(stderr).toContain('holds a folder of TOOL_PATH')
  })
})

describe('GET /tool-metrics', () => {
  let server: TestServer
  afterAll(async () => {
    await server.stop()
  })

  test('says what tools there are and which limits hold', async () => {
    server = await startServer({
      ...settings,
      TOOL_EXECUTION_ENABLED: 'true',
      TOOL_RATE_LIMIT_MAX_REQUESTS: '7',
      TOOL_EXECUTION_TIMEOUT: '12',
    })
    const response = await fetch(`${server.url}/tool-metrics`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      status: 'success',
      tool_execution: {
        enabled: true,
        sandbox: 'none',
        max_concurrent_tools: 5,
        execution_timeout: 12,
        rate_limit_window: 60,
        rate_limit_max_requests: 7,
        metrics: { total_executions: 0, success_rate: null, in_flight: 0 },
      },
    })
    await until('it is logged', () => server.output().includes('"tools-ready"'))
  })

  test('is in the OpenAPI document, and /metrics has its families', async () => {
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: object }
    expect(Object.keys(document.paths)).toContain('/tool-metrics')
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('tool_runs_in_flight 0')
  })
})

test('tools are off where nobody turned them on', async () => {
  const server = await startServer({ DATA_DIR: join(outside, 'other') })
  expect(await (await fetch(`${server.url}/tool-metrics`)).json()).toMatchObject({
    message: 'TOOL_EXECUTION_ENABLED is off',
    tool_execution: { enabled: false, sandbox: null },
  })
  await server.stop()
  expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('hunter2')
})
