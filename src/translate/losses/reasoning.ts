import { effortOf, effortSetter, takesEffortUpdates } from '../effort.ts'
import { clientOptions, findSources } from '../option-sources.ts'
import { outputLimit, reasoning, REASONING_OPTIONS } from '../options.ts'
import { toReasoning } from '../reasoning-replay.ts'
import { type Found, gather, type Loss, type LossTerms, NOTHING } from './fates.ts'

/** How the target is told to reason, wherever it stands in the chat request. */
interface Sent {
  readonly reasoning?: { readonly enabled?: boolean; readonly max_tokens?: number; readonly effort?: string }
  readonly verbosity?: string
  readonly reasoning_effort?: string
}

/**
 * What becomes of `thinking` and of the effort, judged by what is sent for them. All of it is harmless: how much a model
 * thinks is advice, and an answer comes either way.
 */
export function reasoningLosses(terms: LossTerms): Found {
  const { request, turns, target } = terms
  const effort = effortOf(request, turns, target)
  const { thinking } = request
  if (!thinking && effort === undefined) return NOTHING
  const option = ownOption(terms)
  const sent = option === undefined ? sentFor(terms) : undefined
  const overruled = harmless('', `is not sent: the chat option \`${option}\` says how to reason`)
  let found: Loss[] | undefined
  if (thinking) found = gather(found, 'thinking', sent ? thinkingLosses(thinking, sent) : overruled)
  if (effort !== undefined)
    found = gather(found, effortPath(terms), sent ? effortLosses(effort, sent) : overruled)
  return found ?? NOTHING
}

const harmless = (path: string, message: string): readonly Loss[] => [{ path, message, harmless: true }]

/** The client's own words about reasoning, which win; the operator's do not. */
function ownOption({ request, target, protocol }: LossTerms): string | undefined {
  const options = clientOptions(request, findSources(request, protocol.options, target))
  return REASONING_OPTIONS.find((name) => name in options)
}

function sentFor(terms: LossTerms): Sent {
  return reasoning({ ...terms, lostThoughts: hasLostThoughts(terms) }, outputLimit(terms))
}

/** Whether results have come for calls whose thoughts cannot be sent. */
function hasLostThoughts({ turns, target }: LossTerms): boolean {
  const at = turns.findLastIndex(({ role }) => role === 'assistant')
  const isAnswered = turns[at + 1]?.content.some(({ type }) => type === 'tool_result') === true
  return isAnswered && toReasoning(turns[at]?.content ?? [], true, target).reasoning_details === undefined
}

type Thinking = NonNullable<LossTerms['request']['thinking']>

function thinkingLosses(thinking: Thinking, sent: Sent): Found {
  const { reasoning: told } = sent
  if (thinking.type === 'disabled')
    return told?.enabled === false
      ? NOTHING
      : harmless('', 'is not sent: this model cannot be told not to think')
  if (told?.enabled === false)
    return harmless(
      '',
      'is turned off: the last calls came without their thoughts, or max_tokens leaves no room',
    )
  if (thinking.type === 'enabled') return budgetLosses(thinking.budget_tokens, sent)
  if (!told?.enabled && !sent.reasoning_effort)
    return harmless('', 'is not sent: this upstream has no switch for thinking')
  return thinking.type === 'between_tools' ? harmless('type', 'is read as adaptive') : NOTHING
}

function budgetLosses(budget: number, { reasoning: told, reasoning_effort }: Sent): Found {
  const effort = told?.effort ?? reasoning_effort
  if (told?.max_tokens === budget) return NOTHING
  if (told?.max_tokens !== undefined)
    return harmless('budget_tokens', `is lowered to ${told.max_tokens}, as it must be less than max_tokens`)
  if (effort) return harmless('budget_tokens', `is read as an effort: ${effort}`)
  return harmless('', 'is not sent: this upstream has no switch for thinking')
}

function effortLosses(effort: string, { reasoning: told, verbosity, reasoning_effort }: Sent): Found {
  const sent = told?.effort ?? verbosity ?? reasoning_effort
  if (sent === effort) return NOTHING
  if (sent !== undefined) return harmless('', `is read as ${sent}`)
  if (told?.enabled === false) return harmless('', 'is not sent while thinking is off')
  if (told?.max_tokens !== undefined) return harmless('', 'is not sent beside a budget for thinking')
  return harmless('', 'is not sent: this model takes none')
}

/** Where the effort comes from that counts. */
function effortPath({ request, turns, target }: LossTerms): string {
  const setter = takesEffortUpdates(target) ? undefined : effortSetter(turns)
  const holder = setter ? `messages.${request.messages.indexOf(setter)}.` : ''
  return `${holder}output_config.effort`
}
