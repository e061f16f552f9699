import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { CONFORMANCE, conformance, DOCUMENT, replaceBetween, REST, rest } from './document.ts'
import { parseJunit } from './junit.ts'

/**
 * `bun run compat`: runs every test whose name holds a row of the conformance list, and writes docs/COMPATIBILITY.md
 * from what came of it. Fails where one of them fails, and leaves the document as it was.
 */
const root = join(import.meta.dir, '../..')
const folder = await mkdtemp(join(tmpdir(), 'compat-'))
const results = join(folder, 'junit.xml')
const child = Bun.spawn(
  [
    process.execPath,
    'test',
    '-t',
    '\\bC[0-9]+\\b',
    '--reporter=junit',
    `--reporter-outfile=${results}`,
    'test/api',
    'test/batches',
    'test/clients',
  ],
  { cwd: root, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
)
const log = await new Response(child.stderr).text()
await child.exited
const tests = parseJunit(await Bun.file(results).text())
await rm(folder, { recursive: true })

const failed = tests.filter(({ outcome }) => outcome === 'failed')
if (failed.length > 0) {
  console.error(log)
  for (const { file, name } of failed) console.error(`failed: ${file}: ${name}`)
  process.exit(1)
}
const text = await Bun.file(DOCUMENT).text()
const told = replaceBetween(replaceBetween(text, CONFORMANCE, conformance(tests)), REST, rest())
await Bun.write(DOCUMENT, told)
console.log(`${DOCUMENT}: ${/\d+ of \d+ rows[^.]*/.exec(told)?.[0]}`)
