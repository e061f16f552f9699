import { describe, expect, test } from 'bun:test'

import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import {
  fileKey,
  flagName,
  type Setting,
  type SettingField,
  settingEntries,
  SETTINGS,
} from '../../src/config/schema.ts'
import { configOf, problemsOf, sourcesOf, USER_FILE } from './sources.ts'

/** For every setting a good value as one writes it, what it becomes, and a value that is refused. */
const SAMPLES: Readonly<Record<SettingField, { good: string; value: unknown; bad: string }>> = {
  openrouterApiKey: { good: 'sk-or-v1-abc', value: 'sk-or-v1-abc', bad: 'two words' },
  openrouterBaseUrl: {
    good: 'http://10.0.0.1:8000/v1/',
    value: 'http://10.0.0.1:8000/v1',
    bad: 'ftp://x/v1',
  },
  upstreamRetries: { good: '3', value: 3, bad: '11' },
  retryBudget: { good: '0', value: 0, bad: '101' },
  breakerFailures: { good: '0', value: 0, bad: '-1' },
  breakerCooldownMs: { good: '2.5', value: 2500, bad: '0' },
  rescueStreams: { good: 'on', value: true, bad: 'maybe' },
  connectTimeoutMs: { good: '2', value: 2000, bad: '0' },
  requireParameters: { good: 'on', value: true, bad: 'always' },
  cacheBreakpoints: { good: 'Auto', value: 'auto', bad: 'server' },
  structuredRetries: { good: '0', value: 0, bad: '6' },
  anthropicModel: { good: 'openai/gpt-5', value: 'openai/gpt-5', bad: 'big' },
  anthropicSmallFastModel: { good: 'openai/gpt-5-mini', value: 'openai/gpt-5-mini', bad: 'Small' },
  modelsCacheTtlMs: { good: '0', value: 0, bad: '-1' },
  host: { good: '::1', value: '::1', bad: '[::1]:4000' },
  port: { good: '0', value: 0, bad: '65536' },
  serverApiKeys: { good: 'one, two,', value: ['one', 'two'], bad: ',' },
  adminApiKey: { good: 'admin-1', value: 'admin-1', bad: 'two words' },
  openrouterPassThrough: { good: 'on', value: true, bad: 'sometimes' },
  allowedHosts: { good: 'LLM.example.com, box', value: ['llm.example.com', 'box'], bad: 'http://x' },
  corsOrigins: {
    good: 'https://App.example.com:8443, chrome-extension://abc',
    value: ['https://app.example.com:8443', 'chrome-extension://abc'],
    bad: 'https://app.example.com/path',
  },
  environment: { good: 'Production', value: 'production', bad: 'staging' },
  strictCompat: { good: 'Yes', value: true, bad: 'maybe' },
  requestTimeoutMs: { good: '0.5', value: 500, bad: '0' },
  firstByteTimeoutMs: { good: '1.25', value: 1250, bad: '86401' },
  idleTimeoutMs: { good: '20', value: 20_000, bad: '20s' },
  streamStartAfterMs: { good: '0', value: 0, bad: '1e3' },
  pingIntervalMs: { good: '.5', value: 500, bad: '0.0001' },
  shutdownTimeoutMs: { good: '86400', value: 86_400_000, bad: 'Infinity' },
  maxTokensLimit: { good: '1', value: 1, bad: '0' },
  maxBodyBytes: { good: '1.5', value: 1_572_864, bad: '2000' },
  requestReadTimeoutMs: { good: '5', value: 5000, bad: '0' },
  rateLimitRequests: { good: '60', value: 60, bad: '0' },
  rateLimitInputTokens: { good: '50000', value: 50_000, bad: '5k' },
  rateLimitOutputTokens: { good: '8000', value: 8000, bad: '-1' },
  rateLimitConcurrency: { good: '4', value: 4, bad: '0' },
  budgetDailyUsd: { good: '2.50', value: 2.5, bad: '0' },
  budgetMonthlyUsd: { good: '50', value: 50, bad: '$50' },
  globalRateLimitRequests: { good: '600', value: 600, bad: '1.5' },
  globalRateLimitInputTokens: { good: '1', value: 1, bad: 'none' },
  globalRateLimitOutputTokens: { good: '1', value: 1, bad: '0' },
  globalBudgetDailyUsd: { good: '.5', value: 0.5, bad: '-1' },
  globalBudgetMonthlyUsd: { good: '1000', value: 1000, bad: '1e3' },
  queueWaitMs: { good: '0.5', value: 500, bad: 'long' },
  queueMaxWaitMs: { good: '30', value: 30_000, bad: '-1' },
  queueSize: { good: '0', value: 0, bad: '100001' },
  maxConcurrentRequests: { good: '10', value: 10, bad: '0' },
  shedEventLoopLagMs: { good: '0.25', value: 250, bad: '0' },
  shedMemoryBytes: { good: '1', value: 1_048_576, bad: '0' },
  updateUrl: { good: 'https://example.com/latest/', value: 'https://example.com/latest', bad: 'latest' },
  usageRetentionDays: { good: '0', value: 0, bad: '36501' },
  enableCaching: { good: 'on', value: true, bad: 'ram' },
  cacheTtlMs: { good: '60', value: 60_000, bad: '0' },
  cacheMaxBytes: { good: '1', value: 1_048_576, bad: '0' },
  cacheMemoryBytes: { good: '2', value: 2_097_152, bad: '1e9' },
  toolExecutionEnabled: { good: 'on', value: true, bad: 'safe' },
  toolWorkingDirectory: { good: '/srv/work', value: '/srv/work', bad: '~/work' },
  toolExecutionTimeoutMs: { good: '2', value: 2000, bad: '0' },
  toolRateLimitWindowMs: { good: '1.5', value: 1500, bad: '0' },
  toolRateLimitMaxRequests: { good: '7', value: 7, bad: '0' },
  toolMaxConcurrent: { good: '2', value: 2, bad: '0' },
  toolAllowedCommands: { good: 'ls, cat', value: ['ls', 'cat'], bad: 'ls -l' },
  toolSandbox: { good: 'Required', value: 'required', bad: 'maybe' },
  toolSandboxNetwork: { good: 'on', value: true, bad: 'lan' },
  toolPath: { good: '/bin:/opt/bin', value: '/bin:/opt/bin', bad: '/bin:bin' },
  toolMaxMemoryBytes: { good: '1', value: 1_048_576, bad: '0' },
  toolMaxFileBytes: { good: '1', value: 1_048_576, bad: '0' },
  toolMaxOutputChars: { good: '2000', value: 2000, bad: '10' },
  enableFiles: { good: 'off', value: false, bad: 'some' },
  filesMaxBytes: { good: '1.5', value: 1_572_864, bad: '0' },
  filesQuotaBytes: { good: '2048', value: 2_147_483_648, bad: '-1' },
  filesExpireAfterMs: { good: '86401', value: 86_401_000, bad: '3599' },
  batchMaxRequests: { good: '500', value: 500, bad: '100001' },
  batchMaxBytes: { good: '1', value: 1_048_576, bad: '0' },
  openrouterBatches: { good: 'on', value: true, bad: 'half' },
  batchConcurrency: { good: '8', value: 8, bad: '0' },
  batchConcurrencyPerKey: { good: '4', value: 4, bad: 'all' },
  batchConcurrencyPerBatch: { good: '2', value: 2, bad: '-1' },
  batchRetries: { good: '0', value: 0, bad: '21' },
  toolMaxTurns: { good: '5', value: 5, bad: '0' },
  toolMaxTimeMs: { good: '60', value: 60_000, bad: '0' },
  toolMaxCostUsd: { good: '0.25', value: 0.25, bad: '$1' },
  toolMaxTotalOutputBytes: { good: '1', value: 1_048_576, bad: '0' },
  taskMaxDepth: { good: '2', value: 2, bad: '6' },
  webTools: { good: 'server', value: 'server', bad: 'google' },
  searchProviders: { good: 'exa, Brave', value: ['exa', 'brave'], bad: 'exa, exa' },
  braveApiKey: { good: 'b-1', value: 'b-1', bad: 'two words' },
  tavilyApiKey: { good: 't-1', value: 't-1', bad: 'two words' },
  exaApiKey: { good: 'e-1', value: 'e-1', bad: 'two words' },
  searxngUrl: { good: 'http://10.0.0.1:8080/', value: 'http://10.0.0.1:8080', bad: 'searx' },
  webFetchTimeoutMs: { good: '5', value: 5000, bad: '0' },
  webFetchMaxBytes: { good: '1', value: 1_048_576, bad: '0' },
  webPrivateHosts: {
    good: 'Wiki.local, 10.0.0.1:8080',
    value: ['wiki.local', '10.0.0.1:8080'],
    bad: 'http://x',
  },
  mcpRequestServers: { good: 'off', value: false, bad: 'some' },
  mcpTimeoutMs: { good: '2', value: 2000, bad: '0' },
  configFile: { good: '/etc/server.toml', value: '/etc/server.toml', bad: '~/server.toml' },
  dataDir: { good: '/var/lib/server', value: '/var/lib/server', bad: '~/data' },
  logLevel: { good: 'WARN', value: 'warn', bad: 'loud' },
  logFormat: { good: 'Pretty', value: 'pretty', bad: 'xml' },
  runsKept: { good: '0', value: 0, bad: '-1' },
  runsMaxDays: { good: '7', value: 7, bad: '0' },
  recordBodies: { good: 'on', value: true, bad: 'all' },
  recordMaxBytes: { good: '0.5', value: 524_288, bad: '65' },
  recordingsMaxBytes: { good: '10', value: 10_485_760, bad: '0' },
  otlpEndpoint: { good: 'http://127.0.0.1:4318/', value: 'http://127.0.0.1:4318', bad: 'grpc://collector' },
  otlpHeaders: { good: 'x-key=abc, b=1', value: ['x-key=abc', 'b=1'], bad: 'no-value' },
  serviceName: { good: 'my-server', value: 'my-server', bad: 'my server' },
  tracesShare: { good: '0.25', value: 0.25, bad: '2' },
}
const FILES = { '/etc/server.toml': '' }

describe.each(settingEntries())('%s', (field, setting) => {
  const { good, value, bad } = SAMPLES[field]
  const flag = `--${flagName(setting)}`

  test('is read from the environment and from the command line', () => {
    expect<unknown>(configOf({ env: { [setting.name]: ` ${good} ` }, files: FILES })[field]).toEqual(value)
    expect<unknown>(configOf({ flags: { [setting.name]: good }, files: FILES })[field]).toEqual(value)
  })

  test('refuses a wrong value and says whose, from where and what is allowed', () => {
    for (const [source, origin] of [
      ['env', 'the environment'],
      ['flags', flag],
    ] as const) {
      const problems = problemsOf({ [source]: { [setting.name]: bad } })
      expect(problems).toHaveLength(1)
      expect(problems[0]).toStartWith(`${setting.name}: `)
      expect(problems[0]).toEndWith(`(from ${origin}); allowed: ${setting.kind.allowed}`)
    }
  })

  test('shows the wrong value unless it is a secret', () => {
    const [problem = ''] = problemsOf({ env: { [setting.name]: bad } })
    if (setting.secret) expect(problem).toStartWith(`${setting.name}: the value is not allowed`)
    else expect(problem).toContain(`: ${JSON.stringify(bad)} is not allowed`)
  })
})

describe.each(settingEntries().filter(([field]) => field !== 'configFile'))('%s', (field, setting) => {
  const { good, value, bad } = SAMPLES[field]
  const key = fileKey(setting)

  test('is read from the file', () => {
    expect<unknown>(configOf({ file: `${key} = '${good}'` })[field]).toEqual(value)
  })

  test('says in which line of the file a wrong value stands', () => {
    const [problem, ...others] = problemsOf({ file: `# a comment\n\n${key} = '${bad}'\n` })
    expect(others).toEqual([])
    expect(problem).toContain(`${setting.name}: `)
    expect(problem).toContain(`(from ${USER_FILE}:3)`)
  })

  test('takes the command line before the environment before the file before the default', () => {
    const given = { flags: { [setting.name]: good }, env: { [setting.name]: bad }, file: `${key} = '${bad}'` }
    expect<unknown>(configOf(given)[field]).toEqual(value)
    expect<unknown>(configOf({ env: given.flags, file: given.file })[field]).toEqual(value)
    expect<unknown>(configOf({ file: `${key} = '${good}'` })[field]).toEqual(value)
    expect<unknown>(configOf()[field]).not.toEqual(value)
  })
})

test('nothing given is OpenRouter Anthropic Server on loopback with the demo upstream', () => {
  expect(configOf()).toEqual({
    openrouterApiKey: undefined,
    openrouterBaseUrl: 'https://openrouter.ai/api/v1',
    upstreamRetries: 1,
    requireParameters: false,
    cacheBreakpoints: 'client',
    structuredRetries: 2,
    anthropicModel: undefined,
    anthropicSmallFastModel: undefined,
    modelsCacheTtlMs: 600_000,
    host: '127.0.0.1',
    port: 4000,
    serverApiKeys: [],
    adminApiKey: undefined,
    openrouterPassThrough: false,
    allowedHosts: [],
    retryBudget: 20,
    breakerFailures: 10,
    breakerCooldownMs: 15_000,
    rescueStreams: false,
    connectTimeoutMs: 10_000,
    proxied: false,
    requestReadTimeoutMs: 60_000,
    rateLimitRequests: undefined,
    rateLimitInputTokens: undefined,
    rateLimitOutputTokens: undefined,
    rateLimitConcurrency: undefined,
    budgetDailyUsd: undefined,
    budgetMonthlyUsd: undefined,
    globalRateLimitRequests: undefined,
    globalRateLimitInputTokens: undefined,
    globalRateLimitOutputTokens: undefined,
    globalBudgetDailyUsd: undefined,
    globalBudgetMonthlyUsd: undefined,
    queueWaitMs: 0,
    queueMaxWaitMs: 60_000,
    queueSize: 100,
    maxConcurrentRequests: 1000,
    shedEventLoopLagMs: 3000,
    shedMemoryBytes: undefined,
    updateUrl: undefined,
    usageRetentionDays: 90,
    corsOrigins: [],
    environment: 'development',
    strictCompat: false,
    requestTimeoutMs: 600_000,
    firstByteTimeoutMs: 300_000,
    idleTimeoutMs: 120_000,
    streamStartAfterMs: 5000,
    pingIntervalMs: 10_000,
    shutdownTimeoutMs: 30_000,
    maxTokensLimit: undefined,
    maxBodyBytes: 33_554_432,
    enableCaching: false,
    cacheTtlMs: 3_600_000,
    cacheMaxBytes: 536_870_912,
    cacheMemoryBytes: 33_554_432,
    toolExecutionEnabled: false,
    toolWorkingDirectory: undefined,
    toolExecutionTimeoutMs: 30_000,
    toolRateLimitWindowMs: 60_000,
    toolRateLimitMaxRequests: 100,
    toolMaxConcurrent: 5,
    toolAllowedCommands: ['default'],
    toolSandbox: 'auto',
    toolSandboxNetwork: false,
    toolPath: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    toolMaxMemoryBytes: 1_073_741_824,
    toolMaxFileBytes: 10_485_760,
    toolMaxOutputChars: 30_000,
    enableFiles: true,
    filesMaxBytes: 524_288_000,
    filesQuotaBytes: 10_737_418_240,
    filesExpireAfterMs: undefined,
    batchMaxRequests: 100_000,
    batchMaxBytes: 268_435_456,
    openrouterBatches: false,
    batchConcurrency: 32,
    batchConcurrencyPerKey: undefined,
    batchConcurrencyPerBatch: undefined,
    batchRetries: 3,
    toolMaxTurns: 30,
    toolMaxTimeMs: 600_000,
    toolMaxCostUsd: undefined,
    toolMaxTotalOutputBytes: 4_194_304,
    taskMaxDepth: 1,
    webTools: 'auto',
    searchProviders: ['openrouter', 'brave', 'tavily', 'exa', 'searxng'],
    braveApiKey: undefined,
    tavilyApiKey: undefined,
    exaApiKey: undefined,
    searxngUrl: undefined,
    webFetchTimeoutMs: 20_000,
    webFetchMaxBytes: 10_485_760,
    webPrivateHosts: [],
    mcpRequestServers: true,
    mcpTimeoutMs: 15_000,
    configFile: undefined,
    dataDir: '/home/ada/.local/share/openrouter-anthropic-server',
    logLevel: 'info',
    logFormat: 'auto',
    runsKept: 10_000,
    runsMaxDays: 30,
    recordBodies: false,
    recordMaxBytes: 1_048_576,
    recordingsMaxBytes: 268_435_456,
    otlpEndpoint: undefined,
    otlpHeaders: [],
    serviceName: 'openrouter-anthropic-server',
    tracesShare: 1,
    aliases: {},
    upstreams: [
      {
        name: 'default',
        baseUrl: 'https://openrouter.ai/api/v1',
        apiKey: undefined,
        wire: 'chat',
        dialect: 'openrouter',
        models: [],
        headers: {},
        connectTimeoutMs: 10_000,
        requestTimeoutMs: 600_000,
        firstByteTimeoutMs: 300_000,
        idleTimeoutMs: 120_000,
      },
    ],
    modelRules: [],
    routes: { models: {}, longContextTokens: 60_000 },
    mcpServers: [],
    demo: true,
  })
})

test('the configuration cannot be changed', () => {
  const config = configOf({ env: { SERVER_API_KEYS: 'a,b' }, file: '[aliases]\nfast = "x/y"' })
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.serverApiKeys)).toBe(true)
  expect(Object.isFrozen(config.aliases)).toBe(true)
  expect(Object.isFrozen(configOf().serverApiKeys)).toBe(true)
})

test('every default is a value that the setting itself allows', () => {
  for (const { kind, default: value } of Object.values<Setting>(SETTINGS)) {
    if (typeof value === 'string') expect(kind.read(value)).toBeDefined()
  }
})

describe('an empty value', () => {
  test('counts as not given', () => {
    const config = configOf({
      flags: { PORT: '' },
      env: { PORT: '  ', OPENROUTER_API_KEY: '' },
      file: 'port = 5',
    })
    expect(config.port).toBe(5)
    expect(config.demo).toBe(true)
  })

  test('does not hide a setting that is not supported', () => {
    expect(problemsOf({ env: { DATABASE_URL: '' } })).toEqual([])
  })
})

describe('several problems', () => {
  test('are told at once', () => {
    const given = {
      flags: { PORT: 'x' },
      env: { LOG_LEVEL: 'loud', REDIS_URL: 'redis://cache', HOST: '0.0.0.0' },
      file: 'ping_interval = 0\nprot = 1\n[aliases]\na = "a"\n',
    }
    const names = problemsOf(given).map((problem) => problem.split(':', 1).join())
    expect(names).toEqual(['HOST', 'PORT', 'PING_INTERVAL', 'LOG_LEVEL', 'aliases', '"prot"', 'REDIS_URL'])
  })

  test('are lines of the message', () => {
    const load = () => loadConfig(sourcesOf({ env: { PORT: 'x', HOST: '/' } }))
    expect(load).toThrow(ConfigError)
    expect(load).toThrow(/^HOST: .*\nPORT: .*$/)
  })
})

describe('the demo upstream', () => {
  test.each([
    ['no key and no base URL', {}, true],
    ['a key', { OPENROUTER_API_KEY: 'k' }, false],
    ['a base URL', { OPENROUTER_BASE_URL: 'http://127.0.0.1:1/v1' }, false],
    ["OpenRouter's own base URL", { OPENROUTER_BASE_URL: 'https://openrouter.ai/api/v1' }, false],
  ])('with %s', (_, env, demo) => {
    expect(configOf({ env }).demo).toBe(demo)
  })

  test('is off when the file holds a key', () => {
    expect(configOf({ file: 'openrouter_api_key = "k"' }).demo).toBe(false)
  })

  test('is off when the file has an upstream', () => {
    expect(configOf({ file: '[upstreams.local]\nbase_url = "http://127.0.0.1:1/v1"' }).demo).toBe(false)
    expect(configOf({ file: '[upstreams]' }).demo).toBe(true)
  })
})

describe('a secret in a file of its own', () => {
  const files = { '/run/admin': 'the-admin-key\n', '/run/keys': 'one\ntwo\n', '/run/empty': ' \n' }

  test('is read from where NAME_FILE says, in the environment or in the configuration file', () => {
    expect(configOf({ env: { ADMIN_API_KEY_FILE: '/run/admin' }, files }).adminApiKey).toBe('the-admin-key')
    expect(configOf({ env: { SERVER_API_KEYS_FILE: '/run/keys' }, files }).serverApiKeys).toEqual([
      'one',
      'two',
    ])
    const file = 'openrouter_api_key_file = "/run/admin"'
    expect(configOf({ file, files }).openrouterApiKey).toBe('the-admin-key')
  })

  test('is weaker than the secret itself', () => {
    const env = { ADMIN_API_KEY: 'given', ADMIN_API_KEY_FILE: '/run/admin' }
    expect(configOf({ env, files }).adminApiKey).toBe('given')
  })

  test('stops the start when the file is missing or empty, or what it holds is wrong', () => {
    expect(problemsOf({ env: { ADMIN_API_KEY_FILE: '/run/none' }, files })).toEqual([
      'ADMIN_API_KEY_FILE: "/run/none" cannot be read (from the environment)',
    ])
    expect(problemsOf({ env: { ADMIN_API_KEY_FILE: '/run/empty' }, files })).toEqual([
      'ADMIN_API_KEY_FILE: "/run/empty" is empty (from the environment)',
    ])
    const [problem] = problemsOf({
      env: { ADMIN_API_KEY_FILE: '/run/keys' },
      files: { '/run/keys': 'two words' },
    })
    expect(problem).toStartWith(
      'ADMIN_API_KEY: the value is not allowed (from ADMIN_API_KEY_FILE, from the env',
    )
    expect(problem).not.toContain('two words')
  })

  test('exists for secrets only', () => {
    expect(problemsOf({ file: 'port_file = "/run/port"' })).toHaveLength(1)
  })
})

describe('a host', () => {
  test.each(['127.0.0.1', '127.200.3.4', 'localhost', 'LOCALHOST', '::1'])('%s is loopback', (HOST) => {
    expect(configOf({ env: { HOST } }).environment).toBe('development')
  })

  test.each(['0.0.0.0', '::', '192.168.1.5', '127.0.0.1.example.com', '128.0.0.1', '127.1', '127.0.0.256'])(
    '%s is beyond loopback and needs client keys',
    (HOST) => {
      expect(problemsOf({ flags: { HOST } })).toEqual([
        `HOST: "${HOST}" can be reached from other machines (from --host), so SERVER_API_KEYS is needed; ` +
          'set it to the keys that clients must send, make keys with "keys create", or set HOST to 127.0.0.1',
      ])
      expect(configOf({ flags: { HOST }, env: { SERVER_API_KEYS: 'k' } }).environment).toBe('production')
    },
  )

  test('beyond loopback may lean on the admin key, or on keys in the data folder', () => {
    expect(configOf({ env: { HOST: '0.0.0.0', ADMIN_API_KEY: 'k' } }).host).toBe('0.0.0.0')
    const asked: string[] = []
    const hasKeys = (dataDir: string): boolean => asked.push(dataDir) > 0
    expect(loadConfig({ ...sourcesOf({ env: { HOST: '::', DATA_DIR: '/data' } }), hasKeys }).host).toBe('::')
    expect(asked).toEqual(['/data'])
  })

  test('does not make wrong client keys missing ones', () => {
    const problems = problemsOf({ env: { HOST: '0.0.0.0', SERVER_API_KEYS: 'wrong key' } })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toStartWith('SERVER_API_KEYS: ')
  })

  test('beyond loopback may still be called development', () => {
    const env = { HOST: '0.0.0.0', SERVER_API_KEYS: 'k', ENVIRONMENT: 'development' }
    expect(configOf({ env }).environment).toBe('development')
  })
})

test.each(['DATABASE_URL', 'REDIS_URL'])('%s stops the start, and its password is not shown', (name) => {
  const url = 'postgres://ada:hunter2@db/x'
  const unset = (origin: string) =>
    `${name}: is set (from ${origin}) but not supported in this version; unset it`
  expect(problemsOf({ env: { [name]: url } })).toEqual([unset('the environment')])
  expect(problemsOf({ file: `${name.toLowerCase()} = "${url}"` })).toEqual([unset(`${USER_FILE}:1`)])
})

test.each(['*', 'https://a.example, *'])('the origins may be %s', (CORS_ORIGINS) => {
  expect(configOf({ env: { CORS_ORIGINS } }).corsOrigins).toContain('*')
})

test.each(['true', '1', 'yes', 'on', 'TRUE'])('%s is on', (STRICT_COMPAT) => {
  expect(configOf({ env: { STRICT_COMPAT } }).strictCompat).toBe(true)
})

test.each(['false', '0', 'no', 'off', 'Off'])('%s is off', (STRICT_COMPAT) => {
  expect(configOf({ env: { STRICT_COMPAT }, file: 'strict_compat = true' }).strictCompat).toBe(false)
})

test.each([
  ['https://host', 'https://host'],
  ['https://host///', 'https://host'],
  ['https://host/v1?#', 'https://host/v1'],
  ['HTTPS://Host/V1/', 'https://host/V1'],
])('the base URL %s becomes %s', (OPENROUTER_BASE_URL, expected) => {
  expect(configOf({ env: { OPENROUTER_BASE_URL } }).openrouterBaseUrl).toBe(expected)
})

test.each(['host/v1', 'http://', 'https://host/v1?key=1', 'https://host/v1#x', 'https://ada@host/v1'])(
  'the base URL %s is refused',
  (OPENROUTER_BASE_URL) => {
    expect(problemsOf({ env: { OPENROUTER_BASE_URL } })).toHaveLength(1)
  },
)

describe('a secret', () => {
  const SECRET = 'sk-or-v1-0123456789abcdef'
  const secretsShown = (given: Parameters<typeof problemsOf>[0]) => {
    const problems = problemsOf(given)
    expect(problems).not.toEqual([])
    return problems.filter((problem) => problem.includes('0123456789') || problem.includes('hunter2'))
  }

  // A folder may have any name, so there is nothing wrong to tell.
  const others = settingEntries().filter(([field]) => field !== 'dataDir' && field !== 'toolWorkingDirectory')

  test.each(others)('is not shown when it is pasted into %s', (_, { name }) => {
    const value = { [name]: `${SECRET} ${SECRET}` }
    expect(secretsShown({ env: value })).toEqual([])
    expect(secretsShown({ flags: value })).toEqual([])
  })

  test('is not shown when it stands in a URL', () => {
    expect(secretsShown({ env: { OPENROUTER_BASE_URL: 'https://ada:hunter2@host/v1' } })).toEqual([])
  })

  test('is not shown when the file is broken or has it under a wrong key', () => {
    expect(secretsShown({ file: `openrouter_api_key = ${SECRET}` })).toEqual([])
    expect(secretsShown({ file: `openrouter_api_key = "${SECRET}` })).toEqual([])
    expect(secretsShown({ file: `openrouter_api_kay = "${SECRET}"` })).toEqual([])
    expect(secretsShown({ file: `server_api_keys = ["${SECRET}", 5]` })).toEqual([])
    expect(secretsShown({ file: `port = ["${SECRET}"]` })).toEqual([])
  })
})
