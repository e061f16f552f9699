import { describe, expect, test } from 'bun:test'

import { askKeychain, namesInKeychain } from '../../src/config/ask-keychain.ts'
import type { Sources } from '../../src/config/given.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import type { Config, Setting } from '../../src/config/schema.ts'
import { fileKey, fileVariant, settingEntries } from '../../src/config/schema.ts'
import { showConfig } from '../../src/config/show.ts'
import { keychainOf, sourcesOf, USER_FILE } from './sources.ts'

const load = async (sources: Sources): Promise<Config> => loadConfig(await askKeychain(sources))

async function problemsOf(sources: Sources): Promise<readonly string[]> {
  try {
    await load(sources)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const SECRETS = settingEntries().filter(([, { secret }]) => secret)
/** Good for every kind of secret. */
const SECRET = 'name=value'
const valueFor = ({ kind }: Setting, ...secrets: readonly string[]): unknown =>
  kind.isList ? secrets : secrets[0]

describe.each(SECRETS)('%s', (field, setting) => {
  const { name } = setting
  const keychain = keychainOf({ mine: `${SECRET}\n` })

  test('is taken from the keychain, wherever that is said', async () => {
    for (const given of [
      { env: { [name]: ' keychain:mine ' } },
      { flags: { [name]: 'keychain:mine' } },
      { file: `${fileKey(setting)} = "keychain:mine"` },
    ])
      expect<unknown>((await load(sourcesOf({ ...given, keychain })))[field]).toEqual(
        valueFor(setting, SECRET),
      )
  })

  test('is missed by its name, with what to do', async () => {
    const sources = sourcesOf({ env: { [name]: 'keychain:other' }, keychain })
    expect(await problemsOf(sources)).toEqual([
      `${name}: the keychain holds nothing as other, or is locked (from the environment); store it with ` +
        `"keychain set other"; a file that ${fileVariant(setting).name} names may hold it instead`,
    ])
  })
})

describe('a secret in the keychain', () => {
  test('may be several, one a line, and stand among others', async () => {
    const file = 'server_api_keys = ["a", "keychain:team", "b"]'
    const { serverApiKeys } = await load(sourcesOf({ file, keychain: keychainOf({ team: 'c\n d\n' }) }))
    expect(serverApiKeys).toEqual(['a', 'c', 'd', 'b'])
  })

  test('may be in the tables of the file, and behind a variable that they name', async () => {
    const file = `[upstreams.one]
base_url = "http://one/v1"
api_key = "keychain:key"
headers = { x-team = "keychain:team" }
[upstreams.two]
base_url = "http://two/v1"
api_key_env = "TWO_KEY"
[mcp.web]
url = "http://three/mcp"
headers = { authorization = "keychain:bearer" }`
    const keychain = keychainOf({ key: 'sk-1', team: 'blue team', two: 'sk-2', bearer: 'Bearer b' })
    const config = await load(sourcesOf({ file, env: { TWO_KEY: 'keychain:two' }, keychain }))
    expect(config.upstreams.slice(1)).toMatchObject([
      { name: 'one', apiKey: 'sk-1', headers: { 'x-team': 'blue team' } },
      { name: 'two', apiKey: 'sk-2' },
    ])
    expect(config.mcpServers).toMatchObject([{ place: { headers: { authorization: 'Bearer b' } } }])
  })

  test('is missed in a table, and behind a variable', async () => {
    const file = `[upstreams.one]
base_url = "http://one/v1"
api_key = "keychain:key"
[upstreams.two]
base_url = "http://two/v1"
api_key_env = "TWO_KEY"`
    const sources = sourcesOf({ file, env: { TWO_KEY: 'keychain:two' }, keychain: keychainOf({}) })
    expect(await problemsOf(sources)).toEqual([
      `upstreams.one.api_key: the keychain holds nothing as key, or is locked (from ${USER_FILE}:3); ` +
        'store it with "keychain set key"',
      'upstreams.two.api_key_env: the variable that it names is no help: the keychain holds nothing as two, ' +
        `or is locked; store it with "keychain set two" (from ${USER_FILE}:6)`,
    ])
  })

  test('that is not allowed is told with its place, and not shown', async () => {
    const keychain = keychainOf({ key: 'two words' })
    const sources = sourcesOf({ env: { ADMIN_API_KEY: 'keychain:key' }, keychain })
    expect(await problemsOf(sources)).toEqual([
      'ADMIN_API_KEY: the value is not allowed (from keychain:key, from the environment); ' +
        'allowed: one key of visible ASCII characters, without spaces',
    ])
  })

  test.each([
    ['linux', '; it needs libsecret and an unlocked secret service, such as gnome-keyring, in this session'],
    ['darwin', ''],
  ])('is not to be had from a keychain that fails, on %s', async (platform, needs) => {
    const keychain = keychainOf({}, new Error('no D-Bus'))
    const sources = sourcesOf({ env: { EXA_API_KEY: 'keychain:exa' }, platform, keychain })
    expect(await problemsOf(sources)).toEqual([
      `EXA_API_KEY: the keychain cannot be used: no D-Bus (from the environment)${needs}; ` +
        'a file that EXA_API_KEY_FILE names may hold it instead',
    ])
  })

  test.each(['keychain:', 'keychain:a/b', 'keychain:two words', `keychain:${'x'.repeat(101)}`])(
    'has a name: %s has none',
    async (value) => {
      const sources = sourcesOf({ env: { EXA_API_KEY: value }, keychain: keychainOf({}) })
      const [problem, ...others] = await problemsOf(sources)
      expect(problem).toStartWith('EXA_API_KEY: behind keychain: must stand a name of up to 100 letters')
      expect(others).toEqual([])
    },
  )

  test('is not shown where somebody put it in the place of its name', async () => {
    const sources = sourcesOf({
      env: { OPENROUTER_API_KEY: 'keychain:sk-or-v1-secret' },
      file: '[upstreams.a]\nbase_url = "http://a/v1"\napi_key = "keychain:sk-or-v1-secret"',
      keychain: keychainOf({}),
    })
    expect((await problemsOf(sources)).join('\n')).not.toContain('secret"')
    expect((await problemsOf(sources)).join('\n')).not.toContain('sk-or')
    expect(JSON.stringify(showConfig(sources))).not.toContain('sk-or')
  })
})

test('the keychain is left alone where nothing names it', async () => {
  const keychain = keychainOf({}, new Error('asked'))
  const sources = sourcesOf({ env: { OPENROUTER_API_KEY: 'sk-1', HOME: '/x' }, file: 'port = 1', keychain })
  expect(await problemsOf(sources)).toEqual([])
})

test('nothing but a secret is taken from the keychain', async () => {
  const sources = sourcesOf({
    env: { ANTHROPIC_MODEL: 'keychain:mine' },
    keychain: keychainOf({ mine: 'a/b' }),
  })
  expect((await load(sources)).anthropicModel).toBe('keychain:mine')
})

test('each name is asked for once, in the order of the settings', async () => {
  const asked: string[] = []
  const keychain = { ...keychainOf({}), get: async (name: string) => void asked.push(name) }
  const sources = sourcesOf({
    env: { ADMIN_API_KEY: 'keychain:b', OPENROUTER_API_KEY: 'keychain:a', OTHER: 'keychain:a' },
    keychain,
  })
  await askKeychain(sources)
  expect(asked).toEqual(['a', 'b'])
  expect(namesInKeychain(sources)).toEqual(['a', 'b'])
})

test('what is shown of the configuration says where a secret is', async () => {
  const { settings, tables } = showConfig(
    sourcesOf({
      env: { OPENROUTER_API_KEY: 'keychain:mine' },
      file: 'server_api_keys = ["hidden", "keychain:team"]\n[upstreams.a]\nbase_url = "http://a"\napi_key = "keychain:a"',
    }),
  )
  const shown = settings.filter(({ value }) => value === '(set, not shown)')
  expect(shown.map(({ name, origin }) => [name, origin])).toEqual([
    ['OPENROUTER_API_KEY', 'keychain:mine, from the environment'],
    ['SERVER_API_KEYS', `keychain:team, from ${USER_FILE}:1`],
  ])
  expect(tables).toEqual({ upstreams: { a: { base_url: 'http://a', api_key: 'keychain:a' } } })
})
