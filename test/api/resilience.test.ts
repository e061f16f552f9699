import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, refusal } from '../support/api.ts'
import { modelsOf } from '../support/models.ts'
import { startServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream()
const model = modelsOf(upstream)
const hello = model((body) => textAnswer('Hello', body))
const down = (): Response => Response.json({ error: { message: 'down' } }, { status: 503 })
afterAll(async () => upstream[Symbol.asyncDispose]())

const start = async (settings: Readonly<Record<string, string>> = {}) =>
  startServer({ OPENROUTER_BASE_URL: upstream.baseUrl, UPSTREAM_RETRIES: '0', ...settings })

test('a model that keeps failing is left alone for a while, and then tried again', async () => {
  await using server = await start({ BREAKER_FAILURES: '3', BREAKER_COOLDOWN: '1' })
  let isDown = true
  const ill = model((body) => (isDown ? down() : textAnswer('Well again', body)))
  for (let n = 0; n < 3; n++)
    expect((await refusal(server, message({ model: ill.name }))).message).toBe('down')
  const refused = await refusal(server, message({ model: ill.name }))
  expect(refused).toMatchObject({ status: 529, type: 'overloaded_error' })
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(ill.calls.length).toBe(3)
  expect((await post(server, message({ model: hello.name }))).status).toBe(200)
  isDown = false
  await until('it is tried', async () => (await post(server, message({ model: ill.name }))).status === 200)
})

test('an open breaker passes on to the fallback at once', async () => {
  await using server = await start({ BREAKER_FAILURES: '2' })
  const ill = model(down)
  const asked = message({ model: ill.name, fallbacks: [{ model: hello.name }] })
  for (let n = 0; n < 5; n++) expect((await post(server, asked)).status).toBe(200)
  expect(ill.calls.length).toBe(2)
})

test('retries stay within their budget', async () => {
  await using server = await start({ UPSTREAM_RETRIES: '3', RETRY_BUDGET: '0', BREAKER_FAILURES: '0' })
  const ill = model(down)
  await Promise.all(Array.from({ length: 10 }, async () => refusal(server, message({ model: ill.name }))))
  expect(ill.calls.length).toBe(13)
})

test('an address where nobody is does not take the whole time for a first byte', async () => {
  await using server = await startServer({
    OPENROUTER_BASE_URL: 'http://192.0.2.1:9/v1',
    CONNECT_TIMEOUT: '1',
    UPSTREAM_RETRIES: '0',
  })
  const startedAtMs = performance.now()
  for (const stream of [true, false]) {
    const found = await refusal(server, message({ stream }))
    // Where there is no way out at all, the system says so at once.
    expect([502, 504]).toContain(found.status)
  }
  expect(performance.now() - startedAtMs).toBeLessThan(8000)
})
