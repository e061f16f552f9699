import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import type { Chunk } from '../wire/openrouter/chunk.ts'
import { errorIn, errorOf, eventsOf, isEndMark, isSilent, parseChunk, saysSomething } from './answer-body.ts'
import { type Deadline, startDeadline, type TimeLimits } from './deadline.ts'
import { brokenConnection, finishOf, toFailure } from './failure.ts'
import { endSse, parseSse, SSE_START } from './sse.ts'
import type { Batch, BatchStream, Upstream, UpstreamCall } from './upstream.ts'

/** `fetch` as far as we use it; the demo upstream is one too. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>

export interface ClientOptions {
  /** Up to and including `/v1`, without a slash at the end. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
  readonly clock: Clock
  readonly limits: TimeLimits
}

/**
 * The network client: one POST /chat/completions, read byte by byte as it comes. Chunks that say nothing wait for
 * the first one that does, so that an answer which fails before it can be tried again.
 */
export const createClient = (options: ClientOptions): Upstream => ({
  stream: (call, signal) => new AnswerReader(options, call, signal),
})

/** Bun's readers hand over all that has arrived in one call. */
type Reader = ReadableStreamDefaultReader<Uint8Array>
type Read = IteratorResult<Batch, undefined>
const OVER: Read = { done: true, value: undefined }

/**
 * Reads one answer. Written as an iterator and not as a generator: every read of every stream passes here, and a
 * chain of generators costs several times as much.
 */
class AnswerReader implements BatchStream {
  readonly #options: ClientOptions
  readonly #call: UpstreamCall
  readonly #deadline: Deadline
  readonly #decoder = new TextDecoder()
  #reader: Reader | undefined
  #sse = SSE_START
  #begun = false
  #over = false
  /** Chunks that wait for the answer to say something. */
  #held: Array<Chunk | '[DONE]'> = []
  #said = false
  /** What broke the answer off; told after the chunks that came before it. */
  #failure: Error | undefined

  constructor(options: ClientOptions, call: UpstreamCall, signal: AbortSignal) {
    this.#options = options
    this.#call = call
    this.#deadline = startDeadline(options.clock, options.limits, call.stream, signal)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Read> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#over) return OVER
    try {
      return this.#begun ? await this.#readEvents() : await this.#begin()
    } catch (error) {
      this.#failure = this.#deadline.expired ?? asFailure(error, this.#options)
      this.#end()
      throw this.#failure
    }
  }

  async return(): Promise<Read> {
    if (!this.#over) this.#deadline.abort()
    this.#end()
    return OVER
  }

  async #begin(): Promise<Read> {
    this.#begun = true
    const response = await this.#send()
    if (!response.ok) throw await this.#refusal(response)
    if (!isEventStream(response)) return this.#readWhole(await response.text())
    if (!response.body) throw brokenConnection('the upstream answered without a body')
    this.#reader = response.body.getReader() as unknown as Reader
    return this.#readEvents()
  }

  async #send(): Promise<Response> {
    const { baseUrl, headers, fetch } = this.#options
    return fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { ...headers, ...this.#call.headers },
      body: this.#call.body,
      signal: this.#deadline.signal,
      // Bun's own idle limit of five minutes would cut long silences; the deadline is ours.
      timeout: false,
    })
  }

  async #refusal(response: Response): Promise<Failure> {
    const error = errorOf(await response.text())
    const retryAfter = response.headers.get('retry-after')
    return toFailure(
      { status: response.status, error, retryAfter, model: this.#call.model },
      this.#options.clock.now(),
    )
  }

  #readWhole(text: string): Read {
    this.#take(eventsOf(text))
    this.#end()
    return this.#passOn()
  }

  /** Reads on until there is something to pass on, or the end. */
  async #readEvents(): Promise<Read> {
    const reader = this.#reader
    if (!reader) return OVER
    for (;;) {
      const { done, value } = await reader.readMany()
      this.#deadline.touch()
      const events: string[] = []
      for (const bytes of value)
        this.#sse = parseSse(this.#sse, this.#decoder.decode(bytes, { stream: true }), events)
      if (done) endSse(parseSse(this.#sse, this.#decoder.decode(), events), events)
      this.#take(events)
      if (done) this.#end()
      if (this.#over || (this.#said && this.#held.length > 0)) return this.#passOn()
    }
  }

  #passOn(): Read {
    const batch = this.#held
    this.#held = []
    if (!this.#said && isSilent(batch)) throw brokenConnection('the upstream sent an empty answer')
    return batch.length > 0 ? { done: false, value: batch } : OVER
  }

  /** Takes in the chunks of one read; what came before an error is still delivered. */
  #take(events: readonly string[]): void {
    try {
      for (const event of events) this.#takeOne(event)
    } catch (error) {
      if (!this.#said || this.#held.length === 0) throw error
      this.#failure = asFailure(error, this.#options)
      this.#end()
    }
    if (events.length > 0) this.#deadline.begin()
  }

  #takeOne(event: string): void {
    if (this.#over) return
    if (isEndMark(event)) {
      this.#held.push('[DONE]')
      this.#finish()
      return
    }
    const chunk = this.#admit(parseChunk(event))
    this.#said ||= saysSomething(chunk)
    this.#held.push(chunk)
  }

  /** An error inside an answer with status 200, at its start or in the middle, may also just be its end. */
  #admit(chunk: Chunk): Chunk {
    const error = errorIn(chunk)
    if (error === undefined) return chunk
    const finish_reason = this.#said ? finishOf(error) : undefined
    if (finish_reason !== undefined) return { ...chunk, error: null, choices: [{ finish_reason }] }
    throw toFailure(
      { status: 200, error, retryAfter: null, model: this.#call.model },
      this.#options.clock.now(),
    )
  }

  /** The end mark has come: the answer is complete, whatever the connection does now. */
  #finish(): void {
    const reader = this.#reader
    this.#reader = undefined
    this.#end()
    if (reader) void drain(reader, this.#options.clock)
  }

  /** Reaches the upstream at once, also when whoever reads us has given up. Idempotent. */
  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#deadline.end()
    this.#reader?.cancel().catch(() => undefined)
  }
}

const MAX_DRAIN_MS = 1000

/** What follows the end mark is only the end of the body. Reading it keeps the connection for the next call. */
async function drain(reader: Reader, clock: Clock): Promise<void> {
  const startedAtMs = clock.now()
  const giveUp = async (): Promise<void> => reader.cancel().catch(() => undefined)
  const stopWatching = clock.watch((nowMs) => {
    if (nowMs - startedAtMs > MAX_DRAIN_MS) void giveUp()
  })
  try {
    while (!(await reader.readMany()).done);
  } catch {
    await giveUp()
  } finally {
    stopWatching()
  }
}

const isEventStream = (response: Response): boolean =>
  response.headers.get('content-type')?.includes('event-stream') === true

function asFailure(error: unknown, options: ClientOptions): Error {
  if (error instanceof Failure) return error
  if (error instanceof Error && error.name === 'AbortError') return error
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  const host = URL.canParse(options.baseUrl) ? new URL(options.baseUrl).host : 'the upstream'
  return brokenConnection(`the connection to the upstream ${host} failed${code}`, error)
}
