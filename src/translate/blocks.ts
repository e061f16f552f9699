import type { ContentBlock, DocumentBlock, ImageBlock, SearchResultBlock } from '../wire/anthropic/content.ts'
import type { FilePart, ImagePart, Part, TextPart } from '../wire/openrouter/request.ts'
import { cacheMark } from './cache-mark.ts'
import type { Target } from './target.ts'

/** Blocks that say something themselves → parts of a chat message (openrouter §7.2). */

export const textPart = (text: string): TextPart => ({ type: 'text', text })

/** Parts of a block that may stand in a user message or a tool result. Empty text disappears. */
export function toParts(block: ContentBlock, target: Target): Part[] {
  switch (block.type) {
    case 'text':
      return block.text === '' ? [] : [{ ...textPart(block.text), ...cacheMark(block, target) }]
    case 'image':
      return [{ ...imagePart(block), ...cacheMark(block, target) }]
    case 'document':
      return markLast(documentParts(block, target), block, target)
    case 'search_result':
      return [{ ...textPart(searchResultText(block)), ...cacheMark(block, target) }]
    case 'tool_reference':
      return [textPart(`Tool available: ${block.tool_name}`)]
    case 'tool_addition':
    case 'tool_removal':
      return []
    default:
      return [{ ...textPart(noteOf(block)), ...('cache_control' in block ? cacheMark(block, target) : {}) }]
  }
}

function markLast(parts: Part[], block: DocumentBlock, target: Target): Part[] {
  const last = parts.at(-1)
  if (last) Object.assign(last, cacheMark(block, target))
  return parts
}

/** `file` sources never get here: validation refuses them. */
function imagePart({ source }: ImageBlock): ImagePart {
  if (source.type === 'base64')
    return { type: 'image_url', image_url: { url: `data:${source.media_type};base64,${source.data}` } }
  return { type: 'image_url', image_url: { url: 'url' in source ? String(source.url) : '' } }
}

function documentParts(block: DocumentBlock, target: Target): Part[] {
  const { source } = block
  switch (source.type) {
    case 'base64':
      return [...contextPart(block), filePart(block, `data:${source.media_type};base64,${source.data}`)]
    case 'url':
      return [...contextPart(block), filePart(block, source.url)]
    case 'text':
      return [textPart(documentText(block, source.data))]
    case 'content': {
      if (typeof source.content === 'string') return [textPart(documentText(block, source.content))]
      const inner = source.content.flatMap((item) => toParts(item, target))
      const texts = inner.filter((part) => part.type === 'text').map((part) => part.text)
      return [
        textPart(documentText(block, texts.join('\n'))),
        ...inner.filter((part) => part.type !== 'text'),
      ]
    }
    case 'file':
      return []
  }
}

const filePart = (block: DocumentBlock, file_data: string): FilePart => ({
  type: 'file',
  file: { filename: block.title || 'document.pdf', file_data },
})

const contextPart = (block: DocumentBlock): Part[] =>
  block.context ? [textPart(`Context of the document ${quote(block.title ?? '')}: ${block.context}`)] : []

function documentText(block: DocumentBlock, text: string): string {
  const title = block.title ? ` title=${quote(block.title)}` : ''
  const context = block.context ? ` context=${quote(block.context)}` : ''
  return `<document${title}${context}>\n${text}\n</document>`
}

const searchResultText = (block: SearchResultBlock): string =>
  `<search_result source=${quote(block.source)} title=${quote(block.title)}>\n` +
  `${block.content.map((part) => part.text).join('\n')}\n</search_result>`

const quote = (text: string): string => `"${text.replaceAll('"', '&quot;')}"`

/**
 * What happened in a conversation that another service ran: tools and results of its own that chat completions
 * cannot hold. As text, so that the model still knows of them.
 */
export function noteOf(block: ContentBlock): string {
  switch (block.type) {
    case 'server_tool_use':
    case 'mcp_tool_use':
      return `[${block.name} was called with ${JSON.stringify(block.input)}]`
    case 'web_search_tool_result':
      return `[web search results]\n${resultLines(block.content)}`
    case 'compaction':
      return block.content ?? ''
    case 'fallback':
      return `[the answer continued with ${block.to.model}]`
    case 'mcp_tool_listing':
      return `[tools of ${block.mcp_server_name}: ${block.tools.map((tool) => tool.name).join(', ')}]`
    default:
      return `[${block.type.replaceAll('_', ' ')}] ${JSON.stringify('content' in block ? block.content : {})}`
  }
}

function resultLines(content: unknown): string {
  if (!Array.isArray(content)) return JSON.stringify(content)
  return content
    .map((result: { title?: unknown; url?: unknown }) => `- ${String(result.title)}: ${String(result.url)}`)
    .join('\n')
}
