import { expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createBench } from '../support.ts'
import { SECRET } from './world.ts'

setDefaultTimeout(30_000)

/** Puts a folder and a link that leads outside in the same place, in turn, as fast as it can. */
const swap = (place: string, outside: string): string => `
  const { mkdirSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
  const attempt = (run) => { try { run() } catch {} }
  for (;;) {
    attempt(() => rmSync(${JSON.stringify(place)}, { recursive: true, force: true }))
    attempt(() => symlinkSync(${JSON.stringify(outside)}, ${JSON.stringify(place)}))
    attempt(() => rmSync(${JSON.stringify(place)}, { recursive: true, force: true }))
    attempt(() => mkdirSync(${JSON.stringify(place)}))
    attempt(() => writeFileSync(${JSON.stringify(join(place, 'secret.txt'))}, 'harmless'))
  }`

test('a folder that becomes a link while it is used leads nowhere', async () => {
  using bench = createBench()
  // The process that swaps writes through the link itself at times, so the secret is not where it writes.
  const outside = join(bench.outside, 'inner')
  writeFileSync(join(bench.outside, 'mark'), '')
  Bun.spawnSync(['mkdir', outside])
  writeFileSync(join(outside, 'other.txt'), SECRET)
  const swapper = Bun.spawn([process.execPath, '-e', swap(join(bench.root, 'swap'), outside)], {
    stderr: 'ignore',
  })
  const outcomes = new Set<string>()
  const endsAt = performance.now() + 10_000
  for (let i = 0; performance.now() < endsAt && (i < 300 || outcomes.size < 3); i++) {
    for (const [tool, input] of [
      ['Read', { file_path: 'swap/secret.txt' }],
      ['Read', { file_path: 'swap/other.txt' }],
      ['LS', { path: 'swap' }],
      ['Glob', { path: 'swap', pattern: '*' }],
      ['Write', { file_path: `swap/new-${i}.txt`, content: 'x' }],
      ['Write', { file_path: `swap/deep-${i}/x.txt`, content: 'x' }],
    ] as const) {
      const { content } = await bench.run(tool, input)
      expect(JSON.stringify(content)).not.toContain(SECRET)
      expect(JSON.stringify(content)).not.toContain('swap/other.txt\n')
      outcomes.add(String(bench.log.at(-1)?.fields.outcome))
    }
  }
  swapper.kill(9)
  await swapper.exited
  expect([...new Bun.Glob('*{new,deep}-*').scanSync({ cwd: outside, onlyFiles: false, dot: true })]).toEqual(
    [],
  )
  expect(readFileSync(join(outside, 'other.txt'), 'utf8')).toBe(SECRET)
  expect(bench.log.filter(({ event }) => event === 'unexpected-error')).toEqual([])
  // The attack met its moment: some calls found the folder, and some the link.
  expect([...outcomes]).toContain('ok')
  expect([...outcomes]).toContain('refused')
})
