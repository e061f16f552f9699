import type { Database } from 'bun:sqlite'
import { join } from 'node:path'

import { type Bounds, closeBounds, createBounds, recorderOf } from './bounds.ts'
import { type ResponseCache, createCache } from './cache/cache.ts'
import { createDiskTier } from './cache/disk.ts'
import { createMemoryTier } from './cache/memory.ts'
import { DISK_MIGRATIONS } from './cache/rows.ts'
import type { Config } from './config/schema.ts'
import type { UpstreamConfig } from './config/tables.ts'
import type { Clock } from './core/clock.ts'
import type { Failure } from './core/errors.ts'
import { createFileStore } from './files/disk-store.ts'
import type { FileStore } from './files/store.ts'
import type { Chores } from './janitor.ts'
import type { McpServers } from './mcp/servers.ts'
import { createConversations } from './messages/conversations.ts'
import type { NamedUpstream, Services, Upstreams } from './messages/services.ts'
import { compileSchemas } from './messages/validation/shape.ts'
import type { Log } from './observability/log.ts'
import { createRuns, type Runs } from './runs/runs.ts'
import { RUNS_MIGRATIONS } from './runs/schema.ts'
import { createRunStore } from './runs/store.ts'
import { openTools } from './server-tools.ts'
import { openDatabase } from './store/database.ts'
import { createTokenCounter } from './tokens/counter.ts'
import { TODO_MIGRATIONS } from './tools/todos/store.ts'
import type { Toolbox } from './tools/toolbox.ts'
import { compileChoice } from './translate/choice.ts'
import type { ModelMap } from './translate/model.ts'
import { createCatalogue } from './upstream/catalogue.ts'
import { createClient, type Fetch } from './upstream/client.ts'
import type { Demo } from './upstream/demo/demo.ts'
import { reach } from './upstream/reach.ts'
import { createRelay, relayHeaders } from './upstream/relay/client.ts'
import { withoutThinkingBlocks } from './upstream/relay/thoughts.ts'
import { type RetryOptions, withRetries } from './upstream/retry.ts'
import { withThoughtRecovery } from './upstream/stale-thoughts.ts'
import { createWeb, openMcpServers } from './web-services.ts'

/** Where the aliases lead when the operator says nothing. */
const DEFAULT_BIG = 'anthropic/claude-sonnet-4'
const DEFAULT_SMALL = 'anthropic/claude-3.7-sonnet'

/** Conversations whose prompt cache is watched; the ones longest silent are forgotten first. */
const MAX_CONVERSATIONS = 1000

/** What the server has learned and keeps when its configuration changes. */
export interface Memory
  extends Pick<Services, 'tokens' | 'conversations' | 'cache' | 'flights' | 'tools' | 'files'>, Bounds {
  /** Configured MCP servers, whose programs outlive a change of the configuration. */
  readonly mcp: McpServers
}

export const createMemory = (config: Config, clock: Clock, log: Log): Memory => ({
  ...createBounds(config, clock, log),
  tokens: createTokenCounter({ clock }),
  conversations: createConversations({ clock, maxEntries: MAX_CONVERSATIONS }),
  cache: config.enableCaching ? createResponseCache(config, clock, log) : undefined,
  flights: new Map(),
  tools: createTools(config, clock, log),
  files: config.enableFiles ? createFiles(config, clock, log) : undefined,
  mcp: openMcpServers(config),
})

/** The tools of this server alone; undefined where they are off. */
export const createTools = (config: Config, clock: Clock, log: Log): Toolbox | undefined =>
  openTools(config, clock, log, databaseOf('tools.db', TODO_MIGRATIONS, config, clock, log))

/** Closes what is open on the disk, and ends the programs that were started. */
export async function closeMemory({ cache, files, tools, mcp, ...bounds }: Memory): Promise<void> {
  await mcp.close()
  closeBounds(bounds)
  cache?.close()
  files?.close()
  tools?.close()
}

/** What is to be done from time to time, by the names that the log gives it. */
export const choresOf = ({ cache, files }: Memory): Chores => ({
  ...(cache ? { cache: async () => cache.removeExpired() } : {}),
  ...(files ? { files: async () => files.cleanup() } : {}),
})

/** How to open a database of this server. */
const databaseOf =
  (name: string, migrations: readonly string[], { dataDir }: Config, clock: Clock, log: Log) =>
  (damage?: unknown): Database =>
    openDatabase(
      {
        path: join(dataDir, name),
        migrations,
        stamp: () => new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-'),
        log,
      },
      damage,
    )

const DAY_MS = 86_400_000

/** The history of requests, and those under way. Nothing is opened before the first one has ended. */
export function createRunHistory(config: Config, clock: Clock, log: Log): Runs {
  const openFile = databaseOf('runs.db', RUNS_MIGRATIONS, config, clock, log)
  const store = createRunStore({
    open: () => openOrMemory(openFile, log),
    maxRuns: config.runsKept,
    maxAgeMs: config.runsMaxDays * DAY_MS,
    maxRecordedBytes: config.recordingsMaxBytes,
    clock,
    log,
  })
  return createRuns({ store: config.runsKept > 0 ? store : undefined, clock })
}

/** Where there is no disk to write to, as in some containers, the history lasts as long as the process. */
function openOrMemory(openFile: () => Database, log: Log): Database {
  try {
    return openFile()
  } catch (error) {
    log.warn('runs-in-memory-only', { error: error instanceof Error ? error.message : String(error) })
    return openDatabase({ path: ':memory:', migrations: RUNS_MIGRATIONS, stamp: () => '', log })
  }
}

function createResponseCache(config: Config, clock: Clock, log: Log): ResponseCache {
  const open = databaseOf('cache.db', DISK_MIGRATIONS, config, clock, log)
  const disk = createDiskTier({ open, maxBytes: config.cacheMaxBytes, clock, log })
  const memory = createMemoryTier({ maxBytes: config.cacheMemoryBytes, clock })
  return createCache({ tiers: [memory, disk], ttlMs: config.cacheTtlMs, salt: () => disk.salt, clock })
}

const createFiles = (config: Config, clock: Clock, log: Log): FileStore =>
  createFileStore({
    dataDir: config.dataDir,
    maxBytes: config.filesMaxBytes,
    quotaBytes: config.filesQuotaBytes,
    expireAfterMs: config.filesExpireAfterMs,
    clock,
    log,
  })

/** Joins the parts that answer requests, as the configuration wants them. */
export function createServices(config: Config, memory: Memory, clock: Clock, log: Log): Services {
  const { modelRules, cacheBreakpoints, routes, maxTokensLimit, requireParameters } = config
  const { mcp, ...known } = memory
  const upstreams = createUpstreams(config, memory, clock, log)
  return {
    ...known,
    ledger: recorderOf(memory),
    clock,
    upstreams,
    models: toModelMap(config),
    choose: compileChoice({
      models: toModelMap(config),
      upstreams: config.upstreams,
      modelRules,
      cacheBreakpoints,
    }),
    routes,
    maxRequestBytes: config.maxBodyBytes,
    serverTools: {
      limits: {
        maxTurns: config.toolMaxTurns,
        maxTimeMs: config.toolMaxTimeMs,
        maxCostUsd: config.toolMaxCostUsd,
        maxOutputBytes: config.toolMaxTotalOutputBytes,
      },
      web: createWeb(config, upstreams, toModelMap(config).small),
      webTools: config.webTools,
      agents: { depth: 0, maxDepth: config.taskMaxDepth },
      mcp,
    },
    limits: { maxTokensLimit, requireParameters },
    structured: { retries: config.structuredRetries },
    rescueStreams: config.rescueStreams,
    strict: config.strictCompat,
  }
}

/** Does in a quiet moment what the first request would otherwise wait for. */
export const warmUp = compileSchemas

const networkFetch: Fetch = async (url, init) => fetch(url, init)

/** The demo upstream speaks HTTP messages, so it simply takes the network's place. Loaded at the first call. */
function demoFetch(): Fetch {
  let demo: Promise<Demo> | undefined
  const load = async (): Promise<Demo> => (await import('./upstream/demo/demo.ts')).createDemo()
  return async (url, init) => (await (demo ??= load()))(new Request(url, init))
}

function createUpstreams(config: Config, memory: Memory, clock: Clock, log: Log): Upstreams {
  const fetch = config.demo ? demoFetch() : networkFetch
  const all = config.upstreams.map((plan) => createUpstream(plan, fetch, config, memory, clock, log))
  const byName = new Map(all.map((upstream) => [upstream.name, upstream]))
  return {
    all,
    of(name) {
      const upstream = byName.get(name)
      if (!upstream) throw new Error(`there is no upstream ${name}`)
      return upstream
    },
  }
}

function createUpstream(
  plan: UpstreamConfig,
  fetch: Fetch,
  config: Config,
  { breakers, retryBudgets }: Memory,
  clock: Clock,
  log: Log,
): NamedUpstream {
  const { name, baseUrl, apiKey } = plan
  const openrouter = plan.dialect === 'openrouter'
  const onDrop = ({ message }: Failure): void => log.warn('thoughts-dropped', { error: message })
  const retries: RetryOptions = {
    retries: config.upstreamRetries,
    budget: retryBudgets.of(name),
    sleep,
    random: Math.random,
    onRetry: (failure, attempt) =>
      log.warn('upstream-retry', { attempt, error: `${failure.kind}: ${failure.message}` }),
  }
  const network = { baseUrl, fetch, clock, limits: plan, ...(config.demo || config.proxied ? {} : { reach }) }
  const chat = createClient({ ...network, headers: upstreamHeaders(plan) })
  const relay = createRelay({ ...network, headers: relayHeaders(plan) })
  return {
    name,
    openrouter,
    chat: breakers.guard(name, withRetries(withThoughtRecovery(chat, onDrop), retries)),
    relay: breakers.guard(
      name,
      withRetries(withThoughtRecovery(relay, onDrop, withoutThinkingBlocks), retries),
    ),
    catalogue: createCatalogue({ baseUrl, apiKey, fetch, clock, ttlMs: config.modelsCacheTtlMs, log }),
  }
}

export const upstreamHeaders = ({
  apiKey,
  dialect,
  headers,
}: UpstreamConfig): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  accept: 'text/event-stream, application/json',
  ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
  ...(dialect === 'openrouter' ? { 'x-openrouter-title': 'OpenRouter Anthropic Server' } : {}),
  ...headers,
})

/** What the aliases stand for. */
export const toModelMap = (config: Config): ModelMap => ({
  big: config.anthropicModel ?? DEFAULT_BIG,
  small: config.anthropicSmallFastModel ?? DEFAULT_SMALL,
  bigIsSet: config.anthropicModel !== undefined,
  smallIsSet: config.anthropicSmallFastModel !== undefined,
  aliases: config.aliases,
  openrouter: config.upstreams[0].dialect === 'openrouter',
})

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
