import type { Chunk, ReasoningDetail } from '../../wire/openrouter/chunk.ts'
import { type SpokenDelta, cutText, deltaChunk, finishChunk } from './chunks.ts'
import { type Call, type ErrorStep, type Step, type StepKind, type StepOf, kindOf } from './script.ts'

/** The smallest things that happen while an answer is sent. */
export type Beat =
  | { readonly kind: 'chunk'; readonly chunk: Chunk; readonly verbatim?: boolean }
  /** Stream syntax that a whole answer has no place for. */
  | { readonly kind: 'frame'; readonly text: string }
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut'; readonly reset: boolean }
  | { readonly kind: 'fail'; readonly error: ErrorStep }

/** Who answers, and how its parts are named, so that the same request always makes the same ids. */
interface Speaker {
  readonly vendor: string
  /** Unique within the conversation. */
  readonly turn: string
}

/** A step's place in its turn: what came before it, and the call that comes next. */
interface Place extends Speaker {
  readonly calls: number
  readonly reasonings: number
  readonly nextCallId: string | null
}

/** Turns steps into beats. Steps that say nothing themselves make none. */
export const toBeats = (steps: readonly Step[], speaker: Speaker): Beat[] =>
  steps.flatMap((step, at) => beatsOf(step, placeOf(steps, at, speaker)))

const placeOf = (steps: readonly Step[], at: number, speaker: Speaker): Place => {
  const calls = steps.slice(0, at).flatMap(callsOf).length
  const next = steps.slice(at).flatMap(callsOf)[0]
  return {
    ...speaker,
    calls,
    reasonings: steps.slice(0, at).filter((step) => 'reasoning' in step).length,
    nextCallId: next ? (next.id ?? callId(speaker, calls)) : null,
  }
}

type ToBeats<Kind extends StepKind> = (step: StepOf<Kind>, place: Place) => Beat[]

const BEATS: { readonly [Kind in StepKind]: ToBeats<Kind> } = {
  text: ({ text }) => listOf(text).map((content) => say({ content })),
  reasoning: (step, place) => reason(step, place),
  tool: (step, place) => call([step], place),
  tools: ({ tools }, place) => call(tools, place),
  finish: ({ finish, native }, { vendor }) =>
    finish === null ? [] : [endWith(finish, native ?? nativeOf(finish, vendor))],
  wait_ms: ({ wait_ms: ms }) => [{ kind: 'wait', ms }],
  error: ({ error }) => [{ kind: 'fail', error }],
  cut: ({ cut }) => [{ kind: 'cut', reset: cut === 'reset' }],
  hang: () => [{ kind: 'hang' }],
  chunks: ({ chunks }) => chunks.map((chunk) => ({ kind: 'chunk', chunk, verbatim: true })),
  raw: ({ raw }) => [{ kind: 'raw', text: raw }],
  usage: () => [],
  expect: () => [],
  echo: () => [],
}

const beatsOf = (step: Step, place: Place): Beat[] => {
  const kind = kindOf(step)
  return kind ? (BEATS[kind] as ToBeats<StepKind>)(step as never, place) : []
}

const say = (delta: SpokenDelta): Beat => ({ kind: 'chunk', chunk: deltaChunk(delta) })

/** The beat that ends the answer, with the provider's own word beside OpenRouter's. */
export const endWith = (finish: string, native: string): Beat => ({
  kind: 'chunk',
  chunk: finishChunk(finish, native),
})

const NATIVE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  anthropic: { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' },
  google: { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP', content_filter: 'SAFETY' },
}

/** The vendor's word for one of OpenRouter's finish reasons. */
export const nativeOf = (finish: string, vendor: string): string => NATIVE[vendor]?.[finish] ?? finish

const listOf = (pieces: string | readonly string[]): readonly string[] =>
  typeof pieces === 'string' ? [pieces] : pieces

const callsOf = (step: Step): readonly Call[] => {
  if ('tools' in step) return step.tools
  return 'tool' in step ? [step] : []
}

/** Opens the calls one after the other, then sends their arguments in turn: parallel calls interleave. */
const call = (calls: readonly Call[], place: Place): Beat[] => {
  const spoken = calls.map((one, offset) => sayCall(one, place.calls + offset, place))
  const longest = Math.max(...spoken.map((beats) => beats.length))
  return Array.from({ length: longest }, (_, round) => spoken.flatMap((beats) => beats[round] ?? [])).flat()
}

const sayCall = ({ tool, input = {}, id, pieces = 1 }: Call, index: number, place: Place): Beat[] => {
  const text = typeof input === 'string' ? input : JSON.stringify(input)
  const opening = {
    index,
    id: id ?? callId(place, index),
    type: 'function',
    function: { name: tool, arguments: pieces === 0 ? text : '' },
  }
  const rest = pieces === 0 ? [] : cutText(text, pieces)
  return [
    say({ tool_calls: [opening] }),
    ...rest.map((piece) => say({ tool_calls: [{ index, function: { arguments: piece } }] })),
  ]
}

const callId = ({ vendor, turn }: Speaker, index: number): string =>
  `${vendor === 'anthropic' ? 'toolu' : 'call'}_demo_${turn}_${index}`

/** How each vendor's reasoning looks on the wire (openrouter §3.4); vendors without a row send plain text. */
const FORMATS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic-claude-v1',
  openai: 'openai-responses-v1',
  'x-ai': 'xai-responses-v1',
  google: 'google-gemini-v1',
}
const PLAIN = 'plain'

const reason = (step: StepOf<'reasoning'>, place: Place): Beat[] => {
  const format = step.format ?? FORMATS[place.vendor] ?? PLAIN
  const pieces = listOf(step.reasoning).filter((piece) => piece !== '')
  if (format === PLAIN) return pieces.map((reasoning) => say({ reasoning }))
  const detail = (fields: ReasoningDetail) => ({ ...fields, format, index: place.reasonings })
  return [
    ...pieces.map((reasoning) =>
      say({ reasoning, reasoning_details: [detail(thought(reasoning, format, place))] }),
    ),
    ...seals(step, format, place).map((seal) => say({ reasoning_details: [detail(seal)] })),
  ]
}

const isSummarised = (format: string): boolean => format.endsWith('-responses-v1')

const thought = (piece: string, format: string, place: Place): ReasoningDetail =>
  isSummarised(format)
    ? { type: 'reasoning.summary', summary: piece, id: sealId(format, place) }
    : { type: 'reasoning.text', text: piece }

/** What makes reasoning fit to be sent back: Claude signs it, the others add it in encrypted form. */
const seals = (step: StepOf<'reasoning'>, format: string, place: Place): ReasoningDetail[] => {
  const signs = format === FORMATS['anthropic'] && step.reasoning.length > 0
  const encrypts = isSummarised(format) || format === FORMATS['google']
  const signature = step.signature === undefined && signs ? blob('signature', place) : step.signature
  const data = step.encrypted === undefined && encrypts ? blob('encrypted', place) : step.encrypted
  return [
    ...(signature ? [{ type: 'reasoning.text', signature }] : []),
    ...(data ? [{ type: 'reasoning.encrypted', data, id: sealId(format, place) }] : []),
  ]
}

/** Gemini ties its blob to the call that follows, the Responses API to the reasoning item. */
const sealId = (format: string, place: Place): string | null => {
  if (format === FORMATS['google']) return place.nextCallId
  return isSummarised(format) ? `rs_demo_${place.turn}_${place.reasonings}` : null
}

const blob = (kind: string, { vendor, turn, reasonings }: Place): string =>
  btoa(`demo ${kind} of ${vendor}, turn ${turn}, part ${reasonings}`)
