import type { ChatUsage, Chunk, Delta } from '../../wire/openrouter/chunk.ts'
import type { Batch } from '../upstream.ts'

/** A delta as it is written: the first one of a stream also names the role. */
export type SpokenDelta = Delta & { readonly role?: 'assistant' }

/** One chunk that says `delta` and does not end anything. */
export const deltaChunk = (delta: SpokenDelta): Chunk => ({
  choices: [{ index: 0, delta, finish_reason: null, native_finish_reason: null }],
})

/** The chunk that ends a choice. */
export const finishChunk = (finish: string, native: string): Chunk => ({
  choices: [{ index: 0, delta: { content: '' }, finish_reason: finish, native_finish_reason: native }],
})

/** The last chunk of a stream: no choices, only what it cost (openrouter §5.1). */
export const usageChunk = (usage: ChatUsage): Chunk => ({ choices: [], usage })

/** Cuts `text` into at most `count` pieces of nearly equal length, never inside a code point. */
export const cutText = (text: string, count: number): string[] => {
  const points = Array.from(text)
  const size = Math.max(1, Math.ceil(points.length / Math.max(1, count)))
  return Array.from({ length: Math.ceil(points.length / size) }, (_, piece) =>
    points.slice(piece * size, (piece + 1) * size).join(''),
  )
}

/** A whole text answer as OpenRouter streams it: `pieces` content chunks, the finish and the usage. */
export const textChunks = (text: string, pieces: number): Chunk[] => [
  deltaChunk({ role: 'assistant', content: '' }),
  ...cutText(text, pieces).map((content) => deltaChunk({ content })),
  finishChunk('stop', 'stop'),
  usageChunk({ prompt_tokens: 8, completion_tokens: Math.ceil(text.length / 4), cost: 0 }),
]

/** The batch as server-sent events, one frame an entry and nothing besides. */
export const sse = (batch: Batch): string =>
  batch.map((entry) => `data: ${entry === '[DONE]' ? entry : JSON.stringify(entry)}\n\n`).join('')
