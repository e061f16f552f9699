import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { encodeEvent } from '../../src/http/sse.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { streamMachine } from '../../src/translate/stream.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import { message, post, refusalOf } from '../support/api.ts'
import { script } from '../support/demo.ts'
import { runProgram, startServer, type TestServer } from '../support/server.ts'

setDefaultTimeout(30_000)

const folder = mkdtempSync(join(tmpdir(), 'fixtures-'))
let server: TestServer

beforeAll(async () => {
  server = await startServer({ LOG_LEVEL: 'warn', RECORD_BODIES: 'true' })
})

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

const runs = async (...args: readonly string[]) =>
  runProgram({ DATA_DIR: folder }, ['runs', ...args, '--server', server.url])

const TOLD = [{ text: 'The sky is blue.' }, { tool: 'look', input: { where: 'up' } }]
const LOOK = { name: 'look', input_schema: { type: 'object', properties: { where: { type: 'string' } } } }

/** An answer whose text the test decides, and its id. */
async function answer(fields: object = {}): Promise<string> {
  const asked = message({
    model: 'big',
    stream: true,
    tools: [LOOK],
    messages: [{ role: 'user', content: `my key is sk-or-v1-0123456789 ${script(TOLD)}` }],
    ...fields,
  })
  const response = await post(server, asked)
  await response.text()
  return response.headers.get('request-id') ?? ''
}

describe('runs export', () => {
  test('writes a fixture of the golden form: its chunks and terms give its message', async () => {
    const id = await answer()
    const out = join(folder, 'one')
    const { code, stdout } = await runs('export', id, '--out', out)
    expect([code, stdout.trim()]).toEqual([
      0,
      `${out}: request.anthropic.json, request.openrouter.json, terms.json, message.json, chunks.jsonl`,
    ])
    const read = async (name: string): Promise<any> => JSON.parse(await Bun.file(join(out, name)).text())
    const terms = await read('terms.json')
    const machine = streamMachine({
      ...terms,
      toolNames: new Map(terms.toolNames),
      toolInputs: new Map(Object.entries(terms.toolInputs)),
      takenToolIds: new Set(terms.takenToolIds),
    })
    const events: StreamEvent[] = []
    let state = machine.start()
    for (const line of (await Bun.file(join(out, 'chunks.jsonl')).text()).trim().split('\n'))
      state = machine.step(state, line === '[DONE]' ? line : JSON.parse(line), events)
    machine.end(state, events)
    expect(JSON.parse(JSON.stringify(foldEvents(events)))).toEqual(await read('message.json'))
    expect(events.map(encodeEvent).join('')).toContain('The sky')
    expect((await read('request.openrouter.json')).model).toBe('anthropic/claude-sonnet-4')
  })

  test('has no secret in any file', async () => {
    const out = join(folder, 'two')
    await runs('export', await answer(), '--out', out)
    for (const name of ['request.anthropic.json', 'request.openrouter.json'])
      expect(await Bun.file(join(out, name)).text()).not.toContain('0123456789')
  })

  test('does not write over what is there, and says what is wrong', async () => {
    const id = await answer()
    const out = join(folder, 'three')
    await runs('export', id, '--out', out)
    expect(await runs('export', id, '--out', out)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('already'),
    })
    expect(await runs('export', 'req_none')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('RECORD_BODIES'),
    })
    expect(await runs('export')).toMatchObject({ code: 2, stderr: expect.stringContaining('runs list') })
    expect(await runs('exprot', id)).toMatchObject({ code: 2, stderr: expect.stringContaining('export') })
  })
})

describe('runs replay', () => {
  test('of the same request to the same model says that the answers are the same', async () => {
    const id = await answer()
    const { code, stdout } = await runs('replay', id)
    expect(stdout).toContain('The answers are the same.')
    expect(code).toBe(0)
  })

  test('does not take for a difference what was only hidden in the recording', async () => {
    const secret = script([{ text: 'Your key is sk-or-v1-0123456789.' }])
    const id = await answer({ messages: [{ role: 'user', content: secret }] })
    // The request lost its secret too, so the model is told another one.
    const { stdout } = await runs('replay', id)
    expect(stdout).toContain('The answers are the same.')
  })

  test('shows line by line what another answer says', async () => {
    const id = await answer()
    const out = join(folder, 'four')
    await runs('export', id, '--out', out)
    const path = join(out, 'request.anthropic.json')
    const changed = (await Bun.file(path).text()).replace('The sky is blue.', 'The sky is grey.')
    await Bun.write(path, changed)
    const { code, stdout } = await runs('replay', out, '--model', 'deepseek/deepseek-v3.2')
    expect(code).toBe(1)
    expect(stdout).toContain('-The sky is blue.\n+The sky is grey.\n')
    expect(stdout).toContain('+ deepseek/deepseek-v3.2')
    expect(stdout).toContain(' (tool_use) look')
  })
})

test('runs list and show tell of the history', async () => {
  const id = await answer()
  const { stdout } = await runs('list', id)
  expect(stdout).toMatch(new RegExp(`^${id}  .+  ok +anthropic/claude-sonnet-4 .+  yes$`, 'm'))
  expect(JSON.parse((await runs('show', id)).stdout)).toMatchObject({ id, recorded: true })
})

test('without RECORD_BODIES nothing that was said is kept', async () => {
  await using own = await startServer({ LOG_LEVEL: 'warn' })
  const response = await post(own, message({ model: 'big' }))
  await response.text()
  const id = response.headers.get('request-id')
  const run: any = await (await fetch(`${own.url}/admin/runs/${id}`)).json()
  expect(run.recorded).toBe(false)
  const refusal = await refusalOf(await fetch(`${own.url}/admin/runs/${id}/recording`))
  expect(refusal.message).toContain('RECORD_BODIES')
})
