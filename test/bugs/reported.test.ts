import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { ANSWERS, REQUESTS } from './golden.ts'
import { type Cover, REPORTS } from './reported.ts'

const numbered = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${name}${at + 1}`)

/** The rows of openrouter §8.1–8.5, and the defects of §8.6 in their order. */
const ROWS = [...numbered('T', 86), ...numbered('LLMS ', 14), ...numbered('YR ', 8), ...numbered('LIT ', 7)]

test('every reported bug and every defect has one entry', () => {
  expect(REPORTS.map(({ row }) => row)).toEqual(ROWS)
})

const TESTS = join(import.meta.dir, '..')
const files = new Map<string, string>()

async function sourceOf(file: string): Promise<string> {
  const text = files.get(file) ?? (await Bun.file(join(TESTS, file)).text())
  files.set(file, text)
  return text
}

/** A test's name, as it is written. */
const isNamed = (source: string, name: string): boolean =>
  ["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`))

async function isThere(cover: Cover): Promise<boolean> {
  if ('answer' in cover) {
    const results = ['events.sse', 'failure.json'].map((file) => join(ANSWERS, cover.answer, file))
    return results.some((path) => existsSync(path))
  }
  if ('request' in cover) return existsSync(join(REQUESTS, cover.request, 'request.openrouter.json'))
  return isNamed(await sourceOf(cover.file), cover.test)
}

test.each(REPORTS)('$row: what covers it is there', async ({ coveredBy }) => {
  for (const cover of coveredBy) expect([cover, await isThere(cover)]).toEqual([cover, true])
})
