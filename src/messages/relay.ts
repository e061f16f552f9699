import type { Outcome, RequestContext } from '../core/context.ts'
import type { PromptSize } from '../tokens/counter.ts'
import {
  openRelay,
  promptTokensOf,
  relayMachine,
  type RelayState,
  type RelayTerms,
} from '../translate/relay/answer.ts'
import { toRelayedRequest } from '../translate/relay/request.ts'
import type { Target } from '../translate/target.ts'
import type { UpstreamCall } from '../upstream/upstream.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { RelayedEvent } from '../wire/anthropic/relayed.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { bill, noteCost, relayedUsage } from './bill.ts'
import type { AnswerStream } from './converse.ts'
import { mediaTokens, refuseDepth } from './convert.ts'
import { accountHeaders } from './permission.ts'
import { report } from './report-losses.ts'
import type { Services } from './services.ts'
import type { ValidRequest } from './validate.ts'

/** A request that is ready to be relayed, and what its answer needs. */
export interface PreparedRelay {
  readonly call: UpstreamCall
  /** What the call's JSON says. */
  readonly body: Readonly<Record<string, unknown>>
  readonly terms: RelayTerms
  readonly size: PromptSize
  readonly request: MessagesRequest
  readonly target: Target
}

/**
 * Asks an upstream that speaks Anthropic's own API, and hands its events on as they are.
 */
export function streamRelay(
  prepared: PreparedRelay,
  services: Pick<Services, 'tokens' | 'upstreams' | 'ledger' | 'clock'>,
  context: RequestContext,
  endCall: (outcome: Outcome) => void,
): AnswerStream {
  const { call, terms, target } = prepared
  const machine = relayMachine(terms)
  const upstream = services.upstreams.of(target.upstream).relay.stream(call, context.signal)
  let state = machine.start()
  let over = false
  let isBilled = false
  /** What broke the answer off; told after the events that came before it. */
  let failure: Error | undefined

  const take = (batch: readonly RelayedEvent[], out: StreamEvent[]): void => {
    const isFirst = state.upstreamId === undefined
    for (const event of batch) state = machine.step(state, event, out)
    if (isFirst) noteOrigin(state, context)
  }
  const finish = async (out: StreamEvent[]): Promise<void> => {
    over = true
    machine.end(state, out)
    await upstream.return()
    noteUsage(state, billed('ok'), context)
    learn(state, prepared, services)
    endCall('ok')
  }
  const billed = (outcome: Outcome): number | undefined => {
    isBilled = true
    const guess = { inputTokens: terms.inputTokens, outputTokens: 0 }
    return bill({ ...prepared, outcome, usage: relayedUsage(state.usage), guess }, services, context)
  }
  /** What was under way has cost something, though nobody tells how much. */
  const breakOff = (outcome: Outcome): void => {
    if (!isBilled && state.usage) noteCost(state.usage.cost, billed(outcome), context)
    over = true
    endCall(outcome)
  }

  return {
    open() {
      const out: StreamEvent[] = []
      state = openRelay(state, terms, out)
      return out
    },
    async read() {
      if (failure !== undefined) throw failure
      if (over) return undefined
      const out: StreamEvent[] = []
      try {
        const { done, value } = await upstream.next()
        if (!done) take(value, out)
        if (done || state.ended) await finish(out)
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error))
        breakOff(context.signal.aborted ? 'cancelled' : 'error')
        await upstream.return()
        // Nothing was said, so the failure can still be a status.
        if (out.every(({ type }) => type === 'message_start')) throw failure
      }
      return out
    },
    async cancel() {
      breakOff('cancelled')
      await upstream.return()
    },
  }
}

/** Makes a request ready for one upstream; what that upstream cannot be told is warned of. */
export function prepareRelay(
  { request, turns }: ValidRequest,
  target: Target,
  services: Pick<Services, 'tokens' | 'limits' | 'strict'>,
  context: RequestContext,
): PreparedRelay {
  const relayed = refuseDepth(() => toRelayedRequest(request, target, context.protocol, services.limits))
  report(relayed.losses, services, context)
  const body = refuseDepth(() => JSON.stringify(relayed.body))
  const size: PromptSize = {
    textChars: body.length - relayed.binaryChars,
    mediaTokens: relayed.binaryChars === 0 ? 0 : mediaTokens(turns),
  }
  return {
    call: {
      model: request.model,
      upstreamModel: target.model,
      stream: request.stream === true,
      body,
      headers: { ...relayed.headers, ...accountHeaders(target, context.caller) },
    },
    terms: {
      id: context.id.replace(/^req_/, 'msg_'),
      model: request.model,
      inputTokens: services.tokens.estimate(target.model, size),
    },
    body: relayed.body,
    size,
    request,
    target,
  }
}

/** Who answers, known from the first words on. */
function noteOrigin({ upstreamId, provider }: RelayState, { trace }: RequestContext): void {
  trace.stamp('first_event_ms')
  if (upstreamId !== undefined) trace.note('generation_id', upstreamId)
  if (provider !== undefined) trace.note('provider', provider)
}

function noteUsage(
  { usage, provider }: RelayState,
  costUsd: number | undefined,
  context: RequestContext,
): void {
  const { trace } = context
  if (provider !== undefined) trace.note('provider', provider)
  trace.note('input_tokens', promptTokensOf(usage) ?? null)
  trace.note('cached_tokens', usage?.cache_read_input_tokens ?? 0)
  trace.note('output_tokens', usage?.output_tokens ?? null)
  noteCost(usage?.cost, costUsd, context)
}

function learn(
  { usage }: RelayState,
  { target, size, request }: PreparedRelay,
  { tokens }: Pick<Services, 'tokens'>,
): void {
  const promptTokens = promptTokensOf(usage) ?? 0
  if (promptTokens > 0) tokens.learn(target.model, { size, promptTokens, request })
}
