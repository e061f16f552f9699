import { type Static, type TSchema, Type } from '@sinclair/typebox'

import { nullable, oneOf, open } from '../schema.ts'

/** What a server's tools leave in an answer: Anthropic API, 3. The shapes are those of its SDK's newest types. */

const caller = open({ type: Type.Literal('direct') })
const input = Type.Record(Type.String(), Type.Unknown())

/** The names that calls of Anthropic's own server tools have. */
export const SERVER_CALLS = [
  'web_search',
  'web_fetch',
  'code_execution',
  'bash_code_execution',
  'text_editor_code_execution',
] as const
export type ServerCallName = (typeof SERVER_CALLS)[number]

export const AnswerServerToolUse = open({
  type: Type.Literal('server_tool_use'),
  id: Type.String(),
  name: oneOf(SERVER_CALLS),
  input,
  caller,
})
export type AnswerServerToolUse = Static<typeof AnswerServerToolUse>

export const AnswerMcpToolUse = open({
  type: Type.Literal('mcp_tool_use'),
  id: Type.String(),
  name: Type.String(),
  server_name: Type.String(),
  input,
})

export const AnswerMcpToolResult = open({
  type: Type.Literal('mcp_tool_result'),
  tool_use_id: Type.String(),
  is_error: Type.Boolean(),
  content: Type.Array(open({ type: Type.Literal('text'), text: Type.String(), citations: Type.Null() })),
})

const failed = <const Tool extends ServerCallName>(tool: Tool) =>
  open({ type: Type.Literal(`${tool}_tool_result_error`), error_code: Type.String() })

/** One page that a search has found. */
export const WebSearchResult = open({
  type: Type.Literal('web_search_result'),
  url: Type.String(),
  title: Type.String(),
  /** Opaque to clients: what the model reads of the page. */
  encrypted_content: Type.String(),
  page_age: nullable(Type.String()),
})
export type WebSearchResult = Static<typeof WebSearchResult>

/** One page that was fetched. */
export const WebFetchResult = open({
  type: Type.Literal('web_fetch_result'),
  url: Type.String(),
  content: open({
    type: Type.Literal('document'),
    source: Type.Union([
      open({ type: Type.Literal('text'), media_type: Type.Literal('text/plain'), data: Type.String() }),
      open({
        type: Type.Literal('base64'),
        media_type: Type.Literal('application/pdf'),
        data: Type.String(),
      }),
    ]),
    title: nullable(Type.String()),
    citations: nullable(open({ enabled: Type.Boolean() })),
  }),
  retrieved_at: nullable(Type.String()),
})
export type WebFetchResult = Static<typeof WebFetchResult>

const execution = { stdout: Type.String(), stderr: Type.String(), return_code: Type.Integer() }
const output = <const Kind extends string>(type: Kind) =>
  Type.Array(open({ type: Type.Literal(type), file_id: Type.String() }))

const CodeExecutionResult = open({
  type: Type.Literal('code_execution_result'),
  ...execution,
  content: output('code_execution_output'),
})
const BashResult = open({
  type: Type.Literal('bash_code_execution_result'),
  ...execution,
  content: output('bash_code_execution_output'),
})

const lines = nullable(Type.Integer())
const EditorResult = Type.Union([
  open({
    type: Type.Literal('text_editor_code_execution_view_result'),
    file_type: oneOf(['text', 'image', 'pdf']),
    content: Type.String(),
    num_lines: lines,
    start_line: lines,
    total_lines: lines,
  }),
  open({
    type: Type.Literal('text_editor_code_execution_create_result'),
    is_file_update: Type.Boolean(),
  }),
  open({
    type: Type.Literal('text_editor_code_execution_str_replace_result'),
    lines: nullable(Type.Array(Type.String())),
    old_start: lines,
    old_lines: lines,
    new_start: lines,
    new_lines: lines,
  }),
])

const EditorFailure = open({
  type: Type.Literal('text_editor_code_execution_tool_result_error'),
  error_code: Type.String(),
  error_message: nullable(Type.String()),
})

/** What each tool's result may hold. */
const CONTENTS = {
  web_search: Type.Union([Type.Array(WebSearchResult), failed('web_search')]),
  web_fetch: Type.Union([WebFetchResult, failed('web_fetch')]),
  code_execution: Type.Union([CodeExecutionResult, failed('code_execution')]),
  bash_code_execution: Type.Union([BashResult, failed('bash_code_execution')]),
  text_editor_code_execution: Type.Union([EditorResult, EditorFailure]),
} as const satisfies Record<ServerCallName, TSchema>

/** What a server tool's result holds, by the tool's name. */
export type ServerResultContent = { [Tool in ServerCallName]: Static<(typeof CONTENTS)[Tool]> }

const result = <const Tool extends ServerCallName>(tool: Tool) =>
  open({
    type: Type.Literal(`${tool}_tool_result`),
    tool_use_id: Type.String(),
    content: CONTENTS[tool],
  })

export const AnswerWebSearchResult = result('web_search')
export const AnswerWebFetchResult = result('web_fetch')
export const AnswerCodeExecutionResult = result('code_execution')
export const AnswerBashResult = result('bash_code_execution')
export const AnswerEditorResult = result('text_editor_code_execution')

/** A quote of a page that a search has found, in `citations` of a text. */
export const WebCitation = open({
  type: Type.Literal('web_search_result_location'),
  url: Type.String(),
  title: nullable(Type.String()),
  cited_text: Type.String(),
  encrypted_index: Type.String(),
})
export type WebCitation = Static<typeof WebCitation>
