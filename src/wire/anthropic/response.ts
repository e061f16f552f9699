import { type Static, Type } from '@sinclair/typebox'

import { nullable, oneOf, open } from '../schema.ts'
import { ResponseCacheMark } from '../server/cache.ts'
import {
  AnswerBashResult,
  AnswerCodeExecutionResult,
  AnswerEditorResult,
  AnswerMcpToolResult,
  AnswerMcpToolUse,
  AnswerServerToolUse,
  AnswerWebFetchResult,
  AnswerWebSearchResult,
} from './server-results.ts'

const STOP_REASONS = [
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
] as const
export type StopReason = (typeof STOP_REASONS)[number]

/** Answer blocks. Every key that the newest SDK declares is present, null where there is nothing to say. */
export const AnswerText = open({
  type: Type.Literal('text'),
  text: Type.String(),
  citations: nullable(Type.Array(Type.Unknown())),
})
export const AnswerThinking = open({
  type: Type.Literal('thinking'),
  thinking: Type.String(),
  signature: Type.String(),
})
export const AnswerRedactedThinking = open({ type: Type.Literal('redacted_thinking'), data: Type.String() })
export const AnswerToolUse = open({
  type: Type.Literal('tool_use'),
  id: Type.String(),
  name: Type.String(),
  input: Type.Record(Type.String(), Type.Unknown()),
  caller: open({ type: Type.Literal('direct') }),
})
export const AnswerBlock = Type.Union([
  AnswerText,
  AnswerThinking,
  AnswerRedactedThinking,
  AnswerToolUse,
  AnswerServerToolUse,
  AnswerWebSearchResult,
  AnswerWebFetchResult,
  AnswerCodeExecutionResult,
  AnswerBashResult,
  AnswerEditorResult,
  AnswerMcpToolUse,
  AnswerMcpToolResult,
])
export type AnswerBlock = Static<typeof AnswerBlock>

const tokens = Type.Integer({ minimum: 0 })

/** An object of the upstream's, as it came. */
const extra = Type.Record(Type.String(), Type.Unknown())

/**
 * Token usage. `input_tokens` excludes what was read from or written to the prompt cache: the whole input is
 * `input_tokens + cache_creation_input_tokens + cache_read_input_tokens`. `output_tokens` includes thinking.
 */
export const Usage = open(
  {
    input_tokens: tokens,
    cache_creation_input_tokens: tokens,
    cache_read_input_tokens: tokens,
    cache_creation: nullable(open({ ephemeral_5m_input_tokens: tokens, ephemeral_1h_input_tokens: tokens })),
    output_tokens: tokens,
    output_tokens_details: nullable(open({ thinking_tokens: tokens })),
    server_tool_use: nullable(open({ web_search_requests: tokens, web_fetch_requests: tokens })),
    service_tier: nullable(oneOf(['standard', 'priority', 'batch'])),
    speed: nullable(oneOf(['standard', 'fast'])),
    inference_geo: Type.String(),
  },
  { $id: 'Usage' },
)
export type Usage = Static<typeof Usage>

export const StopDetails = open({
  type: Type.Literal('refusal'),
  category: nullable(Type.String()),
  explanation: nullable(Type.String()),
})
export type StopDetails = Static<typeof StopDetails>

/** Beta context-management-2025-06-27, only for requests that asked for edits. */
export const ContextManagement = open({ applied_edits: Type.Array(open({ type: Type.String() })) })
export type ContextManagement = Static<typeof ContextManagement>

/** What an upstream says of its answer that Anthropic's form has no place for. Each stands there as it was sent. */
export const AnswerDetails = open(
  {
    id: Type.Optional(Type.String({ description: "The upstream's id of the answer" })),
    model: Type.Optional(Type.String({ description: 'The model that answered' })),
    provider: Type.Optional(Type.String({ description: 'Whose servers answered' })),
    system_fingerprint: Type.Optional(Type.String()),
    service_tier: Type.Optional(Type.String()),
    native_finish_reason: Type.Optional(Type.String({ description: "The provider's own word for the end" })),
    cost: Type.Optional(Type.Number({ description: 'USD' })),
    cost_details: Type.Optional(extra),
    is_byok: Type.Optional(Type.Boolean({ description: "Paid with the operator's own key of the provider" })),
    prompt_tokens_details: Type.Optional(extra),
    completion_tokens_details: Type.Optional(extra),
    server_tool_use_details: Type.Optional(extra),
    logprobs: Type.Optional(extra),
    openrouter_metadata: Type.Optional(extra),
    moderation: Type.Optional(extra),
    debug: Type.Optional(Type.Array(Type.Unknown())),
    annotations: Type.Optional(Type.Array(Type.Unknown())),
    images: Type.Optional(Type.Array(Type.Unknown())),
    audio: Type.Optional(extra),
    response_cache: Type.Optional(ResponseCacheMark),
  },
  { description: 'Only for requests with `openrouter.details: true`' },
)
export type AnswerDetails = Static<typeof AnswerDetails>

export const MessageResponse = open(
  {
    id: Type.String(),
    type: Type.Literal('message'),
    role: Type.Literal('assistant'),
    model: Type.String(),
    content: Type.Array(AnswerBlock),
    stop_reason: nullable(oneOf(STOP_REASONS)),
    stop_sequence: nullable(Type.String()),
    stop_details: nullable(StopDetails),
    container: Type.Null(),
    diagnostics: nullable(open({})),
    usage: Usage,
    context_management: Type.Optional(ContextManagement),
    openrouter: Type.Optional(AnswerDetails),
  },
  { $id: 'Message' },
)
export type MessageResponse = Static<typeof MessageResponse>
