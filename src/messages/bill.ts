import type { RequestContext } from '../core/context.ts'
import { sessionIdOf } from '../translate/options.ts'
import { promptTokensOf } from '../translate/relay/answer.ts'
import type { Target } from '../translate/target.ts'
import type { UsageEntry } from '../usage/entry.ts'
import type { RelayedUsage } from '../wire/anthropic/relayed.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { ChatUsage } from '../wire/openrouter/chunk.ts'
import { priceOf } from './price.ts'
import type { Services } from './services.ts'

/** What a call took, as far as the upstream has told. */
export interface CallUsage {
  /** The whole prompt, cached or not. */
  readonly inputTokens: number | undefined
  readonly cachedTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number | undefined
  readonly costUsd: number | undefined
}

/** One call that is over. */
export interface EndedCall {
  readonly request: MessagesRequest
  readonly target: Target
  readonly outcome: UsageEntry['outcome']
  readonly usage: CallUsage | undefined
  /** What stands in for counts that the upstream never told. */
  readonly guess: { readonly inputTokens: number; readonly outputTokens: number }
}

type Billing = Pick<Services, 'clock' | 'ledger' | 'upstreams'>

/**
 * Writes down what a call cost. The upstream's own word is the truth; where it says nothing, the catalogue's prices
 * stand in, and the entry is marked as an estimate. Tells the cost.
 */
export function bill(call: EndedCall, services: Billing, context: RequestContext): number | undefined {
  const { target, usage, guess } = call
  const inputTokens = usage?.inputTokens ?? guess.inputTokens
  const outputTokens = usage?.outputTokens ?? guess.outputTokens
  const { cachedTokens, cacheWriteTokens } = usage ?? NO_CACHE
  const counts = { inputTokens, outputTokens, cachedTokens, cacheWriteTokens }
  const told = usage?.costUsd
  const costUsd =
    told ?? priceOf(services.upstreams.of(target.upstream).catalogue.record(target.model), counts)
  services.ledger.record({
    ...whose(call, services, context),
    ...counts,
    costUsd: costUsd ?? 0,
    isEstimate: told === undefined,
    savedUsd: 0,
    outcome: call.outcome,
  })
  return costUsd
}

const NO_CACHE = { cachedTokens: 0, cacheWriteTokens: 0 }

/** Writes down that an answer was remembered, and what it would have cost. */
export function billCached(
  call: Pick<EndedCall, 'request' | 'target'>,
  savedUsd: number,
  services: Billing,
  context: RequestContext,
): void {
  services.ledger.record({
    ...whose(call, services, context),
    ...NO_CACHE,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    isEstimate: false,
    savedUsd,
    outcome: 'cached',
  })
}

const whose = (
  { request, target }: Pick<EndedCall, 'request' | 'target'>,
  { clock }: Pick<Billing, 'clock'>,
  { id, owner, protocol }: RequestContext,
) => ({
  atMs: clock.now(),
  requestId: id,
  owner,
  conversation: sessionIdOf(request, protocol.sessionId),
  agent: protocol.agentId,
  asked: request.model,
  model: target.model,
  upstream: target.upstream,
})

/** Notes what a call cost, and whether nobody but the catalogue says so. */
export function noteCost(
  told: number | null | undefined,
  costUsd: number | undefined,
  { trace }: RequestContext,
): void {
  trace.note('cost_usd', costUsd ?? null)
  if (costUsd !== undefined && typeof told !== 'number') trace.note('cost_estimated', true)
}

/** Usage of chat completions. */
export const chatUsage = (usage: ChatUsage | undefined): CallUsage | undefined =>
  usage && {
    inputTokens: positive(usage.prompt_tokens),
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? undefined,
    costUsd: usage.cost ?? undefined,
  }

/** Usage of the Messages API. */
export const relayedUsage = (usage: RelayedUsage | undefined): CallUsage | undefined =>
  usage && {
    inputTokens: positive(promptTokensOf(usage)),
    cachedTokens: usage.cache_read_input_tokens ?? 0,
    cacheWriteTokens: usage.cache_creation_input_tokens ?? 0,
    outputTokens: usage.output_tokens ?? undefined,
    costUsd: usage.cost ?? undefined,
  }

/** 0 is what servers write that do not count: no prompt is empty. */
const positive = (count: number | null | undefined): number | undefined =>
  typeof count === 'number' && count > 0 ? count : undefined
