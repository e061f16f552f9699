import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post, refusalOf } from '../support/api.ts'
import { openFeed } from '../support/feed.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { sseAnswer, startUpstream, textChunk, finishChunk } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream()
const folder = mkdtempSync(join(tmpdir(), 'runs-'))
let server: TestServer

const start = async (settings: Record<string, string> = {}): Promise<TestServer> =>
  startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    LOG_LEVEL: 'warn',
    UPSTREAM_RETRIES: '0',
    ...settings,
  })

const ask = async (place: TestServer, path: string, headers: Record<string, string> = {}): Promise<any> =>
  (await fetch(`${place.url}${path}`, { headers })).json()

const answerOnce = async (place: TestServer, headers: Record<string, string> = {}): Promise<string> => {
  const response = await post(place, message({}), { headers })
  await response.text()
  return response.headers.get('request-id') ?? ''
}

beforeAll(async () => {
  server = await start()
})

afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
  rmSync(folder, { recursive: true })
})

describe('a run', () => {
  test('is in the history as soon as it ended, with its steps, tokens and conversation', async () => {
    const id = await answerOnce(server, {
      'x-claude-code-session-id': 'session-1',
      'x-claude-code-agent-id': 'agent-1',
    })
    expect(await ask(server, `/admin/runs/${id}`)).toMatchObject({
      id,
      status: 200,
      outcome: 'ok',
      model: 'test/model',
      upstream_model: 'test/model',
      upstream: 'default',
      conversation: 'session-1',
      agent: 'agent-1',
      input_tokens: 10,
      output_tokens: 5,
      steps: [
        { name: 'validate' },
        { name: 'map-model' },
        { name: 'convert' },
        { name: 'call', attributes: { upstream: 'default' } },
        { name: 'respond' },
      ],
    })
  })

  test('that fails in the middle of its stream tells why', async () => {
    upstream.answer = () => sseAnswer([textChunk('Hel'), { error: { code: 502, message: 'broke down' } }])
    const response = await post(server, message({ stream: true }))
    await response.text()
    upstream.answer = () => sseAnswer([textChunk('Hello'), finishChunk('stop')])
    const run = await ask(server, `/admin/runs/${response.headers.get('request-id')}`)
    expect(run).toMatchObject({ status: 200, outcome: 'error', error_type: 'api_error' })
    expect(run.error).toContain('broke down')
  })

  test('that is refused is there too', async () => {
    const response = await post(server, { model: 'x' })
    const run = await ask(server, `/admin/runs/${response.headers.get('request-id')}`)
    expect(run).toMatchObject({ status: 400, error_type: 'invalid_request_error' })
  })

  test('that does not exist is not found', async () => {
    const refusal = await refusalOf(await fetch(`${server.url}/admin/runs/req_none`))
    expect(refusal).toMatchObject({ status: 404, message: 'There is no run req_none in the history' })
  })
})

test('the history survives a restart, and a sudden end shortly after', async () => {
  const settings = { DATA_DIR: folder }
  const first = await start(settings)
  await answerOnce(first)
  await first.stop()
  const second = await start(settings)
  const id = await answerOnce(second)
  expect((await ask(second, '/admin/runs')).total).toBe(2)
  await second.stop('SIGKILL')
  await using third = await start(settings)
  expect((await ask(third, '/admin/runs')).data[0].id).toBe(id)
})

test('a folder that cannot be written costs the history its disk, not the requests their answers', async () => {
  await using own = await start({ DATA_DIR: '/proc/none' })
  await answerOnce(own)
  expect((await ask(own, '/admin/runs')).total).toBe(1)
  await until('the warning', () => own.output().includes('runs-in-memory-only'))
})

test('without a history there is still what is under way', async () => {
  await using own = await start({ RUNS_KEPT: '0' })
  await answerOnce(own)
  const refusal = await refusalOf(await fetch(`${own.url}/admin/runs`))
  expect(refusal.message).toContain('RUNS_KEPT')
})

test('the summary adds the runs up', async () => {
  await using own = await start()
  await answerOnce(own)
  await answerOnce(own)
  const { total, groups } = await ask(own, '/admin/runs/summary?hours=1&by=upstream')
  expect(total).toMatchObject({ runs: 2, errors: 0, input_tokens: 20, output_tokens: 10 })
  expect(groups).toMatchObject([{ name: 'default', runs: 2 }])
})

test.each(['limit=0', 'limit=999', 'before=x'])('%s is refused', async (query) => {
  expect(await refusalOf(await fetch(`${server.url}/admin/runs?${query}`))).toMatchObject({ status: 400 })
})

test('the live stream tells of a run while it is under way and when it ends', async () => {
  const feed = openFeed()
  upstream.answer = () => feed.response
  const abort = new AbortController()
  const live = await fetch(`${server.url}/admin/runs/live`, { signal: abort.signal })
  let text = ''
  const reading = (async () => {
    for await (const bytes of live.body as unknown as AsyncIterable<Uint8Array>)
      text += new TextDecoder().decode(bytes)
  })().catch(() => undefined)
  feed.send(textChunk('Once'))
  const response = await post(server, message({ stream: true }))
  const id = response.headers.get('request-id') ?? ''
  await until('the active run', () => new RegExp(`event: active\ndata: .*${id}`).test(text))
  expect(text).toContain('"step":"respond"')
  feed.send(finishChunk('stop'), '[DONE]')
  feed.end()
  await response.text()
  await until('the ended run', () => new RegExp(`event: ended\ndata: .*${id}`).test(text))
  abort.abort()
  await reading
  upstream.answer = () => sseAnswer([textChunk('Hello'), finishChunk('stop')])
})

describe('with keys', () => {
  test('clients see nothing of it, the operator does', async () => {
    await using own = await start({ SERVER_API_KEYS: 'client', ADMIN_API_KEY: 'operator' })
    await answerOnce(own, { 'x-api-key': 'client' })
    const asClient = await fetch(`${own.url}/admin/runs`, { headers: { 'x-api-key': 'client' } })
    expect(await refusalOf(asClient)).toMatchObject({ status: 403 })
    const { data } = await ask(own, '/admin/runs', { authorization: 'Bearer operator' })
    expect(data[0].key).toStartWith('key')
  })

  test('for clients alone, it is closed', async () => {
    await using own = await start({ SERVER_API_KEYS: 'client' })
    const refusal = await refusalOf(
      await fetch(`${own.url}/admin/runs`, { headers: { 'x-api-key': 'client' } }),
    )
    expect(refusal).toMatchObject({ status: 403 })
    expect(refusal.message).toContain('ADMIN_API_KEY')
  })
})
