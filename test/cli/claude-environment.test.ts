import { describe, expect, test } from 'bun:test'

import {
  claudeProcessEnvironment,
  SHELLS,
  toClaudeEnvironment,
  toShellCommands,
} from '../../src/cli/claude-environment.ts'

const FACTS = { url: 'http://127.0.0.1:4000', key: 'k', contextTokens: 164_000, outputTokens: 8_000 }

describe('the environment of Claude Code', () => {
  test('names every tier, the key and the window of the model', () => {
    expect(toClaudeEnvironment(FACTS)).toEqual({
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:4000',
      ANTHROPIC_AUTH_TOKEN: 'k',
      ANTHROPIC_DEFAULT_MODEL: 'big',
      ANTHROPIC_DEFAULT_OPUS_MODEL: 'big',
      ANTHROPIC_DEFAULT_SONNET_MODEL: 'big',
      ANTHROPIC_DEFAULT_FABLE_MODEL: 'big',
      ANTHROPIC_DEFAULT_HAIKU_MODEL: 'small',
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: '164000',
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: '8000',
      CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
    })
  })

  test('is careful with a model that nothing is known of, and leaves the output of a large one alone', () => {
    const unknown = toClaudeEnvironment({ ...FACTS, contextTokens: undefined, outputTokens: undefined })
    expect(unknown['CLAUDE_CODE_MAX_CONTEXT_TOKENS']).toBe('200000')
    expect(unknown).not.toHaveProperty('CLAUDE_CODE_MAX_OUTPUT_TOKENS')
    expect(toClaudeEnvironment({ ...FACTS, outputTokens: 64_000 })).not.toHaveProperty(
      'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
    )
  })

  test('keeps what else is set, but no second key and no other way to a model', () => {
    const own = { PATH: '/bin', ANTHROPIC_API_KEY: 'sk-ant', CLAUDE_CODE_USE_BEDROCK: '1', EMPTY: undefined }
    const environment = claudeProcessEnvironment(own, FACTS)
    expect(environment).toMatchObject({ PATH: '/bin', ANTHROPIC_MODEL: 'big' })
    for (const name of ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_USE_BEDROCK', 'EMPTY', 'NO_PROXY'])
      expect(environment).not.toHaveProperty(name)
  })

  test('asks no proxy for this machine', () => {
    const own = { https_proxy: 'http://proxy:3128', no_proxy: 'intranet' }
    const { NO_PROXY, no_proxy } = claudeProcessEnvironment(own, FACTS)
    expect([NO_PROXY, no_proxy]).toEqual(['intranet,127.0.0.1', 'intranet,127.0.0.1'])
  })
})

const AWKWARD = `a'b "c" $HOME \`x\` \\ é`

/** How each shell is told to run a script and print a variable. */
const RUNS = {
  bash: (script: string) => ['bash', '-c', `${script}printf %s "$KEY"`],
  zsh: (script: string) => ['zsh', '-c', `${script}printf %s "$KEY"`],
  fish: (script: string) => ['fish', '-c', `${script}printf %s "$KEY"`],
  powershell: (script: string) => [
    'pwsh',
    '-NoProfile',
    '-Command',
    `${script}Write-Host -NoNewline $env:KEY`,
  ],
} as const

for (const shell of SHELLS) {
  const command = RUNS[shell](toShellCommands(shell, { KEY: AWKWARD }))
  const name = `${shell} reads the commands that set a variable`
  if (Bun.which(command[0] ?? ''))
    test(name, () => expect(Bun.spawnSync(command).stdout.toString()).toBe(AWKWARD))
  else test.skip(`${name}: the shell is not installed`, () => {})
}

test('the commands of each shell clear the keys that must not be there', () => {
  expect(toShellCommands('bash', {})).toContain('unset ANTHROPIC_API_KEY\n')
  expect(toShellCommands('fish', {})).toContain('set -e ANTHROPIC_API_KEY\n')
  expect(toShellCommands('powershell', { A: `it's` })).toContain(`$env:ANTHROPIC_API_KEY = $null\n`)
  expect(toShellCommands('powershell', { A: `it's` })).toEndWith(`$env:A = 'it''s'\n`)
})
