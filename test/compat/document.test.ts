import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { conformance, DOCUMENT, type RanTest, replaceBetween, REST, rest } from './document.ts'
import { ROWS } from './rows.ts'

const TESTS = join(import.meta.dir, '..')
const text = await Bun.file(DOCUMENT).text()

/** The rows as the document has them: id, status and the files of the tests. */
const told = [...text.matchAll(/^\| (C\d+) \| .* \| (tested|open) \| (.*) \|$/gm)].map(
  ([, id = '', status = '', tests = '']) => ({
    id,
    status,
    files: [...tests.matchAll(/`([\w/.-]+\.test\.ts)`/g)].map(([, file = '']) => file),
  }),
)

test('the document has all 186 rows in order', () => {
  expect(told.map(({ id }) => id)).toEqual(ROWS.map(({ id }) => id))
  expect(told).toHaveLength(186)
})

test.each(told.filter(({ status }) => status === 'tested'))(
  'the tests that the document names for $id are there; else run `bun run compat`',
  async ({ id, files }) => {
    expect(files).not.toEqual([])
    for (const file of files) {
      expect(existsSync(join(TESTS, file))).toBe(true)
      expect(await Bun.file(join(TESTS, file)).text()).toMatch(new RegExp(`\\b${id}\\b`))
    }
  },
)

test('parameters and reported bugs are told as they are; else run it with GOLDEN=write', async () => {
  const expected = replaceBetween(text, REST, rest())
  if (process.env['GOLDEN'] === 'write') await Bun.write(DOCUMENT, expected)
  else expect(text).toBe(expected)
})

const ran = (name: string, more: Partial<RanTest> = {}): RanTest => ({
  file: 'api/some.test.ts',
  name,
  outcome: 'passed',
  ...more,
})

test.each<[what: string, tests: readonly RanTest[], isTested: boolean]>([
  ['has no test', [], false],
  ['has one of the running program', [ran('keys > C7 is so')], true],
  ['shares one with another row', [ran('C6, C7 are so')], true],
  ['is only a part of the number of another', [ran('C70 is so')], false],
  ['has one of a part of the program only', [ran('C7 is so', { file: 'messages/some.test.ts' })], false],
  ['has one that did not run', [ran('C7 is so', { outcome: 'skipped' })], false],
  ['has one that says that it is to come', [ran('C7 (later work) is not so')], false],
])('a row that %s', (_, tests, isTested) => {
  const line = /^\| C7 \|.*$/m.exec(conformance(tests))?.[0]
  expect(line?.includes('| tested |')).toBe(isTested)
})
