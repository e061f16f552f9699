import * as kinds from './kinds.ts'
import type { Kind } from './kinds.ts'
import { isLoopback } from './machine.ts'
import type { McpServerConfig, ModelRule, Routes, UpstreamConfig } from './tables.ts'

/** The headings of `--help` and of the documentation, in this order. */
export const GROUPS = [
  'Upstream',
  'Models',
  'Server',
  'Time limits',
  'Limits on clients',
  'Other limits',
  'Response cache',
  'Server-side tools',
  'Tool loop',
  'Web and MCP servers',
  'Uploaded files',
  'Batches',
  'Files and logs',
  'Observability',
] as const

/** What a default may depend on. */
export interface Facts {
  readonly host: string
  /** The per-user data folder of this program, if the machine has a place for it. */
  readonly dataFolder: string | undefined
}

/** A default that depends on other things; `shown` says in words what it is. */
interface Derived<Value> {
  readonly shown: string
  readonly from: (facts: Facts) => Value | undefined
}

/** No default: the value is undefined, and `shown` says what that means. */
interface Unset {
  readonly shown: string
}

/** What a setting is called. Its flag and its key in the file follow from the variable's name. */
export interface Names {
  /** The environment variable. */
  readonly name: string
  /** The flag, where it is not the variable's name in kebab-case. */
  readonly flag?: string
}

/** One setting. */
export interface Setting<Value = unknown> extends Names {
  readonly group: (typeof GROUPS)[number]
  readonly kind: Kind<Value>
  /** A text as one would write it, or another source of the default. */
  readonly default: string | Derived<Value> | Unset
  /** One sentence. */
  readonly description: string
  /** A secret's value is never shown. */
  readonly secret?: true
  /** It takes effect at the next start only, not when the file is read again. */
  readonly restart?: true
}

/** Every setting: the one table that the loader, `--help` and docs/configuration.md are made from. */
export const SETTINGS = {
  openrouterApiKey: {
    name: 'OPENROUTER_API_KEY',
    group: 'Upstream',
    kind: kinds.key,
    default: { shown: 'none; without a base URL and upstreams too, the built-in demo upstream answers' },
    description: 'Key for the upstream; a server of your own may need none.',
    secret: true,
  },
  openrouterBaseUrl: {
    name: 'OPENROUTER_BASE_URL',
    group: 'Upstream',
    kind: kinds.baseUrl,
    default: 'https://openrouter.ai/api/v1',
    description: 'Base URL of OpenRouter or of any other OpenAI-compatible chat-completions server.',
  },
  upstreamRetries: {
    name: 'UPSTREAM_RETRIES',
    group: 'Upstream',
    kind: kinds.integer(0, 10),
    default: '1',
    description: 'How often a failed upstream call is tried again before the client is told.',
  },
  retryBudget: {
    name: 'RETRY_BUDGET',
    group: 'Upstream',
    kind: kinds.integer(0, 100),
    default: '20',
    description:
      'Most retries of an upstream in ten seconds, in percent of its calls; three are always allowed.',
  },
  breakerFailures: {
    name: 'BREAKER_FAILURES',
    group: 'Upstream',
    kind: kinds.integer(0, 10_000),
    default: '10',
    description:
      'How many failures of a model in half a minute, if they are half of its calls, keep further calls from it for a while; 0 never does.',
  },
  breakerCooldownMs: {
    name: 'BREAKER_COOLDOWN',
    group: 'Upstream',
    kind: kinds.positiveSeconds,
    default: '15',
    description: 'How long a failing model is left alone at first, before one call tries it again.',
  },
  rescueStreams: {
    name: 'RESCUE_STREAMS',
    group: 'Upstream',
    kind: kinds.onOrOff,
    default: 'false',
    description:
      'Go on with an answer whose stream breaks off in the middle of its text, by asking the same model or a fallback to continue it.',
  },
  requireParameters: {
    name: 'REQUIRE_PARAMETERS',
    group: 'Upstream',
    kind: kinds.onOrOff,
    default: 'false',
    description:
      'Ask OpenRouter for providers that honour every parameter when a request needs structured output or a forced tool.',
  },
  cacheBreakpoints: {
    name: 'CACHE_BREAKPOINTS',
    group: 'Upstream',
    kind: kinds.choice('auto', 'client'),
    default: 'client',
    description:
      'Who marks where a prompt may be cached: the client alone, or the server too where the client marked nothing.',
  },
  structuredRetries: {
    name: 'STRUCTURED_RETRIES',
    group: 'Upstream',
    kind: kinds.integer(0, 5),
    default: '2',
    description: 'How often an answer that does not fit its schema is asked for again.',
  },
  anthropicModel: {
    name: 'ANTHROPIC_MODEL',
    group: 'Models',
    kind: kinds.aliasTarget,
    default: { shown: 'the built-in model for big' },
    description: 'Upstream model for the alias "big"; once set, for all Claude names too.',
  },
  anthropicSmallFastModel: {
    name: 'ANTHROPIC_SMALL_FAST_MODEL',
    group: 'Models',
    kind: kinds.aliasTarget,
    default: { shown: 'the built-in model for small' },
    description: 'Upstream model for the alias "small"; once set, for all Claude names with "haiku" too.',
  },
  modelsCacheTtlMs: {
    name: 'MODELS_CACHE_TTL',
    group: 'Models',
    kind: kinds.seconds,
    default: '600',
    description: "How long the upstream's list of models is remembered.",
  },
  host: {
    name: 'HOST',
    group: 'Server',
    kind: kinds.host,
    default: '127.0.0.1',
    description: 'Address to listen on; one beyond this machine needs client keys.',
    restart: true,
  },
  port: {
    name: 'PORT',
    group: 'Server',
    kind: kinds.integer(0, 65_535),
    default: '4000',
    description: 'Port to listen on; 0 takes any free one.',
    restart: true,
  },
  serverApiKeys: {
    name: 'SERVER_API_KEYS',
    group: 'Server',
    kind: kinds.keys,
    default: {
      shown: 'none; every key is accepted as long as there is no other key',
      from: () => Object.freeze([]),
    },
    description: 'Keys that clients must send, as x-api-key or as bearer token.',
    secret: true,
  },
  adminApiKey: {
    name: 'ADMIN_API_KEY',
    group: 'Server',
    kind: kinds.key,
    default: { shown: 'none; the API for keys is off, and the dashboard is where there are keys' },
    description:
      'Key that manages client keys and sees what all of them do; once set, clients need a key too.',
    secret: true,
  },
  openrouterPassThrough: {
    name: 'OPENROUTER_PASS_THROUGH',
    group: 'Server',
    kind: kinds.onOrOff,
    default: 'false',
    description: "Accept a client's own OpenRouter key and ask OpenRouter with it, on that client's account.",
  },
  allowedHosts: {
    name: 'ALLOWED_HOSTS',
    group: 'Server',
    kind: kinds.hostNames,
    default: { shown: 'none', from: () => Object.freeze([]) },
    description:
      'Further host names under which a server without keys may be called, besides localhost, addresses and names without a dot.',
  },
  corsOrigins: {
    name: 'CORS_ORIGINS',
    group: 'Server',
    kind: kinds.origins,
    default: { shown: 'none', from: () => Object.freeze([]) },
    description: 'Origins of web pages that may call the server from a browser.',
  },
  environment: {
    name: 'ENVIRONMENT',
    group: 'Server',
    kind: kinds.choice('development', 'production'),
    default: {
      shown: 'development on loopback, production elsewhere',
      from: ({ host }) => (isLoopback(host) ? 'development' : 'production'),
    },
    description: 'What the server is used for; in production the debug endpoints are off.',
    restart: true,
  },
  strictCompat: {
    name: 'STRICT_COMPAT',
    group: 'Server',
    kind: kinds.onOrOff,
    default: 'false',
    description:
      'Refuse what Anthropic refuses, such as unknown fields, instead of accepting and reporting it.',
  },
  connectTimeoutMs: {
    name: 'CONNECT_TIMEOUT',
    group: 'Time limits',
    kind: kinds.positiveSeconds,
    default: '10',
    description: 'Longest wait for a connection to the upstream; not looked at behind a proxy.',
  },
  requestTimeoutMs: {
    name: 'REQUEST_TIMEOUT',
    group: 'Time limits',
    kind: kinds.positiveSeconds,
    default: '600',
    description: 'Longest time for one upstream call, from its start to its last byte.',
  },
  firstByteTimeoutMs: {
    name: 'FIRST_BYTE_TIMEOUT',
    group: 'Time limits',
    kind: kinds.positiveSeconds,
    default: '300',
    description: "Longest wait for the upstream's first chunk.",
  },
  idleTimeoutMs: {
    name: 'IDLE_TIMEOUT',
    group: 'Time limits',
    kind: kinds.positiveSeconds,
    default: '120',
    description: 'Longest silence between two reads of an upstream stream.',
  },
  streamStartAfterMs: {
    name: 'STREAM_START_AFTER',
    group: 'Time limits',
    kind: kinds.seconds,
    default: '5',
    description:
      "How long a stream waits for the upstream's first chunk, so that an early failure is still an HTTP status, before it begins with message_start anyway.",
  },
  pingIntervalMs: {
    name: 'PING_INTERVAL',
    group: 'Time limits',
    kind: kinds.positiveSeconds,
    default: '10',
    description: 'Time between two pings of a silent stream, which keep the connection alive.',
  },
  shutdownTimeoutMs: {
    name: 'SHUTDOWN_TIMEOUT',
    group: 'Time limits',
    kind: kinds.seconds,
    default: '30',
    description: 'How long running requests may take to finish when the server is told to stop.',
    restart: true,
  },
  maxTokensLimit: {
    name: 'MAX_TOKENS_LIMIT',
    group: 'Other limits',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Highest max_tokens that is passed on; a request that asks for more is lowered to it.',
  },
  maxBodyBytes: {
    name: 'MAX_BODY_SIZE',
    group: 'Other limits',
    kind: kinds.megabytes(1024),
    default: '32',
    description: 'Largest request body; a larger one is answered with status 413.',
  },
  requestReadTimeoutMs: {
    name: 'REQUEST_READ_TIMEOUT',
    group: 'Time limits',
    kind: kinds.positiveSeconds,
    default: '60',
    description: "Longest time for a request's body to arrive.",
  },
  rateLimitRequests: {
    name: 'RATE_LIMIT_REQUESTS',
    group: 'Limits on clients',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Messages a minute for each key that has no limit of its own.',
  },
  rateLimitInputTokens: {
    name: 'RATE_LIMIT_INPUT_TOKENS',
    group: 'Limits on clients',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Input tokens a minute for each key, without those read from a prompt cache.',
  },
  rateLimitOutputTokens: {
    name: 'RATE_LIMIT_OUTPUT_TOKENS',
    group: 'Limits on clients',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Output tokens a minute for each key.',
  },
  rateLimitConcurrency: {
    name: 'RATE_LIMIT_CONCURRENCY',
    group: 'Limits on clients',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Messages that each key may have answered at the same time.',
  },
  budgetDailyUsd: {
    name: 'BUDGET_DAILY',
    group: 'Limits on clients',
    kind: kinds.usd,
    default: { shown: 'no limit' },
    description: 'What each key may spend a day, in UTC.',
  },
  budgetMonthlyUsd: {
    name: 'BUDGET_MONTHLY',
    group: 'Limits on clients',
    kind: kinds.usd,
    default: { shown: 'no limit' },
    description: 'What each key may spend a calendar month, in UTC.',
  },
  globalRateLimitRequests: {
    name: 'GLOBAL_RATE_LIMIT_REQUESTS',
    group: 'Limits on clients',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Messages a minute for all keys together.',
  },
  globalRateLimitInputTokens: {
    name: 'GLOBAL_RATE_LIMIT_INPUT_TOKENS',
    group: 'Limits on clients',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Input tokens a minute for all keys together.',
  },
  globalRateLimitOutputTokens: {
    name: 'GLOBAL_RATE_LIMIT_OUTPUT_TOKENS',
    group: 'Limits on clients',
    kind: kinds.integer(1),
    default: { shown: 'no limit' },
    description: 'Output tokens a minute for all keys together.',
  },
  globalBudgetDailyUsd: {
    name: 'GLOBAL_BUDGET_DAILY',
    group: 'Limits on clients',
    kind: kinds.usd,
    default: { shown: 'no limit' },
    description: 'What all keys together may spend a day, in UTC.',
  },
  globalBudgetMonthlyUsd: {
    name: 'GLOBAL_BUDGET_MONTHLY',
    group: 'Limits on clients',
    kind: kinds.usd,
    default: { shown: 'no limit' },
    description: 'What all keys together may spend a calendar month, in UTC.',
  },
  queueWaitMs: {
    name: 'QUEUE_WAIT',
    group: 'Limits on clients',
    kind: kinds.seconds,
    default: '0',
    description:
      'How long a message waits for a limit to let it through before it is refused; clients may ask for another time with the header x-queue-wait.',
  },
  queueMaxWaitMs: {
    name: 'QUEUE_MAX_WAIT',
    group: 'Limits on clients',
    kind: kinds.seconds,
    default: '60',
    description: 'The longest wait that a client may ask for.',
  },
  queueSize: {
    name: 'QUEUE_SIZE',
    group: 'Limits on clients',
    kind: kinds.integer(0, 100_000),
    default: '100',
    description: 'How many messages may wait at the same time.',
  },
  maxConcurrentRequests: {
    name: 'MAX_CONCURRENT_REQUESTS',
    group: 'Other limits',
    kind: kinds.integer(1),
    default: '1000',
    description: 'Messages that are answered at the same time; further ones get status 529.',
  },
  shedEventLoopLagMs: {
    name: 'SHED_EVENT_LOOP_LAG',
    group: 'Other limits',
    kind: kinds.positiveSeconds,
    default: '3',
    description: 'How late the server may run before new messages get status 529.',
  },
  shedMemoryBytes: {
    name: 'SHED_MEMORY',
    group: 'Other limits',
    kind: kinds.megabytes(1_048_576),
    default: { shown: '90 % of what the machine or the container has' },
    description: "The server's memory from which on new messages get status 529.",
  },
  enableCaching: {
    name: 'ENABLE_CACHING',
    group: 'Response cache',
    kind: kinds.onOrOff,
    default: 'false',
    description: 'Remember finished answers and give them again to whoever asks exactly the same.',
    restart: true,
  },
  cacheTtlMs: {
    name: 'CACHE_TTL',
    group: 'Response cache',
    kind: kinds.positiveSeconds,
    default: '3600',
    description: 'How long an answer is remembered.',
    restart: true,
  },
  cacheMaxBytes: {
    name: 'CACHE_MAX_SIZE',
    group: 'Response cache',
    kind: kinds.megabytes(1_048_576),
    default: '512',
    description: 'Most that remembered answers may take on disk; those used longest ago go first.',
    restart: true,
  },
  cacheMemoryBytes: {
    name: 'CACHE_MEMORY_SIZE',
    group: 'Response cache',
    kind: kinds.megabytes(65_536),
    default: '32',
    description: 'Most of them that are held in memory as well.',
    restart: true,
  },
  toolExecutionEnabled: {
    name: 'TOOL_EXECUTION_ENABLED',
    group: 'Server-side tools',
    kind: kinds.onOrOff,
    default: 'false',
    description: 'Run the tools that models ask this server for; needs TOOL_WORKING_DIRECTORY.',
    restart: true,
  },
  toolWorkingDirectory: {
    name: 'TOOL_WORKING_DIRECTORY',
    group: 'Server-side tools',
    kind: kinds.path,
    default: { shown: 'none' },
    description: 'The only folder that tools read and write in.',
    restart: true,
  },
  toolExecutionTimeoutMs: {
    name: 'TOOL_EXECUTION_TIMEOUT',
    group: 'Server-side tools',
    kind: kinds.positiveSeconds,
    default: '30',
    description: 'Longest time for one run of a tool, unless the tool has a limit of its own.',
    restart: true,
  },
  toolRateLimitWindowMs: {
    name: 'TOOL_RATE_LIMIT_WINDOW',
    group: 'Server-side tools',
    kind: kinds.positiveSeconds,
    default: '60',
    description: 'The time in which the runs of one key are counted.',
    restart: true,
  },
  toolRateLimitMaxRequests: {
    name: 'TOOL_RATE_LIMIT_MAX_REQUESTS',
    group: 'Server-side tools',
    kind: kinds.integer(1),
    default: '100',
    description: 'Most runs of all tools together in that time; every tool has a limit of its own too.',
    restart: true,
  },
  toolMaxConcurrent: {
    name: 'TOOL_MAX_CONCURRENT',
    group: 'Server-side tools',
    kind: kinds.integer(1, 1000),
    default: '5',
    description: 'Most runs at one time; others wait.',
    restart: true,
  },
  toolAllowedCommands: {
    name: 'TOOL_ALLOWED_COMMANDS',
    group: 'Server-side tools',
    kind: kinds.commands,
    default: 'default',
    description:
      'Commands that Bash may run: "default" for the usual harmless ones, "*" for all, which needs the sandbox.',
    restart: true,
  },
  toolSandbox: {
    name: 'TOOL_SANDBOX',
    group: 'Server-side tools',
    kind: kinds.choice('auto', 'required', 'off'),
    default: 'auto',
    description: 'Whether commands run in a bubblewrap sandbox: where there is one, always, or never.',
    restart: true,
  },
  toolSandboxNetwork: {
    name: 'TOOL_SANDBOX_NETWORK',
    group: 'Server-side tools',
    kind: kinds.onOrOff,
    default: 'false',
    description:
      'Let commands in the sandbox use the network, and with it every server that this machine can reach.',
    restart: true,
  },
  toolPath: {
    name: 'TOOL_PATH',
    group: 'Server-side tools',
    kind: kinds.searchPath,
    default: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    description: 'Folders that commands are looked for in.',
    restart: true,
  },
  toolMaxMemoryBytes: {
    name: 'TOOL_MAX_MEMORY',
    group: 'Server-side tools',
    kind: kinds.megabytes(1_048_576),
    default: '1024',
    description: 'Most memory that one command and all that it starts may take; more ends it.',
    restart: true,
  },
  toolMaxFileBytes: {
    name: 'TOOL_MAX_FILE_SIZE',
    group: 'Server-side tools',
    kind: kinds.megabytes(1024),
    default: '10',
    description: 'Largest file that a tool reads or writes.',
    restart: true,
  },
  toolMaxOutputChars: {
    name: 'TOOL_MAX_OUTPUT',
    group: 'Server-side tools',
    kind: kinds.integer(1000, 1_000_000),
    default: '30000',
    description: 'Most characters of text that one run gives to the model.',
    restart: true,
  },
  enableFiles: {
    name: 'ENABLE_FILES',
    group: 'Uploaded files',
    kind: kinds.onOrOff,
    default: 'true',
    description: 'Take files by the Files API, for messages to refer to.',
    restart: true,
  },
  filesMaxBytes: {
    name: 'FILES_MAX_SIZE',
    group: 'Uploaded files',
    kind: kinds.megabytes(65_536),
    default: '500',
    description: 'Largest file; a larger one is answered with status 413.',
    restart: true,
  },
  filesQuotaBytes: {
    name: 'FILES_QUOTA',
    group: 'Uploaded files',
    kind: kinds.megabytes(16_777_216),
    default: '10240',
    description: 'Most that the files of one client key may take together.',
    restart: true,
  },
  filesExpireAfterMs: {
    name: 'FILES_EXPIRE_AFTER',
    group: 'Uploaded files',
    kind: kinds.lifetime,
    default: { shown: 'never' },
    description: 'How long a file stays whose upload did not say it with expires_in_seconds.',
    restart: true,
  },
  batchMaxRequests: {
    name: 'BATCH_MAX_SIZE',
    group: 'Batches',
    kind: kinds.integer(1, 100_000),
    default: '100000',
    description: 'Most requests that one batch may hold.',
  },
  batchMaxBytes: {
    name: 'BATCH_MAX_BODY_SIZE',
    group: 'Batches',
    kind: kinds.megabytes(1024),
    default: '256',
    description:
      'Largest body that creates a batch; a larger one, or a request in it beyond MAX_BODY_SIZE, is answered with status 413.',
  },
  openrouterBatches: {
    name: 'OPENROUTER_BATCHES',
    group: 'Batches',
    kind: kinds.onOrOff,
    default: 'false',
    description:
      "Hand requests of batches over to OpenRouter's own batch endpoint where it takes them, at half the price and within hours instead of minutes.",
    restart: true,
  },
  batchConcurrency: {
    name: 'BATCH_CONCURRENCY',
    group: 'Batches',
    kind: kinds.integer(1, 1024),
    default: '32',
    description: 'Most requests of batches that run at once.',
    restart: true,
  },
  batchConcurrencyPerKey: {
    name: 'BATCH_CONCURRENCY_PER_KEY',
    group: 'Batches',
    kind: kinds.integer(1, 1024),
    default: { shown: 'BATCH_CONCURRENCY' },
    description: 'Most of them that run at once for one client key.',
    restart: true,
  },
  batchConcurrencyPerBatch: {
    name: 'BATCH_CONCURRENCY_PER_BATCH',
    group: 'Batches',
    kind: kinds.integer(1, 1024),
    default: { shown: 'BATCH_CONCURRENCY' },
    description: 'Most of them that run at once for one batch.',
    restart: true,
  },
  batchRetries: {
    name: 'BATCH_RETRIES',
    group: 'Batches',
    kind: kinds.integer(0, 20),
    default: '3',
    description:
      'How often a request of a batch is tried again later, after UPSTREAM_RETRIES, when it failed in a way that may pass.',
    restart: true,
  },
  toolMaxTurns: {
    name: 'TOOL_MAX_TURNS',
    group: 'Tool loop',
    kind: kinds.integer(1, 1000),
    default: '30',
    description: 'How often the model is asked for one answer whose tools the server runs, before it pauses.',
  },
  toolMaxTimeMs: {
    name: 'TOOL_MAX_TIME',
    group: 'Tool loop',
    kind: kinds.positiveSeconds,
    default: '600',
    description: 'Longest time for such an answer, before it pauses; tools that still run are stopped.',
  },
  toolMaxCostUsd: {
    name: 'TOOL_MAX_COST',
    group: 'Tool loop',
    kind: kinds.usd,
    default: { shown: 'no limit' },
    description: 'What such an answer may cost, as far as the upstream tells, before it pauses.',
  },
  toolMaxTotalOutputBytes: {
    name: 'TOOL_MAX_TOTAL_OUTPUT',
    group: 'Tool loop',
    kind: kinds.megabytes(1024),
    default: '4',
    description: 'Most that the tools of such an answer give to the model, before it pauses.',
  },
  taskMaxDepth: {
    name: 'TASK_MAX_DEPTH',
    group: 'Tool loop',
    kind: kinds.integer(0, 5),
    default: '1',
    description: 'How deep the agents of the tool Task may give tasks to others; 0 allows no agents.',
  },
  webTools: {
    name: 'WEB_TOOLS',
    group: 'Web and MCP servers',
    kind: kinds.choice('auto', 'openrouter', 'server'),
    default: 'auto',
    description:
      'Who runs web_search and web_fetch: OpenRouter, this server, or (auto) OpenRouter where it has the model.',
  },
  searchProviders: {
    name: 'SEARCH_PROVIDERS',
    group: 'Web and MCP servers',
    kind: kinds.choices('openrouter', 'brave', 'tavily', 'exa', 'searxng'),
    default: 'openrouter, brave, tavily, exa, searxng',
    description: 'Who is asked to search, in this order; those that are not set up are passed over.',
  },
  braveApiKey: {
    name: 'BRAVE_API_KEY',
    group: 'Web and MCP servers',
    kind: kinds.key,
    default: { shown: 'none' },
    description: 'Key for Brave Search.',
    secret: true,
  },
  tavilyApiKey: {
    name: 'TAVILY_API_KEY',
    group: 'Web and MCP servers',
    kind: kinds.key,
    default: { shown: 'none' },
    description: 'Key for Tavily.',
    secret: true,
  },
  exaApiKey: {
    name: 'EXA_API_KEY',
    group: 'Web and MCP servers',
    kind: kinds.key,
    default: { shown: 'none' },
    description: 'Key for Exa.',
    secret: true,
  },
  searxngUrl: {
    name: 'SEARXNG_URL',
    group: 'Web and MCP servers',
    kind: kinds.baseUrl,
    default: { shown: 'none' },
    description: 'Base URL of a SearXNG server whose settings allow the format json.',
  },
  webFetchTimeoutMs: {
    name: 'WEB_FETCH_TIMEOUT',
    group: 'Web and MCP servers',
    kind: kinds.positiveSeconds,
    default: '20',
    description: 'Longest time for fetching one page, or for one search.',
  },
  webFetchMaxBytes: {
    name: 'WEB_FETCH_MAX_SIZE',
    group: 'Web and MCP servers',
    kind: kinds.megabytes(256),
    default: '10',
    description: 'Largest page or file that is fetched.',
  },
  webPrivateHosts: {
    name: 'WEB_PRIVATE_HOSTS',
    group: 'Web and MCP servers',
    kind: kinds.hosts,
    default: { shown: 'none', from: () => Object.freeze([]) },
    description:
      'Hosts outside the public internet that web_fetch and MCP requests may reach all the same; no others are.',
  },
  mcpRequestServers: {
    name: 'MCP_REQUEST_SERVERS',
    group: 'Web and MCP servers',
    kind: kinds.onOrOff,
    default: 'true',
    description: "Connect to the MCP servers that a request names in `mcp_servers`, not only to the file's.",
    restart: true,
  },
  mcpTimeoutMs: {
    name: 'MCP_TIMEOUT',
    group: 'Web and MCP servers',
    kind: kinds.positiveSeconds,
    default: '15',
    description: 'Longest wait for an MCP server to be connected and to list its tools.',
    restart: true,
  },
  configFile: {
    name: 'CONFIG_FILE',
    flag: 'config',
    group: 'Files and logs',
    kind: kinds.path,
    default: { shown: "config.toml in the user's configuration folder, when it exists" },
    description: 'Configuration file in TOML.',
  },
  dataDir: {
    name: 'DATA_DIR',
    group: 'Files and logs',
    kind: kinds.path,
    default: { shown: "the user's data folder", from: ({ dataFolder }) => dataFolder },
    description: 'Folder for the files that the server writes.',
    restart: true,
  },
  updateUrl: {
    name: 'UPDATE_URL',
    group: 'Files and logs',
    kind: kinds.baseUrl,
    default: { shown: 'none; nobody is asked' },
    description:
      'Folder of the newest release; the server looks there once at its start and logs a newer version.',
    restart: true,
  },
  usageRetentionDays: {
    name: 'USAGE_RETENTION',
    group: 'Files and logs',
    kind: kinds.integer(0, 36_500),
    default: '90',
    description:
      'How many days it is remembered what each call cost; 0 keeps nothing on disk, and budgets begin anew with each start.',
    restart: true,
  },
  logLevel: {
    name: 'LOG_LEVEL',
    group: 'Files and logs',
    kind: kinds.choice('debug', 'info', 'warn', 'error', 'silent'),
    default: 'info',
    description: 'The least important entries that are still logged.',
    restart: true,
  },
  logFormat: {
    name: 'LOG_FORMAT',
    group: 'Files and logs',
    kind: kinds.choice('auto', 'json', 'pretty'),
    default: 'auto',
    description:
      'Log entries as JSON, or as lines for people; auto is for people in a terminal and JSON elsewhere.',
    restart: true,
  },
  runsKept: {
    name: 'RUNS_KEPT',
    group: 'Observability',
    kind: kinds.integer(0, 100_000),
    default: '10000',
    description: 'How many requests the history in DATA_DIR holds, the oldest go first; 0 keeps none.',
    restart: true,
  },
  runsMaxDays: {
    name: 'RUNS_MAX_DAYS',
    group: 'Observability',
    kind: kinds.integer(1, 3650),
    default: '30',
    description: 'How many days they are held at most.',
    restart: true,
  },
  recordBodies: {
    name: 'RECORD_BODIES',
    group: 'Observability',
    kind: kinds.onOrOff,
    default: 'false',
    description: 'Keep what is said in requests and answers beside the history, without secrets.',
    restart: true,
  },
  recordMaxBytes: {
    name: 'RECORD_MAX_SIZE',
    group: 'Observability',
    kind: kinds.megabytes(64),
    default: '1',
    description: 'Most that one part of a recording, such as a request, may take; a larger one is left out.',
    restart: true,
  },
  recordingsMaxBytes: {
    name: 'RECORDINGS_MAX_SIZE',
    group: 'Observability',
    kind: kinds.megabytes(65_536),
    default: '256',
    description: 'Most that all recordings take on disk; the oldest go first.',
    restart: true,
  },
  otlpEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    group: 'Observability',
    kind: kinds.baseUrl,
    default: { shown: 'none; nothing is traced' },
    description: 'OpenTelemetry collector that traces are sent to, at its path /v1/traces.',
    restart: true,
  },
  otlpHeaders: {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    group: 'Observability',
    kind: kinds.headerPairs,
    default: { shown: 'none', from: () => Object.freeze([]) },
    description: 'Headers for the collector, such as its key.',
    secret: true,
    restart: true,
  },
  serviceName: {
    name: 'OTEL_SERVICE_NAME',
    group: 'Observability',
    kind: kinds.label,
    default: 'openrouter-anthropic-server',
    description: 'What this server is called in traces.',
    restart: true,
  },
  tracesShare: {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    group: 'Observability',
    kind: kinds.share,
    default: '1',
    description:
      'The part of the requests that is traced, of those whose caller does not say it in a traceparent.',
    restart: true,
  },
} as const satisfies Readonly<Record<string, Setting>>

export type SettingField = keyof typeof SETTINGS

type ValueOf<Row> = Row extends { kind: Kind<infer Value>; default: infer Default }
  ? Default extends string | Derived<unknown>
    ? Value
    : Value | undefined
  : never

/** The whole configuration, checked and frozen. Times are milliseconds, sizes are bytes. */
export type Config = { readonly [Field in SettingField]: ValueOf<(typeof SETTINGS)[Field]> } & {
  /** From the file's `[aliases]`: a model name, or a pattern with `*`, and the model that answers for it. */
  readonly aliases: Readonly<Record<string, string>>
  /** The default upstream first, then those of the file's `[upstreams]`, in its order. */
  readonly upstreams: readonly [UpstreamConfig, ...UpstreamConfig[]]
  /** From the file's `[models]`, in its order. */
  readonly modelRules: readonly ModelRule[]
  /** From the file's `[routes]`. */
  readonly routes: Routes
  /** Whether upstreams are reached through a proxy. */
  readonly proxied: boolean
  /** From the file's `[mcp]`, in its order. */
  readonly mcpServers: readonly McpServerConfig[]
  /** Whether the built-in demo upstream answers, because there is neither a key nor a base URL nor an upstream. */
  readonly demo: boolean
}

/** The tables that the configuration file may have besides the settings. */
export const TABLES = ['aliases', 'upstreams', 'models', 'routes', 'mcp'] as const

/** The rows of `SETTINGS` with their fields in `Config`, in order. */
export const settingEntries = (): [SettingField, Setting][] =>
  Object.entries(SETTINGS) as [SettingField, Setting][]

/** A setting's flag without the dashes, e.g. `max-body-size`. */
export const flagName = ({ flag, name }: Names): string => flag ?? name.toLowerCase().replaceAll('_', '-')

/** A setting's key in the configuration file, e.g. `max_body_size`. */
export const fileKey = ({ name }: Names): string => name.toLowerCase()

/** Where a secret's value may stand instead: `NAME_FILE` names a file that holds it. */
export const fileVariant = ({ name }: Names): Names => ({ name: `${name}_FILE` })

/** A setting's default in words. */
export const shownDefault = ({ default: value }: Setting): string =>
  typeof value === 'string' ? value : value.shown

/** Variables of other deployments that would be silently without effect; set, they stop the start. */
export const UNSUPPORTED = [{ name: 'DATABASE_URL' }, { name: 'REDIS_URL' }] as const

/** Whether a setting is a switch, `--name` or `--no-name`, which needs no value. */
export const isSwitch = ({ kind }: Setting): boolean => kind.placeholder === undefined
