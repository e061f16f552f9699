import type { Content, ContentBlock, DocumentBlock, ToolResultContent } from '../wire/anthropic/content.ts'
import { type ImageLimits, STANDARD_IMAGE, UNSEEN_DOCUMENT_TOKENS } from './calibration.ts'
import { fieldOf } from './field.ts'
import { imageTokens } from './image.ts'
import { pdfTokens } from './pdf.ts'

type Block = ContentBlock | ToolResultContent

/** Tokens of the images and PDF files in a message's content, also inside tool results and documents. */
export function mediaTokensOf(
  content: Content | readonly Block[] | null | undefined,
  limits: ImageLimits = STANDARD_IMAGE,
): number {
  if (!Array.isArray(content)) return 0
  return content.reduce((tokens: number, block: Block) => tokens + blockMediaTokens(block, limits), 0)
}

function blockMediaTokens(block: Block, limits: ImageLimits): number {
  if (block.type === 'image') return imageTokens(block.source, limits)
  if (block.type === 'document') return documentTokens(block.source, limits)
  if (block.type === 'tool_result') return mediaTokensOf(block.content, limits)
  if (block.type === 'web_fetch_tool_result') return fetchedFileTokens(block.content)
  return 0
}

/** A fetched PDF is a document inside the result. */
function fetchedFileTokens(result: unknown): number {
  const source = fieldOf(fieldOf(result, 'content'), 'source')
  const data = fieldOf(source, 'data')
  return fieldOf(source, 'type') === 'base64' && typeof data === 'string' ? pdfTokens(data) : 0
}

function documentTokens(source: DocumentBlock['source'], limits: ImageLimits): number {
  switch (source.type) {
    case 'base64':
      return pdfTokens(source.data)
    case 'content':
      return typeof source.content === 'string' ? 0 : mediaTokensOf(source.content, limits)
    case 'text':
      return 0
    case 'url':
    case 'file':
      return UNSEEN_DOCUMENT_TOKENS
  }
}
