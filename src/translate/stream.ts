import { Failure } from '../core/errors.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { Usage } from '../wire/anthropic/response.ts'
import type { Choice, Chunk, Delta } from '../wire/openrouter/chunk.ts'
import {
  addReasoning,
  closeOpen,
  closeRun,
  finishCalls,
  flushText,
  keepForLater,
  releaseText,
  writeCalls,
  writeText,
} from './answer-blocks.ts'
import { begin, type Out, START, type State } from './answer-state.ts'
import { addAnnotations, showSearch } from './cited-search.ts'
import { type CallPiece, callPiecesOf, choiceOf, stringOf, textOf } from './delta.ts'
import { addDetails } from './details.ts'
import type { Machine } from './machine.ts'
import { flushMarkup, MARKUP_START, type MarkupPiece, mayBeMarkup, readMarkup } from './markup.ts'
import type { StoredDetail } from './reasoning-token.ts'
import {
  awaitsSignature,
  beginsSignedText,
  continuesRun,
  isEmptyPiece,
  isEmptyRun,
  piecesOf,
} from './reasoning.ts'
import { toMessageDelta } from './stop-reason.ts'
import type { AnswerTerms } from './terms.ts'
import { addCallPiece } from './tool-calls.ts'
import { estimatedUsage, toUsage } from './usage.ts'

/** Its end gives the last state, which tells what came of the answer as a whole. */
export interface AnswerMachine extends Machine<State, Chunk | '[DONE]', StreamEvent> {
  readonly end: (state: State, out: StreamEvent[]) => State
}

/**
 * OpenRouter chunks in, Anthropic events out: one open block at a time, indexes from 0 without gaps,
 * `message_start` … `message_delta`, `message_stop`. Throws a `Failure` where the upstream broke off.
 */
export const streamMachine = (terms: AnswerTerms): AnswerMachine => ({
  start: () => START,
  step: (state, input, out) =>
    input === '[DONE]' ? { ...state, done: true } : onChunk(state, input, terms, out),
  end: (state, out) => end(state, terms, out),
})

/** Nothing more will come that matters: the end mark was there, or a stop sequence that the upstream ignored. */
export const isSettled = (state: State): boolean => state.done || state.stopSequence !== undefined

function onChunk(before: State, chunk: Chunk, terms: AnswerTerms, out: Out): State {
  const state = onEnvelope(terms.details ? withDetails(before, chunk) : before, chunk)
  const choice = choiceOf(chunk)
  if (!choice || state.stopSequence !== undefined) return state
  // Some streams end with a message that repeats the whole answer.
  const delta = choice.delta ?? (hasNothing(state) ? choice.message : undefined)
  return onFinish(delta ? onDelta(state, delta, terms, out) : state, choice)
}

const withDetails = (state: State, chunk: Chunk): State => ({
  ...state,
  details: addDetails(state.details, chunk),
})

function onEnvelope(state: State, chunk: Chunk): State {
  const provider = stringOf(chunk.provider) || state.provider
  if (provider === state.provider && !chunk.usage && !chunk.service_tier) return state
  return {
    ...state,
    provider,
    usage: chunk.usage ?? state.usage,
    serviceTier: chunk.service_tier ?? state.serviceTier,
  }
}

/** The order within one chunk: reasoning, text, calls (q15). */
function onDelta(before: State, delta: Delta, terms: AnswerTerms, out: Out): State {
  let state = before
  if (terms.citesWeb && delta.annotations) state = addAnnotations(state, delta.annotations, terms, out)
  if (mayThink(delta)) for (const piece of piecesOf(delta)) state = onReasoning(state, piece, terms, out)
  const text = textOf(delta)
  if (text !== '') state = onWords(state, text, terms, out)
  const refusal = stringOf(delta.refusal)
  if (refusal !== '') state = onRefusal(state, refusal, terms, out)
  if (delta.tool_calls || delta.function_call)
    for (const piece of callPiecesOf(delta)) state = onCall(state, piece, terms, out)
  return state
}

const mayThink = ({ reasoning, reasoning_content, reasoning_details, content }: Delta): boolean =>
  Boolean(reasoning || reasoning_content || reasoning_details) || Array.isArray(content)

function onFinish(state: State, choice: Choice): State {
  if (!choice.finish_reason && !choice.native_finish_reason) return state
  return {
    ...state,
    finish: stringOf(choice.finish_reason) || state.finish,
    native: stringOf(choice.native_finish_reason) || state.native,
  }
}

/** Some providers send `finish_reason: "stop"` first and the answer after it (q20): such a finish means nothing. */
const forgetEarlyFinish = (state: State): State =>
  state.finish !== undefined && hasNothing(state) ? { ...state, finish: undefined, native: undefined } : state

const hasNothing = ({ nextIndex, calls, waitingVisible, run, markup }: State): boolean =>
  nextIndex === 0 && markup.held === '' && calls.length === 0 && !waitingVisible && (!run || isEmptyRun(run))

// — reasoning —

function onReasoning(before: State, piece: StoredDetail, terms: AnswerTerms, out: Out): State {
  if (before.stopSequence !== undefined) return before
  if (before.open === 'text' || before.open === 'tool') return interrupt(before, piece, terms, out)
  const state = isEmptyPiece(piece) ? before : forgetEarlyFinish(before)
  if (!state.run || continuesRun(state.run, piece, terms.family)) {
    const grown = addReasoning(state, piece, terms, out)
    return piece.signature && grown.waiting !== '' ? releaseText(grown, terms, out) : grown
  }
  if (state.waitingVisible) return onReasoning(flushText(state, terms, out), piece, terms, out)
  return addReasoning(closeRun(state, terms, out), piece, terms, out)
}

/** Claude's thoughts may stand between texts; unsigned ones wait, so that they cut no text into fragments (q16). */
function interrupt(state: State, piece: StoredDetail, terms: AnswerTerms, out: Out): State {
  if (isEmptyPiece(piece)) return state
  if (state.open === 'tool' || !beginsSignedText(piece, terms.family))
    return keepForLater(state, piece, terms)
  return addReasoning(closeOpen(state, terms, out), piece, terms, out)
}

// — text —

/** Text as it came, in which some models leave thoughts and calls. */
function onWords(before: State, text: string, terms: AnswerTerms, out: Out): State {
  if (!mayBeMarkup(before.markup, text, terms)) return onText(before, text, terms, out)
  const [markup, pieces] = readMarkup(before.markup, text, terms)
  return onPieces({ ...before, markup }, pieces, terms, out)
}

function onPieces(before: State, pieces: readonly MarkupPiece[], terms: AnswerTerms, out: Out): State {
  let state = before
  for (const piece of pieces)
    if (piece.kind === 'text') state = onText(state, piece.text, terms, out)
    else if (piece.kind === 'call') state = onWrittenCall(state, piece.call, terms, out)
    else
      state = onReasoning(state, { type: 'plain', field: 'reasoning_content', text: piece.text }, terms, out)
  return state
}

/** At the end nothing more can come of what was held. Its finish is no early one. */
function releaseMarkup(before: State, terms: AnswerTerms, out: Out): State {
  const { markup, finish, native } = before
  if (markup.held === '') return before
  return { ...onPieces({ ...before, markup: MARKUP_START }, flushMarkup(markup), terms, out), finish, native }
}

/** Each is a call of its own, though it may look like the one before. */
function onWrittenCall(before: State, call: CallPiece, terms: AnswerTerms, out: Out): State {
  const tool = terms.toolNames.get(call.name) ?? call.name
  const repairs = [...before.repairs, { tool, kinds: ['markup'] as const }]
  return onCall({ ...before, repairs }, { ...call, index: before.calls.length }, terms, out)
}

function onText(before: State, text: string, terms: AnswerTerms, out: Out): State {
  if (before.stopSequence !== undefined) return before
  if (before.open === 'text') return writeText(before, text, terms, out)
  const waitingVisible = before.waitingVisible || text.trim() !== ''
  const known = waitingVisible ? forgetEarlyFinish(before) : before
  const waiting = known.waiting + text
  const state = { ...known, waiting, waitingPieces: known.waitingPieces + 1, waitingVisible }
  return mustWait(state) ? state : releaseText(state, terms, out)
}

/** How many pieces of text wait for the signature of a Claude block that they already follow. */
const PIECES_TO_WAIT = 4

/** Text waits for a late signature (openrouter §5.6), and for the arguments of a call to be complete. */
function mustWait({ run, waitingPieces, calls }: State): boolean {
  if (run && awaitsSignature(run)) return waitingPieces < PIECES_TO_WAIT
  return calls.some((call) => call.phase !== 'closed' && !call.scan.complete)
}

function onRefusal(before: State, text: string, terms: AnswerTerms, out: Out): State {
  return { ...onText(before, text, terms, out), refusal: (before.refusal ?? '') + text }
}

// — tool calls —

function onCall(before: State, piece: CallPiece, terms: AnswerTerms, out: Out): State {
  if (before.stopSequence !== undefined) return before
  const calls = addCallPiece(before.calls, piece, terms.toolNames)
  if (calls === before.calls) return before
  const state = forgetEarlyFinish(before)
  // Text that came before the call stands before it; what came into its midst waits on.
  const isMidst = state.waiting === '' || state.calls.some((call) => call.phase !== 'closed')
  const ready = isMidst ? state : flushText(state, terms, out)
  return ready.stopSequence === undefined ? writeCalls({ ...ready, calls }, terms, out) : ready
}

// — the end —

function end(before: State, terms: AnswerTerms, out: Out): State {
  let state = before
  if (state.stopSequence === undefined) {
    refuseBrokenEnd(state)
    state = releaseMarkup(state, terms, out)
    const calls = state.calls.filter((call) => call.name !== '')
    state = finishCalls({ ...state, calls }, wasCut(state), terms, out)
    state = flushText(state, terms, out)
  }
  state = begin(showSearch(closeOpen(state, terms, out), terms, out), terms, out)
  out.push(
    {
      type: 'message_delta',
      delta: toMessageDelta({
        finish: state.finish,
        native: state.native,
        hasToolCall: state.calls.some((call) => call.phase === 'closed'),
        refusal: state.refusal,
        stopSequence: state.stopSequence,
        requestedStops: terms.stopSequences,
      }),
      usage: finalUsage(state, terms),
      ...(terms.asksContextEdits ? { context_management: NO_EDITS } : {}),
      ...(terms.details ? { openrouter: state.details } : {}),
    },
    { type: 'message_stop' },
  )
  return state
}

/** Arguments that a limit or a filter cut off must not be completed: what is missing would be guessed. */
const wasCut = ({ finish }: State): boolean => finish === 'length' || finish === 'content_filter'

const NO_EDITS = { applied_edits: [] }

/** Ends that must not pass for success (openrouter §7.7). */
function refuseBrokenEnd(state: State): void {
  if (state.finish === undefined && !state.done) throw broken('the upstream ended the stream early')
  const isNameless = state.calls.some((call) => call.name === '' && call.text !== '')
  if (isNameless) throw broken('the upstream sent a tool call without a name')
}

const broken = (message: string): Failure => new Failure('api_error', message, { status: 502 })

function finalUsage(state: State, terms: AnswerTerms): Usage {
  const guess = estimatedUsage(terms.inputTokens, Math.ceil(state.outputChars / 4))
  return state.usage ? toUsage(state.usage, guess, terms.usage, state.serviceTier) : guess
}
