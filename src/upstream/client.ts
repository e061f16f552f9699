import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import type { Chunk } from '../wire/openrouter/chunk.ts'
import { errorOf, parseBody, parseChunk } from './answer-body.ts'
import { type Deadline, startDeadline, type TimeLimits } from './deadline.ts'
import { brokenConnection, toFailure } from './failure.ts'
import { parseSse, endSse, SSE_START } from './sse.ts'
import type { Batch, Upstream, UpstreamCall } from './upstream.ts'

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

/** The network client: one POST /chat/completions, read byte by byte as it comes. */
export const createClient = (options: ClientOptions): Upstream => ({
  stream: (call, signal) => receive(options, call, signal),
})

async function* receive(
  options: ClientOptions,
  call: UpstreamCall,
  signal: AbortSignal,
): AsyncGenerator<Batch> {
  const deadline = startDeadline(options.clock, options.limits, call.stream, signal)
  try {
    const response = await send(options, call, deadline)
    if (!response.ok) throw await refusal(response, call, options.clock)
    if (isEventStream(response)) yield* readEvents(response, call, deadline, options.clock)
    else yield* readWhole(await response.text(), call, options.clock)
  } catch (error) {
    throw deadline.expired ?? asFailure(error, options)
  } finally {
    deadline.end()
  }
}

const send = async (options: ClientOptions, call: UpstreamCall, deadline: Deadline): Promise<Response> =>
  options.fetch(`${options.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { ...options.headers, ...call.headers },
    body: call.body,
    signal: deadline.signal,
    // Bun's own idle limit of five minutes would cut long silences; the deadline above is ours.
    timeout: false,
  })

const isEventStream = (response: Response): boolean =>
  response.headers.get('content-type')?.includes('event-stream') === true

async function refusal(response: Response, call: UpstreamCall, clock: Clock): Promise<Failure> {
  const error = errorOf(await response.text())
  const retryAfter = response.headers.get('retry-after')
  return toFailure({ status: response.status, error, retryAfter, model: call.model }, clock.now())
}

function* readWhole(text: string, call: UpstreamCall, clock: Clock): Generator<Batch> {
  const body = parseBody(text)
  if (!body) throw brokenConnection('the upstream answered with something that is not JSON')
  refuseError(body, call, clock)
  yield [body, '[DONE]']
}

async function* readEvents(
  response: Response,
  call: UpstreamCall,
  deadline: Deadline,
  clock: Clock,
): AsyncGenerator<Batch> {
  if (!response.body) throw brokenConnection('the upstream answered without a body')
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let state = SSE_START
  try {
    for (;;) {
      const { done, value } = await reader.read()
      deadline.touch()
      const events: string[] = []
      if (value) state = parseSse(state, decoder.decode(value, { stream: true }), events)
      if (done) endSse(parseSse(state, decoder.decode(), events), events)
      if (events.length > 0) yield* readChunks(events, call, deadline, clock)
      if (done) return
    }
  } finally {
    // Reaches the upstream at once, also when whoever reads us has given up.
    await reader.cancel().catch(() => undefined)
  }
}

/** All chunks of one read as one batch; what came before an error is still delivered. */
function* readChunks(
  events: readonly string[],
  call: UpstreamCall,
  deadline: Deadline,
  clock: Clock,
): Generator<Batch> {
  const batch: Array<Chunk | '[DONE]'> = []
  try {
    for (const event of events) {
      const chunk = parseChunk(event)
      if (chunk !== '[DONE]') refuseError(chunk, call, clock)
      batch.push(chunk)
    }
  } catch (error) {
    if (batch.length > 0) yield batch
    throw error
  }
  deadline.begin()
  yield batch
}

/** An error object inside an answer with status 200, at its start or in the middle. */
function refuseError(chunk: Chunk, call: UpstreamCall, clock: Clock): void {
  if (!chunk.error) return
  throw toFailure({ status: 200, error: chunk.error, retryAfter: null, model: call.model }, clock.now())
}

function asFailure(error: unknown, options: ClientOptions): unknown {
  if (error instanceof Failure) return error
  if (error instanceof Error && error.name === 'AbortError') return error
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  const host = URL.canParse(options.baseUrl) ? new URL(options.baseUrl).host : 'the upstream'
  return brokenConnection(`the connection to the upstream ${host} failed${code}`, error)
}
