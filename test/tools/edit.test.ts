import { describe, expect, test } from 'bun:test'
import { chmodSync, linkSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Bench, createBench } from './support.ts'

const put = (bench: Bench, name: string, content: string | Uint8Array): string => {
  const path = join(bench.root, name)
  writeFileSync(path, content)
  return path
}
const edit = { old_string: 'two', new_string: '2' }

describe('a file that was not read', () => {
  test.each([
    ['Write', { content: 'new' }],
    ['Edit', edit],
    ['MultiEdit', { edits: [edit] }],
  ])('is not changed by %s', async (tool, input) => {
    using bench = createBench()
    const path = put(bench, 'a.txt', 'one two')
    expect(await bench.failure(tool, { file_path: 'a.txt', ...input })).toContain('has not been read yet')
    await bench.text('Read', { file_path: 'a.txt' }, { conversation: 'another' })
    expect(await bench.failure(tool, { file_path: 'a.txt', ...input })).toContain('has not been read yet')
    await bench.text('Read', { file_path: 'a.txt' }, { owner: 'bob' })
    expect(await bench.failure(tool, { file_path: 'a.txt', ...input })).toContain('has not been read yet')
    expect(readFileSync(path, 'utf8')).toBe('one two')
    await bench.text('Read', { file_path: 'a.txt' })
    await bench.text(tool, { file_path: 'a.txt', ...input })
  })
})

test('a file that changed since it was read is not changed', async () => {
  using bench = createBench()
  const path = put(bench, 'a.txt', 'one two')
  await bench.text('Read', { file_path: 'a.txt' })
  writeFileSync(path, 'one two three')
  expect(await bench.failure('Edit', { file_path: 'a.txt', ...edit })).toContain('changed since it was read')
  expect(readFileSync(path, 'utf8')).toBe('one two three')
})

test('a change lets the next change follow without another look', async () => {
  using bench = createBench()
  const path = join(bench.root, 'deep/er/a.txt')
  await bench.text('Write', { file_path: path, content: 'one two' })
  await bench.text('Edit', { file_path: path, ...edit })
  await bench.text('Write', { file_path: path, content: 'three' })
  expect(readFileSync(path, 'utf8')).toBe('three')
})

test('keeps mode, mark and line ends, and leaves nothing else behind', async () => {
  using bench = createBench()
  const path = put(bench, 'a.sh', '\ufeffone\r\ntwo\r\n')
  chmodSync(path, 0o751)
  await bench.text('Read', { file_path: 'a.sh' })
  await bench.text('Edit', { file_path: 'a.sh', old_string: 'one\ntwo', new_string: 'three\nfour' })
  expect(readFileSync(path, 'utf8')).toBe('\ufeffthree\r\nfour\r\n')
  expect(statSync(path).mode & 0o777).toBe(0o751)
  expect(readdirSync(bench.root)).toEqual(['a.sh'])
})

test('leaves mixed line ends as they are', async () => {
  using bench = createBench()
  const path = put(bench, 'a.txt', 'one\r\ntwo\nthree\r\n')
  await bench.text('Read', { file_path: 'a.txt' })
  await bench.text('Edit', { file_path: 'a.txt', ...edit })
  expect(readFileSync(path, 'utf8')).toBe('one\r\n2\nthree\r\n')
})

test('keeps UTF-16', async () => {
  using bench = createBench()
  const path = put(bench, 'a.txt', Buffer.from('\ufeffone two', 'utf16le'))
  await bench.text('Read', { file_path: 'a.txt' })
  await bench.text('Edit', { file_path: 'a.txt', ...edit })
  expect(readFileSync(path).toString('utf16le')).toBe('\ufeffone 2')
})

test('refuses to edit what is no text', async () => {
  using bench = createBench()
  put(bench, 'a.txt', Buffer.from([0x6f, 0x6e, 0x65, 0xff, 0xfe, 0x20]))
  await bench.text('Read', { file_path: 'a.txt' })
  expect(await bench.failure('Edit', { file_path: 'a.txt', ...edit })).toContain('no text in UTF-8')
})

test('a file is replaced, not written into: its other name keeps the old text', async () => {
  using bench = createBench()
  const path = put(bench, 'a.txt', 'one two')
  linkSync(path, join(bench.root, 'b.txt'))
  await bench.text('Read', { file_path: 'a.txt' })
  await bench.text('Edit', { file_path: 'a.txt', ...edit })
  expect(readFileSync(join(bench.root, 'b.txt'), 'utf8')).toBe('one two')
})

test('a link within the working directory stays a link', async () => {
  using bench = createBench()
  const path = put(bench, 'a.txt', 'one two')
  symlinkSync('a.txt', join(bench.root, 'link.txt'))
  await bench.text('Read', { file_path: 'link.txt' })
  await bench.text('Edit', { file_path: 'link.txt', ...edit })
  expect(readFileSync(path, 'utf8')).toBe('one 2')
  expect(
    readdirSync(bench.root, { withFileTypes: true })
      .find(({ name }) => name === 'link.txt')
      ?.isSymbolicLink(),
  ).toBe(true)
})

describe('the text to replace', () => {
  const attempt = async (text: string, input: object): Promise<string> => {
    using bench = createBench()
    const path = put(bench, 'a.txt', text)
    await bench.text('Read', { file_path: 'a.txt' })
    const { isError, content } = await bench.run('Edit', { file_path: 'a.txt', ...input })
    if (isError) expect(readFileSync(path, 'utf8')).toBe(text)
    return isError ? `ERROR ${content as string}` : readFileSync(path, 'utf8')
  }

  test('must be there', async () => {
    expect(await attempt('one', edit)).toContain('was not found')
    expect(await attempt('a   b', { old_string: 'a b', new_string: 'c' })).toContain('with other spaces')
  })
  test('must be there once', async () => {
    expect(await attempt('two two', edit)).toContain('is there 2 times')
  })
  test('is replaced everywhere when that is asked for', async () => {
    expect(await attempt('two two', { ...edit, replace_all: true })).toBe('2 2')
    expect(await attempt('two two', { ...edit, expected_replacements: 2 })).toBe('2 2')
    expect(await attempt('two two', { ...edit, expected_replacements: 3 })).toContain('2 times, not 3')
  })
  test('must differ from the new one', async () => {
    expect(await attempt('two', { old_string: 'two', new_string: 'two' })).toContain('are the same')
  })
  test('is taken as it is, also where it looks like a pattern', async () => {
    expect(await attempt('a.b $1', { old_string: 'a.b $1', new_string: "$& $' $1" })).toBe("$& $' $1")
  })
})

test('an empty old_string makes a new file, and never replaces one', async () => {
  using bench = createBench()
  const make = { file_path: 'a.txt', old_string: '', new_string: 'new\n' }
  expect(await bench.text('Edit', make)).toContain('has been created')
  expect(await bench.failure('Edit', make)).toContain('exists already')
})

test('MultiEdit does all or nothing, each on what the one before left', async () => {
  using bench = createBench()
  const path = put(bench, 'a.txt', 'one two three')
  await bench.text('Read', { file_path: 'a.txt' })
  const edits = [
    { old_string: 'one', new_string: '1' },
    { old_string: '1 two', new_string: '1 2' },
  ]
  expect(
    await bench.failure('MultiEdit', {
      file_path: 'a.txt',
      edits: [...edits, { old_string: 'x', new_string: 'y' }],
    }),
  ).toContain('edit 3: old_string was not found')
  expect(readFileSync(path, 'utf8')).toBe('one two three')
  await bench.text('MultiEdit', { file_path: 'a.txt', edits })
  expect(readFileSync(path, 'utf8')).toBe('1 2 three')
})

test('a file that is too large is not written', async () => {
  using bench = createBench({ maxFileBytes: 10 })
  expect(await bench.failure('Write', { file_path: 'a.txt', content: 'x'.repeat(11) })).toContain(
    'more than the 10',
  )
  expect(readdirSync(bench.root)).toEqual([])
})
