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
  /** Slugs of the models to try when this one fails. */
  readonly fallbacks: readonly string[]
}

export const toTarget = (
  model: string,
  openrouter: boolean,
  facts: ModelFacts = {},
  fallbacks: readonly string[] = [],
): Target => ({ model, family: familyOf(model), openrouter, facts, fallbacks })
