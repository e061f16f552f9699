import { version } from '../package.json'
import type { Config } from './config/schema.ts'
import { createMcpServers, type McpServers } from './mcp/servers.ts'
import { createOpenRouterSearch } from './messages/served/openrouter-search.ts'
import type { Upstreams } from './messages/services.ts'
import { lookUpAddresses } from './web/dns.ts'
import { createGuardedFetch, type GuardOptions } from './web/guarded-fetch.ts'
import { createPageReader } from './web/page.ts'
import type { ServiceOptions } from './web/search/ask-service.ts'
import { createBrave } from './web/search/brave.ts'
import { createExa } from './web/search/exa.ts'
import type { SearchProvider } from './web/search/search.ts'
import { createSearxng } from './web/search/searxng.ts'
import { createTavily } from './web/search/tavily.ts'
import type { Web } from './web/web.ts'

const guardRules = ({ webPrivateHosts }: Config): GuardOptions => ({
  privateHosts: webPrivateHosts,
  lookup: lookUpAddresses,
  fetch: async (url, init) => fetch(url, init),
})

/** Where the operator's own MCP servers are does not matter. */
const mcpHosts = ({ webPrivateHosts, mcpServers }: Config): readonly string[] => [
  ...webPrivateHosts,
  ...mcpServers.flatMap(({ place }) => (place.kind === 'http' ? new URL(place.url).host : [])),
]

/** The MCP servers that models may use. None is connected to before its first use. */
export const openMcpServers = (config: Config): McpServers =>
  createMcpServers({
    takesRequests: config.mcpRequestServers,
    plans: config.mcpServers,
    timeoutMs: config.mcpTimeoutMs,
    fetch: createGuardedFetch({ ...guardRules(config), privateHosts: mcpHosts(config) }),
    program: { name: 'openrouter-anthropic-server', version },
  })

/** How models read the web, as the configuration wants it; `searchModel` is asked where OpenRouter searches. */
export function createWeb(config: Config, upstreams: Upstreams, searchModel: string): Web {
  const guarded = createGuardedFetch(guardRules(config))
  const limits = { timeoutMs: config.webFetchTimeoutMs, maxBytes: config.webFetchMaxBytes }
  return {
    readPage: createPageReader(guarded, limits),
    searchers: config.searchProviders.flatMap(
      (name) => createSearcher(name, config, upstreams, searchModel) ?? [],
    ),
  }
}

/** Undefined for a service that is not set up. */
function createSearcher(
  name: Config['searchProviders'][number],
  config: Config,
  upstreams: Upstreams,
  searchModel: string,
): SearchProvider | undefined {
  const { braveApiKey, tavilyApiKey, exaApiKey, searxngUrl, webFetchTimeoutMs: timeoutMs } = config
  const options: ServiceOptions = { fetch: async (url, init) => fetch(url, init), timeoutMs }
  switch (name) {
    case 'openrouter': {
      const upstream = upstreams.all.find(({ openrouter }) => openrouter)
      return upstream && createOpenRouterSearch(upstream.chat, searchModel)
    }
    case 'brave':
      return braveApiKey === undefined ? undefined : createBrave(braveApiKey, options)
    case 'tavily':
      return tavilyApiKey === undefined ? undefined : createTavily(tavilyApiKey, options)
    case 'exa':
      return exaApiKey === undefined ? undefined : createExa(exaApiKey, options)
    case 'searxng':
      return searxngUrl === undefined ? undefined : createSearxng(searxngUrl, options)
  }
}
