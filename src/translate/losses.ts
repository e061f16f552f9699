import { isSummary } from './assistant.ts'
import { type Found, gather, type Loss, type LossTerms, NOTHING } from './losses/fates.ts'
import { reasoningLosses } from './losses/reasoning.ts'
import { messageFate, requestFate } from './losses/settings.ts'
import { findOptionLosses, findSources, withStandIns } from './option-sources.ts'

/**
 * Everything in a valid request that its target does not get as Anthropic would do it, with what becomes of it
 * (openrouter §7.1–7.3). Paths name places in the body as it was sent. The same loss in many places is told once, with
 * the first of them. Nothing is lost on the way to an upstream that speaks the Messages API.
 */
export function findLosses(asked: LossTerms): readonly Loss[] {
  const { target, protocol } = asked
  if (target.wire === 'messages') return NOTHING
  const request = withStandIns(asked.request, findSources(asked.request, protocol.options, target))
  const terms = request === asked.request ? asked : { ...asked, request }
  return summarize([
    ...requestFate(request, terms, request),
    ...messageLosses(terms),
    ...reasoningLosses(terms),
    ...findOptionLosses(request, protocol.options, target),
  ])
}

/** Losses before a summary are none: what it stands for is not sent to Anthropic's models either. */
function messageLosses(terms: LossTerms): Found {
  const { messages } = terms.request
  let found: Loss[] | undefined
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]
    if (!message) continue
    const { role, content } = message
    if (role === 'assistant' && Array.isArray(content) && content.some(isSummary)) found = undefined
    found = gather(found, `messages.${index}`, messageFate(message, terms, message))
  }
  return found ?? NOTHING
}

/** Far more than any honest client loses; the others are told of as a number. */
const MAX_KINDS = 100

function summarize(found: Found): Found {
  if (found.length < 2) return found
  const kinds = new Map<string, { readonly first: Loss; count: number }>()
  for (const loss of found) {
    const kind = `${fieldOf(loss.path)}: ${loss.message}`
    const known = kinds.get(kind)
    if (known) known.count++
    else kinds.set(kind, { first: loss, count: 1 })
  }
  const told = [...kinds.values()].map(({ first, count }) =>
    count === 1 ? first : { ...first, message: `${first.message} (and ${count - 1} more like it)` },
  )
  return told.length > MAX_KINDS ? [...told.slice(0, MAX_KINDS), rest(told.slice(MAX_KINDS))] : told
}

const rest = (losses: Found): Loss => {
  const first = losses.find(({ harmless }) => !harmless) ?? losses[0]
  const { path = '', harmless } = first ?? {}
  return {
    path,
    message: `is lost as well, one of ${losses.length} more`,
    ...(harmless ? { harmless } : {}),
  }
}

/** The last name in a path; positions do not tell one kind of loss from another. */
const fieldOf = (path: string): string => path.split('.').findLast((step) => !/^\d+$/.test(step)) ?? path
