/** The load generator of the benchmark: `bun bench/load.ts '<LoadPlan as JSON>'`, prints a `LoadResult`. */
import type { Socket } from 'bun'

import { AnswerReader } from './answer-reader.ts'
import { REQUEST_HEADERS, requestBody } from './requests.ts'
import { pathOf, type Scenario, type ScenarioId, SCENARIOS, type Wire } from './scenarios.ts'

export interface LoadPlan {
  readonly scenario: ScenarioId
  readonly wire: Wire
  readonly port: number
  readonly connections: number
  /** No request begins after this many, or after `durationMs`; what has begun is finished. */
  readonly requests: number
  readonly durationMs: number
  /** Whatever is still open then has failed. */
  readonly deadlineMs: number
}

export interface LoadResult {
  readonly requests: number
  readonly failures: number
  /** What went wrong first, for the person at the screen. */
  readonly firstFailure?: string
  readonly wallMs: number
  readonly firstByteP50Ms: number
  readonly firstByteP99Ms: number
  readonly totalP50Ms: number
  readonly totalP99Ms: number
  /** The most answers that were begun and not ended at one time. */
  readonly peakOpen: number
  /** CPU that the load generator itself used. */
  readonly cpuMs: number
}

const MAX_FAILURES = 50

interface Line {
  readonly reader: AnswerReader
  busy: boolean
  /** The part of the request that the socket did not take yet. */
  unsent: Uint8Array
  sentAt: number
  firstByteAt: number
}

/** Drives one plan to its end: at the latest at its deadline. */
class Load {
  readonly #plan: LoadPlan
  readonly #request: Uint8Array
  readonly #isComplete: (answer: AnswerReader) => boolean
  readonly #ended = Promise.withResolvers<void>()
  readonly #sockets = new Set<Socket<Line>>()
  readonly #firstBytesMs: number[] = []
  readonly #totalsMs: number[] = []
  #startedAt = 0
  #lastAt = 0
  #begun = 0
  #open = 0
  #peakOpen = 0
  #lines: number
  #failures = 0
  #firstFailure: string | undefined

  constructor(plan: LoadPlan) {
    this.#plan = plan
    this.#request = encodeRequest(plan)
    this.#isComplete = completeness(SCENARIOS[plan.scenario], plan.wire)
    this.#lines = plan.connections
  }

  async run(): Promise<LoadResult> {
    const { scenario, connections, deadlineMs } = this.#plan
    const { rampMs } = SCENARIOS[scenario]
    this.#startedAt = this.#lastAt = performance.now()
    for (let nth = 0; nth < connections; nth += 1) {
      setTimeout(() => void this.#connect(), (nth * rampMs) / connections)
    }
    const deadline = setTimeout(() => this.#giveUp(), deadlineMs)
    await this.#ended.promise
    clearTimeout(deadline)
    return this.#result()
  }

  async #connect(): Promise<void> {
    try {
      await Bun.connect<Line>({
        hostname: '127.0.0.1',
        port: this.#plan.port,
        data: { reader: new AnswerReader(), busy: false, unsent: this.#request, sentAt: 0, firstByteAt: 0 },
        socket: {
          open: (socket) => this.#onOpen(socket),
          data: (socket, piece) => this.#onData(socket, piece),
          drain: send,
          close: (socket) => this.#onClose(socket),
          error: (_, error) => this.#fail(error.message),
        },
      })
    } catch (error) {
      this.#fail(`no connection: ${String(error)}`)
      this.#endLine()
    }
  }

  #onOpen(socket: Socket<Line>): void {
    this.#sockets.add(socket)
    this.#begin(socket)
  }

  #mayBegin(): boolean {
    const { requests, durationMs } = this.#plan
    const hasTime = performance.now() - this.#startedAt < durationMs
    return hasTime && this.#begun < requests && this.#failures < MAX_FAILURES
  }

  #begin(socket: Socket<Line>): void {
    if (!this.#mayBegin()) {
      socket.end()
      return
    }
    this.#begun += 1
    const line = socket.data
    line.reader.reset()
    line.busy = true
    line.firstByteAt = 0
    line.unsent = this.#request
    line.sentAt = performance.now()
    send(socket)
  }

  #onData(socket: Socket<Line>, piece: Buffer): void {
    const line = socket.data
    if (!line.busy) return
    if (line.firstByteAt === 0) this.#onFirstByte(line)
    if (line.reader.feed(piece)) this.#finish(socket)
  }

  #onFirstByte(line: Line): void {
    line.firstByteAt = performance.now()
    this.#open += 1
    this.#peakOpen = Math.max(this.#peakOpen, this.#open)
  }

  #finish(socket: Socket<Line>): void {
    const line = socket.data
    this.#lastAt = performance.now()
    this.#open -= 1
    line.busy = false
    this.#firstBytesMs.push(line.firstByteAt - line.sentAt)
    this.#totalsMs.push(this.#lastAt - line.sentAt)
    const { reader } = line
    if (!this.#isComplete(reader)) this.#fail(`status ${reader.status}, the answer ends: ${reader.tail}`)
    this.#begin(socket)
  }

  #onClose(socket: Socket<Line>): void {
    this.#sockets.delete(socket)
    if (socket.data.busy) this.#onCut(socket.data)
    if (this.#mayBegin()) void this.#connect()
    else this.#endLine()
  }

  #onCut(line: Line): void {
    line.busy = false
    if (line.firstByteAt > 0) this.#open -= 1
    this.#fail('the connection closed before the answer ended')
  }

  #endLine(): void {
    this.#lines -= 1
    if (this.#lines === 0) this.#ended.resolve()
  }

  #giveUp(): void {
    for (const { data } of this.#sockets) if (data.busy) this.#fail('not answered in time')
    if (this.#totalsMs.length === 0) this.#fail('nothing was answered in time')
    this.#ended.resolve()
  }

  #fail(reason: string): void {
    this.#failures += 1
    this.#firstFailure ??= reason
  }

  #result(): LoadResult {
    const cpu = process.cpuUsage()
    return {
      requests: this.#totalsMs.length,
      failures: this.#failures,
      ...(this.#firstFailure === undefined ? {} : { firstFailure: this.#firstFailure }),
      wallMs: this.#lastAt - this.#startedAt,
      ...percentiles(this.#firstBytesMs, this.#totalsMs),
      peakOpen: this.#peakOpen,
      cpuMs: (cpu.user + cpu.system) / 1000,
    }
  }
}

function send(socket: Socket<Line>): void {
  const line = socket.data
  if (line.unsent.length === 0) return
  const taken = socket.write(line.unsent)
  if (taken > 0) line.unsent = line.unsent.subarray(taken)
}

function encodeRequest({ scenario, wire, port }: LoadPlan): Uint8Array {
  const body = Buffer.from(requestBody(SCENARIOS[scenario], wire))
  const head = [
    `POST ${pathOf(SCENARIOS[scenario], wire)} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...Object.entries(REQUEST_HEADERS[wire]).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.length}`,
  ].join('\r\n')
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body])
}

/** How an answer must end; what it says is checked once, before the rounds. */
function completeness(scenario: Scenario, wire: Wire): (answer: AnswerReader) => boolean {
  const streamEnd = wire === 'chat' ? 'data: [DONE]' : '"message_stop"'
  return ({ status, tail, bodyBytes }) => {
    if (status !== 200) return false
    return scenario.stream ? tail.includes(streamEnd) : bodyBytes > 512 && tail.endsWith('}')
  }
}

function percentiles(
  firstBytesMs: number[],
  totalsMs: number[],
): Pick<LoadResult, 'firstByteP50Ms' | 'firstByteP99Ms' | 'totalP50Ms' | 'totalP99Ms'> {
  const first = Float64Array.from(firstBytesMs).sort()
  const total = Float64Array.from(totalsMs).sort()
  const at = (sorted: Float64Array, share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  return {
    firstByteP50Ms: at(first, 0.5),
    firstByteP99Ms: at(first, 0.99),
    totalP50Ms: at(total, 0.5),
    totalP99Ms: at(total, 0.99),
  }
}

if (import.meta.main) {
  const result = await new Load(JSON.parse(process.argv[2] ?? '{}') as LoadPlan).run()
  console.log(JSON.stringify(result))
  process.exit(0)
}
