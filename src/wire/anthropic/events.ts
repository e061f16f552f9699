import type {
  AnswerBlock,
  AnswerDetails,
  ContextManagement,
  MessageResponse,
  StopDetails,
  StopReason,
  Usage,
} from './response.ts'
import type { WebCitation } from './server-results.ts'

/** The events of a streamed answer: Anthropic API, 4.2. Their order is `message_start, blocks, message_delta, message_stop`. */
export type StreamEvent =
  | { type: 'message_start'; message: MessageResponse }
  | { type: 'content_block_start'; index: number; content_block: AnswerBlock }
  | { type: 'content_block_delta'; index: number; delta: BlockDelta }
  | { type: 'content_block_stop'; index: number }
  | {
      type: 'message_delta'
      delta: MessageDelta
      /** Totals of the whole answer, not increments. */
      usage: Usage
      context_management?: ContextManagement
      openrouter?: AnswerDetails
    }
  | { type: 'message_stop' }

export type BlockDelta =
  | { type: 'text_delta'; text: string }
  | { type: 'input_json_delta'; partial_json: string }
  | { type: 'thinking_delta'; thinking: string }
  | { type: 'signature_delta'; signature: string }
  | { type: 'citations_delta'; citation: WebCitation }

export interface MessageDelta {
  stop_reason: StopReason
  stop_sequence: string | null
  stop_details: StopDetails | null
  container: null
}
