import { type Static, Type } from '@sinclair/typebox'

import { ChatOptions, optionFields } from '../openrouter/options.ts'
import { maybe, oneOf, open, unchecked } from '../schema.ts'
import { CacheControl } from './cache-control.ts'
import { Content, SystemPrompt } from './content.ts'
import { Tool, ToolChoice } from './tools.ts'

export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const

/** A turn of the conversation; in mid-conversation also a system message, which may carry settings alone. */
export const Message = Type.Union([
  open({ role: oneOf(['user', 'assistant']), content: Content }),
  open({
    role: Type.Literal('system'),
    content: Type.Optional(Content),
    clear_at: maybe(oneOf(['next_user_message', 'never'])),
    output_config: maybe(open({ effort: maybe(oneOf(EFFORTS)) })),
  }),
])
export type Message = Static<typeof Message>

const display = maybe(oneOf(['summarized', 'omitted', 'updates']))
const block_binding = maybe(open({ prefix_mismatch_behavior: Type.Optional(Type.Unknown()) }))
export const Thinking = Type.Union([
  open({
    type: Type.Literal('enabled'),
    budget_tokens: Type.Integer({ minimum: 1024 }),
    display,
    block_binding,
  }),
  open({ type: Type.Literal('adaptive'), display, block_binding }),
  open({ type: oneOf(['disabled', 'between_tools']) }),
])
export type Thinking = Static<typeof Thinking>

const CONTEXT_EDIT_FIELDS = [
  'trigger',
  'keep',
  'clear_at_least',
  'exclude_tools',
  'clear_tool_inputs',
  'pause_after_compaction',
  'instructions',
] as const

const JsonSchemaFormat = open({
  type: Type.Literal('json_schema'),
  schema: Type.Record(Type.String(), Type.Unknown()),
})

export const OutputConfig = open({
  effort: maybe(oneOf(EFFORTS)),
  format: maybe(JsonSchemaFormat),
  task_budget: maybe(
    open({ type: Type.Literal('tokens'), total: Type.Integer(), remaining: maybe(Type.Integer()) }),
  ),
})

/** One edit of `context_management`. New kinds appear often, so what they carry is only named, not checked. */
const ContextEdit = open({ type: Type.String(), ...unchecked(CONTEXT_EDIT_FIELDS) })

const McpServer = open({
  type: Type.Literal('url'),
  name: Type.String(),
  url: Type.String(),
  ...unchecked(['authorization_token', 'tool_configuration']),
})

const Fallback = open({
  model: Type.String(),
  ...unchecked(['max_tokens', 'thinking', 'output_config', 'speed']),
})

/** What create and count_tokens have in common. */
const prompt = {
  model: Type.String({ minLength: 1 }),
  messages: Type.Array(Message, { maxItems: 100_000 }),
  system: Type.Optional(SystemPrompt),
  tools: maybe(Type.Array(Tool)),
  tool_choice: maybe(ToolChoice),
  thinking: maybe(Thinking),
  output_config: maybe(OutputConfig),
  output_format: maybe(JsonSchemaFormat),
  cache_control: maybe(CacheControl),
  context_management: maybe(open({ edits: maybe(Type.Array(ContextEdit)) })),
  mcp_servers: maybe(Type.Array(McpServer)),
  speed: maybe(oneOf(['standard', 'fast'])),
  ...unchecked(['compaction', 'billing_policy']),
}

/** The body of POST /v1/messages. Unknown fields are kept. */
export const MessagesRequest = open(
  {
    ...prompt,
    max_tokens: Type.Integer({ minimum: 0 }),
    stream: maybe(Type.Boolean()),
    stop_sequences: maybe(Type.Array(Type.String())),
    temperature: maybe(Type.Number({ minimum: 0, maximum: 1 })),
    top_p: maybe(Type.Number({ minimum: 0, maximum: 1 })),
    top_k: maybe(Type.Integer({ minimum: 0 })),
    metadata: maybe(open({ user_id: maybe(Type.String()) })),
    service_tier: maybe(oneOf(['auto', 'standard_only', 'default', 'flex', 'scale', 'priority', 'fast'])),
    inference_geo: maybe(Type.String()),
    container: Type.Optional(Type.Unknown()),
    diagnostics: maybe(open({ previous_message_id: maybe(Type.String()) })),
    fallbacks: maybe(Type.Union([Type.Literal('default'), Type.Array(Fallback)])),
    thread: maybe(open({ type: Type.String(), previous_message_id: Type.Optional(Type.String()) })),
    ...unchecked(['fallback_credit_token']),
    ...optionFields,
    openrouter: maybe(ChatOptions),
  },
  { $id: 'MessagesRequest', description: 'Anthropic Messages API request; unknown fields are kept' },
)
export type MessagesRequest = Static<typeof MessagesRequest>

/** The body of POST /v1/messages/count_tokens. */
export const CountTokensRequest = open(prompt, { $id: 'CountTokensRequest' })
export type CountTokensRequest = Static<typeof CountTokensRequest>

export const CountTokensResponse = open(
  {
    input_tokens: Type.Integer({ minimum: 0 }),
    // Only for requests that asked for edits: what the prompt is before them.
    context_management: Type.Optional(open({ original_input_tokens: Type.Integer({ minimum: 0 }) })),
  },
  { $id: 'CountTokensResponse' },
)
export type CountTokensResponse = Static<typeof CountTokensResponse>
