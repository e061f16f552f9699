import { type Static, Type } from '@sinclair/typebox'

import { maybe, nullable, oneOf, open, unchecked } from '../schema.ts'
import { CacheControl } from './cache-control.ts'
import { Tool } from './tools.ts'

/** Content blocks of a request: Anthropic API, 2.3. `type` stands first so that a union fails fast. */

const cache_control = maybe(CacheControl)

const CITATION_FIELDS = [
  'cited_text',
  'document_index',
  'document_title',
  'file_id',
  'start_char_index',
  'end_char_index',
  'start_page_number',
  'end_page_number',
  'start_block_index',
  'end_block_index',
  'search_result_index',
  'source',
  'title',
  'url',
  'encrypted_index',
] as const

/** An echoed citation of any kind (Anthropic API, 2.4). */
const Citation = open({ type: Type.String(), ...unchecked(CITATION_FIELDS) })

export const TextBlock = open({
  type: Type.Literal('text'),
  text: Type.String(),
  citations: maybe(Type.Array(Citation)),
  cache_control,
})
export type TextBlock = Static<typeof TextBlock>

export const IMAGE_MEDIA_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const
const Base64Image = open({
  type: Type.Literal('base64'),
  media_type: oneOf(IMAGE_MEDIA_TYPES),
  data: Type.String(),
})
const UrlSource = open({ type: Type.Literal('url'), url: Type.String() })
const FileSource = open({ type: Type.Literal('file'), file_id: Type.String() })

export const ImageBlock = open({
  type: Type.Literal('image'),
  source: Type.Union([Base64Image, UrlSource, FileSource]),
  transformations: maybe(open(unchecked(['oversized_image']))),
  cache_control,
})
export type ImageBlock = Static<typeof ImageBlock>

const Base64Pdf = open({
  type: Type.Literal('base64'),
  media_type: oneOf(['application/pdf']),
  data: Type.String(),
})
const PlainText = open({ type: Type.Literal('text'), media_type: oneOf(['text/plain']), data: Type.String() })
const ContentSource = open({
  type: Type.Literal('content'),
  content: Type.Union([Type.String(), Type.Array(Type.Union([TextBlock, ImageBlock]))]),
})

export const DocumentBlock = open({
  type: Type.Literal('document'),
  source: Type.Union([Base64Pdf, PlainText, ContentSource, UrlSource, FileSource]),
  title: maybe(Type.String()),
  context: maybe(Type.String()),
  citations: maybe(open({ enabled: Type.Optional(Type.Boolean()) })),
  cache_control,
})
export type DocumentBlock = Static<typeof DocumentBlock>

export const SearchResultBlock = open({
  type: Type.Literal('search_result'),
  source: Type.String(),
  title: Type.String(),
  content: Type.Array(TextBlock),
  citations: maybe(open({ enabled: Type.Optional(Type.Boolean()) })),
  cache_control,
})
export type SearchResultBlock = Static<typeof SearchResultBlock>

export const ThinkingBlock = open({
  type: Type.Literal('thinking'),
  thinking: Type.String(),
  signature: Type.Optional(Type.String()),
})
export type ThinkingBlock = Static<typeof ThinkingBlock>

export const RedactedThinkingBlock = open({ type: Type.Literal('redacted_thinking'), data: Type.String() })
export type RedactedThinkingBlock = Static<typeof RedactedThinkingBlock>

const Caller = open({ type: Type.String(), tool_id: Type.Optional(Type.String()) })

export const ToolUseBlock = open({
  type: Type.Literal('tool_use'),
  id: Type.String(),
  name: Type.String(),
  input: Type.Record(Type.String(), Type.Unknown()),
  caller: maybe(Caller),
  toolset_name: maybe(Type.String()),
  cache_control,
})
export type ToolUseBlock = Static<typeof ToolUseBlock>

export const ToolReferenceBlock = open({
  type: Type.Literal('tool_reference'),
  tool_name: Type.String(),
  cache_control,
})
export type ToolReferenceBlock = Static<typeof ToolReferenceBlock>

const BrowserStateBlock = open({
  type: Type.Literal('browser_state'),
  tabs: Type.Array(open(unchecked(['tab_id', 'title', 'url', 'active']))),
  ...unchecked(['state_changes']),
  cache_control,
})

export const ToolResultContent = Type.Union([
  TextBlock,
  ImageBlock,
  DocumentBlock,
  SearchResultBlock,
  ToolReferenceBlock,
  BrowserStateBlock,
])
export type ToolResultContent = Static<typeof ToolResultContent>

export const ToolResultBlock = open({
  type: Type.Literal('tool_result'),
  tool_use_id: Type.String(),
  content: maybe(Type.Union([Type.String(), Type.Array(ToolResultContent)])),
  is_error: maybe(Type.Boolean()),
  toolset_name: maybe(Type.String()),
  cache_control,
})
export type ToolResultBlock = Static<typeof ToolResultBlock>

const ServerToolUseBlock = open({
  type: Type.Literal('server_tool_use'),
  id: Type.String(),
  name: Type.String(),
  input: Type.Unknown(),
  caller: maybe(Caller),
  cache_control,
})

const SERVER_RESULT_FIELDS = [
  'url',
  'title',
  'encrypted_content',
  'page_age',
  'content',
  'retrieved_at',
  'stdout',
  'encrypted_stdout',
  'stderr',
  'return_code',
  'file_type',
  'num_lines',
  'start_line',
  'total_lines',
  'is_file_update',
  'lines',
  'old_start',
  'old_lines',
  'new_start',
  'new_lines',
  'tool_references',
  'text',
  'stop_reason',
  'error_code',
  'error_message',
] as const
const ServerResult = open({ type: Type.String(), ...unchecked(SERVER_RESULT_FIELDS) })

/** A server tool's result in the history; what stands in `content` depends on the tool and is read leniently. */
const serverResult = <const Kind extends string>(type: Kind) =>
  open({
    type: Type.Literal(type),
    tool_use_id: Type.String(),
    content: Type.Union([Type.Array(ServerResult), ServerResult]),
    caller: maybe(Caller),
    cache_control,
  })

const ContainerUploadBlock = open({
  type: Type.Literal('container_upload'),
  file_id: Type.String(),
  cache_control,
})

const McpToolUseBlock = open({
  type: Type.Literal('mcp_tool_use'),
  id: Type.String(),
  name: Type.String(),
  server_name: Type.String(),
  input: Type.Unknown(),
  cache_control,
})

const McpToolResultBlock = open({
  type: Type.Literal('mcp_tool_result'),
  tool_use_id: Type.String(),
  content: maybe(Type.Union([Type.String(), Type.Array(TextBlock)])),
  is_error: maybe(Type.Boolean()),
  cache_control,
})

const McpToolListingBlock = open({
  type: Type.Literal('mcp_tool_listing'),
  mcp_server_name: Type.String(),
  tools: Type.Array(open({ name: Type.String(), ...unchecked(['description', 'input_schema']) })),
})

const ChangedTool = open({
  type: Type.String(),
  name: maybe(Type.String()),
  server_name: maybe(Type.String()),
  definition: maybe(Tool),
})
export type ChangedTool = Static<typeof ChangedTool>

/** Only in messages of role `system`: changes the tools from here on (beta mid-conversation-tool-changes). */
const toolChange = <const Kind extends string>(type: Kind) =>
  open({ type: Type.Literal(type), tool: ChangedTool, cache_control })
const ToolAddition = toolChange('tool_addition')
const ToolRemoval = toolChange('tool_removal')

const CompactionBlock = open({
  type: Type.Literal('compaction'),
  content: maybe(Type.String()),
  encrypted_content: maybe(Type.String()),
  tool_changes: maybe(Type.Array(Type.Union([ToolAddition, ToolRemoval]))),
  ...unchecked(['signature']),
  cache_control,
})

const FallbackBlock = open({
  type: Type.Literal('fallback'),
  from: open({ model: Type.String() }),
  to: open({ model: Type.String() }),
  ...unchecked(['trigger']),
})

export const ContentBlock = Type.Union([
  TextBlock,
  ImageBlock,
  DocumentBlock,
  SearchResultBlock,
  ThinkingBlock,
  RedactedThinkingBlock,
  ToolUseBlock,
  ToolResultBlock,
  ToolReferenceBlock,
  ServerToolUseBlock,
  serverResult('web_search_tool_result'),
  serverResult('web_fetch_tool_result'),
  serverResult('code_execution_tool_result'),
  serverResult('bash_code_execution_tool_result'),
  serverResult('text_editor_code_execution_tool_result'),
  serverResult('tool_search_tool_result'),
  serverResult('advisor_tool_result'),
  ContainerUploadBlock,
  McpToolUseBlock,
  McpToolResultBlock,
  McpToolListingBlock,
  ToolAddition,
  ToolRemoval,
  CompactionBlock,
  FallbackBlock,
])
export type ContentBlock = Static<typeof ContentBlock>

export const Content = Type.Union([Type.String(), Type.Array(ContentBlock)])
export type Content = Static<typeof Content>

export const SystemPrompt = nullable(Type.Union([Type.String(), Type.Array(TextBlock)]))
