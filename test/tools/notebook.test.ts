import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Bench, createBench } from './support.ts'

const NOTEBOOK = {
  cells: [
    { cell_type: 'markdown', id: 'intro', metadata: { tags: ['x'] }, source: ['# Title\n', 'text'] },
    {
      cell_type: 'code',
      id: 'code',
      execution_count: 3,
      metadata: {},
      source: 'print(1)',
      outputs: [
        { output_type: 'stream', name: 'stdout', text: ['1\n'] },
        { output_type: 'display_data', data: { 'image/png': 'aGk=\n', 'text/plain': '<Figure>' } },
        { output_type: 'error', ename: 'ValueError', evalue: 'no', traceback: ['\u001b[31mline\u001b[0m'] },
      ],
    },
  ],
  metadata: { language_info: { name: 'python' }, kernelspec: { name: 'k' } },
  nbformat: 4,
  nbformat_minor: 5,
}

const put = (bench: Bench): string => {
  const path = join(bench.root, 'a.ipynb')
  writeFileSync(path, JSON.stringify(NOTEBOOK))
  return path
}
const cells = (path: string): any[] => JSON.parse(readFileSync(path, 'utf8')).cells

test.each([
  ['NotebookRead', 'notebook_path'],
  ['NotebookRead', 'file_path'],
  ['Read', 'file_path'],
])('%s by %s shows cells, outputs and pictures', async (tool, parameter) => {
  using bench = createBench()
  put(bench)
  const { content } = await bench.run(tool, { [parameter]: 'a.ipynb' })
  expect(content).toMatchObject([
    {
      type: 'text',
      text: expect.stringContaining(
        '<cell id="intro" type="markdown"># Title\ntext</cell>\n<cell id="code" language="python">print(1)</cell>\n\n1\n',
      ),
    },
    { type: 'image', source: { media_type: 'image/png', data: 'aGk=' } },
    { type: 'text', text: '\nValueError: no\nline' },
  ])
})

test('one cell is shown by id or by place', async () => {
  using bench = createBench()
  put(bench)
  expect(await bench.text('NotebookRead', { notebook_path: 'a.ipynb', cell_id: 'intro' })).not.toContain(
    'print',
  )
  expect(await bench.text('NotebookRead', { notebook_path: 'a.ipynb', cell_index: 0 })).not.toContain('print')
  expect(await bench.failure('NotebookRead', { notebook_path: 'a.ipynb', cell_id: 'x' })).toContain(
    'intro, code',
  )
})

test('a cell is replaced, loses its outputs and keeps the rest', async () => {
  using bench = createBench()
  const path = put(bench)
  const change = { notebook_path: 'a.ipynb', cell_id: 'code', new_source: 'print(2)' }
  expect(await bench.failure('NotebookEdit', change)).toContain('has not been read yet')
  await bench.text('NotebookRead', { notebook_path: 'a.ipynb' })
  await bench.text('NotebookEdit', change)
  expect(cells(path)[1]).toEqual({
    cell_type: 'code',
    id: 'code',
    execution_count: null,
    metadata: {},
    source: 'print(2)',
    outputs: [],
  })
  expect(JSON.parse(readFileSync(path, 'utf8')).metadata.kernelspec).toEqual({ name: 'k' })
})

test('cells are inserted and deleted', async () => {
  using bench = createBench()
  const path = put(bench)
  await bench.text('Read', { file_path: 'a.ipynb' })
  const insert = { notebook_path: 'a.ipynb', edit_mode: 'insert', new_source: 'x' }
  expect(await bench.failure('NotebookEdit', insert)).toContain('cell_type')
  await bench.text('NotebookEdit', { ...insert, cell_type: 'markdown', cell_id: 'intro' })
  expect(cells(path).map(({ source }) => source)).toEqual([['# Title\n', 'text'], 'x', 'print(1)'])
  await bench.text('NotebookEdit', { ...insert, cell_type: 'code' })
  await bench.text('NotebookEdit', { notebook_path: 'a.ipynb', edit_mode: 'delete', cell_id: 'intro' })
  expect(cells(path).map(({ source }) => source)).toEqual(['x', 'x', 'print(1)'])
})

test('what is no notebook is refused, and a notebook is not edited as text', async () => {
  using bench = createBench()
  put(bench)
  writeFileSync(join(bench.root, 'b.ipynb'), '{"cells": 1}')
  writeFileSync(join(bench.root, 'c.ipynb'), 'hello')
  expect(await bench.failure('NotebookRead', { notebook_path: 'b.ipynb' })).toContain('/cells')
  expect(await bench.failure('NotebookRead', { notebook_path: 'c.ipynb' })).toContain('no notebook')
  await bench.text('Read', { file_path: 'a.ipynb' })
  const change = { file_path: 'a.ipynb', old_string: 'print', new_string: 'x' }
  expect(await bench.failure('Edit', change)).toContain('NotebookEdit')
})
