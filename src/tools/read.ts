import { extname } from 'node:path'

import { Type } from '@sinclair/typebox'

import { ToolFailure } from './failure.ts'
import { toImageContent } from './files/image.ts'
import { filePath, optional, renamed } from './files/parameters.ts'
import { isBinary, linesOf, numbered, showText } from './files/text.ts'
import type { ReadFile } from './files/workspace.ts'
import { parseNotebook } from './notebook/notebook.ts'
import { showNotebook } from './notebook/show.ts'
import description from './read.md' with { type: 'text' }
import { defineTool, type ToolContent } from './tool.ts'

const MAX_LINES = 2000
const MAX_LINE_CHARS = 2000

export const read = defineTool({
  name: 'Read',
  description,
  input: Type.Object({
    file_path: filePath('The file to read'),
    offset: optional(Type.Integer({ minimum: 0, description: 'The first line to show; for long files' })),
    limit: optional(Type.Integer({ minimum: 1, description: 'How many lines to show; for long files' })),
  }),
  accept: renamed({ path: 'file_path' }),
  parallelSafe: true,
  perMinute: 300,
  risk: 'Shows any file below the working directory to the model, and so to its provider.',
  async run({ file_path, offset = 1, limit = MAX_LINES }, context) {
    const file = context.workspace.read(file_path)
    const content = await toContent(
      file,
      file_path,
      Math.max(1, offset),
      limit,
      context.limits.maxOutputChars,
    )
    context.reads.note(context, file)
    return content
  },
})

async function toContent(
  file: ReadFile,
  name: string,
  first: number,
  limit: number,
  maxChars: number,
): Promise<ToolContent> {
  const image = await toImageContent(file.bytes, name)
  if (image) return image
  if (startsWith(file.bytes, '%PDF-')) return toPdf(file.bytes, name)
  if (extname(file.path).toLowerCase() === '.ipynb') return showNotebook(parseNotebook(file.bytes, name))
  if (isBinary(file.bytes))
    throw new ToolFailure('refused', `${name} is a binary file of ${file.bytes.byteLength} bytes, not text.`)
  return toLines(showText(file.bytes), first, limit, maxChars)
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text

const toPdf = (bytes: Uint8Array, name: string): ToolContent => [
  { type: 'text', text: `PDF file: ${name} (${bytes.byteLength} bytes)` },
  {
    type: 'document',
    source: { type: 'base64', media_type: 'application/pdf', data: Buffer.from(bytes).toString('base64') },
  },
]

/** The lines that were asked for, as many as may be shown, and how to go on where that is not all. */
function toLines(text: string, first: number, limit: number, maxChars: number): string {
  const lines = linesOf(text)
  if (lines.length === 0) return '[The file exists but is empty.]'
  if (first > lines.length) return `[The file has only ${lines.length} lines; there is no line ${first}.]`
  const wanted = lines.slice(first - 1, first - 1 + limit).map(cutLine)
  const shown = fitting(numbered(wanted, first).split('\n'), maxChars - NOTE_CHARS)
  const last = first - 1 + shown.length
  if (last >= lines.length) return shown.join('\n')
  return `${shown.join('\n')}\n\n[Lines ${first} to ${last} of ${lines.length}. Go on with offset ${last + 1}.]`
}

/** Room that is kept for the note on how to go on. */
const NOTE_CHARS = 100

const cutLine = (line: string): string =>
  line.length <= MAX_LINE_CHARS ? line : `${line.slice(0, MAX_LINE_CHARS).toWellFormed()}… [line cut]`

/** The first lines that fit together, at least one. */
function fitting(lines: readonly string[], maxChars: number): readonly string[] {
  let chars = 0
  const end = lines.findIndex((line) => (chars += line.length + 1) > maxChars)
  return end === -1 ? lines : lines.slice(0, Math.max(1, end))
}
