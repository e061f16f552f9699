import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { refusalOf } from '../support/api.ts'
import { memoryOf, startServer, type TestServer } from '../support/server.ts'
import { startUpstream } from '../support/upstream.ts'
import { until } from '../support/wait.ts'
import { connect } from '../support/wire.ts'

setDefaultTimeout(60_000)

// The largest batches that there may be, and what they cost in memory.

const MEGABYTE = 1024 * 1024
const PATH = '/v1/messages/batches'

const upstream = startUpstream(async () => new Promise<Response>(() => {}))
let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batches-large-'))
  server = await startServer({ OPENROUTER_BASE_URL: upstream.baseUrl, LOG_LEVEL: 'warn', DATA_DIR: folder })
})
afterAll(async () => {
  await server.stop('SIGKILL')
  await upstream[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** A body of that many requests, made while it is sent. */
function bodyOf(count: number): ReadableStream<Uint8Array> {
  const params = { model: 'test/model', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }
  const request = (index: number): string => JSON.stringify({ custom_id: `r-${index}`, params })
  let next = 0
  return new ReadableStream({
    pull(controller) {
      const from = next
      next = Math.min(count, from + 500)
      const requests = Array.from({ length: next - from }, (_, index) => request(from + index)).join(',')
      controller.enqueue(Buffer.from(`${from === 0 ? '{"requests":[' : ','}${requests}`))
      if (next < count) return
      controller.enqueue(Buffer.from(']}'))
      controller.close()
    },
  })
}
const create = async (count: number): Promise<Response> =>
  fetch(`${server.url}${PATH}`, { method: 'POST', body: bodyOf(count) })

/** Does something, and says how much memory the server had at most meanwhile. */
async function peakDuring(work: () => Promise<void>): Promise<number> {
  let peak = 0
  let done = false
  const working = work().finally(() => (done = true))
  while (!done) {
    peak = Math.max(peak, await memoryOf(server))
    await Bun.sleep(10)
  }
  await working
  return peak
}

test('C180 more than 100,000 requests are refused, and nothing of them stays', async () => {
  expect(await refusalOf(await create(100_001))).toMatchObject({
    status: 400,
    message: 'requests: List should have at most 100000 items after validation, not 100001',
  })
  expect(await (await fetch(`${server.url}${PATH}`)).json()).toMatchObject({ data: [] })
})

test('C180 more than 256 MB are refused before any of it is sent', async () => {
  const wire = await connect(server.url)
  wire.send(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: ${256 * MEGABYTE + 1}\r\n\r\n`)
  await until('the answer', () => wire.text().includes('request_too_large'))
  expect(wire.text()).toStartWith('HTTP/1.1 413')
  wire.drop()
})

test('100,000 requests are taken in, canceled and told of in less than 300 MB', async () => {
  const peak = await peakDuring(async () => {
    const created = await create(100_000)
    const { id, request_counts }: any = await created.json()
    expect(request_counts.processing).toBe(100_000)
    await fetch(`${server.url}${PATH}/${id}/cancel`, { method: 'POST' })
    const batch = async (): Promise<any> => (await fetch(`${server.url}${PATH}/${id}`)).json()
    await until('the end', async () => (await batch()).processing_status === 'ended', 30_000)
    expect((await batch()).request_counts).toMatchObject({ processing: 0, canceled: 100_000 })
    let lines = 0
    const results = (await fetch(`${server.url}${PATH}/${id}/results`))
      .body as unknown as AsyncIterable<Uint8Array>
    for await (const piece of results) for (const byte of piece) if (byte === 10) lines++
    expect(lines).toBe(100_000)
  })
  expect(peak).toBeLessThan(300 * MEGABYTE)
})
