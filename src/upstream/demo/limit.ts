import type { Chunk, Delta } from '../../wire/openrouter/chunk.ts'
import { type Beat, endWith, nativeOf } from './beats.ts'

/** How long an answer may get. */
interface Limits {
  readonly stop: readonly string[]
  /** Reasoning, text and arguments together. */
  readonly maxCharacters: number
}

/**
 * Ends the beats where a stop sequence begins or the characters run out, whichever comes first. Verbatim chunks
 * and whatever is no chunk pass unchanged.
 */
export const limitBeats = (beats: readonly Beat[], limits: Limits, vendor: string): Beat[] => {
  const kept: Beat[] = []
  let toStop = indexOfStop(beats, limits.stop)
  let room = limits.maxCharacters
  for (const beat of beats) {
    const { content, size } = measure(beat)
    const stops = content > toStop && toStop <= room
    if (stops) return [...kept, ...shorten(beat, toStop), endWith('stop', STOPPED[vendor] ?? 'stop')]
    if (size > room) return [...kept, ...shorten(beat, room), endWith('length', nativeOf('length', vendor))]
    kept.push(beat)
    toStop -= content
    room -= size
  }
  return kept
}

/** Vendors that tell a stop sequence from a natural end. */
const STOPPED: Readonly<Record<string, string>> = { anthropic: 'stop_sequence' }

const deltaOf = (beat: Beat): Delta =>
  beat.kind === 'chunk' && !beat.verbatim ? (beat.chunk.choices?.[0]?.delta ?? {}) : {}

const contentOf = (beat: Beat): string => {
  const { content } = deltaOf(beat)
  return typeof content === 'string' ? content : ''
}

const argumentsOf = ({ tool_calls }: Delta): string => {
  const text = tool_calls?.[0]?.function?.arguments
  return typeof text === 'string' ? text : ''
}

const measure = (beat: Beat): { content: number; size: number } => {
  const delta = deltaOf(beat)
  const content = contentOf(beat).length
  return { content, size: content + (delta.reasoning?.length ?? 0) + argumentsOf(delta).length }
}

const indexOfStop = (beats: readonly Beat[], stop: readonly string[]): number => {
  const text = beats.map(contentOf).join('')
  const found = stop.filter(Boolean).map((sequence) => text.indexOf(sequence))
  return Math.min(...found.filter((index) => index >= 0), Infinity)
}

/** The part of a beat that still fits: text and arguments are cut, reasoning is left out whole. */
const shorten = (beat: Beat, size: number): Beat[] => {
  const delta = shortDelta(deltaOf(beat), size)
  const chunk = beat.kind === 'chunk' ? beat.chunk : {}
  return delta && size > 0 ? [{ kind: 'chunk', chunk: withDelta(chunk, delta) }] : []
}

const shortDelta = (delta: Delta, size: number): Delta | undefined => {
  if (typeof delta.content === 'string') return { ...delta, content: delta.content.slice(0, size) }
  const [call] = delta.tool_calls ?? []
  if (!call) return undefined
  return {
    tool_calls: [{ ...call, function: { ...call.function, arguments: argumentsOf(delta).slice(0, size) } }],
  }
}

const withDelta = (chunk: Chunk, delta: Delta): Chunk => ({
  ...chunk,
  choices: (chunk.choices ?? []).map((choice) => ({ ...choice, delta })),
})
