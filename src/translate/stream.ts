import { Failure } from '../core/errors.ts'
import type { BlockDelta, StreamEvent } from '../wire/anthropic/events.ts'
import type { AnswerBlock, Usage } from '../wire/anthropic/response.ts'
import type { ChatUsage, Choice, Chunk, Delta, ToolCallDelta } from '../wire/openrouter/chunk.ts'
import type { Family } from './family.ts'
import type { Machine } from './machine.ts'
import type { StoredDetail } from './reasoning-token.ts'
import {
  addPiece,
  beginRun,
  continuesRun,
  detailText,
  endRun,
  isEmptyPiece,
  isSignatureOnly,
  piecesOf,
  type ReasoningIdentity,
  type ReasoningRun,
} from './reasoning.ts'
import { isFailedTurn, toMessageDelta } from './stop-reason.ts'
import { scanForStop } from './stop-sequences.ts'
import { type Call, onCallDelta, unsentArguments, wholeArguments } from './tool-calls.ts'
import { toClientToolId } from './tool-id.ts'
import { estimatedUsage, toUsage, type UsageTerms } from './usage.ts'

/** What the answer must know of its request. */
export interface AnswerTerms {
  /** The message's id, `msg_…`. */
  readonly id: string
  /** The model name the client asked for; it is echoed, whatever model answers. */
  readonly model: string
  readonly family: Family
  /** A guess for `message_start`; the true number comes with `message_delta`. */
  readonly inputTokens: number
  readonly stopSequences: readonly string[]
  /** Tool names as the upstream knows them → as the client does. */
  readonly toolNames: ReadonlyMap<string, string>
  /** Tool-call ids that the conversation has used already. */
  readonly takenToolIds: ReadonlySet<string>
  readonly hideThinking: boolean
  readonly usage: UsageTerms
}

type Block =
  | { readonly kind: 'text' }
  | { readonly kind: 'thinking'; readonly run: ReasoningRun }
  | { readonly kind: 'tool'; readonly at: number }

export interface State {
  readonly begun: boolean
  readonly nextIndex: number
  readonly open: Block | undefined
  /** Reasoning that has begun but shows nothing yet, so that no block stands open for it. */
  readonly silent: ReasoningRun | undefined
  /** Reasoning that came while text or a call was open; it becomes a block of its own when that one ends. */
  readonly late: readonly StoredDetail[]
  /** A Claude block was closed without its signature. */
  readonly unsigned: boolean
  /** Text that waits: for its block's first visible character, for a signature, or for a call to end. */
  readonly waiting: string
  readonly waitingPieces: number
  /** The tail of the text that may begin a stop sequence. */
  readonly held: string
  readonly stopSequence: string | undefined
  readonly calls: readonly Call[]
  readonly taken: ReadonlySet<string>
  readonly refusal: string | undefined
  readonly finish: string | undefined
  readonly native: string | undefined
  readonly done: boolean
  readonly usage: ChatUsage | undefined
  readonly serviceTier: string | undefined
  readonly provider: string | undefined
  /** Characters of output, for the rare upstream that reports no usage. */
  readonly outputChars: number
}

type Out = StreamEvent[]

/** How many text pieces wait for the signature of a Claude block that text already follows. */
const PIECES_TO_WAIT = 4

/**
 * OpenRouter chunks in, Anthropic events out: one open block at a time, indexes from 0 without gaps,
 * `message_start` … `message_delta`, `message_stop`. Throws a `Failure` where the upstream broke off.
 */
export const streamMachine = (terms: AnswerTerms): Machine<State, Chunk | '[DONE]', StreamEvent> => ({
  start: () => ({
    begun: false,
    nextIndex: 0,
    open: undefined,
    silent: undefined,
    late: [],
    unsigned: false,
    waiting: '',
    waitingPieces: 0,
    held: '',
    stopSequence: undefined,
    calls: [],
    taken: terms.takenToolIds,
    refusal: undefined,
    finish: undefined,
    native: undefined,
    done: false,
    usage: undefined,
    serviceTier: undefined,
    provider: undefined,
    outputChars: 0,
  }),
  step: (state, input, out) =>
    input === '[DONE]' ? { ...state, done: true } : onChunk(state, input, terms, out),
  end: (state, out) => end(state, terms, out),
})

/** The answer is complete although the upstream goes on: a stop sequence that it ignored was found. */
export const isSettled = (state: State): boolean => state.stopSequence !== undefined

/** `message_start`: before the first chunk as soon as the stream must show life, else with it. Idempotent. */
export function begin(state: State, terms: AnswerTerms, out: Out): State {
  if (state.begun) return state
  out.push({
    type: 'message_start',
    message: {
      id: terms.id,
      type: 'message',
      role: 'assistant',
      model: terms.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: estimatedUsage(terms.inputTokens, 1),
    },
  })
  return { ...state, begun: true }
}

function onChunk(before: State, chunk: Chunk, terms: AnswerTerms, out: Out): State {
  let state = onEnvelope(begin(before, terms, out), chunk)
  const choice = choiceOf(chunk)
  if (!choice || state.stopSequence !== undefined) return state
  const delta = choice.delta ?? choice.message
  if (delta) {
    if (delta.reasoning || delta.reasoning_content || delta.reasoning_details)
      for (const piece of piecesOf(delta)) state = onReasoning(state, piece, terms, out)
    const text = textOf(delta)
    if (text !== '') state = onText(state, text, terms, out)
    if (delta.refusal) state = onRefusal(state, delta.refusal, terms, out)
    if (delta.tool_calls && state.stopSequence === undefined)
      for (const call of delta.tool_calls) state = onToolCall(state, call, terms, out)
  }
  return choice.finish_reason || choice.native_finish_reason ? onFinish(state, choice) : state
}

/** Others than the first choice have no place in an Anthropic answer. */
const choiceOf = (chunk: Chunk): Choice | undefined => chunk.choices?.find((choice) => !choice.index)

function onEnvelope(state: State, chunk: Chunk): State {
  const provider = chunk.provider ?? state.provider
  if (provider === state.provider && !chunk.usage && !chunk.service_tier) return state
  return {
    ...state,
    provider,
    usage: chunk.usage ?? state.usage,
    serviceTier: chunk.service_tier ?? state.serviceTier,
  }
}

function textOf(delta: Delta): string {
  const { content } = delta
  const text =
    typeof content === 'string' || !content
      ? (content ?? '')
      : content.map((part) => part.text ?? '').join('')
  return text + (delta.audio?.transcript ?? '') + (delta.images?.length ? imageNote(delta.images.length) : '')
}

/** Anthropic's answers have no image block; saying so beats dropping it. */
const imageNote = (count: number): string =>
  `[${count === 1 ? 'An image' : `${count} images`} in the answer cannot be shown through the Messages API.]`

function onFinish(state: State, choice: Choice): State {
  return {
    ...state,
    finish: choice.finish_reason ?? state.finish,
    native: choice.native_finish_reason ?? state.native,
  }
}

// — reasoning —

function onReasoning(before: State, piece: StoredDetail, terms: AnswerTerms, out: Out): State {
  if (isEmptyPiece(piece)) return before
  let state = forgetEarlyFinish(before)
  const run = runOf(state)
  if (run && continuesRun(run, piece, terms.family)) return growRun(state, run, piece, terms, out)
  if (run) state = releaseText(state, terms, out)
  if (isBusy(state) && !(state.open?.kind === 'text' && isSignedText(piece, terms)))
    return { ...state, late: [...state.late, piece] }
  return startRun(closeOpen(state, terms, out), piece, terms, out)
}

const runOf = (state: State): ReasoningRun | undefined =>
  state.open?.kind === 'thinking' ? state.open.run : state.silent

/** Text or a call is under way; unsigned reasoning must not cut it into fragments (q16). */
const isBusy = (state: State): boolean => state.open?.kind === 'text' || state.open?.kind === 'tool'

const isSignedText = (piece: StoredDetail, terms: AnswerTerms): boolean =>
  !isSignatureOnly(piece) && beginRun(piece, terms.family).signedFormat

function startRun(state: State, piece: StoredDetail, terms: AnswerTerms, out: Out): State {
  const run = beginRun(piece, terms.family)
  return showRun({ ...state, silent: run }, run, detailText(piece), terms, out)
}

function growRun(before: State, run: ReasoningRun, piece: StoredDetail, terms: AnswerTerms, out: Out): State {
  const [next, text] = addPiece(run, piece)
  const state =
    before.open?.kind === 'thinking'
      ? { ...before, open: { kind: 'thinking' as const, run: next } }
      : { ...before, silent: next }
  const shown = showRun(state, next, text, terms, out)
  return piece.signature ? releaseText(shown, terms, out) : shown
}

/** Opens the block at the first text, so that encrypted reasoning alone never shows an empty one. */
function showRun(before: State, run: ReasoningRun, text: string, terms: AnswerTerms, out: Out): State {
  if (text === '') return before
  let state = before
  if (state.open?.kind !== 'thinking') {
    state = openBlock(
      state,
      { kind: 'thinking', run },
      { type: 'thinking', thinking: '', signature: '' },
      out,
    )
    state = { ...state, silent: undefined }
  }
  if (!terms.hideThinking) emit(state, { type: 'thinking_delta', thinking: text }, out)
  return { ...state, outputChars: state.outputChars + text.length }
}

function closeRun(before: State, terms: AnswerTerms, out: Out): State {
  const run = runOf(before)
  if (!run) return before
  const lateSignature = before.unsigned && run.shown === '' && run.details.every(isSignatureOnly)
  const ending = endRun(run, reasoningIdentity(before, terms), lateSignature)
  let state: State = { ...before, silent: undefined }
  if (state.open?.kind !== 'thinking') {
    if (ending.kind === 'redacted')
      return closeBlock(
        openBlock(state, { kind: 'thinking', run }, { type: 'redacted_thinking', data: ending.data }, out),
        out,
      )
    state = openBlock(
      state,
      { kind: 'thinking', run },
      { type: 'thinking', thinking: '', signature: '' },
      out,
    )
  }
  if (ending.kind === 'thinking') emit(state, { type: 'signature_delta', signature: ending.signature }, out)
  return { ...closeBlock(state, out), unsigned: isUnsigned(run) }
}

const reasoningIdentity = (state: State, terms: AnswerTerms): ReasoningIdentity => ({
  family: terms.family,
  provider: state.provider,
  hidden: terms.hideThinking,
})

const isUnsigned = (run: ReasoningRun): boolean => {
  const [first] = run.details
  return run.signedFormat && first?.type === 'reasoning.text' && !first.signature
}

/** Turns reasoning that had to wait into blocks of its own. */
function releaseReasoning(before: State, terms: AnswerTerms, out: Out): State {
  if (before.late.length === 0) return before
  let state: State = { ...before, late: [] }
  for (const piece of before.late) state = onReasoning(state, piece, terms, out)
  return closeRun(state, terms, out)
}

// — text —

function onText(before: State, text: string, terms: AnswerTerms, out: Out): State {
  let state = forgetEarlyFinish(before)
  if (state.open?.kind === 'text' && state.waiting === '') return writeText(state, text, terms, out)
  state = { ...state, waiting: state.waiting + text, waitingPieces: state.waitingPieces + 1 }
  if (mustWait(state)) return state
  return releaseText(state, terms, out)
}

/** Text waits for a late signature, for a call's arguments to be complete, and for its first visible character. */
function mustWait(state: State): boolean {
  if (state.waiting.trim() === '') return true
  const run = runOf(state)
  if (run && isUnsigned(run)) return state.waitingPieces < PIECES_TO_WAIT
  return state.calls.some((call) => call.phase !== 'closed' && !call.scan.complete)
}

/** Opens a text block for the text that waited. White space alone never becomes a block. */
function releaseText(before: State, terms: AnswerTerms, out: Out): State {
  if (before.waiting.trim() === '') return before
  const closed = closeOpen(before, terms, out)
  const state = openBlock(closed, { kind: 'text' }, { type: 'text', text: '', citations: null }, out)
  return writeText({ ...state, waiting: '', waitingPieces: 0 }, before.waiting, terms, out)
}

function writeText(state: State, text: string, terms: AnswerTerms, out: Out): State {
  const outputChars = state.outputChars + text.length
  if (terms.stopSequences.length === 0) {
    emit(state, { type: 'text_delta', text }, out)
    return { ...state, outputChars }
  }
  const scan = scanForStop(terms.stopSequences, state.held, text)
  if (scan.text !== '') emit(state, { type: 'text_delta', text: scan.text }, out)
  return { ...state, outputChars, held: scan.held, stopSequence: scan.hit }
}

function onRefusal(before: State, text: string, terms: AnswerTerms, out: Out): State {
  return { ...onText(before, text, terms, out), refusal: (before.refusal ?? '') + text }
}

// — tool calls —

function onToolCall(before: State, delta: ToolCallDelta, terms: AnswerTerms, out: Out): State {
  const state = forgetEarlyFinish(before)
  const calls = onCallDelta(state.calls, delta, terms.toolNames)
  if (calls === state.calls) return state
  const first = state.calls.every((call) => call.phase === 'closed')
  const ready = first ? { ...releaseText(state, terms, out), waiting: '', waitingPieces: 0 } : state
  return pumpCalls({ ...ready, calls }, terms, out, false)
}

/** Writes the calls in their order, one open block at a time: a later call waits until the earlier one is complete. */
function pumpCalls(before: State, terms: AnswerTerms, out: Out, finishing: boolean): State {
  let state = before
  for (let at = 0; at < state.calls.length; at++) {
    const call = state.calls[at]
    if (!call || call.phase === 'closed') continue
    if (call.phase === 'waiting') {
      if (!canOpen(call, at < state.calls.length - 1 || finishing, terms)) return state
      state = openCall(state, at, call, terms, out)
    }
    state = sendArguments(state, at, out)
    const behind = at < state.calls.length - 1
    if (!finishing && !(behind && state.calls[at]?.scan.complete)) return state
    state = closeCall(state, at, out)
  }
  return state
}

/** A name may still grow while it is no name that the request knows and no argument has come. */
const canOpen = (call: Call, last: boolean, terms: AnswerTerms): boolean =>
  call.name !== '' && (last || call.text !== '' || terms.toolNames.has(call.name))

function openCall(before: State, at: number, call: Call, terms: AnswerTerms, out: Out): State {
  const state = closeOpen(before, terms, out)
  const id = toClientToolId(call.id || `toolu_${terms.id.replace(/^msg_/, '')}_${at + 1}`, state.taken)
  const name = terms.toolNames.get(call.name) ?? call.name
  const block: AnswerBlock = { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } }
  return setCall(
    { ...openBlock(state, { kind: 'tool', at }, block, out), taken: new Set(state.taken).add(id) },
    at,
    { ...call, phase: 'open' },
  )
}

function sendArguments(state: State, at: number, out: Out): State {
  const call = state.calls[at]
  const partial_json = call ? unsentArguments(call) : ''
  if (!call || partial_json === '') return state
  emit(state, { type: 'input_json_delta', partial_json }, out)
  const outputChars = state.outputChars + partial_json.length
  return setCall({ ...state, outputChars }, at, { ...call, sent: call.text.length })
}

function closeCall(before: State, at: number, out: Out): State {
  const call = before.calls[at]
  if (!call) return before
  if (call.sent === 0)
    emit(before, { type: 'input_json_delta', partial_json: wholeArguments(call.text) }, out)
  return closeBlock(setCall(before, at, { ...call, phase: 'closed' }), out)
}

const setCall = (state: State, at: number, call: Call): State => ({
  ...state,
  calls: state.calls.with(at, call),
})

// — blocks —

function openBlock(state: State, open: Block, content_block: AnswerBlock, out: Out): State {
  out.push({ type: 'content_block_start', index: state.nextIndex, content_block })
  return { ...state, open, nextIndex: state.nextIndex + 1 }
}

function emit(state: State, delta: BlockDelta, out: Out): void {
  out.push({ type: 'content_block_delta', index: state.nextIndex - 1, delta })
}

function closeBlock(state: State, out: Out): State {
  out.push({ type: 'content_block_stop', index: state.nextIndex - 1 })
  return { ...state, open: undefined }
}

/** Ends whatever is open and lets out the reasoning that waited behind it. */
const closeOpen = (state: State, terms: AnswerTerms, out: Out): State =>
  releaseReasoning(closeBlockOf(state, terms, out), terms, out)

function closeBlockOf(state: State, terms: AnswerTerms, out: Out): State {
  switch (state.open?.kind) {
    case 'text':
      return closeText(state, out)
    case 'tool':
      return closeCall(state, state.open.at, out)
    case 'thinking':
    case undefined:
      return closeRun(state, terms, out)
  }
}

function closeText(state: State, out: Out): State {
  if (state.held !== '') emit(state, { type: 'text_delta', text: state.held }, out)
  return closeBlock({ ...state, held: '' }, out)
}

// — the end —

/** Some providers send `finish_reason: "stop"` first and the answer after it (q20): such a finish means nothing. */
function forgetEarlyFinish(state: State): State {
  const nothingYet = state.finish !== undefined && state.nextIndex === 0 && state.calls.length === 0
  return nothingYet ? { ...state, finish: undefined, native: undefined } : state
}

function end(before: State, terms: AnswerTerms, out: Out): void {
  let state = begin(before, terms, out)
  if (state.stopSequence === undefined) {
    refuseBrokenEnd(state)
    state = releaseText(state, terms, out)
    const nameless = state.calls.some((call) => call.name === '' && call.text.trim() !== '')
    if (nameless) throw broken('upstream sent a tool call without a name')
    state = pumpCalls({ ...state, calls: state.calls.filter((call) => call.name !== '') }, terms, out, true)
  }
  state = closeOpen(state, terms, out)
  out.push(
    {
      type: 'message_delta',
      delta: toMessageDelta({
        finish: state.finish,
        native: state.native,
        hasToolCall: state.calls.length > 0,
        refusal: state.refusal,
        stopSequence: state.stopSequence,
        requestedStops: terms.stopSequences,
      }),
      usage: finalUsage(state, terms),
    },
    { type: 'message_stop' },
  )
}

/** Ends that must not pass for success (openrouter §7.7, q20, q30). */
function refuseBrokenEnd(state: State): void {
  if (state.finish === 'error') throw broken('upstream ended the answer with an error')
  const empty = isEmpty(state)
  if (empty && isFailedTurn(state.native)) throw broken('the model made a malformed function call')
  // An answer may be empty, but then the upstream says how it ended and what it cost.
  if (empty && (state.finish === undefined || !state.usage) && state.finish !== 'content_filter')
    throw broken('upstream sent an empty answer')
  if (state.finish === undefined && !state.done) throw broken('upstream ended the stream early')
}

const isEmpty = (state: State): boolean =>
  state.nextIndex === 0 &&
  state.calls.length === 0 &&
  state.waiting.trim() === '' &&
  state.silent === undefined &&
  state.late.length === 0

const broken = (message: string): Failure => new Failure('api_error', message, { status: 502 })

function finalUsage(state: State, terms: AnswerTerms): Usage {
  if (state.usage) return toUsage(state.usage, terms.usage, state.serviceTier)
  return estimatedUsage(terms.inputTokens, Math.ceil(state.outputChars / 4))
}
