import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { mutate } from './mutate.ts'
import { oddText, oddValue } from './odd-values.ts'
import type { Random } from './random.ts'

/** What the upstream answers to one case, however often it is asked. */
export interface Answer {
  /** Whether a server has no reason to fail because of it. */
  readonly isSound: boolean
  readonly respond: (request: Request) => Response
}

/** A recorded answer: the data of its events in order. */
interface Recording {
  readonly events: readonly string[]
  /** Whether it becomes a message. */
  readonly isSound: boolean
}

const ROOT = join(import.meta.dir, '../golden')
const SCENARIOS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => join(ROOT, name))
  .toSorted()

const linesOf = (path: string): readonly string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
const hasMessage = (folder: string): boolean => existsSync(join(folder, 'message.json'))

/** Chat completions' answers, by their chunks. */
const CHAT: readonly Recording[] = SCENARIOS.filter((folder) => existsSync(join(folder, 'chunks.jsonl'))).map(
  (folder) => ({ events: linesOf(join(folder, 'chunks.jsonl')), isSound: hasMessage(folder) }),
)
/** Whole answers. */
const WHOLE: readonly Recording[] = SCENARIOS.filter((folder) =>
  existsSync(join(folder, 'completion.json')),
).map((folder) => ({
  events: [readFileSync(join(folder, 'completion.json'), 'utf8')],
  isSound: hasMessage(folder),
}))
/** Anthropic's events, as an upstream that is relayed sends them: those that this server makes of the others. */
const MESSAGES: readonly Recording[] = SCENARIOS.filter(hasMessage).map((folder) => ({
  events: linesOf(join(folder, 'events.sse'))
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length)),
  isSound: true,
}))
/** Anthropic's whole answers. */
const MESSAGES_WHOLE: readonly Recording[] = SCENARIOS.filter(hasMessage).map((folder) => ({
  events: [readFileSync(join(folder, 'message.json'), 'utf8')],
  isSound: true,
}))

export type Wire = 'chat' | 'messages'

/** One answer on a wire, sound, damaged or no answer at all. */
export function answerOf(wire: Wire, random: Random): Answer {
  const [streams, wholes] = wire === 'chat' ? [CHAT, WHOLE] : [MESSAGES, MESSAGES_WHOLE]
  const kind = random.fraction()
  if (kind < 0.05) return refusal(random)
  if (kind < 0.06) return indiscretion(random)
  const isWhole = kind < 0.2
  const recording = random.pick(isWhole ? wholes : streams)
  if (random.chance(0.35))
    return {
      isSound: recording.isSound,
      respond: isWhole ? whole(recording.events) : stream(recording.events, wire),
    }
  const events = damage(recording.events, random)
  return {
    isSound: false,
    respond: isWhole && random.chance(0.8) ? whole(events) : roughStream(events, wire, random),
  }
}

/** The answer to whoever asks for no case: it must do for every request. */
export const plainAnswer = (wire: Wire): Response => {
  const chat = [
    { id: 'gen-1', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello.' } }] },
    {
      choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
      usage: { prompt_tokens: 9, completion_tokens: 2 },
    },
  ]
  if (wire === 'chat') return eventStream(frame([...chat.map((chunk) => JSON.stringify(chunk)), '[DONE]']))
  return eventStream(frame(PLAIN_EVENTS.map((event) => JSON.stringify(event))))
}

const PLAIN_EVENTS = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      usage: { input_tokens: 9, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello.' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 2 },
  },
  { type: 'message_stop' },
]

const whole = (events: readonly string[]) => (): Response =>
  new Response(events[0] ?? '', { headers: { 'content-type': 'application/json' } })

const stream = (events: readonly string[], wire: Wire) => (): Response => eventStream(frame(events, wire))

const eventStream = (body: string | ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: { 'content-type': 'text/event-stream' } })

const frame = (events: readonly string[], wire: Wire = 'chat', lineEnd = '\n'): string =>
  events
    .map(
      (data) =>
        `${wire === 'messages' ? `event: ${nameOf(data)}${lineEnd}` : ''}data: ${data}${lineEnd}${lineEnd}`,
    )
    .join('')

const nameOf = (data: string): string => /"type":"([a-z_]+)"/.exec(data)?.[1] ?? 'ping'

// — damage —

/** The events of an answer in which something went wrong: in what is said, or in which order. */
function damage(events: readonly string[], random: Random): readonly string[] {
  const damaged = random.chance(0.6)
    ? events.map((event) => (random.chance(0.4) ? damageOne(event, random) : event))
    : events
  return random.pick<() => readonly string[]>([
    () => damaged,
    () => damaged.slice(0, random.below(damaged.length + 1)),
    () => damaged.slice(random.below(damaged.length + 1)),
    () => random.shuffle(damaged),
    () => damaged.flatMap((event) => (random.chance(0.3) ? [event, event] : [event])),
    () => damaged.filter(() => random.chance(0.7)),
    () => [...damaged, ...damaged],
    () => damaged.toSpliced(random.below(damaged.length + 1), 0, JSON.stringify(oddError(random))),
    () =>
      damaged.toSpliced(
        random.below(damaged.length + 1),
        0,
        random.pick(['[DONE]', '', '{', 'null', '[]', '7', '<html>', '{"choices":null}', '{"type":"ping"}']),
      ),
  ])()
}

function damageOne(event: string, random: Random): string {
  try {
    return JSON.stringify(mutate(JSON.parse(event) as unknown, random, 1 + random.below(3))) ?? 'null'
  } catch {
    return event
  }
}

const KEY_WORDS = [
  '401',
  'sk-or-',
  'insufficient_quota',
  'context_length_exceeded',
  'rate_limit_exceeded',
  'authentication',
]

const oddError = (random: Random): unknown => ({
  ...(random.chance(0.5) ? { type: 'error' } : {}),
  error: random.pick<unknown>([
    {
      message: oddText(random),
      code: random.pick<unknown>([
        400,
        401,
        402,
        403,
        404,
        408,
        413,
        422,
        429,
        500,
        502,
        503,
        529,
        '429',
        7,
        -1,
        1e9,
        null,
        'x',
      ]),
    },
    {
      message: random.pick(KEY_WORDS),
      metadata: { error_type: random.pick(KEY_WORDS), raw: oddValue(random), provider_name: oddText(random) },
    },
    {
      type: random.pick(['overloaded_error', 'api_error', 'nonsense', '__proto__']),
      message: oddValue(random),
    },
    { availability: oddValue(random), code: oddValue(random) },
    oddText(random),
    oddValue(random),
  ]),
})

/** No answer: a status and a body, such as they are. */
function refusal(random: Random): Answer {
  const status = random.pick([
    400, 401, 402, 403, 404, 405, 408, 409, 413, 418, 422, 429, 500, 501, 502, 503, 504, 520, 529, 599, 204,
    302,
  ])
  const body = random.pick<() => string>([
    () => JSON.stringify(oddError(random)),
    () => '<html><head><title>Bad gateway</title></head></html>',
    () => '',
    () => oddText(random),
    () => JSON.stringify(oddValue(random)) ?? '',
    () => 'x'.repeat(100_000),
  ])()
  const headers: Record<string, string> = {}
  if (random.chance(0.4))
    headers['retry-after'] = random.pick(['1', '0', '-5', '1e9', 'soon', 'Wed, 21 Oct 2099 07:28:00 GMT', ''])
  if (random.chance(0.5))
    headers['content-type'] = random.pick(['application/json', 'text/html', 'text/event-stream'])
  if (status === 302) headers['location'] = 'http://127.0.0.1:9/'
  return { isSound: false, respond: () => new Response(status === 204 ? null : body, { status, headers }) }
}

/** An upstream that repeats the key it was sent, as some do. */
function indiscretion(random: Random): Answer {
  const status = random.pick([200, 400, 401, 500])
  const tell = ({ headers }: Request): object => {
    const key = headers.get('authorization') ?? headers.get('x-api-key') ?? ''
    return { error: { message: `Incorrect API key provided: ${key}`, code: 401, metadata: { raw: key } } }
  }
  return {
    isSound: false,
    respond: (request) => Response.json(tell(request), { status, headers: { 'x-key': 'none' } }),
  }
}

/** A stream whose bytes are as bad as its events may be: other line ends, no frames, cut anywhere, or reset. */
function roughStream(events: readonly string[], wire: Wire, random: Random): Answer['respond'] {
  const lineEnd = random.pick(['\n', '\n', '\r\n', '\r'])
  const text = random.pick<(framed: string) => string>([
    (framed) => framed,
    (framed) => framed.replaceAll('data: ', 'data:'),
    (framed) =>
      framed.replaceAll(
        `${lineEnd}${lineEnd}`,
        `${lineEnd}: a comment${lineEnd}id: 7${lineEnd}retry: x${lineEnd}${lineEnd}`,
      ),
    (framed) => framed.replaceAll(`${lineEnd}${lineEnd}`, lineEnd),
    (framed) => `\ufeff${framed}`,
    (framed) => framed.trimEnd(),
  ])(frame(events, wire, lineEnd))
  const bytes = Buffer.from(text)
  if (random.chance(0.1))
    for (let at = 0; at < bytes.length; at++) if (random.chance(0.005)) bytes[at] = random.below(256)
  const pieces = cut(
    bytes.subarray(0, random.chance(0.85) ? bytes.length : random.below(bytes.length + 1)),
    random,
  )
  const end = random.chance(0.9) ? 'close' : 'reset'
  const contentType = random.chance(0.95)
    ? 'text/event-stream'
    : random.pick(['application/json', 'text/html', ''])
  return () => new Response(flow(pieces, end), { headers: { 'content-type': contentType } })
}

/** Bytes in pieces; each border may be inside a character. */
function cut(bytes: Uint8Array, random: Random): readonly Uint8Array[] {
  if (random.chance(0.5)) return [bytes]
  const borders = random
    .times(1 + random.below(6), () => random.below(bytes.length + 1))
    .toSorted((a, b) => a - b)
  return [0, ...borders].map((border, at) => bytes.subarray(border, borders[at] ?? bytes.length))
}

function flow(pieces: readonly Uint8Array[], end: 'close' | 'reset'): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = pieces[at++]
      if (piece) {
        controller.enqueue(piece)
        // The next piece is a write of its own.
        await Bun.sleep(0)
      } else if (end === 'close') controller.close()
      else controller.error(new Error('the upstream breaks the connection'))
    },
  })
}
