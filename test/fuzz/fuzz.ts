import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { memoryOf, startServer, type TestServer } from '../support/server.ts'
import { type Answer, answerOf, plainAnswer, type Wire } from './answers.ts'
import { judge, type Outcome } from './judge.ts'
import { type Random, randomOf } from './random.ts'
import { type ClientRequest, requestOf } from './requests.ts'

export interface FuzzOptions {
  readonly seed: number
  /** The first case. */
  readonly from: number
  readonly count: number
  /** Told now and then how far it is. */
  readonly onProgress?: (done: number, report: FuzzReport) => void
}

export interface FuzzReport {
  readonly outcomes: Readonly<Partial<Record<Outcome | 'hung up', number>>>
  readonly faults: readonly Fault[]
  /** The most resident memory that a server had, first after a tenth of the cases and then until the end. */
  readonly memoryMb: { readonly early: number; readonly late: number }
  readonly slowestMs: number
}

/** A case that came out as none may. */
export interface Fault {
  readonly index: number
  readonly message: string
  readonly request: ClientRequest
}

/** No answer of the upstream's takes longer than a moment. */
const TIME_LIMIT_MS = 20_000
const LANES = 12
const MAX_FAULTS = 40
/** Twice of what a server was seen to level off at. */
const MOST_MEMORY_MB = 700

const UPSTREAM_KEY = 'sk-or-v1-5f1e0c7b9a2d4e6f8a1b3c5d7e9f0a2b'
const RELAY_KEY = 'sk-ant-api03-6b1d0c7b9a2d4e6f8a1b3c5d7e9f0a2b'
const CLIENT_KEY = 'client-key-7c2e0c7b9a2d4e6f8a1b3c5d7e9f'

/**
 * Throws cases at two real server processes, one of them strict, with an upstream that answers each case as its own
 * chance has it. Every case can be had again from its seed and its number.
 */
export async function fuzz({ seed, from, count, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const stage = await setStage()
  const outcomes: Partial<Record<Outcome | 'hung up', number>> = {}
  const faults: Fault[] = []
  const memoryMb = { early: 0, late: 0 }
  let slowestMs = 0
  let next = from
  let done = 0

  const look = async (): Promise<void> => {
    const sizes = await Promise.all(stage.servers.map(async (server) => (await memoryOf(server)) / 2 ** 20))
    const phase = done <= count / 10 ? 'early' : 'late'
    memoryMb[phase] = Math.round(Math.max(memoryMb[phase], ...sizes))
  }
  const lane = async (): Promise<void> => {
    while (next < from + count && faults.length < MAX_FAULTS) {
      const index = next++
      const request = requestOfCase(seed, index)
      const startedAtMs = performance.now()
      try {
        const outcome = await perform(request, stage)
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      } catch (error) {
        faults.push({
          index,
          message: error instanceof Error ? error.message : String(error),
          request: request.sent,
        })
      }
      slowestMs = Math.max(slowestMs, Math.round(performance.now() - startedAtMs))
      const nth = ++done
      if (nth % 500 === 0) {
        await look()
        onProgress?.(nth, { outcomes, faults, memoryMb, slowestMs })
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  await look()
  const mostMb = Math.max(memoryMb.early, memoryMb.late)
  if (mostMb > MOST_MEMORY_MB)
    faults.push({ index: -1, message: `a server grew to ${mostMb} MB`, request: NO_REQUEST })
  for (const { message, index } of await stage.strike())
    faults.push({ index, message, request: index < 0 ? NO_REQUEST : requestOfCase(seed, index).sent })
  return { outcomes, faults, memoryMb, slowestMs }
}

const NO_REQUEST: ClientRequest = { path: '', body: '', headers: {} }

// — a case —

interface Case {
  readonly index: number
  readonly wire: Wire
  readonly sent: ClientRequest
  readonly answer: Answer
  readonly isStrict: boolean
  /** The client leaves before the answer is complete. */
  readonly hangsUp: boolean
}

function requestOfCase(seed: number, index: number): Case {
  const random: Random = randomOf(seed, index)
  const wire = random.chance(0.85) ? 'chat' : 'messages'
  return {
    index,
    wire,
    sent: requestOf(`${wire === 'chat' ? 'test/case' : 'relayed'}-${index}`, random),
    answer: answerOf(wire, random),
    isStrict: random.chance(0.2),
    hangsUp: random.chance(0.02),
  }
}

async function perform(given: Case, stage: Stage): Promise<Outcome | 'hung up'> {
  const { index, sent, answer, isStrict, wire, hangsUp } = given
  const [open, strict] = stage.servers
  const served = stage.cast(given)
  try {
    const response = await fetch(`${isStrict ? strict.url : open.url}${sent.path}`, {
      method: 'POST',
      headers: { ...sent.headers, 'x-api-key': CLIENT_KEY },
      body: sent.body,
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    })
    if (hangsUp) {
      await response.body?.cancel()
      return 'hung up'
    }
    const requestId = response.headers.get('request-id')
    if (requestId !== null) stage.remember(requestId, index)
    const text = await response.text()
    refuseSecrets(`${text}\n${JSON.stringify([...response.headers])}`)
    const { status, headers } = response
    return await judge(new Response(text, { status, headers }), {
      mayFail: () => (served() && !answer.isSound) || mayBeImpossible(sent),
      isRelayed: wire === 'messages' && served(),
    })
  } finally {
    stage.dismiss(index)
  }
}

/** A form that the upstream knows nothing of, or an answer that nobody has: such a request fails rightly. */
const mayBeImpossible = ({ body, headers }: ClientRequest): boolean =>
  /output_config|output_format|response.format|only.if.cached/.test(
    `${typeof body === 'string' ? body : Buffer.from(body).toString()}${Object.keys(headers).join()}`,
  )

function refuseSecrets(text: string): void {
  for (const key of [UPSTREAM_KEY, RELAY_KEY, CLIENT_KEY])
    if (text.includes(key)) throw new Error(`a key leaks: ${text.slice(0, 2000)}`)
}

// — the stage: an upstream and two servers —

interface Stage {
  /** The one as it comes, and the strict one. */
  readonly servers: readonly [TestServer, TestServer]
  /** Gives a case its answer; what it returns tells whether the upstream was asked for it. */
  readonly cast: (given: Case) => () => boolean
  readonly dismiss: (index: number) => void
  /** Whose request it was, for what is found in the logs. */
  readonly remember: (requestId: string, index: number) => void
  /** Ends all of it; resolves to what is wrong with how the servers ended and what they wrote. */
  readonly strike: () => Promise<readonly Pick<Fault, 'index' | 'message'>[]>
}

async function setStage(): Promise<Stage> {
  const cases = new Map<number, { readonly answer: Answer; readonly wire: Wire; served: boolean }>()
  const indexes = new Map<string, number>()
  const upstream = createServer((request, reply) => void respond(request, reply))
  const respond = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const body = await text(request)
    const { url = '', method = '' } = request
    const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const response = answerTo(new Request(`http://upstream.test${url}`, { method, headers }), body)
    reply.writeHead(response.status, Object.fromEntries(response.headers))
    try {
      for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) reply.write(piece)
      reply.end()
    } catch {
      reply.destroy()
    }
  }
  const answerTo = (request: Request, body: string): Response => {
    if (request.method !== 'POST') return Response.json({ data: [] })
    const { model } = JSON.parse(body) as { model?: unknown }
    const known = cases.get(Number(/-(\d+)$/.exec(String(model))?.[1]))
    const wire = request.url.endsWith('/messages') ? 'messages' : 'chat'
    if (known?.wire !== wire) return plainAnswer(wire)
    known.served = true
    return known.answer.respond(request)
  }
  await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve))
  const { port } = upstream.address() as AddressInfo
  const base = `http://127.0.0.1:${port}`
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
  const config = join(folder, 'config.toml')
  await Bun.write(
    config,
    `[upstreams.default]\ndialect = "openrouter"\n\n[upstreams.relay]\nbase_url = "${base}/v1"\nwire = "messages"\napi_key = "${RELAY_KEY}"\nmodels = ["relayed-*"]\n`,
  )
  const settings = {
    OPENROUTER_BASE_URL: `${base}/v1`,
    OPENROUTER_API_KEY: UPSTREAM_KEY,
    SERVER_API_KEYS: CLIENT_KEY,
    CONFIG_FILE: config,
    UPSTREAM_RETRIES: '0',
    STRUCTURED_RETRIES: '1',
    LOG_LEVEL: 'warn',
  }
  const servers = await Promise.all([
    startServer(settings),
    startServer({ ...settings, STRICT_COMPAT: 'true' }),
  ])
  return {
    servers,
    cast({ index, answer, wire }) {
      const entry = { answer, wire, served: false }
      cases.set(index, entry)
      return () => entry.served
    },
    dismiss: (index) => void cases.delete(index),
    remember: (requestId, index) => void indexes.set(requestId, index),
    async strike() {
      const codes = await Promise.all(servers.map(async (server) => server.stop()))
      upstream.closeAllConnections()
      upstream.close()
      await rm(folder, { recursive: true })
      const lines = servers.flatMap((server) => server.output().split('\n'))
      return [
        ...codes
          .filter((code) => code !== 0)
          .map((code) => ({ index: -1, message: `a server ended with ${code}` })),
        ...lines
          .filter(isBug)
          .map((message) => ({ index: indexes.get(requestIdIn(message)) ?? -1, message })),
      ]
    },
  }
}

const requestIdIn = (line: string): string => /"request_id":"(\w+)"/.exec(line)?.[1] ?? ''

const isBug = (line: string): boolean =>
  line.includes('"unexpected-error"') ||
  [UPSTREAM_KEY, RELAY_KEY, CLIENT_KEY].some((key) => line.includes(key))
