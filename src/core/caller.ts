/** How much may be asked, per minute, at once, and for how much money; undefined is no limit. */
export interface Limits {
  readonly requestsPerMinute?: number | undefined
  readonly inputTokensPerMinute?: number | undefined
  readonly outputTokensPerMinute?: number | undefined
  readonly concurrentRequests?: number | undefined
  /** Per day and per calendar month, in UTC. */
  readonly dailyBudgetUsd?: number | undefined
  readonly monthlyBudgetUsd?: number | undefined
}

const NO_LIMITS: Limits = Object.freeze({})

/** Who asks, and what they may do. */
export interface Caller {
  /** A mark of the key, never the key. Nothing of one owner is shown to another. */
  readonly owner: string
  /** What people call the key; undefined where it has no name. */
  readonly name: string | undefined
  /** May see what belongs to others, and change what concerns all. */
  readonly isAdmin: boolean
  /** Names or patterns of the models that may be asked; undefined means all. */
  readonly models: readonly string[] | undefined
  /** Whether the server may run tools on this caller's behalf. */
  readonly allowsTools: boolean
  /** The server's tools that the operator offers with every request of this key; `*` is all of them. */
  readonly serverTools: readonly string[]
  /** The key's own limits; where they say nothing, the server's settings do. */
  readonly limits: Limits
  /** The caller's own key for OpenRouter: what is asked goes upstream on the caller's account. A secret. */
  readonly upstreamKey: string | undefined
}

/** A caller who may do everything but see what is not theirs. */
export const plainCaller = (owner: string, more: Partial<Caller> = {}): Caller => ({
  owner,
  name: undefined,
  isAdmin: false,
  models: undefined,
  allowsTools: true,
  serverTools: [],
  limits: NO_LIMITS,
  upstreamKey: undefined,
  ...more,
})
