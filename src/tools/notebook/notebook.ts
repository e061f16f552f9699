import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'

import { ToolFailure } from '../failure.ts'
import { decodeText } from '../files/text.ts'

const Source = Type.Union([Type.String(), Type.Array(Type.String())])

const Cell = Type.Object({
  cell_type: Type.String(),
  id: Type.Optional(Type.String()),
  source: Source,
  metadata: Type.Optional(Type.Unknown()),
  execution_count: Type.Optional(Type.Unknown()),
  outputs: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
})
export type Cell = Static<typeof Cell>

/** A Jupyter notebook, as far as the tools look at it; all other fields stay (nbformat 4). */
const Notebook = Type.Object({
  cells: Type.Array(Cell),
  metadata: Type.Optional(
    Type.Object({ language_info: Type.Optional(Type.Object({ name: Type.Optional(Type.String()) })) }),
  ),
  nbformat: Type.Optional(Type.Integer()),
  nbformat_minor: Type.Optional(Type.Integer()),
})
export type Notebook = Static<typeof Notebook>

const check = TypeCompiler.Compile(Notebook)

export function parseNotebook(bytes: Uint8Array, name: string): Notebook {
  const parsed = parseJson(decodeText(bytes, name).text, name)
  if (check.Check(parsed)) return parsed
  const fault = check.Errors(parsed).First()
  throw new ToolFailure('refused', `${name} is no notebook of format 4: ${fault?.path} ${fault?.message}.`)
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ToolFailure('refused', `${name} is no notebook: ${String(error)}.`)
  }
}

/** What a cell is called: its own id, or its place where it has none. */
export const cellId = (cell: Cell, index: number): string => cell.id ?? `cell-${index}`

/** The cell of that name; a plain number means the place, from 0. */
export function findCell({ cells }: Notebook, id: string): number {
  const byId = cells.findIndex((cell, index) => cellId(cell, index) === id)
  const index = byId === -1 && /^(?:cell-)?\d+$/.test(id) ? Number(id.replace('cell-', '')) : byId
  if (index >= 0 && index < cells.length) return index
  const known = cells.map(cellId).slice(0, MAX_NAMED).join(', ')
  throw new ToolFailure('not-found', `There is no cell ${id}. The cells are ${known || 'none'}.`)
}

const MAX_NAMED = 50

/** Text that nbformat keeps as one string or as lines. */
export const joinText = (source: string | readonly string[]): string =>
  typeof source === 'string' ? source : source.join('')
