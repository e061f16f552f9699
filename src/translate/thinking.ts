import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { canReason } from './abilities.ts'
import { commonEffort, effortOfBudget, snapEffort } from './effort.ts'
import type { Target } from './target.ts'

export interface ThinkingTerms {
  readonly thinking: MessagesRequest['thinking']
  readonly effort: string | undefined
  /** As it goes upstream. */
  readonly maxTokens: number
  /** The last calls stand there without the thoughts that led to them. */
  readonly lostThoughts: boolean
  readonly target: Target
}

/**
 * `thinking` and effort as OpenRouter's `reasoning`, or as `reasoning_effort` for other servers (openrouter §2.5,
 * §7.1). Never both a budget and an effort.
 */
export function toReasoningOptions(terms: ThinkingTerms): Record<string, unknown> {
  const { thinking, target } = terms
  if (!target.openrouter) return elsewhere(terms)
  if (!canReason(target)) return {}
  if (!thinking) return absent(terms)
  switch (thinking.type) {
    case 'disabled':
      return off(target)
    case 'enabled':
      return withBudget(thinking.budget_tokens, terms)
    case 'adaptive':
    case 'between_tools':
      return { reasoning: { enabled: true, ...withEffort(terms) } }
  }
}

/** Whether the answer may hold thinking. */
export const isThinking = ({ thinking }: MessagesRequest): boolean =>
  Boolean(thinking) && thinking?.type !== 'disabled'

/** The text of thinking is not wanted; its signatures still are. */
export const hidesThinking = ({ thinking }: MessagesRequest): boolean =>
  thinking !== undefined && thinking !== null && 'display' in thinking && thinking.display === 'omitted'

const withEffort = ({ effort, target }: ThinkingTerms): { effort?: string } =>
  effort ? { effort: snapEffort(effort, target) } : {}

/** A model that cannot stop reasoning refuses to be told so. Effort beside it is refused by some, too. */
const off = (target: Target): Record<string, unknown> =>
  target.facts.reasoning?.mandatory ? {} : { reasoning: { enabled: false } }

/**
 * No `thinking` at all means off for Anthropic, so that models which reason by default are told. Claude keeps its own
 * default; its effort without thinking is called verbosity. Who always reasons may at least hear how much.
 */
function absent(terms: ThinkingTerms): Record<string, unknown> {
  const { effort, target } = terms
  const { mandatory, defaultEnabled } = target.facts.reasoning ?? {}
  if (target.family === 'anthropic') return verbosity(terms)
  if (mandatory) return effort ? { reasoning: withEffort(terms) } : {}
  return defaultEnabled ? off(target) : {}
}

const verbosity = ({ effort, target }: ThinkingTerms): Record<string, unknown> =>
  effort ? { verbosity: snapEffort(effort, target) } : {}

/** The least that a budget may be; max_tokens must be more. */
const MIN_BUDGET = 1024

function withBudget(budget: number, terms: ThinkingTerms): Record<string, unknown> {
  const { effort, maxTokens, lostThoughts, target } = terms
  // Claude with a budget refuses to go on after calls that have lost their thoughts.
  const claude = target.family === 'anthropic'
  if ((claude && lostThoughts) || maxTokens <= MIN_BUDGET) return off(target)
  // With interleaved thinking the budget may exceed max_tokens; upstream it must stay below.
  const tokens = Math.max(MIN_BUDGET, Math.min(budget, maxTokens - 1))
  if (target.facts.reasoning?.supportsMaxTokens !== false)
    return { reasoning: { enabled: true, max_tokens: tokens }, ...(claude ? verbosity(terms) : {}) }
  return {
    reasoning: { enabled: true, effort: snapEffort(effort ?? effortOfBudget(tokens / maxTokens), target) },
  }
}

/** Models that take `reasoning_effort` from their own servers; others refuse a request that has it. */
const TAKES_EFFORT = /(^|\/)(o\d|gpt-[5-9](?!.*chat)|gpt-oss|gemini-(2\.5|[3-9]))/i

/** Without OpenRouter there is no word for "on" or "off", only for how much. */
function elsewhere({ thinking, effort, maxTokens, target }: ThinkingTerms): Record<string, unknown> {
  if (!thinking || thinking.type === 'disabled' || !TAKES_EFFORT.test(target.model)) return {}
  const wanted =
    effort ?? (thinking.type === 'enabled' ? effortOfBudget(thinking.budget_tokens / maxTokens) : undefined)
  return wanted ? { reasoning_effort: commonEffort(wanted) } : {}
}
