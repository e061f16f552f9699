/** The body that goes upstream: OpenAI's chat completions with OpenRouter's additions (openrouter §2, §3). */
export interface ChatRequest {
  model: string
  messages: ChatMessage[]
  tools?: ChatTool[]
  stream: boolean
  [option: string]: unknown
}

export interface CacheMark {
  type: 'ephemeral'
  ttl?: '5m' | '1h'
}

export interface TextPart {
  type: 'text'
  text: string
  cache_control?: CacheMark
}
interface ImagePart {
  type: 'image_url'
  image_url: { url: string }
  cache_control?: CacheMark
}
export interface FilePart {
  type: 'file'
  file: { filename: string; file_data: string }
  cache_control?: CacheMark
}
export type Part = TextPart | ImagePart | FilePart

export interface ChatToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

export interface SystemMessage {
  role: 'system'
  content: string | TextPart[]
  /** Changes the effort from here on; stands alone, with empty content. Few models take it. */
  configuration_update?: { reasoning: { effort: string } }
}
interface UserMessage {
  role: 'user'
  content: string | Part[]
}
export interface AssistantMessage {
  role: 'assistant'
  /** null, not '', where the turn has calls only: some providers refuse the empty string. */
  content: string | Part[] | null
  tool_calls?: ChatToolCall[]
  reasoning?: string
  reasoning_content?: string
  reasoning_details?: unknown[]
}
export interface ToolMessage {
  role: 'tool'
  tool_call_id: string
  content: string | Part[]
}
export type ChatMessage = SystemMessage | UserMessage | AssistantMessage | ToolMessage

export interface FunctionTool {
  type: 'function'
  function: {
    name: string
    description?: string
    parameters: Record<string, unknown>
    strict?: boolean
  }
  /** For Claude: arguments come as they are written, not as complete values. */
  eager_input_streaming?: boolean
  cache_control?: CacheMark
}
/** A tool that OpenRouter runs itself. */
export interface HostedTool {
  type: `openrouter:${string}`
  parameters?: Record<string, unknown>
}
export type ChatTool = FunctionTool | HostedTool
