import type { ChatError, Chunk } from '../wire/openrouter/chunk.ts'
import { brokenConnection } from './failure.ts'

/** The JSON of a body that should be an error or a whole answer; undefined for anything else, such as HTML. */
export function parseBody(text: string): Chunk | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What a refusal's body says. HTML pages of a proxy in between are reduced to their title. */
export function errorOf(text: string): ChatError | string | undefined {
  const body = parseBody(text)
  if (body?.error) return body.error
  if (body && 'message' in body && typeof body.message === 'string') return body.message
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1]?.trim()
  if (title) return title
  return body || text.trimStart().startsWith('<') ? undefined : text.trim().slice(0, 300) || undefined
}

/** One event's data as a chunk. */
export function parseChunk(data: string): Chunk | '[DONE]' {
  if (data.trimEnd() === '[DONE]') return '[DONE]'
  const chunk = parseBody(data)
  if (!chunk) throw brokenConnection('the upstream sent an event that is not a JSON object')
  return chunk
}
