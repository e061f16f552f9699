import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import type { ChatError } from '../wire/openrouter/chunk.ts'
import { errorIn, errorOf, eventsOf, isEndMark, isSilent, saysSomething } from './answer-body.ts'
import { readAtMost } from './bounded-body.ts'
import { ChunkParser, withMoreText } from './chunk-parser.ts'
import { type Deadline, startDeadline, type TimeLimits } from './deadline.ts'
import { ASK_DOCTOR, brokenConnection, finishOf, toFailure, type UpstreamRefusal } from './failure.ts'
import type { Reach } from './reach.ts'
import { finishSse, type OnData, scanSse, SSE_START } from './sse.ts'
import type { Batch, BatchStream, ChatItem, Upstream, UpstreamCall } from './upstream.ts'

/** `fetch` as far as we use it; the demo upstream is one too. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>

export interface ClientOptions {
  /** Up to and including `/v1`, without a slash at the end. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
  readonly clock: Clock
  readonly limits: TimeLimits
  /** Tells whether the server is there at all; without it, nobody looks. */
  readonly reach?: Reach
}

/** Reads the events of one answer. An event's data stands in `text` between the two places. */
export interface ItemParser<Item> {
  /** Throws a `Failure` for data that cannot be read. */
  parse(text: string, from: number, to: number): Item
  /** What an event only adds to the item before it; undefined where it is an item of its own. */
  continuation?(text: string, from: number, to: number): string | undefined
  /** That item, with all that was added to it. */
  extend?(item: Item, more: string): Item
}

/** How an upstream's answers are written. `Item` is what one event of a stream says. */
export interface AnswerFormat<Item> {
  /** Where requests go, behind the base URL. */
  readonly path: string
  createParser(): ItemParser<Item>
  /** The answer is complete, whatever the connection still does. */
  isEnd(item: Item): boolean
  /** What an item other than the end reports as an error. */
  errorIn(item: Item): ChatError | string | undefined
  /** What an error in the middle of an answer stands for when it only says how the answer ended. */
  endOf(item: Item, error: ChatError | string): Item | undefined
  /** Whether an item other than the end brings any part of an answer. */
  saysSomething(item: Item): boolean
  /** Whether an answer that says nothing is one that failed. */
  isSilent(batch: Batch<Item>): boolean
  /** The events of a body that came whole. */
  eventsOf(text: string): readonly string[]
  toFailure(refusal: UpstreamRefusal, nowMs: number): Failure
}

const CHAT: AnswerFormat<ChatItem> = {
  path: '/chat/completions',
  createParser() {
    const chunks = new ChunkParser()
    return {
      parse: (text, from, to) => (isEndMark(text, from, to) ? '[DONE]' : chunks.parse(text, from, to)),
      continuation: (text, from, to) => chunks.continuation(text, from, to),
      extend: (item, more) => (item === '[DONE]' ? item : withMoreText(item, more)),
    }
  },
  isEnd: (item) => item === '[DONE]',
  errorIn: (item) => (item === '[DONE]' ? undefined : errorIn(item)),
  endOf(item, error) {
    const finish_reason = finishOf(error)
    if (item === '[DONE]' || finish_reason === undefined) return undefined
    return { ...item, error: null, choices: [{ finish_reason }] }
  },
  saysSomething: (item) => item !== '[DONE]' && saysSomething(item),
  isSilent,
  eventsOf,
  toFailure,
}

/** The network client: one POST /chat/completions, read byte by byte as it comes. */
export const createClient = (options: ClientOptions): Upstream => ({
  stream: (call, signal) => new AnswerReader(CHAT, options, call, signal),
})

/** Bun's readers hand over all that has arrived in one call. */
type Reader = ReadableStreamDefaultReader<Uint8Array>
type Read<Item> = IteratorResult<Batch<Item>, undefined>
const OVER = { done: true, value: undefined } as const

/**
 * Reads one answer. What says nothing waits for the first item that does, so that an answer which fails before it can
 * be tried again. Written as an iterator and not as a generator: every read of every stream passes here, and a chain
 * of generators costs several times as much.
 */
export class AnswerReader<Item> implements BatchStream<Item> {
  readonly #format: AnswerFormat<Item>
  readonly #options: ClientOptions
  readonly #call: UpstreamCall
  readonly #deadline: Deadline
  readonly #decoder = new TextDecoder()
  readonly #parser: ItemParser<Item>
  #reader: Reader | undefined
  #sse = SSE_START
  #begun = false
  #over = false
  /** Items that wait for the answer to say something. */
  #held: Item[] = []
  /** What events of the same read have added to the last of them: a burst of words is one item. */
  #more = ''
  #said = false
  /** What broke the answer off; told after the items that came before it. */
  #failure: Error | undefined

  constructor(format: AnswerFormat<Item>, options: ClientOptions, call: UpstreamCall, signal: AbortSignal) {
    this.#format = format
    this.#parser = format.createParser()
    this.#options = options
    this.#call = call
    const { baseUrl, clock, limits, reach } = options
    const canReach = reach && (async (timeoutMs: number): Promise<boolean> => reach(baseUrl, timeoutMs))
    this.#deadline = startDeadline(clock, limits, call.stream, signal, canReach)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Read<Item>> {
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

  async return(): Promise<Read<Item>> {
    if (!this.#over) this.#deadline.abort()
    this.#end()
    return OVER
  }

  async #begin(): Promise<Read<Item>> {
    this.#begun = true
    const response = await this.#send()
    this.#deadline.connected()
    if (!response.ok) throw await this.#refusal(response)
    if (!isEventStream(response)) return this.#readWhole(await wholeText(response))
    if (!response.body) throw brokenConnection('the upstream answered without a body')
    this.#reader = response.body.getReader() as unknown as Reader
    return this.#readEvents()
  }

  async #send(): Promise<Response> {
    const { baseUrl, headers, fetch } = this.#options
    return fetch(baseUrl + this.#format.path, {
      method: 'POST',
      headers: { ...headers, ...this.#call.headers },
      body: this.#call.body,
      signal: this.#deadline.signal,
      // Nobody but the operator says where keys and prompts go.
      redirect: 'manual',
      // Bun's own idle limit of five minutes would cut long silences; the deadline is ours.
      timeout: false,
    })
  }

  async #refusal(response: Response): Promise<Failure> {
    const { text } = await readAtMost(response, MAX_REFUSAL_BYTES)
    const error = errorOf(text)
    const retryAfter = response.headers.get('retry-after')
    return this.#format.toFailure(
      { status: response.status, error, retryAfter, model: this.#call.model },
      this.#options.clock.now(),
    )
  }

  #readWhole(text: string): Read<Item> {
    this.#take(() => {
      for (const event of this.#format.eventsOf(text)) this.#onData(event, 0, event.length)
    })
    this.#end()
    return this.#passOn()
  }

  /** Reads on until there is something to pass on, or the end. */
  async #readEvents(): Promise<Read<Item>> {
    const reader = this.#reader
    if (!reader) return OVER
    for (;;) {
      const { done, value } = await reader.readMany()
      this.#deadline.touch()
      this.#take(() => this.#scan(value, done))
      if (done) this.#end()
      if (this.#over || (this.#said && this.#held.length > 0)) return this.#passOn()
    }
  }

  #scan(pieces: readonly Uint8Array[], isLast: boolean): void {
    for (const bytes of pieces)
      this.#sse = scanSse(this.#sse, this.#decoder.decode(bytes, { stream: true }), this.#onData)
    if (isLast) finishSse(scanSse(this.#sse, this.#decoder.decode(), this.#onData), this.#onData)
  }

  #passOn(): Read<Item> {
    const batch = this.#held
    this.#held = []
    if (!this.#said && this.#format.isSilent(batch))
      throw brokenConnection('the upstream sent an empty answer')
    return batch.length > 0 ? { done: false, value: batch } : OVER
  }

  /** Takes in the items of one read; what came before an error is still delivered. */
  #take(readAll: () => void): void {
    try {
      readAll()
      this.#extend()
    } catch (error) {
      this.#extend()
      if (!this.#said || this.#held.length === 0) throw error
      this.#failure = asFailure(error, this.#options)
      this.#end()
    }
  }

  readonly #onData: OnData = (text, from, to) => {
    this.#deadline.begin()
    if (this.#over) return
    const more = this.#held.length > 0 ? this.#parser.continuation?.(text, from, to) : undefined
    if (more !== undefined) {
      this.#more += more
      return
    }
    this.#extend()
    const item = this.#parser.parse(text, from, to)
    if (this.#format.isEnd(item)) {
      this.#held.push(item)
      this.#finish()
      return
    }
    this.#hold(this.#admit(item))
  }

  #hold(item: Item): void {
    this.#said ||= this.#format.saysSomething(item)
    this.#held.push(item)
  }

  #extend(): void {
    const item = this.#more === '' ? undefined : this.#held.pop()
    if (item !== undefined) this.#hold(this.#parser.extend?.(item, this.#more) ?? item)
    this.#more = ''
  }

  /** An error inside an answer with status 200, at its start or in the middle, may also just be its end. */
  #admit(item: Item): Item {
    const error = this.#format.errorIn(item)
    if (error === undefined) return item
    const end = this.#said ? this.#format.endOf(item, error) : undefined
    if (end !== undefined) return end
    throw this.#format.toFailure(
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

/** The words of a refusal are cut to much less. */
const MAX_REFUSAL_BYTES = 1024 * 1024
/** No event and no whole answer is larger, with all pictures in it; an upstream that goes mad could be. */
const MAX_EVENT_CHARS = 64 * 1024 * 1024

const tooMuch = (): Failure =>
  brokenConnection(`the upstream sent an event of more than ${MAX_EVENT_CHARS} characters`)

async function wholeText(response: Response): Promise<string> {
  const { text, isCut } = await readAtMost(response, MAX_EVENT_CHARS)
  if (isCut) throw tooMuch()
  return text
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

/** Failures that do not pass by themselves. */
const UNREACHABLE = /ECONNREFUSED|ENOTFOUND|CERT|SELF_SIGNED|UNABLE_TO/

function asFailure(error: unknown, options: ClientOptions): Error {
  if (error instanceof Failure) return error
  if (error instanceof Error && error.name === 'AbortError') return error
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  const host = URL.canParse(options.baseUrl) ? new URL(options.baseUrl).host : 'the upstream'
  return brokenConnection(
    `the connection to the upstream ${host} failed${code}${UNREACHABLE.test(code) ? `; ${ASK_DOCTOR}` : ''}`,
    error,
  )
}
