import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { runProgram, startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// The command `batches`, which asks a running server.

const KEY = 'the-key'

const upstream = startUpstream()
const model = modelsOf(upstream)
const quick = model((body) => textAnswer('Hello', body))
let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batches-command-'))
  server = await startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    LOG_LEVEL: 'warn',
    DATA_DIR: folder,
    SERVER_API_KEYS: KEY,
  })
})
afterAll(async () => {
  await server.stop()
  await upstream[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const batches = async (...words: readonly string[]) =>
  runProgram({ PORT: new URL(server.url).port, SERVER_API_KEYS: KEY }, ['batches', ...words])
async function create(name: string, count: number): Promise<string> {
  const requests = Array.from({ length: count }, (_, index) => ({
    custom_id: `r-${index}`,
    params: message({ model: name }),
  }))
  const options = { path: '/v1/messages/batches', headers: { 'x-api-key': KEY } }
  return ((await (await post(server, { requests }, options)).json()) as { id: string }).id
}

test('lists, shows, watches and cancels', async () => {
  expect(await batches('list')).toEqual({ code: 0, stdout: 'There is no batch.\n', stderr: '' })
  expect(await batches('watch')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no batch is running; "batches list" shows those that have ended'),
  })

  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const slow = model(async (body) => {
    await gate
    return textAnswer('at last', body)
  })
  const watched = await create(slow.name, 3)
  const watching = batches('watch')
  await until('the calls', () => slow.calls.length === 3)
  const shown = await batches('show', watched)
  expect(shown.stdout).toBe(`${watched}\n[${'.'.repeat(30)}]   0 %  0 of 3  waiting\n`)
  open()
  const { code, stdout, stderr } = await watching
  expect(code).toBe(0)
  expect(stdout).toStartWith(`${watched}\n[${'#'.repeat(30)}] 100 %  3 of 3  completed in `)
  expect(stderr).toStartWith(`[${'.'.repeat(30)}]   0 %  0 of 3  waiting\n`)

  const silent = model(async () => new Promise<Response>(() => {}))
  const canceled = await create(silent.name, 2)
  expect((await batches('cancel', canceled)).stdout).toStartWith(`${canceled}\n`)
  await until('its end', async () => (await batches('show', canceled)).stdout.includes('canceled in'))

  const done = await create(quick.name, 1)
  await until('its end', async () => (await batches('show', done)).stdout.includes('completed in'))
  const listed = (await batches('list')).stdout.trimEnd().split('\n')
  expect(listed[0]).toMatch(/^BATCH +STATUS +REQUESTS +DONE +FAILED +TIME +CREATED$/)
  expect(listed.slice(1).map((line) => line.split(/ +/).slice(0, 5))).toEqual([
    [done, 'completed', '1', '1', '0'],
    [canceled, 'canceled', '2', '2', '2'],
    [watched, 'completed', '3', '3', '0'],
  ])
  expect(JSON.parse((await batches('list', '--json')).stdout)).toMatchObject([
    { batch_id: done },
    { batch_id: canceled },
    { batch_id: watched },
  ])
})

test('says what is missing, unknown or out of reach', async () => {
  expect(await batches()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('needs one of list, show'),
  })
  expect(await batches('wach')).toMatchObject({ code: 2, stderr: expect.stringContaining('watch') })
  expect(await batches('show')).toMatchObject({ code: 2, stderr: expect.stringContaining('needs the id') })
  expect(await batches('show', 'nope')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('404: Message Batch nope not found.'),
  })
  expect(await batches('list', '--server', 'http://127.0.0.1:9')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no server answers'),
  })
})
