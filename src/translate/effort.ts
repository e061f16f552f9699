import type { Message, MessagesRequest } from '../wire/anthropic/request.ts'
import { EFFORTS } from '../wire/anthropic/request.ts'
import type { Target } from './target.ts'
import type { Turn } from './turns.ts'

const SCALE: readonly string[] = ['none', 'minimal', ...EFFORTS]

/** Models that take a change of effort inside the conversation; OpenRouter answers 400 for any other one. */
const UPDATES_EFFORT = /^openai\/gpt-6-astra(?!-pro)/

export const takesEffortUpdates = (target: Target): boolean =>
  target.openrouter && UPDATES_EFFORT.test(target.model)

/**
 * The effort of the answer: the request's, or what a system message of the conversation has set since. Where the
 * model takes such changes in their place, the request's own stays the baseline.
 */
export function effortOf(
  request: MessagesRequest,
  turns: readonly Turn[],
  target: Target,
): string | undefined {
  const setter = takesEffortUpdates(target) ? undefined : effortSetter(turns)
  return (setter ?? request).output_config?.effort ?? undefined
}

/** The last message of the conversation that sets the effort. */
export function effortSetter(turns: readonly Turn[]): SystemMessage | undefined {
  const message = turns.findLast((turn) => setsEffort(turn.message))?.message
  return message && setsEffort(message) ? message : undefined
}

type SystemMessage = Extract<Message, { role: 'system' }>

const setsEffort = (message: Message): message is SystemMessage =>
  message.role === 'system' && Boolean(message.output_config?.effort)

/** The nearest effort that the model knows, rather less than more. */
export function snapEffort(effort: string, target: Target): string {
  const known = target.facts.reasoning?.supportedEfforts
  if (!known?.length || known.includes(effort)) return effort
  const below = SCALE.slice(1, SCALE.indexOf(effort)).findLast((candidate) => known.includes(candidate))
  return below ?? SCALE.find((candidate) => candidate !== 'none' && known.includes(candidate)) ?? effort
}

/** The effort that comes closest to a budget's share of max_tokens (openrouter §7.1). */
export function effortOfBudget(ratio: number): string {
  if (ratio >= 0.9) return 'xhigh'
  if (ratio >= 0.65) return 'high'
  if (ratio >= 0.35) return 'medium'
  return ratio >= 0.15 ? 'low' : 'minimal'
}

/** OpenAI-compatible servers other than OpenRouter agree on three levels. */
export function commonEffort(effort: string): string {
  if (effort === 'minimal') return 'low'
  return effort === 'xhigh' || effort === 'max' ? 'high' : effort
}
