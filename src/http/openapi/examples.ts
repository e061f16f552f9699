import type { StreamEvent } from '../../wire/anthropic/events.ts'
import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import type { MessageResponse } from '../../wire/anthropic/response.ts'
import { encodeEvent } from '../sse.ts'

const HELLO: MessagesRequest = {
  model: 'big',
  max_tokens: 256,
  messages: [{ role: 'user', content: 'Hello' }],
}

const WEATHER: MessagesRequest = {
  model: 'big',
  max_tokens: 256,
  tools: [
    {
      name: 'get_weather',
      description: 'Current weather of a city',
      input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  ],
  tool_choice: { type: 'tool', name: 'get_weather' },
  messages: [{ role: 'user', content: 'What is the weather in Lisbon?' }],
}

/** Requests that any upstream answers, the demo included. The first is what a reader is offered to try. */
export const REQUEST_EXAMPLES = {
  hello: { summary: 'A greeting', value: HELLO },
  stream: { summary: 'The same as a stream', value: { ...HELLO, stream: true } },
  tool: { summary: 'A tool that must be called', value: WEATHER },
} as const

/** The answer to the greeting. */
export const MESSAGE_EXAMPLE: MessageResponse = {
  id: 'msg_0123456789abcdef01234567',
  type: 'message',
  role: 'assistant',
  model: 'big',
  content: [{ type: 'text', text: 'Hello! How can I help?', citations: null }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage: {
    input_tokens: 8,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: null,
    output_tokens: 7,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: null,
    inference_geo: 'not_available',
  },
}

/** The same answer, streamed. */
const EVENTS: readonly StreamEvent[] = [
  {
    type: 'message_start',
    message: {
      ...MESSAGE_EXAMPLE,
      content: [],
      stop_reason: null,
      usage: { ...MESSAGE_EXAMPLE.usage, output_tokens: 0 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello! How ' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'can I help?' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null, container: null },
    usage: MESSAGE_EXAMPLE.usage,
  },
  { type: 'message_stop' },
]
export const STREAM_EXAMPLE = EVENTS.map(encodeEvent).join('')
