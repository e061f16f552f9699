import type { ChatUsage, Chunk } from '../../wire/openrouter/chunk.ts'
import { type Beat, endWith, nativeOf, toBeats } from './beats.ts'
import { deltaChunk, usageChunk } from './chunks.ts'
import type { DemoRequest } from './conversation.ts'
import { type Folded, foldChunks } from './fold.ts'
import { limitBeats } from './limit.ts'
import { vendorOf } from './models.ts'
import type { Step } from './script.ts'
import { CHARACTERS_PER_TOKEN } from './usage.ts'

/** Steps that are going to be played, and for whom. */
interface Performance {
  readonly model: string
  readonly request: DemoRequest
  readonly steps: readonly Step[]
  /** What the answer costs; asked only for an answer that comes to its end. */
  readonly usageOf: (said: Folded) => ChatUsage
}

/** All beats of an answer: the greeting, what the steps say within the request's limits, and the ending. */
export const toScore = (performance: Performance): Beat[] => {
  const { model, request, steps } = performance
  const vendor = vendorOf(model)
  const said = toBeats(steps, { vendor, turn: String(request.messages.length) })
  const beats = upToFinal(limitBeats(said, limitsOf(request), vendor))
  const first = beats.findIndex(({ kind }) => kind !== 'wait')
  return [
    ...beats.slice(0, first),
    ...opening(beats[first]),
    ...beats.slice(first),
    ...ending(beats, performance),
  ]
}

const limitsOf = ({ stop, max_tokens, max_completion_tokens }: DemoRequest) => ({
  stop: [stop ?? []].flat(),
  maxCharacters: (max_completion_tokens ?? max_tokens ?? Infinity) * CHARACTERS_PER_TOKEN,
})

const COMMENT: Beat = { kind: 'frame', text: ': OPENROUTER PROCESSING\n\n' }
const ROLE: Beat = { kind: 'chunk', chunk: deltaChunk({ role: 'assistant', content: '' }) }
const DONE: Beat = { kind: 'frame', text: 'data: [DONE]\n\n' }

/** Nothing may stand before raw bytes or a refusal, and verbatim chunks bring the role themselves. */
const opening = (first: Beat | undefined): Beat[] => {
  if (first?.kind === 'raw' || first?.kind === 'fail' || first?.kind === 'hang') return []
  return first?.kind === 'chunk' && !first.verbatim ? [COMMENT, ROLE] : [COMMENT]
}

const FINAL = new Set<Beat['kind'] | undefined>(['cut', 'hang', 'fail'])

const upToFinal = (beats: readonly Beat[]): readonly Beat[] => {
  const final = beats.findIndex(({ kind }) => FINAL.has(kind))
  return final < 0 ? beats : beats.slice(0, final + 1)
}

/** Whatever of finish, usage and `[DONE]` the beats have not said themselves. */
const ending = (beats: readonly Beat[], { model, steps, usageOf }: Performance): Beat[] => {
  if (FINAL.has(beats.at(-1)?.kind) || beats.some(saysDone)) return []
  const said = foldChunks(chunksOf(beats))
  const finish = said.message.tool_calls ? 'tool_calls' : 'stop'
  const finished = said.finish !== null || said.error !== undefined || steps.some((step) => 'finish' in step)
  const priced = said.usage !== undefined || said.error !== undefined
  return [
    ...(finished ? [] : [endWith(finish, nativeOf(finish, vendorOf(model)))]),
    ...(priced ? [] : usageBeats(steps, usageOf(said))),
    DONE,
  ]
}

const saysDone = (beat: Beat): boolean => beat.kind === 'raw' && beat.text.includes('[DONE]')

/** The chunks of an answer, in order. */
export const chunksOf = (beats: readonly Beat[]): Chunk[] =>
  beats.flatMap((beat) => (beat.kind === 'chunk' ? [beat.chunk] : []))

/** A `usage` step corrects the figures, or with null leaves them out. */
const usageBeats = (steps: readonly Step[], usage: ChatUsage): Beat[] => {
  const step = steps.findLast((one) => 'usage' in one)
  if (step?.usage === null) return []
  return [{ kind: 'chunk', chunk: usageChunk({ ...usage, ...step?.usage }) }]
}
