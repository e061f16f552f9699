import { LRUCache } from 'lru-cache'

import type { Clock } from '../core/clock.ts'
import type { CountTokensRequest } from '../wire/anthropic/request.ts'
import { calibrationOf } from './calibration.ts'
import { type LearnedFactor, UNLEARNED, learnRatio } from './factor.ts'
import { promptParts } from './prompt.ts'
import { createTextCounter } from './text.ts'
import { type Vocabulary, loadClaudeVocabulary } from './vocabulary.ts'

/** How large a prompt is, as a translator sees it in passing. */
export interface PromptSize {
  readonly textChars: number
  /** Tokens of images and PDF files, see `mediaTokensOf`. */
  readonly mediaTokens: number
}

/** What an upstream billed for a prompt. */
export interface BilledPrompt {
  readonly size: PromptSize
  /** All prompt tokens, read from a cache or not. */
  readonly promptTokens: number
  /** The prompt itself, to compare `count` with the bill later on. It must not change any more. */
  readonly request?: CountTokensRequest | undefined
}

/** Estimates prompts, and learns from bills how far each model lies from the estimate. */
export interface TokenCounter {
  /** Tokens of a prompt, at least 1, with no model call. The first call loads the vocabulary. */
  count(request: CountTokensRequest, model: string): Promise<number>
  /** A guess of the same, at least 1, from the prompt's size alone. */
  estimate(model: string, size: PromptSize): number
  /** Adjusts what this model's next estimates and counts say. Takes microseconds; unbelievable bills change nothing. */
  learn(model: string, billed: BilledPrompt): void
}

/** Where the vocabulary and the time come from; Claude's public vocabulary and the system's clock by default. */
export interface TokenCounterOptions {
  readonly loadVocabulary?: () => Promise<Vocabulary>
  readonly clock?: Pick<Clock, 'now'>
}

interface LearnedModel {
  readonly estimate: LearnedFactor
  readonly count: LearnedFactor
  /** When the next prompt of this model may be kept for comparison. */
  readonly nextSampleAtMs: number
}

/** A billed prompt that waits for the next `count` of its model. */
interface Sample {
  readonly request: CountTokensRequest
  readonly promptTokens: number
  readonly textChars: number
}

interface Measured {
  readonly textTokens: number
  readonly mediaTokens: number
}

const NEW_MODEL: LearnedModel = { estimate: UNLEARNED, count: UNLEARNED, nextSampleAtMs: 0 }

const MAX_MODELS = 500
const SAMPLE_EVERY_MS = 60_000
const MAX_SAMPLES = 32
const MAX_SAMPLE_CHARS = 500_000
const MAX_ALL_SAMPLES_CHARS = 4_000_000

/** Below this a bill tells more about an upstream's own framing than about its tokenizer. */
const MIN_LEARNED_CHARS = 1_000

/** A counter that knows nothing yet but the calibration table. */
export function createTokenCounter(options: TokenCounterOptions = {}): TokenCounter {
  const { loadVocabulary = loadClaudeVocabulary, clock = Date } = options
  const countTexts = createTextCounter(loadVocabulary)
  const models = new LRUCache<string, LearnedModel>({ max: MAX_MODELS })
  const samples = new LRUCache<string, Sample>({
    max: MAX_SAMPLES,
    maxSize: MAX_ALL_SAMPLES_CHARS,
    maxEntrySize: MAX_SAMPLE_CHARS,
    sizeCalculation: ({ textChars }) => Math.ceil(textChars),
  })

  const learnedOf = (model: string): LearnedModel => models.get(model) ?? NEW_MODEL
  const update = (model: string, change: Partial<LearnedModel>): void => {
    models.set(model, { ...learnedOf(model), ...change })
  }

  /** Text and framing by the calibration alone, and media, which no factor touches. */
  async function measure(request: CountTokensRequest, model: string): Promise<Measured> {
    const calibration = calibrationOf(model)
    const { texts, framingTokens, mediaTokens } = promptParts(request, calibration)
    const textTokens = framingTokens + calibration.textFactor * (await countTexts(texts))
    return { textTokens, mediaTokens }
  }

  async function learnFromSample(model: string): Promise<void> {
    const sample = samples.get(model)
    if (sample === undefined) return
    samples.delete(model)
    const { textTokens, mediaTokens } = await measure(sample.request, model)
    const ratio = (sample.promptTokens - mediaTokens) / textTokens
    update(model, { count: learnRatio(learnedOf(model).count, ratio) })
  }

  return {
    async count(request, model) {
      await learnFromSample(model)
      const { textTokens, mediaTokens } = await measure(request, model)
      return toTokens(learnedOf(model).count.value * textTokens + mediaTokens)
    },

    estimate(model, { textChars, mediaTokens }) {
      const textTokens = textChars / calibrationOf(model).charsPerToken
      return toTokens(learnedOf(model).estimate.value * textTokens + mediaTokens)
    },

    learn(model, { size, promptTokens, request }) {
      const textTokens = promptTokens - size.mediaTokens
      // A guess at pictures that outweighs the text would be learned as a property of the text.
      if (size.textChars < MIN_LEARNED_CHARS || size.mediaTokens > textTokens) return
      const learned = learnedOf(model)
      const guess = size.textChars / calibrationOf(model).charsPerToken
      const estimate = learnRatio(learned.estimate, textTokens / guess)
      if (estimate === learned.estimate) return
      update(model, { estimate })
      const nowMs = clock.now()
      if (request === undefined || size.mediaTokens > 0 || nowMs < learned.nextSampleAtMs) return
      samples.set(model, { request, promptTokens, textChars: size.textChars })
      update(model, { nextSampleAtMs: nowMs + SAMPLE_EVERY_MS })
    },
  }
}

const toTokens = (tokens: number): number => Math.max(1, Math.round(tokens))
