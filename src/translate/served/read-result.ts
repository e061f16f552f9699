import type { ContentBlock, ToolResultBlock, ToolResultContent } from '../../wire/anthropic/content.ts'
import { noteOf } from '../notes.ts'
import { fromPageToken } from './page-token.ts'
import { fromServedId } from './served-id.ts'

/** A block of a conversation that holds the result of a tool which a service has run. */
export type ServedResultBlock = Extract<
  ContentBlock,
  { readonly type: `${string}_tool_result`; readonly tool_use_id: string }
>

/** Tells them from a client's own `tool_result`. */
export const isServedResult = (block: { readonly type: string }): block is ServedResultBlock =>
  block.type.endsWith('_tool_result')

/**
 * The result as the model reads it. The same block always reads the same, in the answer that it was made for and in
 * every later request, so that a growing conversation keeps its prefix.
 */
export function toToolResult(block: ServedResultBlock): ToolResultBlock {
  const { content } = block
  const isError = block.type === 'mcp_tool_result' ? block.is_error === true : isFailure(content)
  return {
    type: 'tool_result',
    tool_use_id: fromServedId(block.tool_use_id),
    content: read(block),
    ...(isError ? { is_error: true } : {}),
    ...(block.cache_control ? { cache_control: block.cache_control } : {}),
  }
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const isFailure = (content: unknown): boolean =>
  isFields(content) &&
  (String(content['type']).endsWith('_error') ||
    (typeof content['return_code'] === 'number' && content['return_code'] !== 0))

function read(block: ServedResultBlock): string | ToolResultContent[] {
  const { content } = block
  if (block.type === 'mcp_tool_result') return typeof content === 'string' ? content : (block.content as [])
  if (Array.isArray(content)) return content.map(readPage).join('\n\n') || 'Nothing was found.'
  if (!isFields(content)) return ''
  const reader = READERS[String(content['type'])]
  return reader ? reader(content) : noteOf(block)
}

const READERS: Readonly<Record<string, (content: Fields) => string | ToolResultContent[]>> = {
  web_search_tool_result_error: readError,
  web_fetch_tool_result_error: readError,
  code_execution_tool_result_error: readError,
  bash_code_execution_tool_result_error: readError,
  text_editor_code_execution_tool_result_error: readError,
  web_fetch_result: ({ content, url }) =>
    isFields(content)
      ? [{ type: 'text', text: `The page ${String(url)}:` }, content as unknown as ToolResultContent]
      : '',
  code_execution_result: readExecution,
  bash_code_execution_result: readExecution,
  text_editor_code_execution_view_result: readView,
  text_editor_code_execution_create_result: ({ is_file_update }) =>
    is_file_update === true ? 'The file was written anew.' : 'The file was created.',
  text_editor_code_execution_str_replace_result: ({ lines }) =>
    Array.isArray(lines) && lines.length > 0
      ? `The file was changed:\n${lines.join('\n')}`
      : 'The file was changed.',
}

/** How search results are to be used stands beside them: models read it when it matters. */
function readPage(page: unknown): string {
  if (!isFields(page)) return ''
  const text = fromPageToken(page['encrypted_content']) ?? ''
  const age = typeof page['page_age'] === 'string' ? `\nAge: ${page['page_age']}` : ''
  return `[${String(page['title'])}](${String(page['url'])})${age}\n${text}`.trimEnd()
}

function readError({ error_code, error_message }: Fields): string {
  const words = ERRORS[String(error_code)] ?? String(error_code).replaceAll('_', ' ')
  return typeof error_message === 'string' && error_message !== '' ? error_message : `Error: ${words}`
}

/** Anthropic's codes in words that tell a model what to do. */
const ERRORS: Readonly<Record<string, string>> = {
  max_uses_exceeded: 'this tool may not be used more often in this request; answer with what you have',
  too_many_requests: 'the service was asked too often; try again later or do without',
  unavailable: 'the tool is not available at the moment; tell the user',
  invalid_tool_input: 'the input does not fit the tool; look at its schema',
  url_not_allowed: 'this address may not be fetched',
  url_not_accessible: 'the page could not be read',
  unsupported_content_type: 'what is there is neither text nor a PDF file',
  content_too_large: 'the page is too large',
  url_too_long: 'the address is too long',
  query_too_long: 'the query is too long',
  execution_time_exceeded: 'the time for this call is up',
}

function readExecution({ stdout, stderr, return_code }: Fields): string {
  const texts = [stdout, stderr].filter((text) => typeof text === 'string' && text !== '')
  // Below 0 there is no code: the command never ran, or was ended.
  const code = typeof return_code === 'number' && return_code > 0 ? [`Exit code ${return_code}`] : []
  return [...code, ...texts].join('\n') || '(no output)'
}

function readView({ file_type, content }: Fields): string | ToolResultContent[] {
  const data = String(content)
  if (file_type === 'pdf')
    return [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }]
  const media_type = file_type === 'image' ? mediaTypeOf(data) : undefined
  return media_type ? [{ type: 'image', source: { type: 'base64', media_type, data } }] : data
}

const MEDIA_TYPES = [
  ['iVBOR', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
] as const

/** What kind of picture it is, by how its base64 begins. */
const mediaTypeOf = (data: string): (typeof MEDIA_TYPES)[number][1] | undefined =>
  MEDIA_TYPES.find(([start]) => data.startsWith(start))?.[1]
