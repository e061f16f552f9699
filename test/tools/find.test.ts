import { expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { type Bench, createBench } from './support.ts'

const put = (bench: Bench, name: string, content = '', seconds = 1000): void => {
  const path = join(bench.root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  utimesSync(path, seconds, seconds)
}

test('LS shows a tree without what is in .git and without what is ignored', async () => {
  using bench = createBench()
  for (const name of ['b/c.txt', 'b/x.log', 'a.txt', '.hidden', '.git/config']) put(bench, name)
  symlinkSync('a.txt', join(bench.root, 'link'))
  expect(await bench.text('LS', { path: bench.root, ignore: ['*.log'] })).toBe(
    [
      `- ${bench.root}/`,
      '  - .git/',
      '  - .hidden',
      '  - a.txt',
      '  - b/',
      '    - c.txt',
      '  - link (link)',
    ].join('\n'),
  )
  expect(await bench.text('LS', { all: false })).not.toContain('.hidden')
  expect(await bench.text('LS', { path: 'b', long: true })).toContain('c.txt (0 bytes, 1970-01-01T00:16:40')
  expect(await bench.failure('LS', { path: 'a.txt' })).toContain('is a file')
})

test('Glob finds files in the order of change', async () => {
  using bench = createBench()
  put(bench, 'old.ts', '', 1)
  put(bench, 'src/new.ts', '', 3)
  put(bench, 'src/deep/middle.ts', '', 2)
  put(bench, 'src/a.js')
  const paths = (...names: string[]): string => names.map((name) => join(bench.root, name)).join('\n')
  expect(await bench.text('Glob', { pattern: '**/*.ts' })).toBe(
    paths('src/new.ts', 'src/deep/middle.ts', 'old.ts'),
  )
  expect(await bench.text('Glob', { pattern: '*.ts', path: 'src' })).toBe(paths('src/new.ts'))
  expect(await bench.text('Glob', { pattern: '*.ts', directory: 'src' })).toBe(paths('src/new.ts'))
  expect(await bench.text('Glob', { pattern: join(bench.root, 'src/*.{js,ts}') })).toBe(
    paths('src/a.js', 'src/new.ts'),
  )
  expect(await bench.text('Glob', { pattern: '*.py' })).toBe('No files found')
  expect(await bench.failure('Glob', { pattern: '../*' })).toContain('leads out of')
})

test('Glob shows the latest hundred and says that there are more', async () => {
  using bench = createBench()
  for (let i = 0; i < 120; i++) put(bench, `f${i}.txt`, '', i)
  const lines = (await bench.text('Glob', { pattern: '*.txt' })).split('\n')
  expect(lines).toHaveLength(101)
  expect(lines[0]).toEndWith('f119.txt')
  expect(lines[100]).toContain('latest 100 of 120')
})
