import { Failure } from '../core/errors.ts'
import type { BlockDelta, StreamEvent } from '../wire/anthropic/events.ts'
import type { AnswerBlock, MessageResponse, StopReason } from '../wire/anthropic/response.ts'
import { parseCutObject, parseDespiteComma, parseObject } from './partial-json.ts'

interface OpenBlock {
  readonly block: AnswerBlock
  text: string
  signature: string
}

/**
 * Folds a whole event stream into the one message that it describes. Throws a `Failure` for a stream without a
 * beginning, and for a tool call whose arguments are no JSON object.
 */
export function foldEvents(events: Iterable<StreamEvent>): MessageResponse {
  const blocks: OpenBlock[] = []
  let message: MessageResponse | undefined
  for (const event of events) {
    switch (event.type) {
      case 'message_start':
        message = event.message
        break
      case 'content_block_start':
        blocks.push({ block: event.content_block, text: '', signature: '' })
        break
      case 'content_block_delta':
        addDelta(blocks[event.index], event.delta)
        break
      case 'message_delta':
        if (message) message = withEnd(message, event)
        break
      case 'content_block_stop':
      case 'message_stop':
        break
    }
  }
  if (!message) throw new Failure('api_error', 'the answer has no beginning')
  const { stop_reason } = message
  return { ...message, content: blocks.map((block) => finish(block, stop_reason)) }
}

function withEnd(
  message: MessageResponse,
  end: Extract<StreamEvent, { type: 'message_delta' }>,
): MessageResponse {
  const { delta, usage, context_management } = end
  return { ...message, ...delta, usage, ...(context_management ? { context_management } : {}) }
}

function addDelta(open: OpenBlock | undefined, delta: BlockDelta): void {
  if (!open) return
  if (delta.type === 'signature_delta') open.signature = delta.signature
  else open.text += pieceOf(delta)
}

function pieceOf(delta: Exclude<BlockDelta, { type: 'signature_delta' }>): string {
  switch (delta.type) {
    case 'text_delta':
      return delta.text
    case 'thinking_delta':
      return delta.thinking
    case 'input_json_delta':
      return delta.partial_json
  }
}

function finish({ block, text, signature }: OpenBlock, stopReason: StopReason | null): AnswerBlock {
  switch (block.type) {
    case 'text':
      return { ...block, text }
    case 'thinking':
      return { ...block, thinking: text, signature }
    case 'redacted_thinking':
      return block
    case 'tool_use':
      return { ...block, input: toInput(text, block.name, stopReason) }
  }
}

/** A tool's input must be an object. Text that was cut by the token limit keeps what is complete of it. */
function toInput(text: string, tool: string, stopReason: StopReason | null): Record<string, unknown> {
  if (stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded')
    return parseCutObject(text)
  const input = parseObject(text) ?? parseDespiteComma(text)
  if (input) return input
  throw new Failure('api_error', `the model called the tool ${tool} with arguments that are no JSON object`, {
    status: 502,
  })
}
