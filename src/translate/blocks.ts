import type {
  ContentBlock,
  DocumentBlock,
  ImageBlock,
  SearchResultBlock,
  ToolResultContent,
} from '../wire/anthropic/content.ts'
import type { FilePart, Part } from '../wire/openrouter/request.ts'
import { seesImages } from './abilities.ts'
import { cacheMark } from './cache-mark.ts'
import { noteOf } from './notes.ts'
import { textPart } from './parts.ts'
import type { Target } from './target.ts'

/**
 * What a block of a user message or of a tool result says, as parts of a chat message (openrouter §7.2). Empty text
 * disappears, and its cache breakpoint with it; else the breakpoint stands on the last part.
 */
export function toParts(block: ContentBlock | ToolResultContent, target: Target): Part[] {
  const parts = partsOf(block, target)
  const last = parts.at(-1)
  if (last) Object.assign(last, cacheMark(block, target))
  return parts
}

function partsOf(block: ContentBlock | ToolResultContent, target: Target): Part[] {
  switch (block.type) {
    case 'text':
      return block.text === '' ? [] : [textPart(block.text)]
    case 'image':
      return seesImages(target)
        ? [{ type: 'image_url', image_url: { url: imageUrl(block) } }]
        : [textPart('[an image that this model cannot see]')]
    case 'document':
      return documentParts(block, target)
    case 'search_result':
      return [textPart(searchResultText(block))]
    case 'compaction':
      return block.content ? [textPart(block.content)] : []
    // These change the list of tools; see tools.ts.
    case 'tool_addition':
    case 'tool_removal':
      return []
    default:
      return [textPart(noteOf(block))]
  }
}

/** `file` sources never get here: validation refuses them. */
function imageUrl({ source }: ImageBlock): string {
  switch (source.type) {
    case 'base64':
      return `data:${source.media_type};base64,${source.data}`
    case 'url':
      return source.url
    case 'file':
      return ''
  }
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
