import { spanJson } from './json-span.ts'

/** One fenced block of a text: where it stands, and the script's JSON or why that cannot be read. */
export interface Block {
  readonly start: number
  readonly end: number
  readonly script: { readonly value: unknown } | { readonly fault: string }
}

/** Words about a fence in running prose are no script: after the opening comes a list or the end of the line. */
const OPENING = /(?<fence>`{3,}|~{3,})demo(?=[ \t]*(?:\[|\r?\n))/g

/** The outermost script blocks of a text. A block inside a block's JSON strings belongs to that block. */
export const findBlocks = (text: string): Block[] => {
  const blocks: Block[] = []
  const opening = new RegExp(OPENING)
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const block = readBlock(text, match.index, opening.lastIndex, match.groups?.['fence'] ?? '')
    blocks.push(block)
    opening.lastIndex = block.end
  }
  return blocks
}

/** The text without its script blocks. */
export const withoutBlocks = (text: string): string =>
  findBlocks(text).reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text)

const readBlock = (text: string, start: number, from: number, fence: string): Block => {
  const broken = (at: number, expected: string): Block => ({
    start,
    end: text.length,
    script: { fault: `${whereIs(text, start, at)}: expected ${expected}, found ${excerpt(text, at)}` },
  })
  const span = spanJson(text, from)
  if ('expected' in span) return broken(span.brokenAt, span.expected)
  const closing = span.end + (/^\s*/.exec(text.slice(span.end))?.[0].length ?? 0)
  if (!text.startsWith(fence, closing)) return broken(closing, `the closing ${fence}`)
  return { start, end: closing + fence.length, script: parse(text.slice(from, span.end)) }
}

const parse = (json: string): Block['script'] => {
  try {
    return { value: JSON.parse(json) }
  } catch (cause) {
    return { fault: String(cause) }
  }
}

/** Lines are counted from the one that opens the block, as the writer of the script counts them. */
const whereIs = (text: string, start: number, at: number): string => {
  const lines = text.slice(text.lastIndexOf('\n', start) + 1, at).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}

const excerpt = (text: string, at: number): string =>
  at >= text.length ? 'the end of the text' : JSON.stringify(text.slice(at, at + 20))
