import type { Config } from './config/schema.ts'
import type { Clock } from './core/clock.ts'
import type { Services } from './messages/services.ts'
import { compileSchemas } from './messages/validation/shape.ts'
import type { Log } from './observability/log.ts'
import { createTokenCounter } from './tokens/counter.ts'
import type { ModelMap } from './translate/model.ts'
import { createCatalogue } from './upstream/catalogue.ts'
import { createClient, type Fetch } from './upstream/client.ts'
import type { Demo } from './upstream/demo/demo.ts'
import { withRetries } from './upstream/retry.ts'
import { withThoughtRecovery } from './upstream/stale-thoughts.ts'

/** Where the aliases lead when the operator says nothing. */
const DEFAULT_BIG = 'anthropic/claude-sonnet-4'
const DEFAULT_SMALL = 'anthropic/claude-3.7-sonnet'

/** Joins the parts that answer requests, as the configuration wants them. */
export function createServices(config: Config, clock: Clock, log: Log): Services {
  const fetch = config.demo ? demoFetch() : networkFetch
  const client = createClient({
    baseUrl: config.openrouterBaseUrl,
    headers: upstreamHeaders(config),
    fetch,
    clock,
    limits: config,
  })
  const forgiving = withThoughtRecovery(client, ({ message }) =>
    log.warn('thoughts-dropped', { error: message }),
  )
  return {
    upstream: withRetries(forgiving, {
      retries: config.upstreamRetries,
      sleep,
      random: Math.random,
      onRetry: (failure, attempt) =>
        log.warn('upstream-retry', { attempt, error: `${failure.kind}: ${failure.message}` }),
    }),
    catalogue: createCatalogue({
      baseUrl: config.openrouterBaseUrl,
      apiKey: config.openrouterApiKey,
      fetch,
      clock,
      ttlMs: config.modelsCacheTtlMs,
      log,
    }),
    models: toModelMap(config),
    tokens: createTokenCounter({ clock }),
    limits: { maxTokensLimit: config.maxTokensLimit },
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

const isOpenRouter = (config: Config): boolean =>
  config.demo || /(^|\.)openrouter\.ai$/.test(new URL(config.openrouterBaseUrl).hostname)

function upstreamHeaders(config: Config): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
    ...(config.openrouterApiKey ? { authorization: `Bearer ${config.openrouterApiKey}` } : {}),
    ...(isOpenRouter(config) ? { 'x-openrouter-title': 'OpenRouter Anthropic Server' } : {}),
  }
}

const toModelMap = (config: Config): ModelMap => ({
  big: config.anthropicModel ?? DEFAULT_BIG,
  small: config.anthropicSmallFastModel ?? DEFAULT_SMALL,
  bigIsSet: config.anthropicModel !== undefined,
  smallIsSet: config.anthropicSmallFastModel !== undefined,
  aliases: config.aliases,
  openrouter: isOpenRouter(config),
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
