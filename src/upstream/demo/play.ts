import type { Beat } from './beats.ts'
import { errorResponse, toError } from './error.ts'
import { foldChunks } from './fold.ts'
import { chunksOf } from './score.ts'

/** What every chunk of one answer repeats. */
interface Head {
  readonly id: string
  readonly provider: string
  readonly model: string
  readonly created: number
}

/** Waits `ms` milliseconds, or rejects with the signal's reason as soon as it fires. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

/** The performance of one answer. */
interface Show {
  readonly head: Head
  readonly streamed: boolean
  readonly sleep: Sleep
  /** Fires when the caller hangs up. */
  readonly signal: AbortSignal
}

const ENCODER = new TextEncoder()

/**
 * Plays the beats as one HTTP answer. What comes first decides about its start: waiting delays the headers, a
 * failure becomes a status, and a hang means no answer until the caller gives up.
 */
export const play = async (beats: readonly Beat[], show: Show): Promise<Response> => {
  const first = beats.findIndex(({ kind }) => kind !== 'wait')
  for (const beat of beats.slice(0, first + 1)) await pause(beat, show.sleep, show.signal)
  const rest = beats.slice(Math.max(first, 0))
  const headers = { 'x-generation-id': show.head.id }
  if (rest[0]?.kind === 'fail') return errorResponse(rest[0].error, headers)
  return show.streamed ? streamResponse(rest, show, headers) : wholeResponse(rest, show, headers)
}

/** Lets the time of a beat pass; other beats take none. */
const pause = async (beat: Beat, sleep: Sleep, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  if (beat.kind === 'wait') await sleep(beat.ms, signal)
  if (beat.kind === 'hang') await untilAborted(signal)
}

const untilAborted = async (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

type HeaderFields = Readonly<Record<string, string>>

const streamResponse = (beats: readonly Beat[], show: Show, headers: HeaderFields): Response =>
  new Response(streamOf(beats, show), {
    headers: { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
  })

/** One read, one beat: nothing is made before it is asked for, and nothing is asked for after a hang-up. */
const streamOf = (beats: readonly Beat[], { head, sleep, signal }: Show): ReadableStream<Uint8Array> => {
  const stop = new AbortController()
  const frames = framesOf(beats, head, sleep, stop)
  signal.addEventListener('abort', () => stop.abort(signal.reason), { signal: stop.signal })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await frames.next()
        if (done) controller.close()
        else controller.enqueue(ENCODER.encode(value))
      },
      cancel: (reason) => stop.abort(reason),
    },
    { highWaterMark: 0 },
  )
}

/** The text of a stream, beat by beat. Aborts `stop` in the end, which lets go of the caller's signal. */
async function* framesOf(beats: readonly Beat[], head: Head, sleep: Sleep, stop: AbortController) {
  try {
    for (const beat of beats) {
      await pause(beat, sleep, stop.signal)
      const frame = frameOf(beat, head)
      if (frame !== '') yield frame
    }
  } finally {
    stop.abort()
  }
}

const frameOf = (beat: Beat, head: Head): string => {
  const started = { ...head, object: 'chat.completion.chunk' }
  switch (beat.kind) {
    case 'chunk':
      return data(beat.verbatim ? beat.chunk : { ...started, ...beat.chunk })
    case 'fail':
      return data({ ...started, error: toError(beat.error), choices: FAILED_CHOICES })
    case 'frame':
    case 'raw':
      return beat.text
    case 'cut':
      return cutShort(beat.reset)
    case 'wait':
    case 'hang':
      return ''
  }
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

/** How a stream says that it failed on its way (openrouter §5.2). */
const FAILED_CHOICES = [
  { index: 0, delta: { content: '' }, finish_reason: 'error', native_finish_reason: 'error' },
]

/** A reset breaks the connection, any other cut ends the body as if all were said. */
const cutShort = (reset: boolean): '' => {
  if (reset) throw new Error('The demo script cut the connection.')
  return ''
}

const wholeResponse = async (
  beats: readonly Beat[],
  show: Show,
  headers: HeaderFields,
): Promise<Response> => {
  for (const beat of beats) await pause(beat, show.sleep, show.signal)
  const json = { ...headers, 'content-type': 'application/json' }
  const body = wholeBody(beats, show.head)
  const end = beats.at(-1)
  if (end?.kind !== 'cut') return new Response(body, { headers: json })
  return new Response(end.reset ? brokenStream() : body.slice(0, body.length / 2), { headers: json })
}

const brokenStream = (): ReadableStream<Uint8Array> => new ReadableStream({ pull: () => void cutShort(true) })

/** Raw bytes are the whole body; an error on the way comes with status 200 and nothing else (openrouter §4). */
const wholeBody = (beats: readonly Beat[], head: Head): string => {
  const raw = beats.flatMap((beat) => (beat.kind === 'raw' ? beat.text : []))
  if (raw.length > 0) return raw.join('')
  const end = beats.at(-1)
  if (end?.kind === 'fail') return JSON.stringify({ error: toError(end.error) })
  const { message, finish, native, usage, error } = foldChunks(chunksOf(beats))
  if (error !== undefined) return JSON.stringify({ error })
  const choice = { index: 0, message, finish_reason: finish, native_finish_reason: native, logprobs: null }
  return JSON.stringify({ ...head, object: 'chat.completion', choices: [choice], usage })
}
