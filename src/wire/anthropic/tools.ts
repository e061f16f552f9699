import { type Static, Type } from '@sinclair/typebox'

import { maybe, oneOf, open, unchecked } from '../schema.ts'
import { CacheControl } from './cache-control.ts'

const common = {
  cache_control: maybe(CacheControl),
  allowed_callers: maybe(Type.Array(Type.String())),
  defer_loading: maybe(Type.Boolean()),
  strict: maybe(Type.Boolean()),
}

/** A tool that the client defines and runs. `type` absent, null, empty or `custom`. */
export const CustomTool = open({
  type: maybe(oneOf(['custom', ''])),
  name: Type.String({ pattern: '^[a-zA-Z0-9_-]{1,128}$' }),
  description: maybe(Type.String()),
  input_schema: maybe(Type.Record(Type.String(), Type.Unknown())),
  input_examples: maybe(Type.Array(Type.Unknown())),
  eager_input_streaming: maybe(Type.Boolean()),
  ...common,
})
export type CustomTool = Static<typeof CustomTool>

/** A tool whose schema Anthropic publishes and whose calls the client runs. Dated versions share a shape. */
export const TypedClientTool = open({
  type: Type.String({
    pattern: '^(bash|text_editor|memory|computer)_\\d{8}$',
    examples: [
      'bash_20241022',
      'bash_20250124',
      'text_editor_20241022',
      'text_editor_20250124',
      'text_editor_20250429',
      'text_editor_20250728',
      'memory_20250818',
      'computer_20241022',
      'computer_20250124',
      'computer_20251124',
    ],
  }),
  name: Type.String({ minLength: 1 }),
  max_characters: maybe(Type.Integer({ minimum: 1 })),
  display_width_px: maybe(Type.Integer({ minimum: 1 })),
  display_height_px: maybe(Type.Integer({ minimum: 1 })),
  display_number: maybe(Type.Integer({ minimum: 0 })),
  enable_zoom: maybe(Type.Boolean()),
  input_examples: maybe(Type.Array(Type.Unknown())),
  ...common,
})
export type TypedClientTool = Static<typeof TypedClientTool>

const SERVER_TOOL_EXTRAS = [
  'citations',
  'url_sources',
  'use_cache',
  'response_inclusion',
  'model',
  'max_tokens',
  'caching',
] as const

/** A tool that Anthropic's service runs. */
export const ServerTool = open({
  type: Type.String({
    pattern:
      '^(web_search|web_fetch|code_execution|advisor)_\\d{8}$|^tool_search_tool_(regex|bm25)(_\\d{8})?$',
    examples: [
      'web_search_20250305',
      'web_search_20260209',
      'web_search_20260318',
      'web_fetch_20250910',
      'web_fetch_20260209',
      'web_fetch_20260309',
      'web_fetch_20260318',
      'code_execution_20250522',
      'code_execution_20250825',
      'code_execution_20260120',
      'code_execution_20260521',
      'tool_search_tool_regex',
      'tool_search_tool_regex_20251119',
      'tool_search_tool_bm25',
      'tool_search_tool_bm25_20251119',
      'advisor_20260301',
    ],
  }),
  name: Type.String({ minLength: 1 }),
  max_uses: maybe(Type.Integer({ minimum: 1 })),
  allowed_domains: maybe(Type.Array(Type.String())),
  blocked_domains: maybe(Type.Array(Type.String())),
  user_location: maybe(
    open({ type: Type.Literal('approximate'), ...unchecked(['city', 'region', 'country', 'timezone']) }),
  ),
  max_content_tokens: maybe(Type.Integer({ minimum: 1 })),
  ...unchecked(SERVER_TOOL_EXTRAS),
  ...common,
})
export type ServerTool = Static<typeof ServerTool>

/** A set of tools: Anthropic's computer and browser sets, or one of the request's MCP servers. */
export const Toolset = open({
  type: Type.String({
    pattern: '^(computer_toolset|browser_toolset)_\\d{8}$|^mcp_toolset$',
    examples: ['computer_toolset_20260801', 'browser_toolset_20260801', 'mcp_toolset'],
  }),
  mcp_server_name: maybe(Type.String()),
  ...unchecked(['configs', 'default_config', 'tools']),
  ...common,
})
export type Toolset = Static<typeof Toolset>

/** A tool that OpenRouter runs, passed on as it is, e.g. `{ type: 'openrouter:web_search' }`. */
export const OpenRouterTool = open({ type: Type.String({ pattern: '^openrouter:' }) })
export type OpenRouterTool = Static<typeof OpenRouterTool>

/** A tool of this server's own, e.g. `{ type: 'server:Read' }`, or all of them as `server:*`; see docs/server-tools.md. */
export const OwnTool = open({ type: Type.String({ pattern: '^server:', examples: ['server:*'] }) })
export type OwnTool = Static<typeof OwnTool>

export const Tool = Type.Union([CustomTool, TypedClientTool, ServerTool, Toolset, OpenRouterTool, OwnTool])
export type Tool = Static<typeof Tool>

export const ToolChoice = Type.Union([
  open({
    type: oneOf(['auto', 'any']),
    disable_parallel_tool_use: maybe(Type.Boolean()),
  }),
  open({
    type: Type.Literal('tool'),
    name: Type.String(),
    disable_parallel_tool_use: maybe(Type.Boolean()),
  }),
  open({ type: Type.Literal('none') }),
])
export type ToolChoice = Static<typeof ToolChoice>
