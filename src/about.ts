import type { Config } from './config/schema.ts'
import type { About } from './http/server.ts'
import { toModelMap } from './services.ts'

/** What of the configuration may be shown to those who look at the server: no secret, and no path. */
export const toAbout = (config: Config): About => {
  const { big, small } = toModelMap(config)
  return {
    environment: config.environment,
    demo: config.demo,
    upstreams: config.upstreams.map(({ name, baseUrl, wire, dialect, apiKey }) => ({
      name,
      base_url: config.demo ? 'built in' : baseUrl,
      wire,
      dialect,
      has_key: apiKey !== undefined,
    })),
    models: { big, small, aliases: config.aliases, routes: config.routes.models },
    features: {
      response_cache: config.enableCaching,
      strict_compat: config.strictCompat,
      files: config.enableFiles,
      server_tools: config.toolExecutionEnabled,
      history: config.runsKept > 0,
    },
  }
}
