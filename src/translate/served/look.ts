import type { ToolResultContent } from '../../wire/anthropic/content.ts'
import type { AnswerBlock } from '../../wire/anthropic/response.ts'
import type { ServerCallName, ServerResultContent } from '../../wire/anthropic/server-results.ts'
import { toServedId } from './served-id.ts'

/** How the calls of a tool that the server runs are shown: as one of Anthropic's own server tools, or as an MCP server's. */
export type Look =
  | { readonly kind: 'server'; readonly name: ServerCallName }
  | { readonly kind: 'mcp'; readonly server: string; readonly name: string }

/** What running a tool has given. */
export interface ServedOutput {
  readonly isError: boolean
  /** What an official result block holds; for the looks of MCP servers, texts. */
  readonly shown: ServerResultContent[ServerCallName] | readonly string[]
  /** What the model reads, where that is more than the block can say. */
  readonly content?: readonly ToolResultContent[]
}

/** A call of the model's that the server has run or will run. */
export interface ServedCall {
  /** As the model's own block named it. */
  readonly id: string
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

/** The call's block in the answer. */
export function toCallBlock({ id, input }: ServedCall, look: Look): AnswerBlock {
  return look.kind === 'server'
    ? {
        type: 'server_tool_use',
        id: toServedId(id, 'srvtoolu'),
        name: look.name,
        input: { ...input },
        caller: { type: 'direct' },
      }
    : {
        type: 'mcp_tool_use',
        id: toServedId(id, 'mcptoolu'),
        name: look.name,
        server_name: look.server,
        input: { ...input },
      }
}

/** The block of the call's result. */
export function toResultBlock({ id }: ServedCall, look: Look, { isError, shown }: ServedOutput): AnswerBlock {
  if (look.kind === 'server')
    return {
      type: `${look.name}_tool_result`,
      tool_use_id: toServedId(id, 'srvtoolu'),
      content: shown,
    } as AnswerBlock
  return {
    type: 'mcp_tool_result',
    tool_use_id: toServedId(id, 'mcptoolu'),
    is_error: isError,
    content: (shown as readonly string[]).map((text) => ({ type: 'text', text, citations: null })),
  }
}
