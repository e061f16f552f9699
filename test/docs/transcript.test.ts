import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'

import { version } from '../../package.json'
import { blocksOf } from './blocks.ts'
import { startReading } from './reader.ts'

setDefaultTimeout(60_000)

const README = join(import.meta.dir, '../../README.md')
const readme = await Bun.file(README).text()
const [transcript] = blocksOf(readme).filter(({ language }) => language === 'console')
const reader = await startReading('')
afterAll(async () => reader[Symbol.asyncDispose]())

/** What a new user types in the first minute, as the README shows it behind `$ `. */
const typed = [...(transcript?.text ?? '').matchAll(/^\$ (.+)$/gm)].map(([, command = '']) => command)

test('the first minute in the README is what a new user sees', async () => {
  expect(typed.length).toBeGreaterThan(2)
  const lines: string[] = []
  for (const command of typed) lines.push(`$ ${command}`, settled(await reader.type(command)))
  const seen = lines.join('\n').trimEnd()
  if (process.env['GOLDEN'] === 'write')
    await Bun.write(README, readme.replace(transcript?.text ?? '', `${seen}\n`))
  else expect(`${seen}\n`).toBe(transcript?.text ?? '')
})

/** What differs from one machine and run to the next. */
const settled = (output: string): string =>
  output
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:4000')
    .replaceAll(version, '0.1.0')
    .replaceAll(/\S*\/home(?=\/)/g, '~')
    .replaceAll(/\b(msg|req)_[a-f0-9]{32}/g, '$1_0123456789abcdef0123456789abcdef')
    .trimEnd()
