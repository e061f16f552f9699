import { type Static, Type } from '@sinclair/typebox'

import { maybe, oneOf, open, unchecked } from '../schema.ts'

const enabled = maybe(Type.Boolean())
const names = maybe(Type.Array(Type.String()))
const count = maybe(Type.Integer({ minimum: 1 }))

const UserLocation = open({
  type: Type.Literal('approximate'),
  city: maybe(Type.String()),
  region: maybe(Type.String()),
  country: maybe(Type.String()),
  timezone: maybe(Type.String()),
})

/** `pdf-text` is the older name of `cloudflare-ai`. */
const PDF_ENGINES = ['native', 'mistral-ocr', 'cloudflare-ai', 'pdf-text'] as const

const automatic = {
  enabled,
  allowed_models: names,
  excluded_models: names,
  cost_tier: maybe(Type.String()),
  ...unchecked(['pin_model']),
  cost_quality_tradeoff: maybe(Type.Number({ minimum: 0, maximum: 10 })),
}

/** Each plugin's own options (openrouter §2.4). */
const KNOWN = [
  open({
    id: Type.Literal('web'),
    enabled,
    engine: maybe(oneOf(['native', 'exa', 'firecrawl', 'parallel', 'perplexity'])),
    mode: maybe(Type.String()),
    max_results: count,
    max_uses: count,
    search_prompt: maybe(Type.String()),
    include_domains: names,
    exclude_domains: names,
    user_location: maybe(UserLocation),
  }),
  open({
    id: Type.Literal('web-fetch'),
    enabled,
    allowed_domains: names,
    blocked_domains: names,
    max_content_tokens: count,
    max_uses: count,
  }),
  open({
    id: Type.Literal('file-parser'),
    enabled,
    pdf: maybe(open({ engine: maybe(oneOf(PDF_ENGINES)) })),
  }),
  open({ id: Type.Literal('moderation'), enabled }),
  open({ id: Type.Literal('response-healing'), enabled }),
  open({ id: Type.Literal('context-compression'), enabled, engine: maybe(oneOf(['middle-out'])) }),
  open({ id: oneOf(['auto-router', 'auto-beta-router']), ...automatic }),
  open({
    id: Type.Literal('pareto-router'),
    enabled,
    max_price: maybe(Type.Union([Type.Number({ minimum: 0 }), Type.String()])),
    min_coding_score: maybe(Type.Number({ minimum: 0, maximum: 1 })),
    price_source: maybe(Type.String()),
  }),
  open({
    id: Type.Literal('fusion'),
    enabled,
    model: maybe(Type.String()),
    analysis_models: maybe(Type.Array(Type.String(), { minItems: 1, maxItems: 8 })),
    max_tool_calls: maybe(Type.Integer({ minimum: 1, maximum: 16 })),
    preset: maybe(Type.String()),
    tools: maybe(Type.Array(Type.Unknown(), { maxItems: 8 })),
  }),
  open({ id: Type.Literal('switchyard-router'), enabled }),
] as const

/** The plugins that are known by name. */
export const PLUGIN_IDS = [
  'web',
  'web-fetch',
  'file-parser',
  'moderation',
  'response-healing',
  'context-compression',
  'auto-router',
  'auto-beta-router',
  'pareto-router',
  'fusion',
  'switchyard-router',
] as const

/** Something OpenRouter does to a request or an answer. Plugins of tomorrow pass unchecked. */
export const Plugin = Type.Union([
  ...KNOWN,
  open({ id: Type.String({ pattern: `^(?!(${PLUGIN_IDS.join('|')})$).` }) }),
])
export type Plugin = Static<typeof Plugin>
