import type { TokenCounter } from '../tokens/counter.ts'
import type { ModelMap } from '../translate/model.ts'
import type { ServerLimits } from '../translate/options.ts'
import type { Catalogue } from '../upstream/catalogue.ts'
import type { Upstream } from '../upstream/upstream.ts'

/** What it takes to answer a request. Made once, in `src/services.ts`. */
export interface Services {
  readonly upstream: Upstream
  readonly catalogue: Catalogue
  readonly models: ModelMap
  readonly tokens: TokenCounter
  readonly limits: ServerLimits
  /** Refuse what Anthropic refuses instead of accepting it. */
  readonly strict: boolean
}
