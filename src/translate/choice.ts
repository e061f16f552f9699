import { DEFAULT_UPSTREAM, type Wire } from './target.ts'

/** Where a model is asked, and how. */
export interface Choice {
  readonly upstream: string
  /** The slug that this upstream knows. */
  readonly model: string
  readonly wire: Wire
  /** Names of the models to try when this one does not begin to answer; mapped like any other name. */
  readonly fallbacks: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly cacheBreakpoints: 'auto' | 'client'
}

/** A model name as it goes upstream → where it is asked. */
export type Choose = (model: string) => Choice

/** Everything goes to one upstream. */
export const compileChoice = (): Choose => (model) => ({
  upstream: DEFAULT_UPSTREAM,
  model,
  wire: 'chat',
  fallbacks: [],
  options: {},
  cacheBreakpoints: 'client',
})
