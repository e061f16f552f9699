import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { loadConfig } from '../../src/config/load.ts'
import { configOf, problemsOf, sourcesOf, USER_FILE } from './sources.ts'

describe('the configuration file', () => {
  test('holds every kind of TOML value', () => {
    const file = `
      port = 8080
      request_timeout = 1.5
      strict_compat = true
      log_level = "debug"
      server_api_keys = ["one", "two"]
    `
    expect(configOf({ file })).toMatchObject({
      port: 8080,
      requestTimeoutMs: 1500,
      strictCompat: true,
      logLevel: 'debug',
      serverApiKeys: ['one', 'two'],
      configFile: USER_FILE,
    })
  })

  test.each(['[4000]', '{ number = 4000 }', '2026-01-01', 'nan', 'true', '4000.5'])(
    'refuses port = %s',
    (value) => {
      const [problem, ...others] = problemsOf({ file: `port = ${value}` })
      expect(others).toEqual([])
      expect(problem).toStartWith('PORT: ')
      expect(problem).toEndWith(`(from ${USER_FILE}:1); allowed: a whole number from 0 to 65535`)
    },
  )

  test('may begin with a byte order mark and have lines of Windows', () => {
    expect(configOf({ file: '\u{feff}port = 1\r\nhost = "::1"\r\n' })).toMatchObject({ port: 1, host: '::1' })
  })

  test('is named with line and column when it is not TOML', () => {
    const [problem, ...others] = problemsOf({ file: 'port = 1\nhost = localhost\n' })
    expect(others).toEqual([])
    expect(problem).toMatch(/config\.toml:2:\d+: Invalid TOML document: invalid value$/)
  })

  test('that is broken does not make its settings missing', () => {
    const problems = problemsOf({ env: { HOST: '0.0.0.0' }, file: 'server_api_keys = [' })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('config.toml:1:')
  })

  test('that cannot be read stops the start with the reason', () => {
    const readTextFile = () => {
      throw new Error('EACCES: permission denied')
    }
    expect(() => loadConfig({ ...sourcesOf(), readTextFile })).toThrow(
      `${USER_FILE}: cannot be read: EACCES: permission denied`,
    )
  })
})

describe('an unknown key', () => {
  test.each([
    ['prot', 'port'],
    ['MAX_BODY_SIZE', 'max_body_size'],
    ['alias', 'aliases'],
    ['openrouter_key', undefined],
    ['upstream', 'upstreams'],
  ])('%s is named, with the nearest known one', (key, nearest) => {
    const hint = nearest ? `; did you mean ${nearest}?` : ''
    expect(problemsOf({ file: `port = 1\n\n${key} = 1` })).toEqual([
      `"${key}": unknown key (from ${USER_FILE}:3)${hint}`,
    ])
  })

  test('may be the name of another file', () => {
    expect(problemsOf({ file: 'config_file = "/etc/other.toml"' })).toEqual([
      `"config_file": unknown key (from ${USER_FILE}:1)`,
    ])
  })
})

describe('the line of a value', () => {
  test('is where its statement begins, whatever stands in texts above', () => {
    const file = 'data_dir = """\nport = 1\nhost = 2"""\n# port\nserver_api_keys = [\n  "two words",\n]\n'
    const lines = problemsOf({ file }).map((problem) => /config\.toml:(\d+)/.exec(problem)?.[1])
    expect(new Set(lines)).toEqual(new Set(['1', '5']))
  })
})

describe('aliases', () => {
  test('are names and patterns with their models', () => {
    const file = '[aliases]\nfast = "openai/gpt-5-mini"\n"claude-*-haiku-*" = "small"\n'
    const { aliases } = configOf({ file })
    expect({ ...aliases }).toEqual({ fast: 'openai/gpt-5-mini', 'claude-*-haiku-*': 'small' })
  })

  test('hold nothing that nobody wrote', () => {
    expect(configOf({ file: '[aliases]' }).aliases['constructor']).toBeUndefined()
    expect(configOf().aliases['constructor']).toBeUndefined()
  })

  test.each([
    ['fast = "fast"', '"fast" points at itself'],
    ['fast = 5', '"fast" needs a model id such as anthropic/claude-sonnet-4'],
    ['fast = "two words"', '"fast" needs a model id such as anthropic/claude-sonnet-4'],
    ['" " = "x/y"', '" " is no name'],
    [
      'gpt-4.1 = "x/y"',
      '"gpt-4" is a table; a name with a dot needs quotes, as in "gpt-4.1" = "openai/gpt-4.1"',
    ],
  ])('refuse %s', (line, fault) => {
    expect(problemsOf({ file: `port = 1\n[aliases]\n${line}` })).toEqual([
      `aliases: ${fault} (from ${USER_FILE}:3)`,
    ])
  })

  test('must be a table', () => {
    expect(problemsOf({ file: 'aliases = "x"' })).toEqual([
      `aliases: must be a table, [aliases] (from ${USER_FILE}:1)`,
    ])
  })
})

describe('the place of the file', () => {
  const HERE = { '/srv/a.toml': 'port = 1', '/srv/b.toml': 'port = 2' }

  test('is what the command line says, before the environment, before the user folder', () => {
    const flags = { CONFIG_FILE: '/srv/a.toml' }
    const env = { CONFIG_FILE: '/srv/b.toml' }
    expect(configOf({ flags, env, files: HERE, file: 'port = 3' }).port).toBe(1)
    expect(configOf({ env, files: HERE, file: 'port = 3' })).toMatchObject({
      port: 2,
      configFile: '/srv/b.toml',
    })
    expect(configOf({ files: HERE, file: 'port = 3' }).port).toBe(3)
  })

  test('must exist when it is named', () => {
    expect(problemsOf({ flags: { CONFIG_FILE: '/no.toml' } })).toEqual([
      'CONFIG_FILE: "/no.toml" does not exist (from --config)',
    ])
    expect(problemsOf({ env: { CONFIG_FILE: '/no.toml' } })).toEqual([
      'CONFIG_FILE: "/no.toml" does not exist (from the environment)',
    ])
  })

  test.each([
    ['linux', { XDG_CONFIG_HOME: '/xdg' }, '/home/ada', '/xdg/openrouter-anthropic-server/config.toml'],
    ['darwin', {}, '/Users/ada', '/Users/ada/.config/openrouter-anthropic-server/config.toml'],
    ['win32', { APPDATA: 'C:\\Roam' }, 'C:\\ada', 'C:\\Roam\\openrouter-anthropic-server\\config.toml'],
    ['win32', {}, 'C:\\ada', 'C:\\ada\\AppData\\Roaming\\openrouter-anthropic-server\\config.toml'],
    ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/ada', USER_FILE],
  ])('on %s with %o is in the user folder', (platform, env, home, path) => {
    expect(configOf({ platform, env, home, files: { [path]: 'port = 7' } }).port).toBe(7)
  })

  test('is never the folder in which the server was started', () => {
    const asked: string[] = []
    const readTextFile = (path: string) => {
      asked.push(path)
      return undefined
    }
    const env = { DATA_DIR: '/data', XDG_CONFIG_HOME: '.' }
    loadConfig({ ...sourcesOf({ env, home: '' }), readTextFile })
    loadConfig({ ...sourcesOf({ env, home: '.' }), readTextFile })
    expect(asked).toEqual([])
  })
})

test('the example of the document is a configuration', async () => {
  const text = await Bun.file(join(import.meta.dir, '../../docs/configuration.md')).text()
  const file = /```toml\n([^]*?)```/.exec(text)?.[1] ?? ''
  expect(configOf({ file })).toMatchObject({
    host: '0.0.0.0',
    serverApiKeys: ['first-client-key', 'second-client-key'],
  })
})
