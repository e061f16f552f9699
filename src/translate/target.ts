import { DEFAULT_UPSTREAM } from '../core/upstream.ts'
import { type Family, familyOf } from './family.ts'

/** What the catalogue knows of a model; everything may be unknown. */
export interface ModelFacts {
  readonly contextTokens?: number
  readonly maxOutputTokens?: number
  readonly inputModalities?: readonly string[]
  readonly supportedParameters?: readonly string[]
  readonly reasoning?: {
    readonly supportedEfforts?: readonly string[]
    readonly defaultEnabled?: boolean
    readonly supportsMaxTokens?: boolean
    readonly mandatory?: boolean
  }
}

/** For whom a request is translated. */
export interface Target {
  /** The model's slug upstream. */
  readonly model: string
  readonly family: Family
  /** OpenRouter understands more than OpenAI's wire; other servers may refuse what they do not know. */
  readonly openrouter: boolean
  readonly facts: ModelFacts
  /** Slugs of the models that OpenRouter itself tries when this one fails. */
  readonly fallbacks: readonly string[]
  /** The name of the upstream that has the model. */
  readonly upstream: string
  /** Whether that upstream speaks chat completions or Anthropic's own Messages API. */
  readonly wire: Wire
  /** The operator's chat options for this model; the client's own win. */
  readonly options: Readonly<Record<string, unknown>>
  /** Who sets cache breakpoints: the client alone, or the server too where the client set none. */
  readonly cacheBreakpoints: 'auto' | 'client'
  /** Tools of this server that the operator offers with this model. */
  readonly serverTools: readonly string[]
  /** Who runs Anthropic's web tools: the upstream itself, this server, or nobody. */
  readonly webTools: 'hosted' | 'served' | 'none'
}

export type Wire = 'chat' | 'messages'

type Details = Omit<Target, 'model' | 'family' | 'openrouter'>

export const toTarget = (model: string, openrouter: boolean, details: Partial<Details> = {}): Target => ({
  model,
  family: familyOf(model),
  openrouter,
  facts: {},
  fallbacks: [],
  upstream: DEFAULT_UPSTREAM,
  wire: 'chat',
  options: {},
  cacheBreakpoints: 'client',
  serverTools: [],
  webTools: openrouter ? 'hosted' : 'none',
  ...details,
})
