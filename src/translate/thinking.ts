import { EFFORTS, type MessagesRequest } from '../wire/anthropic/request.ts'
import type { Target } from './target.ts'

/**
 * `thinking` and `output_config.effort` → OpenRouter's `reasoning`, or `reasoning_effort` for other servers
 * (openrouter §2.5, §7.1). Never both a budget and an effort.
 */
export function toReasoningOptions(request: MessagesRequest, target: Target): Record<string, unknown> {
  const { thinking } = request
  const effort = request.output_config?.effort ?? undefined
  if (thinking?.type === 'disabled') return off(target)
  if (!thinking) return absent(effort, target)
  if (!target.openrouter) return { reasoning_effort: plainEffort(effort, thinking, request.max_tokens) }
  if (thinking.type === 'enabled' && 'budget_tokens' in thinking)
    return withBudget(Number(thinking.budget_tokens), effort, request.max_tokens, target)
  return { reasoning: effort ? { enabled: true, effort: snapEffort(effort, target) } : { enabled: true } }
}

/** Whether the answer may hold thinking. */
export const isThinking = (request: MessagesRequest): boolean =>
  request.thinking !== undefined && request.thinking !== null && request.thinking.type !== 'disabled'

/** A model that cannot stop reasoning refuses to be told so. */
function off(target: Target): Record<string, unknown> {
  if (target.facts.reasoning?.mandatory || !target.openrouter) return {}
  return { reasoning: { enabled: false } }
}

/**
 * No `thinking` at all means off for Anthropic, so models that reason by default are told. Claude keeps its own
 * default. Effort without thinking exists for Claude only, where it is called verbosity.
 */
function absent(effort: string | undefined, target: Target): Record<string, unknown> {
  if (target.family === 'anthropic') return effort && target.openrouter ? { verbosity: effort } : {}
  return target.facts.reasoning?.defaultEnabled ? off(target) : {}
}

function withBudget(
  budget: number,
  effort: string | undefined,
  maxTokens: number,
  target: Target,
): Record<string, unknown> {
  // With interleaved thinking the budget may exceed max_tokens; upstream it must stay below.
  const tokens = Math.max(1024, Math.min(budget, maxTokens - 1))
  if (target.facts.reasoning?.supportsMaxTokens === false)
    return { reasoning: { effort: snapEffort(effortOf(tokens / maxTokens), target) } }
  const verbosity = effort && target.family === 'anthropic' ? { verbosity: effort } : {}
  return { reasoning: { max_tokens: tokens }, ...verbosity }
}

/** The effort that comes closest to a budget's share of max_tokens. */
function effortOf(ratio: number): string {
  if (ratio >= 0.9) return 'xhigh'
  if (ratio >= 0.65) return 'high'
  if (ratio >= 0.35) return 'medium'
  return ratio >= 0.15 ? 'low' : 'minimal'
}

const SCALE: readonly string[] = ['none', 'minimal', ...EFFORTS]

/** The nearest effort that the model knows, rather less than more. */
function snapEffort(effort: string, target: Target): string {
  const known = target.facts.reasoning?.supportedEfforts
  if (!known?.length || known.includes(effort)) return effort
  const below = SCALE.slice(1, SCALE.indexOf(effort)).findLast((candidate) => known.includes(candidate))
  return below ?? SCALE.find((candidate) => candidate !== 'none' && known.includes(candidate)) ?? effort
}

/** OpenAI-compatible servers know three levels. */
function plainEffort(
  effort: string | undefined,
  thinking: NonNullable<MessagesRequest['thinking']>,
  maxTokens: number,
): string {
  const wanted =
    effort ?? ('budget_tokens' in thinking ? effortOf(Number(thinking.budget_tokens) / maxTokens) : 'medium')
  if (wanted === 'minimal') return 'low'
  return wanted === 'xhigh' || wanted === 'max' ? 'high' : wanted
}
