/** What a remembered answer costs beside one that has to be made: `bun bench/cache.ts --help`. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { median, ratioOf } from './figures.ts'
import { killAll, readUsage, type Running, startServer } from './processes.ts'

const HELP = `bun bench/cache.ts [options]

  --server PATH    what to measure: a program, or a .ts file to run with bun
                   (default: dist/openrouter-anthropic-server if it exists, else src/main.ts)
  --entries N      how many answers are remembered in the second part (default: 100000)`

const ROOT = join(import.meta.dir, '..')
const BINARY = join(ROOT, 'dist/openrouter-anthropic-server')

/** How long the upstream thinks about what it is asked; about what a fast model takes for a short answer. */
const THINKING_MS = 300
const ROUNDS = 5
const MISSES = 10
const HITS = 500
const CONNECTIONS = 32
const STORE_ROUNDS = 8
/** What a stored answer may cost, as a multiple of one that nobody remembers. */
const STORED_GOAL = 2
const MEMORY_TIER_MB = 32
const DISK_TIER_MB = 512
/** What the cache may take beside its memory tier, over a program that was asked the same without a cache. */
const HEADROOM_MB = 64

const ANSWER = 'It depends on the wind, on the tide, and on who is at the helm. '.repeat(12)
const SLOW = 'bench/slow'
const QUICK = 'bench/quick'

/** Chat completions of always the same words, in a stream or whole. */
function startUpstream() {
  const usage = { prompt_tokens: 20, completion_tokens: 200 }
  const chunks = [
    ...ANSWER.split(/(?<=[,.]) /).map((content) => ({ choices: [{ index: 0, delta: { content } }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage },
  ]
  const stream = `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      if (request.method !== 'POST') return Response.json({ data: [] })
      const body = await request.text()
      if (body.includes(SLOW)) await Bun.sleep(THINKING_MS)
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  return { url: `http://127.0.0.1:${server.port}/v1` }
}

async function ask(server: Running, model: string, content: string, stream: boolean): Promise<string> {
  const response = await fetch(`${server.origin}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 1000, stream, messages: [{ role: 'user', content }] }),
  })
  const text = await response.text()
  if (response.status !== 200 || !text.includes('at the helm')) throw new Error(`${response.status}: ${text}`)
  return response.headers.get('x-cache') ?? 'none'
}

/** One question after the other; what each took, in the middle. */
async function inTurn(server: Running, contents: readonly string[], stream: boolean, expected: string) {
  const times: number[] = []
  const before = readUsage(server.pid).cpuMs
  for (const content of contents) {
    const startedAt = performance.now()
    const how = await ask(server, SLOW, content, stream)
    times.push(performance.now() - startedAt)
    if (how !== expected) throw new Error(`${content}: ${how} instead of ${expected}`)
  }
  return { ms: median(times), cpuMs: (readUsage(server.pid).cpuMs - before) / contents.length }
}

/** Many at a time, as fast as they are answered; what each took, of the time and of the server's CPU. */
async function atOnce(server: Running, contents: readonly string[], expected: string): Promise<Sample> {
  const startedAt = performance.now()
  const before = readUsage(server.pid).cpuMs
  let next = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let at = next++; at < contents.length; at = next++) {
        const how = await ask(server, QUICK, contents[at] ?? '', false)
        if (how !== expected) throw new Error(`${contents[at]}: ${how} instead of ${expected}`)
      }
    }),
  )
  return {
    ms: (performance.now() - startedAt) / contents.length,
    cpuMs: (readUsage(server.pid).cpuMs - before) / contents.length,
  }
}

async function measureLatency(server: Running, stream: boolean): Promise<void> {
  const questions = (round: number): readonly string[] =>
    Array.from({ length: MISSES }, (_, at) => `${stream ? 'stream' : 'whole'} ${round} ${at}`)
  const misses = []
  const hits = []
  for (let round = 0; round < ROUNDS; round++) {
    const asked = questions(round)
    misses.push(await inTurn(server, asked, stream, 'miss'))
    const again = Array.from({ length: HITS }, (_, at) => asked[at % asked.length] ?? '')
    hits.push(await inTurn(server, again, stream, 'hit'))
  }
  const what = stream ? 'streamed' : 'whole'
  tell(`${what}, time`, misses, hits, ({ ms }) => ms, 0.01)
  tell(`${what}, CPU`, misses, hits, ({ cpuMs }) => cpuMs)
}

interface Sample {
  readonly ms: number
  readonly cpuMs: number
}

function tell(
  name: string,
  misses: readonly Sample[],
  hits: readonly Sample[],
  pick: (sample: Sample) => number,
  goal?: number,
): void {
  const ratio = ratioOf(hits.map(pick), misses.map(pick))
  const range = `${(ratio.min * 100).toFixed(2)}–${(ratio.max * 100).toFixed(2)} %`
  const verdict = goal === undefined ? '' : `goal ≤ ${goal * 100} %: ${met(ratio.median <= goal)}`
  say(name, `miss ${median(misses.map(pick)).toFixed(2)} ms, hit ${median(hits.map(pick)).toFixed(2)} ms`)
  say('', `hit/miss ${(ratio.median * 100).toFixed(2)} % (${range})  ${verdict}`)
}

/** Has answers remembered, and as many made by the server without a cache, in alternating rounds. */
async function measureStoring(server: Running, plain: Running, entries: number): Promise<void> {
  const uncached = []
  const stored = []
  for (let round = 0; round < STORE_ROUNDS; round++) {
    const from = Math.floor((entries * round) / STORE_ROUNDS)
    const to = Math.floor((entries * (round + 1)) / STORE_ROUNDS)
    const contents = Array.from({ length: to - from }, (_, at) => `question ${from + at}`)
    uncached.push(await atOnce(plain, contents, 'none'))
    stored.push(await atOnce(server, contents, 'miss'))
  }
  tellStored('time', stored, uncached, ({ ms }) => ms)
  tellStored('CPU', stored, uncached, ({ cpuMs }) => cpuMs)
}

function tellStored(
  what: string,
  stored: readonly Sample[],
  uncached: readonly Sample[],
  pick: (sample: Sample) => number,
): void {
  // The first round has the compiler at work.
  const [costs, others] = [stored, uncached].map((samples) => samples.slice(1).map(pick))
  const ratio = ratioOf(costs ?? [], others ?? [])
  const each = [costs, others].map((values) => `${median(values ?? []).toFixed(3)} ms`)
  say(`stored, ${what}`, `stored miss ${each[0]}, without a cache ${each[1]}`)
  say(
    '',
    `stored/uncached ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})  goal ≤ ${STORED_GOAL}: ${met(ratio.median <= STORED_GOAL)}`,
  )
}

async function measureMany(server: Running, plain: Running, entries: number, folder: string): Promise<void> {
  await measureStoring(server, plain, entries)
  const without = toMb(readUsage(plain.pid).rssKb)
  const filled = toMb(readUsage(server.pid).rssKb)
  // Spread over all of them, so that few are still in memory.
  const asked = Array.from(
    { length: Math.min(entries, 20_000) },
    (_, at) => `question ${(at * 7919) % entries}`,
  )
  const fromDisk = await atOnce(server, asked, 'hit')
  const held = Array.from({ length: 20_000 }, (_, at) => `question ${entries - 1 - (at % 500)}`)
  await atOnce(server, held.slice(0, 500), 'hit')
  const fromMemory = await atOnce(server, held, 'hit')
  const limit = without + MEMORY_TIER_MB + HEADROOM_MB
  const most = Math.max(filled, toMb(readUsage(server.pid).rssKb))
  say(`${entries} entries`, `hits on disk ${rateOf(fromDisk)} a second, in memory ${rateOf(fromMemory)}`)
  say(
    '',
    `resident memory ${most.toFixed(0)} MB, without a cache ${without.toFixed(0)} MB, goal ≤ ${limit.toFixed(0)} MB: ${met(most <= limit)}`,
  )
  const fileMb = ['cache.db', 'cache.db-wal'].reduce((total, name) => total + sizeMb(join(folder, name)), 0)
  say('', `file ${fileMb.toFixed(0)} MB, goal ≤ ${DISK_TIER_MB} MB: ${met(fileMb <= DISK_TIER_MB)}`)
}

const rateOf = ({ ms }: Sample): string => (1000 / ms).toFixed(0)
const toMb = (kb: number): number => kb / 1024
const sizeMb = (path: string): number => (existsSync(path) ? statSync(path).size / 1024 / 1024 : 0)
const met = (isMet: boolean): string => (isMet ? 'met' : 'missed')
const say = (name: string, text: string): void => console.log(`${name.padEnd(18)} ${text}`)

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: 'string' },
      entries: { type: 'string', default: '100000' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  const program = resolve(values.server ?? (existsSync(BINARY) ? BINARY : join(ROOT, 'src/main.ts')))
  const folder = mkdtempSync(join(tmpdir(), 'bench-cache-'))
  process.on('exit', () => {
    killAll()
    rmSync(folder, { recursive: true, force: true })
  })
  const upstream = startUpstream()
  const start = async (dataDir: string, caching: boolean): Promise<Running> =>
    startServer(/\.[jt]s$/.test(program) ? [process.execPath, program] : [program], {
      cwd: folder,
      env: {
        PATH: Bun.env['PATH'] ?? '',
        HOME: folder,
        PORT: '0',
        OPENROUTER_BASE_URL: upstream.url,
        OPENROUTER_API_KEY: 'bench',
        LOG_LEVEL: 'warn',
        DATA_DIR: dataDir,
        ENABLE_CACHING: String(caching),
        CACHE_MEMORY_SIZE: String(MEMORY_TIER_MB),
        CACHE_MAX_SIZE: String(DISK_TIER_MB),
      },
    })
  const server = await start(folder, true)
  const plain = await start(join(folder, 'plain'), false)
  console.log(`${program}\nagainst an upstream that takes ${THINKING_MS} ms\n`)
  await measureLatency(server, false)
  await measureLatency(server, true)
  await measureMany(server, plain, Number(values.entries), folder)
  await Promise.all([server.stop(), plain.stop()])
}

try {
  await main()
  process.exit(0)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
