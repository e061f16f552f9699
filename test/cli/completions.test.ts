import { describe, expect, test } from 'bun:test'

import { SHELLS } from '../../src/cli/claude-environment.ts'
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { printCompletions } from '../../src/cli/completions.ts'
import { flagName, type Setting, SETTINGS } from '../../src/config/schema.ts'

async function scriptOf(shell: string): Promise<string> {
  let text = ''
  await printCompletions({
    words: [shell],
    options: {},
    rest: [],
    sources: { env: {}, home: '', platform: 'linux', flags: {}, readTextFile: () => undefined },
    load: () => {
      throw new Error('completions need no configuration')
    },
    say: (part) => {
      text += part
    },
    complain: () => {},
  })
  return text
}

describe.each(SHELLS)('the completions of %s', (shell) => {
  test('have every command and every flag', async () => {
    const script = await scriptOf(shell)
    const flags = Object.values<Command>(COMMANDS).flatMap(({ options }) => Object.keys(options ?? {}))
    for (const word of [
      ...Object.keys(COMMANDS),
      ...flags,
      ...Object.values<Setting>(SETTINGS).map(flagName),
    ])
      expect(script).toContain(word)
  })
})

test('another shell is refused with those that are known', () => {
  expect(scriptOf('tcsh')).rejects.toThrow('"tcsh": no known shell; allowed: bash, zsh, fish, powershell')
})

/** What bash offers for a line whose last word is being typed. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const line = words.map((word) => `'${word}'`).join(' ')
  const script = `${await scriptOf('bash')}
COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _openrouter_anthropic_server; printf '%s\\n' "\${COMPREPLY[@]}"`
  return Bun.spawnSync(['bash', '-c', script]).stdout.toString().trim().split('\n')
}

const bash = Bun.which('bash') ? test : test.skip
bash('bash offers commands first, and then the flags of the command', async () => {
  expect(await offered('program', 'he')).toEqual(['healthcheck', 'help'])
  expect(await offered('program', 'code', '--print')).toEqual(['--print-env'])
  expect(await offered('program', 'serve', '--max-b')).toEqual(['--max-body-size'])
})
