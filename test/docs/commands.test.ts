import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Block, blocksOf, commandsOf } from './blocks.ts'
import { startReading } from './reader.ts'

setDefaultTimeout(60_000)

const root = join(import.meta.dir, '../..')
const documents = ['README.md', ...new Bun.Glob('docs/*.md').scanSync(root)].toSorted()

/** What a test cannot do for a reader, and why. */
const NOT_TYPED: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /^docker |^kubectl /,
    'there is no container engine and no cluster here; test/deploy.test.ts holds the files',
  ],
  [/npx -y bun|^bun run |^bun test|^bun bench|^bun src/, 'the gate runs it, or it runs for long'],
  [/^npm install|^python3 -m venv|^export (?:CLAUDE_CODE_BINARY|PYTHON)=/, 'it installs programs'],
  [/^sh install\.sh/, 'test/release/install.test.ts runs it against a release'],
  [/^openrouter-anthropic-server code$|^eval /, 'test/api/commands.test.ts runs it with a Claude Code'],
  [/\bkeychain\b/, 'there is no keychain here; test/api/keychain.test.ts starts one where it can'],
  [/runs replay/, 'it ends with 1 where answers differ; test/api/record.test.ts replays'],
  [/^openrouter-anthropic-server (?:runs|batches) watch/, 'it goes on until it is told to stop'],
]

const whyNotTyped = (command: string): string | undefined =>
  NOT_TYPED.find(([pattern]) => pattern.test(command))?.[1]

const isShell = ({ language }: Block): boolean => language === 'sh'

describe.each(documents)('%s', (path) => {
  const document = readFileSync(join(root, path), 'utf8')
  const blocks = blocksOf(document)
  const shell = blocks.filter(isShell)
  const typed = shell.flatMap(({ text }) => commandsOf(text)).filter((command) => !whyNotTyped(command))

  if (typed.length > 0)
    test('says commands that work, one after the other', async () => {
      await using reader = await startReading(document)
      for (const command of typed) await reader.type(command)
    })
  else test('says no command that could be typed here', () => expect(typed).toEqual([]))
})

describe('docs/clients.md', () => {
  const blocks = blocksOf(readFileSync(join(root, 'docs/clients.md'), 'utf8'))
  const [typescript] = blocks.filter(({ text }) => text.includes("'@anthropic-ai/sdk'"))
  const [python] = blocks.filter(({ language }) => language === 'python')

  test('has a program in TypeScript that gets an answer', async () => {
    await using reader = await startReading('')
    expect(await reader.run([process.execPath, '-e'], typescript?.text ?? '', root)).toContain(
      'demo upstream',
    )
  })

  const interpreter = process.env['PYTHON']
  if (interpreter)
    test('has a program in Python that gets an answer', async () => {
      await using reader = await startReading('')
      expect(await reader.run([interpreter, '-c'], python?.text ?? '', root)).toContain('demo upstream')
    })
  else
    test.skip('has a program in Python that gets an answer: set PYTHON to an interpreter with anthropic', () => {})
})
