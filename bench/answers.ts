import { plainProse, prose } from './prose.ts'
import type { Model } from './scenarios.ts'

/** One canned answer, encoded before the first request. */
export interface Answer {
  /** The answer to `stream: false`; only a whole answer has one. */
  readonly whole?: Uint8Array<ArrayBuffer>
  /** The SSE bytes of the answer, one entry per write. */
  readonly writes: ReadonlyArray<Uint8Array<ArrayBuffer>>
  /** Pause before each write but the first, in milliseconds; absent: all writes are one. */
  readonly paceMs?: (write: number) => number
  /** What a client must have read in the end: text, then the arguments of tool calls. */
  readonly text: string
}

const EVENTS = 200
const HELD_EVENTS = 40
const WHOLE_BYTES = 1024
const USAGE = {
  prompt_tokens: 240,
  completion_tokens: 200,
  total_tokens: 440,
  cost: 0.00042,
  is_byok: false,
  prompt_tokens_details: { cached_tokens: 128, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}
const COMMENT = ': OPENROUTER PROCESSING\n\n'
const DONE = 'data: [DONE]\n\n'

const tokens = (count: number): string[] => (prose(count * 12).match(/\s*\S{1,6}/g) ?? []).slice(0, count)

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

function wholeAnswer(): Answer {
  const bare = JSON.stringify(completion('')).length
  const text = plainProse(WHOLE_BYTES - bare)
  return {
    whole: encode(JSON.stringify(completion(text))),
    writes: [encode(frames('bench/whole', [{ content: text }], 'stop').join(''))],
    text,
  }
}

const completion = (content: string): object => ({
  ...envelope('bench/whole', 'chat.completion'),
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content, refusal: null, reasoning: null },
      finish_reason: 'stop',
      native_finish_reason: 'stop',
      logprobs: null,
    },
  ],
  usage: USAGE,
})

/** `events` counts every `data:` frame but `[DONE]`: the role, the text, the ending and the usage. */
function textFrames(model: Model, events: number): { text: string; frames: string[] } {
  const parts = tokens(events - 3)
  const deltas = parts.map((content) => ({ content }))
  return { text: parts.join(''), frames: frames(model, deltas, 'stop') }
}

/** A short sentence, then one tool call whose arguments come in pieces. */
function turnAnswer(): Answer {
  const parts = tokens(20)
  const input = JSON.stringify({ file_path: '/home/dev/project/src/stream/part.ts', old_string: prose(200) })
  const pieces = input.match(/[^]{1,12}/g) ?? []
  const deltas = [
    ...parts.map((content) => ({ content })),
    toolCall({ id: 'call_bench', type: 'function', function: { name: 'Edit', arguments: '' } }),
    ...pieces.map((piece) => toolCall({ function: { arguments: piece } })),
  ]
  return {
    writes: [encode(frames('bench/turn', deltas, 'tool_calls').join(''))],
    text: parts.join('') + input,
  }
}

const toolCall = (call: object): object => ({ content: null, tool_calls: [{ index: 0, ...call }] })

function burstAnswer(): Answer {
  const { text, frames } = textFrames('bench/burst', EVENTS)
  return { text, writes: [encode(frames.join(''))] }
}

function pacedAnswer(model: Model, events: number, paceMs: (write: number) => number): Answer {
  const { text, frames } = textFrames(model, events)
  return { text, writes: frames.map(encode), paceMs }
}

/** The SSE frames of an answer; comment and `[DONE]` travel with their neighbours. */
function frames(model: Model, deltas: readonly object[], finish: string): string[] {
  const [first, ...rest] = [
    chunk(model, { role: 'assistant', content: '' }),
    ...deltas.map((delta) => chunk(model, delta)),
    chunk(model, { content: '' }, finish),
  ]
  const usage = `data: ${JSON.stringify({ ...envelope(model), choices: [], usage: USAGE })}\n\n`
  return [COMMENT + first, ...rest, usage + DONE]
}

function chunk(model: Model, delta: object, finish: string | null = null): string {
  const choice = { index: 0, delta, finish_reason: finish, native_finish_reason: finish, logprobs: null }
  return `data: ${JSON.stringify({ ...envelope(model), choices: [choice] })}\n\n`
}

const envelope = (model: Model, object = 'chat.completion.chunk'): object => ({
  id: 'gen-1790000000-bEnChBeNcHbEnChBeNcH',
  provider: 'Bench',
  model,
  object,
  created: 1_790_000_000,
})

/** The upstream's answers by model. */
export const ANSWERS: Readonly<Record<Model, Answer>> = {
  'bench/whole': wholeAnswer(),
  'bench/lone': pacedAnswer('bench/lone', EVENTS, (write) => 5 + ((write * 7) % 6)),
  'bench/burst': burstAnswer(),
  'bench/turn': turnAnswer(),
  'bench/held': pacedAnswer('bench/held', HELD_EVENTS, () => 100),
}
