import type { ToolContent } from './tool.ts'

/**
 * Text of at most so many characters: what is too long loses its middle, as the end of an output tells most and its
 * beginning says what it is.
 */
function boundText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const head = text.slice(0, Math.ceil(maxChars / 2))
  const tail = text.slice(text.length - Math.floor(maxChars / 2))
  const left = text.length - maxChars
  return `${whole(head)}\n\n[… ${left} characters left out here; narrow the request to see them …]\n\n${whole(tail)}`
}

/** A cut can fall between the two halves of a character. */
const whole = (text: string): string => text.toWellFormed()

/** The same for everything that a tool gives back; images and documents were measured when they were read. */
export const boundContent = (content: ToolContent, maxChars: number): ToolContent =>
  typeof content === 'string'
    ? boundText(content, maxChars)
    : content.map((block) =>
        block.type === 'text' ? { ...block, text: boundText(block.text, maxChars) } : block,
      )
