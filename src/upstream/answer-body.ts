import type { ChatError, Choice, Chunk, Delta } from '../wire/openrouter/chunk.ts'
import { brokenConnection } from './failure.ts'
import { endSse, parseSse, SSE_START } from './sse.ts'
import type { Batch } from './upstream.ts'

/** The JSON of a body that should be an error or a whole answer; undefined for anything else, such as HTML. */
function parseBody(text: string): Chunk | undefined {
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
  if (body && 'detail' in body && typeof body.detail === 'string') return body.detail
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1]?.trim()
  if (title) return title
  return body || text.trimStart().startsWith('<') ? undefined : text.trim().slice(0, 300) || undefined
}

/** The end mark of a chat-completions stream: the answer is complete, whatever the connection still does. */
export const isEndMark = (text: string, from = 0, to = text.length): boolean =>
  text.startsWith(END_MARK, from) && text.slice(from, to).trimEnd() === END_MARK

const END_MARK = '[DONE]'

/** One event's data as a chunk. */
export function parseChunk(data: string): Chunk {
  const chunk = parseBody(data)
  if (!chunk) throw brokenConnection('the upstream sent something that is not a JSON object')
  return chunk
}

/** The events of a body that came whole: an answer that is one JSON object, or a stream under a wrong name. */
export function eventsOf(text: string): readonly string[] {
  if (text.trimStart().startsWith('{')) return [text, '[DONE]']
  const events: string[] = []
  endSse(parseSse(SSE_START, text, events), events)
  if (events.length === 0) throw brokenConnection('the upstream answered with something that is not JSON')
  return events
}

/** What a chunk reports as an error: OpenRouter at its top or in its choice, vLLM as the whole object. */
export function errorIn(chunk: Chunk): ChatError | string | undefined {
  if (chunk.error) return chunk.error
  if (chunk.object === 'error') return chunk as ChatError
  for (const choice of choicesOf(chunk)) {
    if (choice?.error) return choice.error
    if (choice?.finish_reason === 'error') return brokenOff('the upstream ended the answer with an error')
    if (isMalformedCall(choice)) return brokenOff('the model made a malformed function call')
  }
  return undefined
}

const brokenOff = (message: string): ChatError => ({
  message,
  metadata: { error_type: 'provider_unavailable' },
})

/** Gemini's word for a turn that failed although the stream ends normally (q30). */
const isMalformedCall = (choice: Choice | null): boolean =>
  typeof choice?.native_finish_reason === 'string' &&
  choice.native_finish_reason.toLowerCase() === 'malformed_function_call'

/** Whether a chunk brings any part of an answer, be it words, thoughts or calls. */
export const saysSomething = (chunk: Chunk): boolean =>
  choicesOf(chunk).some((choice) => {
    const delta = choice?.delta ?? choice?.message
    return delta ? hasContent(delta) : false
  })

const hasContent = (delta: Delta): boolean =>
  isVisible(delta.content) ||
  Boolean(delta.reasoning || delta.reasoning_content || delta.refusal || delta.function_call) ||
  Boolean(delta.audio || delta.reasoning_details?.length || delta.tool_calls?.length || delta.images?.length)

/** White space alone is no answer. */
const isVisible = (content: Delta['content']): boolean =>
  typeof content === 'string' ? content.trim() !== '' : Boolean(content?.length)

const choicesOf = (chunk: Chunk): ReadonlyArray<Choice | null> =>
  Array.isArray(chunk.choices) ? chunk.choices : []

/**
 * Whether an answer that says nothing is one that failed. It may be empty, but then the upstream tells how it ended
 * and what it cost (q20).
 */
export function isSilent(batch: Batch): boolean {
  const chunks = batch.filter((chunk) => chunk !== '[DONE]')
  const finishes = chunks.flatMap((chunk) => choicesOf(chunk).map((choice) => choice?.finish_reason))
  if (finishes.some((finish) => finish === 'length' || finish === 'content_filter')) return false
  return !finishes.some(Boolean) || !chunks.some((chunk) => chunk.usage)
}
