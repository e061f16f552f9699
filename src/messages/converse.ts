import type { Outcome, RequestContext } from '../core/context.ts'
import { begin, type State } from '../translate/answer-state.ts'
import { sessionIdOf } from '../translate/options.ts'
import { isSettled, streamMachine } from '../translate/stream.ts'
import type { AnswerTerms } from '../translate/terms.ts'
import type { Batch } from '../upstream/upstream.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import { bill, chatUsage, noteCost } from './bill.ts'
import { conversationOf, describeCollapse } from './conversations.ts'
import type { Prepared } from './convert.ts'
import type { Services } from './services.ts'

/** An answer on its way. Read it to the end or give it up. */
export interface AnswerStream {
  /** `message_start`, for a stream that must show life before the upstream has said anything. */
  open(): readonly StreamEvent[]
  /** The events of the next network read, possibly none; undefined at the end. Throws a `Failure` where it breaks off. */
  read(): Promise<readonly StreamEvent[] | undefined>
  /** Stops the upstream's work. */
  cancel(): Promise<void>
}

/** Calls the upstream and translates what it says while it speaks. */
export function streamAnswer(
  prepared: Prepared,
  services: Services,
  context: RequestContext,
  endCall: (outcome: Outcome) => void,
): AnswerStream {
  const { terms } = prepared
  const machine = streamMachine(terms)
  const upstream = services.upstreams.of(prepared.target.upstream).chat.stream(prepared.call, context.signal)
  const onlyWarmsCache = prepared.request.max_tokens === 0
  let state = machine.start()
  let begun = false
  let ended = false
  let isBilled = false
  /** What broke the answer off; told after the events that came before it. */
  let failure: Error | undefined

  const translate = (batch: Batch, out: StreamEvent[]): void => {
    for (const input of batch) state = machine.step(state, input, out)
  }
  const finish = async (out: StreamEvent[]): Promise<void> => {
    ended = true
    state = machine.end(state, out)
    await upstream.return()
    learn(prepared, state, services)
    watchPromptCache(prepared, state, services, context)
    note(state, billed('ok'), context)
    warnOfMoreCalls(state, terms, context)
    endCall('ok')
  }
  const billed = (outcome: Outcome): number | undefined => {
    isBilled = true
    const guess = {
      inputTokens: terms.inputTokens,
      outputTokens: Math.ceil(state.outputChars / CHARS_A_TOKEN),
    }
    return bill({ ...prepared, outcome, usage: chatUsage(state.usage), guess }, services, context)
  }
  /** What was under way has cost something, though nobody tells how much. */
  const breakOff = (outcome: Outcome): void => {
    if (begun && !isBilled) noteCost(state.usage?.cost, billed(outcome), context)
    ended = true
    endCall(outcome)
  }

  return {
    open() {
      const out: StreamEvent[] = []
      state = begin(state, terms, out)
      return out
    },
    async read() {
      if (failure !== undefined) throw failure
      if (ended) return undefined
      const out: StreamEvent[] = []
      try {
        const { done, value } = await upstream.next()
        if (!done) {
          if (!begun) noteOrigin(value, context)
          begun = true
          context.recorder?.chunks(value)
          translate(value, out)
        }
        if (done || isSettled(state)) await finish(out)
      } catch (error) {
        failure = toError(error)
        breakOff(context.signal.aborted ? 'cancelled' : 'error')
        await upstream.return()
        // Nothing was said, so the failure can still be a status.
        if (out.every(({ type }) => type === 'message_start')) throw failure
      }
      return onlyWarmsCache ? withoutOutput(out) : out
    },
    async cancel() {
      breakOff('cancelled')
      await upstream.return()
    },
  }
}

const CHARS_A_TOKEN = 4

const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

/** `max_tokens: 0` asks to fill the prompt cache and for nothing else; upstream that takes a token of output. */
const withoutOutput = (events: readonly StreamEvent[]): readonly StreamEvent[] =>
  events.flatMap((event): StreamEvent[] => {
    if (event.type.startsWith('content_block')) return []
    if (event.type !== 'message_delta') return [event]
    const delta = { ...event.delta, stop_reason: 'max_tokens' as const, stop_sequence: null }
    return [{ ...event, delta, usage: { ...event.usage, output_tokens: 0 } }]
  })

function learn(prepared: Prepared, state: State, services: Services): void {
  const promptTokens = state.usage?.prompt_tokens
  if (typeof promptTokens !== 'number' || promptTokens <= 0) return
  services.tokens.learn(prepared.target.model, {
    size: prepared.size,
    promptTokens,
    request: prepared.request,
  })
}

/** A conversation whose prompt is suddenly read anew costs several times as much, and nobody sees why. */
function watchPromptCache(
  { request, target }: Prepared,
  { usage, provider }: State,
  services: Services,
  context: RequestContext,
): void {
  const { sessionId, agentId } = context.protocol
  const conversation = conversationOf(sessionIdOf(request, sessionId), agentId)
  const promptTokens = usage?.prompt_tokens
  if (conversation === undefined || typeof promptTokens !== 'number') return
  const cachedTokens = usage?.prompt_tokens_details?.cached_tokens ?? 0
  const turn = { model: target.model, promptTokens, cachedTokens, provider }
  const collapse = services.conversations.observe(conversation, turn)
  if (!collapse) return
  const message = describeCollapse(collapse)
  context.log.warn('prompt-cache-collapse', { ...collapse, message })
  context.trace.warn({ path: 'cache_control', message })
}

/** Who answers, known from the first words on. */
function noteOrigin(batch: Batch, context: RequestContext): void {
  context.trace.stamp('first_event_ms')
  const chunk = batch.find((entry) => entry !== '[DONE]')
  if (chunk?.id) context.trace.note('generation_id', chunk.id)
  if (chunk?.provider) context.trace.note('provider', chunk.provider)
}

/** A client that takes one call at a time is told of the first one; the model can make the others again. */
function warnOfMoreCalls({ calls }: State, { singleCall }: AnswerTerms, { trace }: RequestContext): void {
  if (!singleCall || calls.length < 2) return
  const message = `is kept to here: the model made ${calls.length} calls at once, and only the first is told`
  trace.warn({ path: 'tool_choice.disable_parallel_tool_use', message })
}

function note(state: State, costUsd: number | undefined, context: RequestContext): void {
  const { usage } = state
  if (state.provider !== undefined) context.trace.note('provider', state.provider)
  context.trace.note('input_tokens', usage?.prompt_tokens ?? null)
  context.trace.note('cached_tokens', usage?.prompt_tokens_details?.cached_tokens ?? 0)
  context.trace.note('output_tokens', usage?.completion_tokens ?? null)
  noteCost(usage?.cost, costUsd, context)
  if (state.repairs.length > 0) context.trace.note('tool_repairs', state.repairs)
}
