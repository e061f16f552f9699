import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'

setDefaultTimeout(60_000)

// A model that uses the server's tools, from the request to the files: the built-in demo plays what it calls.

const folder = mkdtempSync(join(tmpdir(), 'tool-runs-'))
const root = join(folder, 'work')
let server: TestServer
beforeAll(async () => {
  mkdirSync(root)
  writeFileSync(join(folder, 'secret.txt'), 'hunter2')
  server = await startServer({
    TOOL_EXECUTION_ENABLED: 'true',
    TOOL_WORKING_DIRECTORY: root,
    TOOL_SANDBOX: 'off',
    DATA_DIR: join(folder, 'data'),
  })
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** What one answer holds in which the model makes these calls, one a turn. */
async function play(calls: ReadonlyArray<readonly [string, object]>): Promise<any[]> {
  const script = [...calls.map(([tool, input]) => [{ tool, input }]), [{ text: 'Done.' }]]
  const content = `Go.\n\`\`\`demo\n${JSON.stringify(script)}\n\`\`\``
  const tools = [{ type: 'server:*' }]
  const response = await post(server, message({ model: 'big', tools, messages: [{ role: 'user', content }] }))
  expect(response.status).toBe(200)
  return ((await response.json()) as { content: any[] }).content
}

const resultsOf = (content: readonly any[]): readonly any[] =>
  content.filter(({ type }) => type.endsWith('_result'))

test('a file is written, read, changed and searched in one answer', async () => {
  const content = await play([
    ['Write', { file_path: 'notes/a.txt', content: 'one\ntwo\n' }],
    ['Read', { file_path: 'notes/a.txt' }],
    ['Edit', { file_path: 'notes/a.txt', old_string: 'two', new_string: 'three' }],
    ['Grep', { pattern: 'three', output_mode: 'content', '-n': true }],
  ])
  expect(resultsOf(content).map(({ is_error }) => is_error)).toEqual([false, false, false, false])
  expect(JSON.stringify(resultsOf(content).at(-1))).toContain('notes/a.txt:2:three')
  expect(content.at(-1)).toMatchObject({ type: 'text', text: 'Done.' })
  expect(readFileSync(join(root, 'notes/a.txt'), 'utf8')).toBe('one\nthree\n')
})

test('a command that fails comes with its exit code and its output', async () => {
  writeFileSync(join(root, 'b.txt'), 'x\n')
  const [failed, succeeded] = resultsOf(
    await play([
      ['Bash', { command: 'echo before; ls ./none 2>/dev/null' }],
      ['Bash', { command: 'wc -l < b.txt' }],
    ]),
  )
  expect(failed.content).toMatchObject({ stdout: 'before', return_code: 2 })
  expect(succeeded.content).toMatchObject({ stdout: '1', return_code: 0 })
})

test('what leads outside is refused, and the answer goes on', async () => {
  const content = await play([
    ['Read', { file_path: '../secret.txt' }],
    ['Bash', { command: 'cat ../secret.txt' }],
    ['Bash', { command: 'ls && id' }],
    ['Write', { file_path: join(folder, 'new.txt'), content: 'x' }],
  ])
  expect(JSON.stringify(resultsOf(content))).not.toContain('hunter2')
  expect(content.at(-1)).toMatchObject({ type: 'text', text: 'Done.' })
  const metrics: any = await (await fetch(`${server.url}/tool-metrics`)).json()
  expect(metrics.tool_execution.metrics.error_breakdown).toMatchObject({ refused: 4, failed: 1 })
  expect(metrics.tools.Bash).toMatchObject({ executions: 4, successes: 1, failures: 3, in_flight: 0 })
})
