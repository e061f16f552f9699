import { Type } from '@sinclair/typebox'

import { filePath, optional, renamed } from './files/parameters.ts'
import { parseNotebook } from './notebook/notebook.ts'
import { showNotebook } from './notebook/show.ts'
import { defineTool } from './tool.ts'

export const notebookRead = defineTool({
  name: 'NotebookRead',
  description:
    'Shows the cells of a Jupyter notebook (.ipynb) with their outputs, or only the one that cell_id names.',
  input: Type.Object({
    notebook_path: filePath('The notebook to read'),
    cell_id: optional(Type.String({ description: 'The id of one cell, or its place, from 0' })),
  }),
  accept: renamed({ file_path: 'notebook_path', path: 'notebook_path', cell_index: 'cell_id' }),
  parallelSafe: true,
  perMinute: 120,
  risk: 'As Read.',
  async run({ notebook_path, cell_id }, context) {
    const file = context.workspace.read(notebook_path)
    const content = showNotebook(parseNotebook(file.bytes, notebook_path), cell_id)
    context.reads.note(context, file)
    return content
  },
})
