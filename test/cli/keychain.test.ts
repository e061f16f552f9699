import { describe, expect, test } from 'bun:test'

import { CommandFailure } from '../../src/cli/command.ts'
import { manageKeychain } from '../../src/cli/keychain.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { keychainOf, sourcesOf } from '../config/sources.ts'

interface Machine {
  readonly held?: Record<string, string>
  readonly broken?: Error
  readonly env?: Readonly<Record<string, string>>
}

async function run(words: readonly string[], { held = {}, broken, env = {} }: Machine = {}): Promise<string> {
  let said = ''
  await manageKeychain({
    words,
    options: {},
    rest: [],
    sources: sourcesOf({ env, keychain: keychainOf(held, broken) }),
    load: () => {
      throw new Error('the keychain needs no configuration')
    },
    say: (text) => (said += text),
    complain: () => {},
  })
  return said
}

test('the list has the secrets of the settings and all that is used, stored or not, and no secret', async () => {
  const said = await run(['list'], {
    held: { OPENROUTER_API_KEY: 'hidden', team: 'hidden', forgotten: 'hidden' },
    env: { SERVER_API_KEYS: 'keychain:team,keychain:more' },
  })
  expect(said).not.toContain('hidden')
  expect(said.split('\n').map((line) => line.trim().split(/\s+/))).toEqual(
    expect.arrayContaining([
      ['NAME', 'STORED', 'USED'],
      ['OPENROUTER_API_KEY', 'yes', 'no'],
      ['ADMIN_API_KEY', 'no', 'no'],
      ['team', 'yes', 'yes'],
      ['more', 'no', 'yes'],
    ]),
  )
})

test('a secret is deleted once', async () => {
  const held = { a: '1', b: '2' }
  expect(await run(['delete', 'a'], { held })).toBe('deleted\n')
  expect(held).toEqual({ b: '2' } as never)
  const failure = await run(['delete', 'a'], { held }).catch((error: unknown) => error)
  expect(failure).toEqual(new CommandFailure('the keychain holds nothing as a, or is locked'))
})

test('a keychain that fails is told in words', async () => {
  const broken = new Error('libsecret not available')
  const failure = await run(['list'], { broken }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(CommandFailure)
  expect(String(failure)).toContain(
    'the keychain cannot be used: libsecret not available; it needs libsecret',
  )
})

describe('wrong words', () => {
  test.each([
    [[], 'keychain: needs one of set, delete, list'],
    [['delte'], 'keychain: "delte": unknown; did you mean delete?'],
    [['set'], 'keychain set: needs a name, such as OPENROUTER_API_KEY'],
    [['delete', 'a/b'], 'keychain delete: "a/b" is no name; allowed: up to 100 letters, digits and . _ -'],
  ])('%j', async (words, problem) => {
    const error = await run(words).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).problems).toEqual([problem])
  })
})
