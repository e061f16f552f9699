import { invalidRequest } from '../core/errors.ts'
import type { PromptSize } from '../tokens/counter.ts'
import type { Target } from '../translate/target.ts'
import { wordTooLong } from '../upstream/overflow.ts'
import type { ChatRequest } from '../wire/openrouter/request.ts'

/** A prompt on its way upstream. */
export interface OutgoingPrompt {
  readonly request: ChatRequest
  /** The same as it is sent. */
  readonly text: string
  readonly size: PromptSize
  /** The best guess at its tokens. */
  readonly tokens: number
}

/** Even a good guess may be this much too high. */
const SURE_SHARE_OF_GUESS = 0.6
/** No tokenizer makes so few tokens of running text; repetitions, which some write as one, are not counted. */
const MOST_CHARS_PER_TOKEN = 8

/**
 * Throws the 400 that makes clients compact their conversation (openrouter §6.3), at once instead of after a long
 * upload, where a prompt is sure to exceed the model's context. In doubt the upstream decides, and always for models
 * that the catalogue does not know, or where a longer model or a compression may take over.
 */
export function refuseOverflow(prompt: OutgoingPrompt, target: Target): void {
  const { contextTokens } = target.facts
  if (contextTokens === undefined || prompt.tokens * SURE_SHARE_OF_GUESS <= contextTokens) return
  if (target.fallbacks.length > 0 || mayBeHelped(prompt.request)) return
  if (textChars(prompt) / MOST_CHARS_PER_TOKEN > contextTokens)
    throw invalidRequest(wordTooLong(prompt.tokens, contextTokens))
}

/** Options with which OpenRouter shortens a prompt, or gives it to another model. */
function mayBeHelped({ models, preset, transforms, plugins }: ChatRequest): boolean {
  if (models || preset || isFilled(transforms)) return true
  return Array.isArray(plugins) && plugins.some(compresses)
}

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0

const compresses = (plugin: { readonly id?: unknown; readonly enabled?: unknown } | null): boolean =>
  plugin?.id === 'context-compression' && plugin.enabled !== false

/** Characters of the prompt's text, each run of the same one counted once. Slow, so asked last. */
function textChars({ text, size }: OutgoingPrompt): number {
  const binaryChars = text.length - size.textChars
  return text.replaceAll(/(\\[nrt]|.)\1+/gs, '$1').length - binaryChars
}
