/** What a batch saves, and what it costs: `bun bench/batches.ts [--server PATH] [--requests 200] [--delay 200]`. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { killAll, readUsage, type Running, startServer } from './processes.ts'

const ROOT = join(import.meta.dir, '..')
const BINARY = join(ROOT, 'dist/openrouter-anthropic-server')
const MAX_RATIO = 0.3
/** For what a request costs: enough that the clock's steps do not matter. */
const COST_REQUESTS = 4000
const CONCURRENCY = 32

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    requests: { type: 'string', default: '200' },
    delay: { type: 'string', default: '200' },
  },
})

const ANSWER = {
  id: 'gen-1',
  choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello there.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5 },
}

/** An upstream that takes its time, and no more than that. */
function startUpstream() {
  let delayMs = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      if (!request.url.endsWith('/chat/completions')) return Response.json({ data: [] })
      await request.arrayBuffer()
      if (delayMs > 0) await Bun.sleep(delayMs)
      return new Response(`data: ${JSON.stringify(ANSWER)}\n\ndata: [DONE]\n\n`, {
        headers: { 'content-type': 'text/event-stream' },
      })
    },
  })
  return {
    baseUrl: `http://127.0.0.1:${server.port}/v1`,
    take: (ms: number) => void (delayMs = ms),
    stop: async () => server.stop(true),
  }
}

const params = { model: 'bench/model', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }

async function send(url: string, body?: object): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(url, body ? { method: 'POST', body: JSON.stringify(body) } : {})
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Record<string, string>
}

/** Asks for that many messages, so many at once. */
async function askDirectly({ origin }: Running, count: number, atOnce: number): Promise<void> {
  let left = count
  const ask = async (): Promise<void> => {
    while (left-- > 0) await send(`${origin}/v1/messages`, params)
  }
  await Promise.all(Array.from({ length: atOnce }, ask))
}

/** The same as a batch, until the last result is read. */
async function askAsBatch({ origin }: Running, count: number): Promise<void> {
  const requests = Array.from({ length: count }, (_, index) => ({ custom_id: `r-${index}`, params }))
  const { id } = await send(`${origin}/v1/messages/batches`, { requests })
  const url = `${origin}/v1/messages/batches/${id}`
  while ((await send(url))['processing_status'] !== 'ended') await Bun.sleep(20)
  const results = await (await fetch(`${url}/results`)).text()
  const succeeded = results.split('"type":"succeeded"').length - 1
  if (succeeded !== count) throw new Error(`${succeeded} of ${count} succeeded`)
}

interface Cost {
  readonly ms: number
  readonly cpuMs: number
}

async function measure({ pid }: Running, work: () => Promise<void>): Promise<Cost> {
  const before = readUsage(pid).cpuMs
  const startedAtMs = performance.now()
  await work()
  return { ms: performance.now() - startedAtMs, cpuMs: readUsage(pid).cpuMs - before }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`.padStart(9)

async function main(): Promise<number> {
  const program = resolve(values.server ?? (existsSync(BINARY) ? BINARY : join(ROOT, 'src/main.ts')))
  const folder = mkdtempSync(join(tmpdir(), 'bench-batches-'))
  process.on('exit', () => {
    killAll()
    rmSync(folder, { recursive: true, force: true })
  })
  const upstream = startUpstream()
  const server = await startServer(program.endsWith('.ts') ? [process.execPath, program] : [program], {
    env: {
      PATH: Bun.env['PATH'] ?? '',
      HOME: folder,
      PORT: '0',
      OPENROUTER_BASE_URL: upstream.baseUrl,
      OPENROUTER_API_KEY: 'bench',
      DATA_DIR: folder,
      BATCH_CONCURRENCY: String(CONCURRENCY),
    },
    cwd: folder,
  })
  const requests = Number(values.requests)
  const delayMs = Number(values.delay)
  await askDirectly(server, 200, CONCURRENCY)
  await askAsBatch(server, 200)

  upstream.take(delayMs)
  const batch = await measure(server, async () => askAsBatch(server, requests))
  const parallel = await measure(server, async () => askDirectly(server, requests, CONCURRENCY))
  const oneByOne = await measure(server, async () => askDirectly(server, requests, 1))
  const ratio = batch.ms / oneByOne.ms
  console.log(`${program}
${requests} requests, an upstream that takes ${delayMs} ms, ${CONCURRENCY} calls at once
  one by one              ${seconds(oneByOne.ms)}
  ${CONCURRENCY} clients at once      ${seconds(parallel.ms)}
  one batch               ${seconds(batch.ms)}  ${((1 - ratio) * 100).toFixed(1)} % less than one by one (goal: 70 %)`)

  upstream.take(0)
  const direct = await measure(server, async () => askDirectly(server, COST_REQUESTS, CONCURRENCY))
  const stored = await measure(server, async () => askAsBatch(server, COST_REQUESTS))
  const cpu = (cost: Cost): string => `${(cost.cpuMs / COST_REQUESTS).toFixed(3)} ms`
  console.log(`${COST_REQUESTS} requests, an upstream that answers at once: CPU of the server per request
  POST /v1/messages        ${cpu(direct)}
  in a batch               ${cpu(stored)}  ${(stored.cpuMs / direct.cpuMs).toFixed(2)} times as much, stored and read again`)
  await server.stop()
  await upstream.stop()
  return ratio <= MAX_RATIO ? 0 : 1
}

process.exit(await main())
