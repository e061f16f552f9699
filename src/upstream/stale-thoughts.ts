import { Failure } from '../core/errors.ts'
import type { AssistantMessage, ChatRequest } from '../wire/openrouter/request.ts'
import type { Batch, Upstream, UpstreamCall } from './upstream.ts'

/**
 * How providers refuse earlier thoughts: signatures and encrypted blobs are good only for the provider that made
 * them, and not forever (openrouter §7.4).
 */
const REFUSED_THOUGHTS: readonly RegExp[] = [
  /invalid `?(?:signature|data)`? in `?(?:redacted_)?thinking/i,
  /expected `?thinking`? or `?redacted_thinking`?/i,
  /thinking`? blocks? .{0,60}cannot be modified/i,
  /(?:corrupted|invalid) thought.?signature/i,
  /thought.?signature is (?:not valid|invalid|corrupted)/i,
  /encrypted content .{0,80}could not be (?:verified|decrypted)/i,
  /of type 'reasoning' was provided without its required following item/i,
]

/**
 * An upstream that, when its provider refuses the conversation's earlier thoughts, is asked once more without them.
 * `onDrop` hears of it.
 */
export const withThoughtRecovery = (upstream: Upstream, onDrop: (failure: Failure) => void): Upstream => ({
  stream(call, signal) {
    let stream = upstream.stream(call, signal)
    let begun = false

    const begin = async (): Promise<IteratorResult<Batch, undefined>> => {
      begun = true
      try {
        return await stream.next()
      } catch (error) {
        const lighter = signal.aborted || !isRefusedThought(error) ? undefined : withoutThoughts(call)
        if (!lighter || !isRefusedThought(error)) throw error
        onDrop(error)
        stream = upstream.stream(lighter, signal)
        return stream.next()
      }
    }
    return {
      next: async () => (begun ? stream.next() : begin()),
      return: async () => stream.return(),
      [Symbol.asyncIterator]() {
        return this
      },
    }
  },
})

const isRefusedThought = (error: unknown): error is Failure =>
  error instanceof Failure &&
  error.kind === 'invalid_request_error' &&
  REFUSED_THOUGHTS.some((wording) => wording.test(error.message))

/** The same call with no earlier thought in it; undefined where there was none. */
function withoutThoughts(call: UpstreamCall): UpstreamCall | undefined {
  const body = JSON.parse(call.body) as ChatRequest
  const thinkers = body.messages.filter(
    (message): message is AssistantMessage => message.role === 'assistant' && hasThoughts(message),
  )
  if (thinkers.length === 0) return undefined
  for (const message of thinkers)
    for (const field of THOUGHTS) if (message[field] !== undefined) delete message[field]
  // With a budget, Claude insists on the thoughts that led to its last calls.
  if (hasBudget(body['reasoning'])) body['reasoning'] = { enabled: false }
  return { ...call, body: JSON.stringify(body) }
}

const THOUGHTS = ['reasoning', 'reasoning_content', 'reasoning_details'] as const

const hasThoughts = (message: AssistantMessage): boolean =>
  THOUGHTS.some((field) => message[field] !== undefined && message[field].length > 0)

const hasBudget = (reasoning: unknown): boolean =>
  typeof reasoning === 'object' && reasoning !== null && 'max_tokens' in reasoning
