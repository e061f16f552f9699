import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post, sdk } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(120_000)

const REQUESTS = 2000
const KILLS = 20
/** As many calls as a crash can make dearer. */
const CONCURRENCY = 16

test('kill -9 at any moment: the batch goes on by itself, no row is lost or doubled, only calls under way are made again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'batches-kill-'))
  const calls = new Map<string, number>()
  await using upstream = startUpstream((body: any) => {
    const name = body.messages[0].content
    calls.set(name, (calls.get(name) ?? 0) + 1)
    return textAnswer(`You said ${name}`, body)
  })
  const start = async (): Promise<TestServer> =>
    startServer({
      OPENROUTER_BASE_URL: upstream.baseUrl,
      LOG_LEVEL: 'warn',
      DATA_DIR: folder,
      BATCH_CONCURRENCY: String(CONCURRENCY),
    })
  const names = Array.from({ length: REQUESTS }, (_, index) => `n-${index}`)
  const madeCalls = (): number => upstream.bodies.length

  let server = await start()
  const created = await post(
    server,
    {
      requests: names.map((name) => ({
        custom_id: name,
        params: message({ messages: [{ role: 'user', content: name }] }),
      })),
    },
    { path: '/v1/messages/batches' },
  )
  const { id } = (await created.json()) as { id: string }

  // Each time it is let to make some progress, then killed within some tens of milliseconds.
  for (let kill = 0; kill < KILLS; kill++) {
    const progress = madeCalls() + 1 + Math.floor(Math.random() * 40)
    await until('some progress', () => madeCalls() >= progress)
    await Bun.sleep(Math.random() * 10)
    await server.stop('SIGKILL')
    server = await start()
  }
  const batches = sdk(server).messages.batches
  await until('the end', async () => (await batches.retrieve(id)).processing_status === 'ended', 60_000)
  const { request_counts } = await batches.retrieve(id)
  expect(request_counts).toEqual({ processing: 0, succeeded: REQUESTS, errored: 0, canceled: 0, expired: 0 })

  const rows = new Map<string, any>()
  let lines = 0
  for await (const row of await batches.results(id)) {
    rows.set(row.custom_id, row.result)
    lines++
  }
  expect(lines).toBe(REQUESTS)
  for (const name of names) expect(rows.get(name)?.message.content[0].text).toBe(`You said ${name}`)

  const made = [...calls.values()].reduce((sum, count) => sum + count, 0)
  expect(calls.size).toBe(REQUESTS)
  expect(made - REQUESTS).toBeLessThanOrEqual(KILLS * CONCURRENCY)
  expect(server.output()).not.toContain('"level":"error"')

  await server.stop()
  await rm(folder, { recursive: true })
})
