import type { ContentBlock, DocumentBlock, ToolResultContent } from '../wire/anthropic/content.ts'
import { BLOCK_TOKENS, ENCRYPTED_CHARS_PER_TOKEN } from './calibration.ts'
import { fieldOf } from './field.ts'
import { type Parts, jsonOf, partsOf } from './parts.ts'

type Block = ContentBlock | ToolResultContent

/** The texts of one block and the tokens around them; for its images and PDF files see `mediaTokensOf`. */
export const blockParts = (block: ContentBlock): Parts =>
  partsOf(textsOf(block), (BLOCK_TOKENS[block.type] ?? 0) + encryptedTokens(block))

const encryptedTokens = (block: ContentBlock): number =>
  block.type === 'redacted_thinking' ? block.data.length / ENCRYPTED_CHARS_PER_TOKEN : 0

function textsOf(block: Block): readonly string[] {
  switch (block.type) {
    case 'text':
      return [block.text]
    case 'thinking':
      return [block.thinking]
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return [block.name, jsonOf(block.input)]
    case 'tool_result':
    case 'mcp_tool_result':
      return contentTexts(block.content)
    case 'document':
      return [block.title ?? '', block.context ?? '', ...sourceTexts(block.source)]
    case 'search_result':
      return [block.title, block.source, ...contentTexts(block.content)]
    case 'tool_reference':
      return [block.tool_name]
    case 'browser_state':
      return [jsonOf(block.tabs)]
    case 'compaction':
      return [block.content ?? '']
    case 'mcp_tool_listing':
      return [jsonOf(block.tools)]
    case 'tool_addition':
    case 'tool_removal':
      return [jsonOf(block.tool)]
    case 'web_search_tool_result':
    case 'web_fetch_tool_result':
    case 'code_execution_tool_result':
    case 'bash_code_execution_tool_result':
    case 'text_editor_code_execution_tool_result':
    case 'tool_search_tool_result':
    case 'advisor_tool_result':
      return [jsonOf(block.content, readableOnly)]
    case 'image':
    case 'redacted_thinking':
    case 'container_upload':
    case 'fallback':
      return []
  }
}

const contentTexts = (content: string | readonly Block[] | null | undefined): readonly string[] =>
  typeof content === 'string' ? [content] : (content ?? []).flatMap(textsOf)

function sourceTexts(source: DocumentBlock['source']): readonly string[] {
  if (source.type === 'text') return [source.data]
  return source.type === 'content' ? contentTexts(source.content) : []
}

/** Leaves out of a server tool's result what no model reads as text: ciphers, and files in base64. */
function readableOnly(key: string, value: unknown): unknown {
  const isFile = fieldOf(value, 'type') === 'base64'
  return isFile || key.startsWith('encrypted_') || key === 'cache_control' ? undefined : value
}
