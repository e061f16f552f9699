import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { ownSearch } from '../../src/tools/grep/own-search.ts'
import { openRipgrep, type Ripgrep } from '../../src/tools/grep/ripgrep.ts'
import type { Search } from '../../src/tools/grep/search.ts'
import { type Bench, createBench } from './support.ts'

let ripgrep: Ripgrep | undefined
beforeAll(async () => {
  ripgrep = await openRipgrep()
})
afterAll(() => ripgrep?.[Symbol.dispose]())

const lazily = (choose: () => Search | undefined): Search =>
  async function* (query, place) {
    const search = choose()
    if (!search) throw new Error('there is no ripgrep')
    yield* search(query, place)
  }

describe.each([
  ['our own search', ownSearch],
  ['ripgrep', lazily(() => ripgrep?.search)],
])('Grep by %s', (_, search) => {
  let bench: Bench
  beforeAll(() => {
    bench = createBench({ search, maxFileBytes: 10_000 })
    const files = {
      'a.ts': 'one\ntwo\nThree\nfour two\nfive\nsix\nseven\ntwo\n',
      'src/b.js': 'const two = 2\r\nfunction f() {\r\n  return two\r\n}\r\n',
      'src/deep/c.py': 'TWO = 2\n',
      '.hidden/d.txt': 'two\n',
      '.git/e.txt': 'two\n',
      'node_modules/x/f.js': 'two\n',
      'out/g.js': 'two\n',
      '.gitignore': 'out/\n*.log\n',
      'h.log': 'two\n',
      'src/.gitignore': 'secret*\n',
      'src/secret.txt': 'two\n',
      'binary.bin': 'two\0two\n',
      'big.txt': `two\n${'x'.repeat(11_000)}\n`,
      'long.txt': `${'y'.repeat(600)}two\n`,
      'wide.txt': 'naïve — 😀 zwei\n',
    }
    for (const [index, [name, text]] of Object.entries(files).entries()) {
      const path = join(bench.root, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
      utimesSync(path, 1000 - index, 1000 - index)
    }
    symlinkSync(bench.outside, join(bench.root, 'link'))
    writeFileSync(join(bench.outside, 'out.txt'), 'two\n')
  })
  afterAll(() => bench[Symbol.dispose]())

  const grep = async (fields: object): Promise<string> => bench.text('Grep', fields)

  test('shows files, latest change first, without ignored, binary, large and linked ones', async () => {
    expect(await grep({ pattern: 'two' })).toBe('a.ts\nsrc/b.js\n.hidden/d.txt\nlong.txt')
    expect(await grep({ pattern: 'TWO', '-i': true, type: 'py' })).toBe('src/deep/c.py')
    expect(await grep({ pattern: 'nothing' })).toBe('No matches found')
  })

  test('shows lines with numbers and with those around', async () => {
    expect(await grep({ pattern: 'two', path: 'a.ts', output_mode: 'content' })).toBe(
      'a.ts:two\na.ts:four two\na.ts:two',
    )
    expect(
      await grep({ pattern: 'T[a-z]+e', path: 'a.ts', output_mode: 'content', '-n': true, '-C': 1 }),
    ).toBe('a.ts-2-two\na.ts:3:Three\na.ts-4-four two')
    expect(await grep({ pattern: '^two', output_mode: 'content', '-n': true, '-A': 1, glob: '*.ts' })).toBe(
      'a.ts:2:two\na.ts-3-Three\n--\na.ts:8:two',
    )
    expect(
      await grep({ pattern: 'return \\w+', path: 'src', output_mode: 'content', '-o': true, '-n': true }),
    ).toBe('src/b.js:3:return two')
    expect(await grep({ pattern: '😀 z', output_mode: 'content' })).toBe('wide.txt:naïve — 😀 zwei')
  })

  test('counts lines', async () => {
    expect(await grep({ pattern: 'two', output_mode: 'count', glob: '*.{ts,js}' })).toBe('a.ts:3\nsrc/b.js:2')
  })

  test('takes globs for names and for paths', async () => {
    expect(await grep({ pattern: 'two', glob: 'src/**/*.js' })).toBe('src/b.js')
    expect(await grep({ pattern: 'two', glob: '!*.ts' })).toBe('src/b.js\n.hidden/d.txt\nlong.txt')
    expect(await grep({ pattern: 'two', include: '*.ts' })).toBe('a.ts')
  })

  test('matches over several lines when asked to', async () => {
    const over = { pattern: 'one.*Three', output_mode: 'content', '-n': true }
    expect(await grep(over)).toBe('No matches found')
    expect(await grep({ ...over, multiline: true })).toBe('a.ts:1:one\na.ts:2:two\na.ts:3:Three')
  })

  test('shows some and says how to go on', async () => {
    const all = { pattern: 'e', path: 'a.ts', output_mode: 'content' }
    expect(await grep({ ...all, head_limit: 2 })).toBe('a.ts:one\na.ts:Three\n[2 more; go on with offset 2.]')
    expect(await grep({ ...all, head_limit: 2, offset: 2 })).toBe('a.ts:five\na.ts:seven')
  })

  test('understands the parameters of other clients', async () => {
    expect(await grep({ pattern: 'THREE', case_sensitive: false, max_matches: 1 })).toBe('a.ts:3:Three')
  })

  test('cuts long lines', async () => {
    expect(await grep({ pattern: 'ytwo', output_mode: 'content' })).toBe(
      `long.txt:${'y'.repeat(500)}… [line cut]`,
    )
  })

  test('refuses what it does not understand, and says what that is', async () => {
    expect(await bench.failure('Grep', { pattern: '(' })).toContain('(')
    expect(await bench.failure('Grep', { pattern: '(?=x)' })).toContain('look')
    expect(await bench.failure('Grep', { pattern: 'x', type: 'klingon' })).toContain('unrecognized file type')
    expect(await bench.failure('Grep', { pattern: 'x', type: 'x --pre=sh' })).toContain('`type`')
  })

  test('is not led outside', async () => {
    expect(await bench.failure('Grep', { pattern: 'two', path: 'link' })).toContain(
      'outside of the working directory',
    )
    expect(await bench.failure('Grep', { pattern: 'two', path: '..' })).toContain(
      'outside of the working directory',
    )
    expect(await grep({ pattern: 'two', glob: 'link/**' })).toBe('No matches found')
    expect(await grep({ pattern: '--pre=touch', glob: '--pre=x' })).toBe('No matches found')
  })

  test('is not stopped by lines of .gitignore that make others hang', async () => {
    mkdirSync(join(bench.root, 'slow'))
    writeFileSync(join(bench.root, 'slow/.gitignore'), `${'*a'.repeat(30)}*b\n`)
    writeFileSync(join(bench.root, 'slow', 'a'.repeat(200)), 'needle\n')
    const startedAt = performance.now()
    expect(await grep({ pattern: 'needle' })).toContain('slow/aaa')
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  test('is not stopped by a pattern that makes others hang', async () => {
    writeFileSync(join(bench.root, 'aaa.txt'), `${'a'.repeat(5000)}!\n`)
    const startedAt = performance.now()
    await grep({ pattern: '(a+)+$', path: 'aaa.txt' })
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })
})
