import type { ResponseCache } from '../cache/cache.ts'
import type { Clock } from '../core/clock.ts'
import type { FileStore } from '../files/store.ts'
import type { TokenCounter } from '../tokens/counter.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import type { Choose } from '../translate/choice.ts'
import type { ModelMap } from '../translate/model.ts'
import type { ServerLimits } from '../translate/options.ts'
import type { Catalogue } from '../upstream/catalogue.ts'
import type { Relay } from '../upstream/relay/client.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Ledger } from '../usage/ledger.ts'
import type { Conversations } from './conversations.ts'
import type { Flights } from './flight.ts'
import type { Routes } from './scenario.ts'
import type { ServerTools } from './served/services.ts'
import type { StructuredSettings } from './structured.ts'

/** One place that answers come from. */
export interface NamedUpstream {
  readonly name: string
  /** It understands more than OpenAI's wire. */
  readonly openrouter: boolean
  readonly chat: Upstream
  /** The same upstream, asked by Anthropic's own API. */
  readonly relay: Relay
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
  readonly clock: Clock
  readonly upstreams: Upstreams
  readonly models: ModelMap
  /** Which upstream has a model. */
  readonly choose: Choose
  /** Which model answers a request that leaves it to the server. */
  readonly routes: Routes
  readonly tokens: TokenCounter
  readonly conversations: Conversations
  /** Takes down what every call cost. */
  readonly ledger: Pick<Ledger, 'record'>
  /** Finished answers, where they are remembered. */
  readonly cache: ResponseCache | undefined
  /** Answers on their way, which those who ask the same read along. */
  readonly flights: Flights
  /** The tools of this server, where it may run any. */
  readonly tools: Toolbox | undefined
  /** Files that requests may name, where they are kept. */
  readonly files: FileStore | undefined
  /** A request may be that large, whether it holds its files or names them. */
  readonly maxRequestBytes: number
  /** What the server runs for models, and how far it goes. */
  readonly serverTools: ServerTools
  readonly limits: ServerLimits
  readonly structured: StructuredSettings
  /** Go on with answers whose stream breaks off. */
  readonly rescueStreams: boolean
  /** Refuse what Anthropic refuses instead of accepting it. */
  readonly strict: boolean
}
