import type { Config } from './config/schema.ts'
import type { Clock } from './core/clock.ts'
import type { NamedUpstream, Services, Upstreams } from './messages/services.ts'
import { compileSchemas } from './messages/validation/shape.ts'
import type { Log } from './observability/log.ts'
import { createTokenCounter } from './tokens/counter.ts'
import { compileChoice } from './translate/choice.ts'
import type { ModelMap } from './translate/model.ts'
import { DEFAULT_UPSTREAM } from './translate/target.ts'
import { createCatalogue } from './upstream/catalogue.ts'
import { createClient, type Fetch } from './upstream/client.ts'
import type { TimeLimits } from './upstream/deadline.ts'
import type { Demo } from './upstream/demo/demo.ts'
import { withRetries } from './upstream/retry.ts'
import { withThoughtRecovery } from './upstream/stale-thoughts.ts'

/** Where the aliases lead when the operator says nothing. */
const DEFAULT_BIG = 'anthropic/claude-sonnet-4'
const DEFAULT_SMALL = 'anthropic/claude-3.7-sonnet'

/** Joins the parts that answer requests, as the configuration wants them. */
export function createServices(config: Config, clock: Clock, log: Log): Services {
  return {
    upstreams: createUpstreams(config, clock, log),
    models: toModelMap(config),
    choose: compileChoice(),
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

/** What one upstream is, with the defaults filled in. */
interface UpstreamPlan {
  readonly name: string
  readonly baseUrl: string
  readonly apiKey: string | undefined
  readonly openrouter: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly limits: TimeLimits
}

const isOpenRouter = (config: Config): boolean =>
  config.demo || /(^|\.)openrouter\.ai$/.test(new URL(config.openrouterBaseUrl).hostname)

const defaultPlan = (config: Config): UpstreamPlan => ({
  name: DEFAULT_UPSTREAM,
  baseUrl: config.openrouterBaseUrl,
  apiKey: config.openrouterApiKey,
  openrouter: isOpenRouter(config),
  headers: {},
  limits: config,
})

function createUpstreams(config: Config, clock: Clock, log: Log): Upstreams {
  const fetch = config.demo ? demoFetch() : networkFetch
  const all = [defaultPlan(config)].map((plan) => createUpstream(plan, fetch, config, clock, log))
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
  plan: UpstreamPlan,
  fetch: Fetch,
  config: Config,
  clock: Clock,
  log: Log,
): NamedUpstream {
  const { name, baseUrl, apiKey, openrouter, limits } = plan
  const client = createClient({ baseUrl, headers: upstreamHeaders(plan), fetch, clock, limits })
  const forgiving = withThoughtRecovery(client, ({ message }) =>
    log.warn('thoughts-dropped', { error: message }),
  )
  return {
    name,
    openrouter,
    chat: withRetries(forgiving, {
      retries: config.upstreamRetries,
      sleep,
      random: Math.random,
      onRetry: (failure, attempt) =>
        log.warn('upstream-retry', { attempt, error: `${failure.kind}: ${failure.message}` }),
    }),
    catalogue: createCatalogue({ baseUrl, apiKey, fetch, clock, ttlMs: config.modelsCacheTtlMs, log }),
  }
}

const upstreamHeaders = ({
  apiKey,
  openrouter,
  headers,
}: UpstreamPlan): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  accept: 'text/event-stream, application/json',
  ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
  ...(openrouter ? { 'x-openrouter-title': 'OpenRouter Anthropic Server' } : {}),
  ...headers,
})

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
