import type { ContentBlock, ToolResultContent } from '../wire/anthropic/content.ts'

/**
 * What happened in a conversation that another service ran: tools and results of its own that chat completions
 * cannot hold (openrouter §7.2). As text, so that the model still knows of them. Never what is encrypted or binary.
 */
export function noteOf(block: ContentBlock | ToolResultContent): string {
  switch (block.type) {
    case 'server_tool_use':
    case 'mcp_tool_use':
      return `[${block.name} was called with ${JSON.stringify(block.input)}]`
    case 'mcp_tool_listing':
      return `[tools of ${block.mcp_server_name}: ${block.tools.map((tool) => tool.name).join(', ')}]`
    case 'fallback':
      return `[the answer continued with ${block.to.model}]`
    case 'image':
      return '[an image]'
    case 'document':
      return `[the file ${block.title || 'document.pdf'}]`
    case 'tool_reference':
      return `Tool available: ${block.tool_name}`
    default:
      return `${labelOf(block)}\n${resultText('content' in block ? block.content : block)}`.trimEnd()
  }
}

const labelOf = (block: ContentBlock | ToolResultContent): string =>
  `[${block.type.replaceAll('_', ' ')}${'is_error' in block && block.is_error ? ', an error' : ''}]`

/** Fields that say what a result is about, in the order in which they are told. */
const TOLD = ['title', 'url', 'text', 'stdout', 'stderr', 'error_code', 'error_message'] as const

/** A result as the model should read it: its words where it has any, else its plain fields as JSON. */
function resultText(content: unknown): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map(resultText).join('\n')
  if (typeof content !== 'object' || content === null) return ''
  const {
    content: inner,
    source,
    tool_references: references,
    ...fields
  }: Record<string, unknown> = { ...content }
  if (Array.isArray(references)) return references.map(nameOf).join('\n')
  const told = TOLD.map((field) => fields[field]).filter((value) => typeof value === 'string' && value !== '')
  const nested = [inner, dataOf(source)].map(resultText).filter((text) => text !== '')
  const { return_code: code } = fields
  const exit = typeof code === 'number' && code !== 0 ? [`exit code ${code}`] : []
  return [...told, ...nested, ...exit].join('\n') || otherFields(fields)
}

const nameOf = (reference: unknown): string => {
  const isNamed = typeof reference === 'object' && reference !== null && 'tool_name' in reference
  return `Tool available: ${isNamed ? String(reference.tool_name) : 'one without a name'}`
}

/** A fetched page's text; of a file only that there is one. */
function dataOf(source: unknown): unknown {
  if (typeof source !== 'object' || source === null || !('type' in source)) return undefined
  if (source.type === 'text' && 'data' in source) return source.data
  return source.type === 'base64' ? '(a file)' : undefined
}

/** Neither what a result calls itself, nor blobs that only their maker can read. */
function otherFields(fields: Readonly<Record<string, unknown>>): string {
  const said = Object.entries(fields).filter(
    ([name]) => name !== 'type' && name !== 'cache_control' && !name.startsWith('encrypted_'),
  )
  return said.length > 0 ? JSON.stringify(Object.fromEntries(said)) : ''
}
