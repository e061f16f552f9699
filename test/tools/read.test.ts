import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ToolContent } from '../../src/tools/tool.ts'
import { createBench } from './support.ts'

// A picture of 4 × 4 pixels.
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGP4z8AARwzEcQCukw/x0F8jngAAAABJRU5ErkJggg==',
  'base64',
)

const blocksOf = (content: ToolContent) => (typeof content === 'string' ? [] : content)

test('numbers lines as cat -n does', async () => {
  using bench = createBench()
  writeFileSync(join(bench.root, 'a.txt'), 'one\r\ntwo\n\nfour')
  expect(await bench.text('Read', { file_path: 'a.txt' })).toBe(
    '     1\tone\n     2\ttwo\n     3\t\n     4\tfour',
  )
})

test('shows the lines that are asked for and says how to go on', async () => {
  using bench = createBench()
  writeFileSync(join(bench.root, 'a.txt'), Array.from({ length: 5000 }, (_, i) => `line ${i + 1}\n`).join(''))
  expect(await bench.text('Read', { file_path: 'a.txt', offset: 10, limit: 2 })).toBe(
    '    10\tline 10\n    11\tline 11\n\n[Lines 10 to 11 of 5000. Go on with offset 12.]',
  )
  const all = await bench.text('Read', { file_path: 'a.txt' })
  const next = Number(/Go on with offset (\d+)/.exec(all)?.[1])
  expect(all).toContain(`\tline ${next - 1}\n`)
  expect(all).not.toContain(`\tline ${next}\n`)
  expect(await bench.text('Read', { file_path: 'a.txt', offset: 6000 })).toContain('only 5000 lines')
})

test('cuts long lines and says that a file is empty', async () => {
  using bench = createBench()
  writeFileSync(join(bench.root, 'long.txt'), `${'x'.repeat(3000)}\nshort\n`)
  writeFileSync(join(bench.root, 'empty.txt'), '')
  expect(await bench.text('Read', { file_path: 'long.txt' })).toMatch(
    /^ {5}1\tx{2000}… \[line cut\]\n {5}2\tshort$/,
  )
  expect(await bench.text('Read', { file_path: 'empty.txt' })).toContain('empty')
})

test('shows a picture as an image block', async () => {
  using bench = createBench()
  writeFileSync(join(bench.root, 'a.png'), PNG)
  const { content } = await bench.run('Read', { file_path: 'a.png' })
  expect(content).toEqual([
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG.toString('base64') } },
  ])
})

test('makes a large picture smaller and says so', async () => {
  using bench = createBench()
  const large = await new Bun.Image(PNG).resize(3000, 1500).png().bytes()
  writeFileSync(join(bench.root, 'a.png'), large)
  const { content } = await bench.run('Read', { file_path: 'a.png' })
  const [note, image] = blocksOf(content)
  expect(note).toMatchObject({ type: 'text', text: 'a.png is 3000 × 1500 pixels; shown at 67 %.' })
  const data = image?.type === 'image' && image.source.type === 'base64' ? image.source.data : ''
  expect(await new Bun.Image(Buffer.from(data, 'base64')).metadata()).toMatchObject({
    width: 2000,
    height: 1000,
  })
})

test('shows a PDF as a document block', async () => {
  using bench = createBench()
  writeFileSync(join(bench.root, 'a.pdf'), '%PDF-1.4\n%%EOF')
  const { content } = await bench.run('Read', { file_path: 'a.pdf' })
  expect(blocksOf(content)).toMatchObject([
    { type: 'text' },
    { type: 'document', source: { media_type: 'application/pdf', data: btoa('%PDF-1.4\n%%EOF') } },
  ])
})

test.each([
  ['a file that is not there', 'none.txt', 'none.txt does not exist'],
  ['a folder', 'folder', 'folder is a folder'],
  ['a binary file', 'a.bin', 'binary file of 3 bytes'],
  ['a file that is too large', 'big.txt', 'more than the 1000'],
  ['a damaged picture', 'bad.png', 'damaged image'],
])('refuses %s', async (_, name, message) => {
  using bench = createBench({ maxFileBytes: 1000 })
  mkdirSync(join(bench.root, 'folder'))
  writeFileSync(join(bench.root, 'a.bin'), Buffer.from([1, 0, 2]))
  writeFileSync(join(bench.root, 'big.txt'), 'x'.repeat(1001))
  writeFileSync(join(bench.root, 'bad.png'), Buffer.concat([PNG.subarray(0, 20), Buffer.from('nonsense')]))
  expect(await bench.failure('Read', { file_path: name })).toContain(message)
})
