import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post, refusalOf } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

// The short batch API: POST /v1/messages/batch and GET /v1/messages/batch/{id}/status.

const PATH = '/v1/messages/batch'

const upstream = startUpstream()
const model = modelsOf(upstream)
const echo = model((body: any) => textAnswer(`You said ${body.messages.at(-1).content}`, body), 'test/echo')
let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'short-batches-'))
  server = await startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    UPSTREAM_RETRIES: '0',
    LOG_LEVEL: 'warn',
    DATA_DIR: folder,
    BATCH_MAX_SIZE: '5',
  })
})
afterAll(async () => {
  await server.stop()
  await upstream[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const say = (text: string, fields: object = {}): any =>
  message({ model: echo.name, messages: [{ role: 'user', content: text }], ...fields })
const run = async (body: object, query = ''): Promise<Response> =>
  post(server, body, { path: `${PATH}${query}` })
const statusOf = async (id: string, query = ''): Promise<any> =>
  (await fetch(`${server.url}${PATH}/${id}/status${query}`)).json()

test('one call gives all answers, in the order of the messages', async () => {
  const response = await run({ messages: [say('one'), say('two'), say('three')] })
  expect(response.status).toBe(200)
  const batch: any = await response.json()
  expect(batch.batch_id).toStartWith('msgbatch_')
  expect(response.headers.get('x-batch-id')).toBe(batch.batch_id)
  expect(batch).toMatchObject({
    status: 'completed',
    total_messages: 3,
    processed_messages: 3,
    successful_messages: 3,
    failed_messages: 0,
    success_rate: 100,
    progress: 1,
  })
  expect(batch.results.map(({ message: answer }: any) => answer.content[0].text)).toEqual([
    'You said one',
    'You said two',
    'You said three',
  ])
  expect(await statusOf(batch.batch_id)).toEqual(batch)
  expect(await statusOf(batch.batch_id, '?results=false')).toEqual({ ...batch, results: null })
})

test('what is wrong with one request fails that one', async () => {
  const response = await run({
    requests: [
      { custom_id: 'good', params: say('hi') },
      { params: say('hi', { max_tokens: -1 }) },
      { params: {} },
    ],
  })
  const batch: any = await response.json()
  expect(batch).toMatchObject({ status: 'completed', successful_messages: 1, failed_messages: 2 })
  expect(batch.results).toMatchObject([
    { custom_id: 'good', success: true, error: null },
    { custom_id: 'request-1', success: false, message: null, error: { type: 'invalid_request_error' } },
    { custom_id: 'request-2', success: false, error: { message: 'model: Field required' } },
  ])
})

test('a call that does not wait, or not long enough, tells how far the batch is, which goes on', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow = model(async (body) => {
    await promise
    return textAnswer('at last', body)
  })
  const response = await run({ messages: [say('fast'), say('slow', { model: slow.name })] }, '?wait=0')
  const { batch_id: id, ...first }: any = await response.json()
  expect(first).toMatchObject({ status: 'processing', total_messages: 2, results: null })
  await until('the first answer', async () => (await statusOf(id)).processed_messages === 1)
  expect(await statusOf(id)).toMatchObject({ progress: 0.5, successful_messages: 1, results: null })
  resolve()
  await until('the end', async () => (await statusOf(id)).status === 'completed')
  expect((await statusOf(id)).results[1].message.content[0].text).toBe('at last')
})

test('a batch has one name in both APIs', async () => {
  const requests = [{ custom_id: 'a', params: say('hi') }]
  const { id }: any = await (await post(server, { requests }, { path: '/v1/messages/batches' })).json()
  await until('the end', async () => (await statusOf(id)).status === 'completed')
  expect((await statusOf(id)).results).toMatchObject([{ custom_id: 'a', success: true }])
})

test('an unknown batch, a wrong body and too many requests are refused', async () => {
  const response = await fetch(`${server.url}${PATH}/nope/status`)
  expect(await refusalOf(response)).toMatchObject({
    status: 404,
    type: 'not_found_error',
    message: 'Message Batch nope not found.',
  })
  for (const [body, query, text] of [
    [{}, '', 'requests: Field required; or give a list of `messages`'],
    [
      { messages: Array(6).fill({}) },
      '',
      'messages: List should have at most 5 items after validation, not 6',
    ],
    [{ messages: [{}] }, '?wait=601', 'wait: Input should be an integer from 0 to 600'],
  ] as const)
    expect(await refusalOf(await run(body, query))).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: text,
    })
})
