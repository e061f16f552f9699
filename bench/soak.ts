import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { type FaultName, FAULTS, modelFor, startBadUpstream } from '../test/support/bad-upstream.ts'
import { median, slope } from './figures.ts'
import { killAll, readUsage, type Running, startServer } from './processes.ts'

/** Asks a server very often, well and badly, and tells what becomes of its memory. See bench/README.md. */

const ROOT = join(import.meta.dir, '..')
const BINARY = join(ROOT, 'dist/openrouter-anthropic-server')
const CONNECTIONS = 32
const SAMPLES = 20
/** What garbage collection alone moves. */
const NOISE_MB = 15
const NOISE_SHARE = 0.15
/** Faults that last until a time limit is over would make it a matter of hours. */
const QUICK = (Object.keys(FAULTS) as FaultName[]).filter(
  (name) => name !== 'good' && !/hang|drip|endless/.test(name),
)

interface Trend {
  readonly name: string
  readonly requests: number
  readonly seconds: number
  /** Resident memory at even distances. */
  readonly rssMb: readonly number[]
  /** Of the second half. */
  readonly mbPer10kRequests: number
  readonly isFlat: boolean
}

/** Asks so many times, from several connections at once, and watches the memory. */
async function soak(
  name: string,
  requests: number,
  running: Running,
  ask: (nth: number) => Promise<void>,
): Promise<Trend> {
  const startedAtMs = performance.now()
  const points: Array<{ readonly x: number; readonly y: number }> = []
  const every = Math.max(1, Math.floor(requests / SAMPLES))
  let next = 0
  const work = async (): Promise<void> => {
    for (let nth = next++; nth < requests; nth = next++) {
      await ask(nth)
      if (nth % every === every - 1) points.push({ x: nth + 1, y: readUsage(running.pid).rssKb / 1024 })
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  const half = points.slice(Math.floor(points.length / 2))
  const quarter = Math.max(1, Math.floor(points.length / 4))
  const before = median(points.slice(quarter, 2 * quarter).map(({ y }) => y))
  const after = median(points.slice(-quarter).map(({ y }) => y))
  return {
    name,
    requests,
    seconds: Math.round((performance.now() - startedAtMs) / 1000),
    rssMb: points.map(({ y }) => Math.round(y)),
    mbPer10kRequests: half.length < 2 ? 0 : Number((slope(half) * 10_000).toFixed(2)),
    isFlat: after - before <= Math.max(NOISE_MB, before * NOISE_SHARE),
  }
}

const bodyOf = (fault: FaultName, stream: boolean): string =>
  JSON.stringify({
    model: modelFor(fault),
    max_tokens: 100,
    stream,
    messages: [{ role: 'user', content: 'Hello' }],
  })

async function askFor(origin: string, fault: FaultName, stream: boolean): Promise<string> {
  const response = await fetch(`${origin}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: bodyOf(fault, stream),
  })
  return response.text()
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '200000' },
      faults: { type: 'string', default: '100000' },
      server: { type: 'string', default: existsSync(BINARY) ? BINARY : join(ROOT, 'src/main.ts') },
      json: { type: 'boolean', default: false },
    },
  })
  const dataDir = mkdtempSync(join(tmpdir(), 'soak-'))
  await using upstream = startBadUpstream()
  const command = values.server.endsWith('.ts') ? [process.execPath, values.server] : [values.server]
  const running = await startServer(command, {
    cwd: dataDir,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: dataDir,
      PORT: '0',
      DATA_DIR: dataDir,
      OPENROUTER_BASE_URL: upstream.baseUrl,
      UPSTREAM_RETRIES: '0',
      BREAKER_FAILURES: '0',
      LOG_LEVEL: 'silent',
    },
  })
  try {
    const { origin, pid } = running
    let wrong = 0
    const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length
    const good = await soak('good answers', Number(values.requests), running, async (nth) => {
      if (!(await askFor(origin, 'good', nth % 2 === 0)).includes('Hello')) wrong++
    })
    const before = descriptors()
    const bad = await soak('faults', Number(values.faults), running, async (nth) => {
      const fault = QUICK[nth % QUICK.length] ?? 'server-error'
      if (!(await askFor(origin, fault, Math.floor(nth / QUICK.length) % 2 === 0)).includes('_error')) wrong++
    })
    const isWell = (await askFor(origin, 'good', true)).includes('message_stop')
    const report = { trends: [good, bad], wrong, descriptors: [before, descriptors()], isWell }
    console.log(values.json ? JSON.stringify(report) : inWords(report))
    return isWell && wrong === 0 && report.trends.every(({ isFlat }) => isFlat) ? 0 : 1
  } finally {
    await running.stop()
    rmSync(dataDir, { recursive: true })
  }
}

function inWords(report: {
  readonly trends: readonly Trend[]
  readonly wrong: number
  readonly descriptors: readonly number[]
  readonly isWell: boolean
}): string {
  const lines = report.trends.map(
    ({ name, requests, seconds, rssMb, mbPer10kRequests, isFlat }) =>
      `${name}: ${requests} in ${seconds} s; memory ${isFlat ? 'is flat' : 'GROWS'} ` +
      `(${mbPer10kRequests} MB per 10,000 in the second half)\n  MB: ${rssMb.join(' ')}`,
  )
  return [
    ...lines,
    `wrong answers: ${report.wrong}; open descriptors before and after the faults: ${report.descriptors.join(', ')}`,
    report.isWell ? 'the server is well' : 'THE SERVER DOES NOT ANSWER ANY MORE',
  ].join('\n')
}

process.on('exit', killAll)
process.exitCode = await main()
