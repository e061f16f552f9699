import type { Target } from './target.ts'

/**
 * Whether a model continues an answer whose beginning it is given as the last assistant message. GPT, Grok and Gemini
 * answer anew; Claude refuses it from 4.6 on (Anthropic API, V18).
 */
export function continuesAnswers({ family, model }: Pick<Target, 'family' | 'model'>): boolean {
  switch (family) {
    case 'openai':
    case 'x-ai':
    case 'google':
      return false
    case 'anthropic':
      return isOldClaude(model)
    case 'deepseek':
    case 'moonshotai':
    case 'z-ai':
    case 'qwen':
    case 'minimax':
    case 'mistralai':
    case 'other':
      return true
  }
}

const LAST_PREFILLED = 4.5

/** `claude-sonnet-4.5`, `claude-opus-4-1-20250805`, `claude-3.7-sonnet`, `claude-3-5-haiku`: the first numbers count. */
function isOldClaude(model: string): boolean {
  const [, major, minor = '0'] = /claude\D*?(\d{1,2})(?:[.-](\d)(?!\d))?/i.exec(model) ?? []
  return major !== undefined && Number(`${major}.${minor}`) <= LAST_PREFILLED
}
