import type { Part, TextPart } from '../wire/openrouter/request.ts'
import type { Target } from './target.ts'

export const textPart = (text: string): TextPart => ({ type: 'text', text })

/**
 * What a message says. A lone text is a string, which every provider takes; several stay apart, as each may end with
 * a cache breakpoint. Other servers than OpenRouter get text always as one string: some know no parts, and some
 * make a message of each.
 */
export function toContent<Kind extends Part>(parts: Kind[], target: Target): string | Kind[] {
  const [only] = parts
  if (parts.length === 1 && only?.type === 'text' && !(only.cache_control && target.openrouter))
    return only.text
  return target.openrouter ? parts : (joinTexts(parts) ?? parts)
}

/** Undefined where there is more than text. */
function joinTexts(parts: readonly Part[]): string | undefined {
  const texts = parts.map((part) => (part.type === 'text' ? part.text : undefined))
  return texts.includes(undefined) ? undefined : texts.join('\n\n')
}
