import type { Clock } from '../core/clock.ts'
import type { Outcome, RequestContext } from '../core/context.ts'
import type { Failure } from '../core/errors.ts'
import type { AnswerStream } from '../messages/converse.ts'
import { asFailure, noteFailure } from '../observability/failure.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import { rescueMarks } from './rescue-mark.ts'
import { type Headers, toEnvelope } from './respond.ts'

/** One event as it goes over the wire. The two commonest are written by hand: they make up nearly all of a stream. */
export function encodeEvent(event: StreamEvent): string {
  if (event.type === 'content_block_delta' && isPlain(event)) {
    const { delta } = event
    const head = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${event.index},"delta":`
    if (delta.type === 'text_delta' && typeof delta.text === 'string')
      return `${head}{"type":"text_delta","text":${JSON.stringify(delta.text)}}}\n\n`
    if (delta.type === 'input_json_delta' && typeof delta.partial_json === 'string')
      return `${head}{"type":"input_json_delta","partial_json":${JSON.stringify(delta.partial_json)}}}\n\n`
  }
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

const EVENT_FIELDS = ['type', 'index', 'delta'].length
const DELTA_FIELDS = ['type', 'text'].length

/** Relayed deltas may have fields that nobody here knows, and lack those that they should have. */
function isPlain(event: Extract<StreamEvent, { type: 'content_block_delta' }>): boolean {
  let fields = 0
  for (const _name in event) fields++
  let deltaFields = 0
  for (const _name in event.delta) deltaFields++
  return fields === EVENT_FIELDS && deltaFields === DELTA_FIELDS && typeof event.index === 'number'
}

function encodeEvents(events: readonly StreamEvent[]): string {
  let text = ''
  for (const event of events) text += encodeEvent(event)
  return text
}

const PING = 'event: ping\ndata: {"type":"ping"}\n\n'

export interface SseTiming {
  /** How long an early upstream failure can still become an HTTP status. */
  readonly startAfterMs: number
  /** The longest silence towards the client. */
  readonly pingIntervalMs: number
}

/**
 * Answers with the events of a stream. Waits a while for the first of them, so that an early failure is a status;
 * then begins all the same. A failure after that is an `error` event, and nothing follows it. The reader's pace is
 * the upstream's pace: one network read is taken when there is room for it.
 */
export async function sseResponse(
  stream: AnswerStream,
  context: RequestContext,
  clock: Clock,
  timing: SseTiming,
  headers: () => Headers,
  onEnd: (outcome: Outcome) => void,
): Promise<Response> {
  const first = readSome(stream)
  const opening = (await beginsWithin(first, clock, timing.startAfterMs)) ? '' : encodeEvents(stream.open())
  const mark = rescueMarks(context.trace)
  let upcoming: Promise<readonly StreamEvent[] | undefined> | undefined = first
  let lastSentAtMs = clock.now()
  let ended = false
  let stopPings = (): void => {}

  const end = (outcome: Outcome): void => {
    if (ended) return
    ended = true
    stopPings()
    onEnd(outcome)
  }
  const body = new ReadableStream<string>({
    start(controller) {
      if (opening !== '') controller.enqueue(opening)
      stopPings = clock.watch((nowMs) => {
        // A reader who is behind needs no sign of life, and must not be sent ever more of them.
        if (nowMs - lastSentAtMs < timing.pingIntervalMs || (controller.desiredSize ?? 0) <= 0) return
        lastSentAtMs = nowMs
        controller.enqueue(PING)
      })
    },
    async pull(controller) {
      try {
        const events = await (upcoming ?? readSome(stream))
        upcoming = undefined
        if (ended) return
        if (events === undefined) {
          end('ok')
          controller.close()
          return
        }
        controller.enqueue(mark() + encodeEvents(events))
        lastSentAtMs = clock.now()
      } catch (error) {
        if (ended) return
        if (context.signal.aborted) end('cancelled')
        else {
          const failure = asFailure(error, context)
          noteFailure(failure, error, context)
          end('error')
          controller.enqueue(errorEvent(failure, context))
        }
        controller.close()
      }
    },
    async cancel() {
      const stopped = stream.cancel()
      end('cancelled')
      await stopped
    },
  })
  return new Response(body as unknown as ReadableStream<Uint8Array>, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // Tells buffering proxies in between to pass events on at once.
      'x-accel-buffering': 'no',
      ...headers(),
    },
  })
}

const errorEvent = (failure: Failure, context: RequestContext): string =>
  `event: error\ndata: ${JSON.stringify(toEnvelope(failure, context.id))}\n\n`

/** The next events that there are; reads that bring none to tell are passed over. */
async function readSome(stream: AnswerStream): Promise<readonly StreamEvent[] | undefined> {
  for (;;) {
    const events = await stream.read()
    if (events === undefined || events.length > 0) return events
  }
}

/** Whether the promise settles in time. Rejects with it: that is the failure that is still a status. */
async function beginsWithin(first: Promise<unknown>, clock: Clock, ms: number): Promise<boolean> {
  const startedAtMs = clock.now()
  let stop = (): void => {}
  const timeUp = new Promise<false>((resolve) => {
    stop = clock.watch((nowMs) => {
      if (nowMs - startedAtMs >= ms) resolve(false)
    })
  })
  try {
    return await Promise.race([first.then(() => true), timeUp])
  } finally {
    stop()
  }
}
