import type { TokenCounter } from '../tokens/counter.ts'
import type { Choose } from '../translate/choice.ts'
import type { ModelMap } from '../translate/model.ts'
import type { ServerLimits } from '../translate/options.ts'
import type { Catalogue } from '../upstream/catalogue.ts'
import type { Upstream } from '../upstream/upstream.ts'

/** One place that answers come from. */
export interface NamedUpstream {
  readonly name: string
  /** It understands more than OpenAI's wire. */
  readonly openrouter: boolean
  readonly chat: Upstream
  readonly catalogue: Catalogue
}

export interface Upstreams {
  /** The upstream of that name; the configuration was checked to name only those that exist. */
  of(name: string): NamedUpstream
  /** All of them, the default one first. */
  readonly all: readonly NamedUpstream[]
}

/** What it takes to answer a request. Made once, in `src/services.ts`. */
export interface Services {
  readonly upstreams: Upstreams
  readonly models: ModelMap
  /** Which upstream has a model. */
  readonly choose: Choose
  readonly tokens: TokenCounter
  readonly limits: ServerLimits
  /** Refuse what Anthropic refuses instead of accepting it. */
  readonly strict: boolean
}
