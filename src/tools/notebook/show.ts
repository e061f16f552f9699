import type { Fields } from '../../core/context.ts'
import type { ImageBlock, TextBlock } from '../../wire/anthropic/content.ts'
import type { ToolContent } from '../tool.ts'
import { type Cell, cellId, findCell, joinText, type Notebook } from './notebook.ts'

type Block = TextBlock | ImageBlock

/** The cells of a notebook with their outputs; only one of them where it is named. */
export function showNotebook(notebook: Notebook, only?: string): ToolContent {
  const { cells } = notebook
  if (cells.length === 0) return '[The notebook has no cells.]'
  const language = notebook.metadata?.language_info?.name ?? 'python'
  const chosen = only === undefined ? undefined : findCell(notebook, only)
  const blocks = cells.flatMap((cell, index) =>
    chosen === undefined || index === chosen ? showCell(cell, index, language) : [],
  )
  return joinTexts(blocks)
}

function showCell(cell: Cell, index: number, language: string): readonly Block[] {
  const kind = cell.cell_type === 'code' ? ` language="${language}"` : ` type="${cell.cell_type}"`
  const text = `<cell id="${cellId(cell, index)}"${kind}>${joinText(cell.source)}</cell>`
  return [{ type: 'text', text }, ...(cell.outputs ?? []).flatMap(showOutput)]
}

const textOf = (value: unknown): string =>
  joinText(typeof value === 'string' || isLines(value) ? value : JSON.stringify(value ?? ''))

const isLines = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((line) => typeof line === 'string')

const toBlocks = (text: string): readonly Block[] =>
  text === '' ? [] : [{ type: 'text', text: `\n${text}` }]

/** Colours of a terminal, which error messages are full of. */
// oxlint-disable-next-line no-control-regex
const COLOURS = /\x1b\[[\d;]*m/g

function showOutput(output: Fields): readonly Block[] {
  switch (output['output_type']) {
    case 'stream':
      return toBlocks(textOf(output['text']))
    case 'error':
      return toBlocks(
        [`${textOf(output['ename'])}: ${textOf(output['evalue'])}`, ...traceback(output)].join('\n'),
      )
    default:
      return showData((output['data'] ?? {}) as Fields)
  }
}

const traceback = ({ traceback: lines }: Fields): readonly string[] =>
  isLines(lines) ? lines.map((line) => line.replaceAll(COLOURS, '')) : []

const IMAGES = ['image/png', 'image/jpeg'] as const

function showData(data: Fields): readonly Block[] {
  const images = IMAGES.flatMap((mediaType): ImageBlock[] => {
    const base64 = data[mediaType]
    if (typeof base64 !== 'string' && !isLines(base64)) return []
    const source = {
      type: 'base64',
      media_type: mediaType,
      data: textOf(base64).replaceAll(/\s/g, ''),
    } as const
    return [{ type: 'image', source }]
  })
  return [...toBlocks('text/plain' in data ? textOf(data['text/plain']) : ''), ...images]
}

/** Texts in a row become one block, so that a notebook without pictures is one text. */
function joinTexts(blocks: readonly Block[]): ToolContent {
  const joined: Block[] = []
  for (const block of blocks) {
    const last = joined.at(-1)
    if (block.type === 'text' && last?.type === 'text')
      joined[joined.length - 1] = { type: 'text', text: `${last.text}\n${block.text}` }
    else joined.push(block)
  }
  return joined
}
