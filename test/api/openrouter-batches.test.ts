import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, sdk } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(60_000)

// OPENROUTER_BATCHES: requests of batches go to OpenRouter's own batch endpoint where it takes them.

interface Submitted {
  readonly text: string
  readonly body: any
  asked: number
}

const submitted: Submitted[] = []
const direct: any[] = []

/** OpenRouter as far as it is asked here: it knows no variant for batches of `test/plain`. */
const openrouter = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/api/v1/chat/completions') {
      const body: any = await request.json()
      direct.push(body)
      return textAnswer('made directly', body)
    }
    if (pathname === '/api/beta/batches') {
      const text = await request.text()
      const body = JSON.parse(text)
      if (body.model === 'test/plain:batch')
        return Response.json({ error: { message: 'No endpoints found', code: 404 } }, { status: 404 })
      submitted.push({ text, body, asked: 0 })
      return Response.json({ id: `batch_${submitted.length - 1}`, status: 'validating' }, { status: 202 })
    }
    const found = submitted[Number(/\/api\/beta\/batches\/batch_(\d+)$/.exec(pathname)?.[1])]
    if (!found) return Response.json({ data: [] })
    // Right after its creation a batch is not known everywhere.
    if (found.asked++ === 0) return Response.json({ error: { message: 'not found' } }, { status: 404 })
    return Response.json({ id: pathname, status: 'completed', error: null, results: resultsOf(found) })
  },
})

const resultsOf = ({ body }: Submitted) =>
  body.requests.map(({ custom_id, body: { messages } }: any) =>
    messages.at(-1).content === 'fail'
      ? { custom_id, response: null, error: { type: 'server_error', message: 'no' } }
      : {
          custom_id,
          error: null,
          response: {
            status_code: 200,
            body: {
              id: `gen-batch-${custom_id}`,
              choices: [
                {
                  index: 0,
                  finish_reason: 'stop',
                  message: { role: 'assistant', content: `You said ${messages.at(-1).content}` },
                },
              ],
              usage: { prompt_tokens: 12, completion_tokens: 3, cost: 0.0005 },
            },
          },
        },
  )

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openrouter-batches-'))
  const config = join(folder, 'config.toml')
  await Bun.write(config, '[upstreams.default]\ndialect = "openrouter"\n')
  server = await startServer({
    OPENROUTER_BASE_URL: `http://127.0.0.1:${openrouter.port}/api/v1`,
    OPENROUTER_API_KEY: 'sk-or-key',
    OPENROUTER_BATCHES: 'true',
    CONFIG_FILE: config,
    DATA_DIR: folder,
    LOG_LEVEL: 'info',
  })
})
afterAll(async () => {
  await server.stop()
  await openrouter.stop(true)
  await rm(folder, { recursive: true })
})

const say = (custom_id: string, text: string, fields: object = {}): any => ({
  custom_id,
  params: message({ messages: [{ role: 'user', content: text }], ...fields }),
})

test('a batch runs at OpenRouter where that takes it, and here where it does not', async () => {
  const { batches } = sdk(server).messages
  const picture = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' }
  const { id } = await batches.create({
    requests: [
      say('a', 'one', { system: 'Be brief' }),
      say('b', 'two'),
      say('failing', 'fail'),
      say('plain', 'three', { model: 'test/plain' }),
      say('wrong', 'four', { max_tokens: -1 }),
      {
        ...say('seeing', ''),
        params: message({ messages: [{ role: 'user', content: [{ type: 'image', source: picture }] }] }),
      },
    ],
  })
  await until('the end', async () => (await batches.retrieve(id)).processing_status === 'ended', 50_000)
  const rows = new Map<string, any>()
  for await (const { custom_id, result } of await batches.results(id)) rows.set(custom_id, result)

  expect(rows.get('a')).toMatchObject({
    type: 'succeeded',
    message: {
      model: 'test/model',
      content: [{ type: 'text', text: 'You said one' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 12, output_tokens: 3, service_tier: 'batch' },
    },
  })
  expect(rows.get('b').message.content[0].text).toBe('You said two')
  for (const name of ['failing', 'plain', 'seeing'])
    expect(rows.get(name).message.content[0].text).toBe('made directly')
  expect(rows.get('wrong').error.error.type).toBe('invalid_request_error')

  expect(direct).toHaveLength(3)
  const [batch, ...others] = submitted
  expect(others).toEqual([])
  expect(batch?.text).toStartWith(
    '{"endpoint":"/v1/chat/completions","model":"test/model:batch","requests":[',
  )
  expect(batch?.body.requests).toHaveLength(3)
  expect(batch?.body.requests[0].body).toMatchObject({
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'one' },
    ],
    max_tokens: 100,
  })
  expect(batch?.body.requests[0].body).not.toHaveProperty('model')
  expect(server.output()).not.toContain('"level":"error"')
})
