import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { MODEL_KEYS } from '../../src/config/model-rules.ts'
import { ROUTE_KEYS } from '../../src/config/routes.ts'
import { type Setting, SETTINGS } from '../../src/config/schema.ts'
import { UPSTREAM_KEYS } from '../../src/config/upstreams.ts'
import { configOf, problemsOf, USER_FILE } from './sources.ts'

const LOCAL = '[upstreams.local]\nbase_url = "http://127.0.0.1:8000/v1"\n'

describe('an upstream', () => {
  test('has everything that its table says', () => {
    const file = `
      [upstreams.deep-1]
      base_url = "https://api.deepseek.com/v1/"
      api_key_env = "DEEPSEEK_KEY"
      wire = "Messages"
      dialect = "openrouter"
      models = ["deepseek-*", "r1"]
      headers = { X-Team = "blue team", x-count = 5 }
      request_timeout = 900
      first_byte_timeout = 60
      idle_timeout = 2.5
    `
    const { upstreams } = configOf({ file, env: { DEEPSEEK_KEY: ' sk-deep ' } })
    expect(upstreams.map(({ name }) => name)).toEqual(['default', 'deep-1'])
    expect(upstreams[1]).toEqual({
      name: 'deep-1',
      baseUrl: 'https://api.deepseek.com/v1',
      apiKey: 'sk-deep',
      wire: 'messages',
      dialect: 'openrouter',
      models: ['deepseek-*', 'r1'],
      headers: { 'x-team': 'blue team', 'x-count': '5' },
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 900_000,
      firstByteTimeoutMs: 60_000,
      idleTimeoutMs: 2500,
    })
  })

  test('has the time limits of the settings where its table names none', () => {
    const { upstreams } = configOf({
      file: LOCAL,
      env: { IDLE_TIMEOUT: '7' },
      flags: { REQUEST_TIMEOUT: '8' },
    })
    for (const upstream of upstreams)
      expect(upstream).toMatchObject({
        requestTimeoutMs: 8000,
        firstByteTimeoutMs: 300_000,
        idleTimeoutMs: 7000,
      })
  })

  test.each([
    ['https://openrouter.ai/api/v1', 'openrouter'],
    ['https://eu.openrouter.ai/api/v1', 'openrouter'],
    ['https://openrouter.ai.example/v1', 'openai'],
    ['http://127.0.0.1:11434/v1', 'openai'],
  ] as const)('at %s speaks the dialect of %s', (url, dialect) => {
    const { upstreams } = configOf({
      env: { OPENROUTER_BASE_URL: url },
      file: `[upstreams.other]\nbase_url = "${url}"`,
    })
    expect(upstreams.map((upstream) => upstream.dialect)).toEqual([dialect, dialect])
  })

  test('may have no key, and an empty one is none', () => {
    expect(configOf({ file: `${LOCAL}api_key = " "\napi_key_env = ""` }).upstreams[1]?.apiKey).toBeUndefined()
  })

  test('named default is the one of the settings', () => {
    const file = '[upstreams.default]\nwire = "messages"\ndialect = "openai"\nheaders = { x-a = "1" }\n'
    const env = { OPENROUTER_API_KEY: 'k', OPENROUTER_BASE_URL: 'http://127.0.0.1:1/v1' }
    const { upstreams } = configOf({ env, file: `${LOCAL}${file}` })
    expect(upstreams.map(({ name }) => name)).toEqual(['default', 'local'])
    expect(upstreams[0]).toMatchObject({
      baseUrl: 'http://127.0.0.1:1/v1',
      apiKey: 'k',
      wire: 'messages',
      dialect: 'openai',
      headers: { 'x-a': '1' },
    })
  })

  test('cannot be changed', () => {
    const { upstreams } = configOf({ file: `${LOCAL}models = ["a"]\nheaders = { a = "b" }` })
    const [, local] = upstreams
    for (const value of [upstreams, local, local?.models, local?.headers])
      expect(Object.isFrozen(value)).toBe(true)
  })
})

describe('a wrong upstream', () => {
  test.each([
    ['wire = "grpc"', 'wire: "grpc" is not allowed', 'one of chat, messages'],
    ['dialect = true', 'dialect: "true" is not allowed', 'one of openrouter, openai'],
    [
      'models = "two words"',
      'models: "two words" is not allowed',
      'a list of model names or patterns such as ["gpt-*", "o3"]',
    ],
    [
      'models = [1]',
      'models: "[1]" is not allowed',
      'a list of model names or patterns such as ["gpt-*", "o3"]',
    ],
    [
      'idle_timeout = 0',
      'idle_timeout: "0" is not allowed',
      'seconds such as 2.5, more than 0 and up to 86400',
    ],
    [
      'api_key = "two words"',
      'api_key: the value is not allowed',
      'one key of visible ASCII characters, without spaces',
    ],
    [
      'api_key_env = "MY KEY"',
      'api_key_env: the value is not allowed',
      'the name of an environment variable, such as DEEPSEEK_API_KEY',
    ],
  ])('%s is refused with what is allowed', (line, fault, allowed) => {
    expect(problemsOf({ file: `${LOCAL}${line}` })).toEqual([
      `upstreams.local.${fault} (from ${USER_FILE}:3); allowed: ${allowed}`,
    ])
  })

  test('with a wrong address does not lack one', () => {
    expect(problemsOf({ file: '[upstreams.local]\nbase_url = "ftp://x"' })).toEqual([
      `upstreams.local.base_url: "ftp://x" is not allowed (from ${USER_FILE}:2); allowed: ` +
        'an http or https URL without user name, query and fragment',
    ])
  })

  test('has all of its problems told at once', () => {
    const file = `
      [upstreams.local]
      base_ulr = "http://127.0.0.1/v1"
      wire = "grpc"
      [upstreams.local.headers]
      "bad name" = "x"
      X-A = "1"
      x-a = "2"
      Content-Length = "3"
      x-b = "ü"
    `
    const at = (line: number): string => `(from ${USER_FILE}:${line})`
    expect(problemsOf({ file })).toEqual([
      `upstreams.local: needs base_url, an http or https URL without user name, query and fragment ${at(2)}`,
      `upstreams.local: "base_ulr": unknown key ${at(3)}; did you mean base_url?`,
      `upstreams.local.wire: "grpc" is not allowed ${at(4)}; allowed: one of chat, messages`,
      `upstreams.local.headers: "bad name" is no name for a header ${at(6)}`,
      `upstreams.local.headers: "x-a" stands there twice ${at(8)}`,
      `upstreams.local.headers: "Content-Length" is a header that the server makes itself ${at(9)}`,
      `upstreams.local.headers.x-b: the value is not allowed ${at(10)}; allowed: visible ASCII characters and spaces`,
    ])
  })

  test.each([
    ['upstreams = 5', 'upstreams: must be a table, [upstreams]', ''],
    ['upstreams.local = "http://x/v1"', 'upstreams.local: must be a table, [upstreams.local]', ''],
    [
      '[upstreams.Ollama]\nbase_url = "http://x/v1"',
      'upstreams: "Ollama" is no name for an upstream',
      '; allowed: lower-case letters, digits and hyphens',
    ],
    [
      '[upstreams.default]\nbase_url = "http://x/v1"',
      'upstreams.default.base_url: is OPENROUTER_BASE_URL for this upstream',
      '',
    ],
    [
      '[upstreams.default]\napi_key = "k"',
      'upstreams.default.api_key: is OPENROUTER_API_KEY for this upstream',
      '',
    ],
  ])('%s is refused', (file, fault, hint) => {
    const [problem, ...others] = problemsOf({ file })
    expect(others).toEqual([])
    expect(problem).toStartWith(`${fault} (from ${USER_FILE}:`)
    expect(problem).toEndWith(`)${hint}`)
  })

  test('has one way to name its key', () => {
    const file = `${LOCAL}api_key = "k"\napi_key_env = "K"`
    expect(problemsOf({ file, env: { K: 'k' } })).toEqual([
      `upstreams.local: has api_key and api_key_env (from ${USER_FILE}:4); give one`,
    ])
  })

  test('names a variable that holds a key', () => {
    const problem = (fault: string) => [
      `upstreams.local.api_key_env: the variable that it names ${fault} (from ${USER_FILE}:3)`,
    ]
    const file = `${LOCAL}api_key_env = "K"`
    expect(problemsOf({ file })).toEqual(problem('is not set'))
    expect(problemsOf({ file, env: { K: ' ' } })).toEqual(problem('is not set'))
    expect(problemsOf({ file, env: { K: 'two words' } })).toEqual(
      problem('does not hold one key of visible ASCII characters, without spaces'),
    )
  })

  test('may hold a setting that slipped below the tables', () => {
    expect(problemsOf({ file: `${LOCAL}port = 4000` })).toEqual([
      `upstreams.local: "port": unknown key (from ${USER_FILE}:3); settings stand above the first [table]`,
    ])
  })

  test.each([
    'api_key = "hunter2 0123456789"',
    'api_key_env = "hunter2-0123456789"',
    'api_key_env = "hunter2"',
    'headers = { authorization = "hunter2é" }',
    'headers = { connection = "hunter2" }',
    'api_key = { hunter2 = 1 }',
    'api_key = "hunter2"\napi_key_env = "hunter2"',
    'api_kay = "hunter2"',
  ])('shows no secret for %s', (line) => {
    const problems = problemsOf({ file: `${LOCAL}${line}` })
    expect(problems).not.toEqual([])
    expect(problems.filter((problem) => problem.includes('hunter2'))).toEqual([])
  })
})

describe('the rules for models', () => {
  test('say what is special about a pattern, in the order of the file', () => {
    const file = `${LOCAL}
      [models."gpt-*"]
      upstream = "local"
      wire = "messages"
      fallbacks = ["small", "openai/gpt-5"]
      cache_breakpoints = "auto"
      server_tools = ["Read", "Grep"]
      options = { temperature = 0.5, provider = { order = ["a", "b"], zdr = true } }
      [models."*"]
      fallbacks = []
    `
    expect(configOf({ file }).modelRules).toEqual([
      {
        pattern: 'gpt-*',
        upstream: 'local',
        wire: 'messages',
        fallbacks: ['small', 'openai/gpt-5'],
        options: { temperature: 0.5, provider: { order: ['a', 'b'], zdr: true } },
        cacheBreakpoints: 'auto',
        serverTools: ['Read', 'Grep'],
      },
      {
        pattern: '*',
        upstream: undefined,
        wire: undefined,
        fallbacks: [],
        options: {},
        cacheBreakpoints: undefined,
        serverTools: undefined,
      },
    ])
  })

  test('may mention the default upstream without its table', () => {
    expect(configOf({ file: '[models."x"]\nupstream = "default"' }).modelRules[0]?.upstream).toBe('default')
  })

  test('cannot be changed', () => {
    const { modelRules } = configOf({ file: '[models.x.options]\nprovider = { order = ["a"] }' })
    const provider = modelRules[0]?.options['provider'] as { order: string[] }
    for (const value of [modelRules, modelRules[0], modelRules[0]?.options, provider, provider.order])
      expect(Object.isFrozen(value)).toBe(true)
  })

  test.each([
    [
      '[models.x]\nupstream = "locl"',
      'models.x.upstream: there is no upstream "locl"',
      '; did you mean local?',
    ],
    ['[models."a b"]', 'models: "a b" is no name or pattern for models', ''],
    [
      '[models."gpt-*"]\nwire = 1',
      'models."gpt-*".wire: "1" is not allowed',
      '; allowed: one of chat, messages',
    ],
    ['[models.x]\nfallback = ["a"]', 'models.x: "fallback": unknown key', '; did you mean fallbacks?'],
    [
      '[models.gpt-4.1]\nwire = "chat"',
      'models.gpt-4: "1": unknown key',
      '; a name with a dot or a slash needs quotes, as in "gpt-4.1"',
    ],
    ['[models.x]\noptions = 1', 'models.x.options: must be a table, [models.x.options]', ''],
    [
      '[models.x.options]\nmodel = "y"',
      'models.x.options.model: is the request itself and cannot be an option',
      '',
    ],
    [
      '[models.x.options]\nseed = { a = [nan] }',
      'models.x.options.seed: needs a value that JSON can hold: no date, inf or nan',
      '',
    ],
    [
      '[models.x.options]\nseed = 2026-01-01',
      'models.x.options.seed: needs a value that JSON can hold: no date, inf or nan',
      '',
    ],
  ])('refuse %s', (table, fault, hint) => {
    const [problem, ...others] = problemsOf({ file: `${LOCAL}${table}` })
    expect(others).toEqual([])
    expect(problem).toStartWith(`${fault} (from ${USER_FILE}:`)
    expect(problem).toEndWith(`)${hint}`)
  })
})

describe('the routes', () => {
  test('are models for kinds of request', () => {
    const file =
      '[routes]\nbackground = "small"\nlong_context = "local/x"\nlong_context_tokens = 9\nimage = ""'
    expect(configOf({ file }).routes).toEqual({
      models: { background: 'small', long_context: 'local/x' },
      longContextTokens: 9,
    })
  })

  test.each([
    ['backgroud = "x"', ': "backgroud": unknown key', '; did you mean background?'],
    [
      'thinking = "two words"',
      '.thinking: "two words" is not allowed',
      '; allowed: a model id such as anthropic/claude-sonnet-4',
    ],
    [
      'long_context_tokens = 0',
      '.long_context_tokens: "0" is not allowed',
      '; allowed: a whole number, 1 or more',
    ],
  ])('refuse %s', (line, fault, hint) => {
    expect(problemsOf({ file: `[routes]\n${line}` })).toEqual([`routes${fault} (from ${USER_FILE}:2)${hint}`])
  })

  test('cannot be changed', () => {
    const { routes } = configOf({ file: '[routes]\nimage = "x"' })
    expect(Object.isFrozen(routes) && Object.isFrozen(routes.models)).toBe(true)
  })
})

describe('the document about routing', () => {
  const text = readFileSync(join(import.meta.dir, '../../docs/routing.md'), 'utf8')

  test.each([...UPSTREAM_KEYS, ...MODEL_KEYS, ...ROUTE_KEYS])('explains %s', (key) => {
    expect(text).toContain(`\`${key}\``)
  })

  test('names the settings that need a restart', () => {
    const listed = /need a restart[^:]+:([^.]+)\./.exec(text)?.[1]?.match(/[A-Z_]{2,}/g)
    const settings = Object.values<Setting>(SETTINGS).filter(({ restart }) => restart)
    expect<unknown>(listed).toEqual(settings.map(({ name }) => name))
  })

  const examples = [...text.matchAll(/```toml\n([^]*?)```/g)].map(([, file = '']) => file)

  test.each(examples)('has an example that is a configuration: %s', (file) => {
    const env = { ANTHROPIC_API_KEY: 'k', DEEPSEEK_API_KEY: 'k', OPENROUTER_API_KEY: 'k' }
    expect(configOf({ file, env }).demo).toBe(false)
  })
})
