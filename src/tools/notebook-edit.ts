import { Type } from '@sinclair/typebox'

import type { Fields } from '../core/context.ts'
import { oneOf } from '../wire/schema.ts'
import { ToolFailure } from './failure.ts'
import { filePath, optional, renamed } from './files/parameters.ts'
import { decodeText, encodeText } from './files/text.ts'
import { type Cell, cellId, findCell, type Notebook, parseNotebook } from './notebook/notebook.ts'
import { defineTool } from './tool.ts'

const input = Type.Object({
  notebook_path: filePath('The notebook to change'),
  cell_id: optional(
    Type.String({
      description: 'The cell to change; a new one comes behind it, or first where none is named',
    }),
  ),
  new_source: Type.String({ description: 'What the cell shall hold' }),
  cell_type: optional(
    oneOf(['code', 'markdown'], { description: 'The kind of cell; required for a new one' }),
  ),
  edit_mode: optional(
    oneOf(['replace', 'insert', 'delete'], { description: 'What to do with the cell; replace by default' }),
  ),
})

/** The fields as other clients write them: a place instead of an id, other names. */
function accept(given: Fields): Fields {
  const fields = renamed({
    file_path: 'notebook_path',
    path: 'notebook_path',
    new_content: 'new_source',
    cell_number: 'cell_id',
    cell_index: 'cell_id',
  })(given)
  return fields['edit_mode'] === 'delete' ? { new_source: '', ...fields } : fields
}

export const notebookEdit = defineTool({
  name: 'NotebookEdit',
  description:
    'Replaces, inserts or deletes one cell of a Jupyter notebook (.ipynb). The notebook must have been read before. ' +
    'A changed code cell loses its outputs.',
  input,
  accept,
  parallelSafe: false,
  perMinute: 60,
  risk: 'Changes notebooks below the working directory.',
  bulky: ['new_source'],
  async run(edit, context) {
    const { workspace, reads } = context
    const name = edit.notebook_path
    const expected = reads.expect(context, workspace.locate(name), name)
    const { bytes } = workspace.read(name)
    const text = decodeText(bytes, name)
    const { notebook, told } = change(parseNotebook(bytes, name), edit)
    const written = encodeText({ ...text, text: `${JSON.stringify(notebook, null, 1)}\n` })
    reads.note(context, workspace.write(name, written, expected))
    return told
  },
})

type Edit = (typeof input)['static']

interface Changed {
  readonly notebook: Notebook
  readonly told: string
}

function change(notebook: Notebook, edit: Edit): Changed {
  switch (edit.edit_mode) {
    case 'insert':
      return insert(notebook, edit)
    case 'delete':
      return remove(notebook, edit)
    default:
      return replace(notebook, edit)
  }
}

function insert(notebook: Notebook, { cell_id, cell_type, new_source }: Edit): Changed {
  if (cell_type === undefined)
    throw new ToolFailure('invalid-input', 'A new cell needs a cell_type: "code" or "markdown".')
  const at = cell_id === undefined ? 0 : findCell(notebook, cell_id) + 1
  const cell = newCell(notebook, cell_type, new_source)
  return {
    notebook: { ...notebook, cells: notebook.cells.toSpliced(at, 0, cell) },
    told: `Inserted cell ${cellId(cell, at)}.`,
  }
}

/** Cells have ids since nbformat 4.5. */
function newCell({ nbformat = 4, nbformat_minor = 0 }: Notebook, cell_type: string, source: string): Cell {
  const id = nbformat > 4 || nbformat_minor >= 5 ? { id: crypto.randomUUID().slice(0, 8) } : {}
  const code = cell_type === 'code' ? { execution_count: null, outputs: [] } : {}
  const cell = { cell_type, ...id, metadata: {}, source, ...code }
  return cell
}

function remove(notebook: Notebook, edit: Edit): Changed {
  const at = chosen(notebook, edit)
  return {
    notebook: { ...notebook, cells: notebook.cells.toSpliced(at, 1) },
    told: `Deleted cell ${edit.cell_id}.`,
  }
}

function replace(notebook: Notebook, edit: Edit): Changed {
  const at = chosen(notebook, edit)
  const before = notebook.cells[at]
  if (!before) throw new ToolFailure('not-found', `There is no cell ${edit.cell_id}.`)
  const { cell_type = before.cell_type, new_source } = edit
  const { outputs: _, execution_count: __, ...kept } = before
  const code = cell_type === 'code' ? { execution_count: null, outputs: [] } : {}
  const cell = { metadata: {}, ...kept, cell_type, source: new_source, ...code }
  return {
    notebook: { ...notebook, cells: notebook.cells.with(at, cell) },
    told: `Updated cell ${edit.cell_id}.`,
  }
}

function chosen(notebook: Notebook, { cell_id }: Edit): number {
  if (cell_id === undefined) throw new ToolFailure('invalid-input', 'cell_id is needed to say which cell.')
  return findCell(notebook, cell_id)
}
