import { closeBlock, emit, openBlock, type Out, type State } from './answer-state.ts'
import { cite } from './cited-search.ts'
import type { StoredDetail } from './reasoning-token.ts'
import {
  addPiece,
  awaitsSignature,
  beginRun,
  continuesRun,
  detailText,
  endRun,
  isEmptyRun,
  isLoneSignature,
} from './reasoning.ts'
import { scanForStop } from './stop-sequences.ts'
import type { AnswerTerms, ToolInput } from './terms.ts'
import {
  type Call,
  settleMembers,
  settleRaw,
  type Taken,
  takeMembers,
  takeRaw,
  takeRest,
} from './tool-calls.ts'
import { toClientToolId } from './tool-id.ts'

/** How the blocks of an answer are written: one at a time, each opened once there is something to show of it. */

/** Ends whatever is open and lets out the reasoning that waited behind it. */
export function closeOpen(before: State, terms: AnswerTerms, out: Out): State {
  const state = closeCurrent(before, terms, out)
  return state.late.length === 0 ? state : writeLate(state, terms, out)
}

function closeCurrent(state: State, terms: AnswerTerms, out: Out): State {
  switch (state.open) {
    case 'text':
      return closeText(state, out)
    case 'tool':
      return closeCall(state, openCallAt(state), false, terms, out)
    case 'thinking':
    case undefined:
      return closeRun(state, terms, out)
  }
}

// — thinking —

/** Adds one piece to the reasoning under way, or begins with it. Nothing else may be open. */
export function addReasoning(before: State, piece: StoredDetail, terms: AnswerTerms, out: Out): State {
  if (!before.run)
    return showThinking({ ...before, run: beginRun(piece, terms.family) }, detailText(piece), terms, out)
  const [run, text] = addPiece(before.run, piece)
  return showThinking({ ...before, run }, text, terms, out)
}

/** The block opens with the first text, so that encrypted reasoning alone never shows an empty one. */
function showThinking(before: State, text: string, terms: AnswerTerms, out: Out): State {
  if (text === '') return before
  const state = before.open === 'thinking' ? before : openThinking(before, terms, out)
  if (!terms.hideThinking) emit(state, { type: 'thinking_delta', thinking: text }, out)
  return { ...state, outputChars: state.outputChars + text.length }
}

const openThinking = (state: State, terms: AnswerTerms, out: Out): State =>
  openBlock(state, 'thinking', { type: 'thinking', thinking: '', signature: '' }, terms, out)

/** Ends the reasoning under way, if there is any, with its signature. */
export function closeRun(before: State, terms: AnswerTerms, out: Out): State {
  const { run } = before
  if (!run) return before
  const state = { ...before, run: undefined }
  if (isEmptyRun(run)) return state
  const { family, hideThinking: hidden } = terms
  const ending = endRun(
    run,
    { family, provider: before.provider, hidden },
    before.unsigned && isLoneSignature(run),
  )
  if (ending.kind === 'redacted')
    return closeBlock(
      openBlock(state, 'thinking', { type: 'redacted_thinking', data: ending.data }, terms, out),
      out,
    )
  const opened = state.open === 'thinking' ? state : openThinking(state, terms, out)
  emit(opened, { type: 'signature_delta', signature: ending.signature }, out)
  return { ...closeBlock(opened, out), unsigned: awaitsSignature(run) }
}

/** Keeps reasoning for later: the open block must not be cut into fragments. */
export function keepForLater(state: State, piece: StoredDetail, { family }: AnswerTerms): State {
  const last = state.late.at(-1)
  const late =
    last && continuesRun(last, piece, family)
      ? state.late.with(-1, addPiece(last, piece)[0])
      : [...state.late, beginRun(piece, family)]
  return { ...state, late }
}

/** Turns reasoning that had to wait into blocks of its own. */
function writeLate(before: State, terms: AnswerTerms, out: Out): State {
  let state: State = { ...before, late: [] }
  for (const run of before.late)
    state = closeRun(showThinking({ ...state, run }, run.shown, terms, out), terms, out)
  return state
}

// — text —

/** Writes into the open text block, up to a stop sequence. */
export function writeText(state: State, text: string, terms: AnswerTerms, out: Out): State {
  const outputChars = state.outputChars + text.length
  if (terms.stopSequences.length === 0) {
    emit(state, { type: 'text_delta', text }, out)
    return { ...state, outputChars }
  }
  const scan = scanForStop(terms.stopSequences, state.held, text)
  if (scan.text !== '') emit(state, { type: 'text_delta', text: scan.text }, out)
  return { ...state, outputChars, held: scan.held, stopSequence: scan.hit }
}

const NOTHING_WAITS = { waiting: '', waitingPieces: 0, waitingVisible: false }

/** Opens a text block for the text that waited, as soon as some of it can be seen. */
export function releaseText(before: State, terms: AnswerTerms, out: Out): State {
  if (!before.waitingVisible) return before
  const { text, held, hit } = scanForStop(terms.stopSequences, '', before.waiting)
  if (text.trim() === '')
    return hit === undefined ? before : { ...before, ...NOTHING_WAITS, stopSequence: hit }
  const outputChars = before.outputChars + before.waiting.length
  const closed = closeOpen({ ...before, ...NOTHING_WAITS, outputChars }, terms, out)
  const state = openBlock(closed, 'text', { type: 'text', text: '', citations: null }, terms, out)
  emit(state, { type: 'text_delta', text }, out)
  return { ...state, held, stopSequence: hit }
}

/** The same for text that nothing will follow. White space alone is dropped: it never becomes a block. */
export function flushText(before: State, terms: AnswerTerms, out: Out): State {
  const state = releaseText(before, terms, out)
  if (state.waiting === '') return state
  if (!state.waitingVisible) return { ...state, ...NOTHING_WAITS }
  // All of it might have begun a stop sequence, and did not.
  return releaseText(state, { ...terms, stopSequences: [] }, out)
}

function closeText(state: State, out: Out): State {
  if (state.held !== '') emit(state, { type: 'text_delta', text: state.held }, out)
  const cited = state.pages.length > state.citedPages ? cite(state, out) : state
  return closeBlock({ ...cited, held: '' }, out)
}

// — tool calls —

/** Writes the calls in their order, one open block at a time: a later call waits until the earlier one is complete. */
export function writeCalls(before: State, terms: AnswerTerms, out: Out): State {
  let state = before
  for (let at = 0; at < toldCalls(state, terms); at++) {
    const call = state.calls[at]
    if (!call || call.phase === 'closed') continue
    const isLast = at === state.calls.length - 1
    if (call.phase === 'waiting') {
      if (!canOpen(call, isLast, terms)) return state
      state = openCall(state, at, call, terms, out)
    }
    state = sendArguments(state, at, terms, out)
    if (isLast || !call.scan.complete) return state
    state = closeCall(state, at, false, terms, out)
  }
  return state
}

/** Writes all that remains of the calls; `wasCut`: the answer ended in their middle. */
export function finishCalls(before: State, wasCut: boolean, terms: AnswerTerms, out: Out): State {
  let state = before
  for (let at = 0; at < toldCalls(state, terms); at++) {
    const call = state.calls[at]
    if (!call || call.phase === 'closed') continue
    if (call.phase === 'waiting') state = openCall(state, at, call, terms, out)
    state = closeCall(state, at, wasCut, terms, out)
  }
  return state
}

/** How many of the calls so far the client is told of. */
const toldCalls = ({ calls }: State, { singleCall }: AnswerTerms): number =>
  singleCall ? Math.min(calls.length, 1) : calls.length

/** A name may still grow while it is none that the request knows and no argument has come. */
const canOpen = (call: Call, isLast: boolean, terms: AnswerTerms): boolean =>
  call.name !== '' && (!isLast || call.text !== '' || terms.toolNames.has(call.name))

function openCall(before: State, at: number, call: Call, terms: AnswerTerms, out: Out): State {
  const closed = closeOpen(before, terms, out)
  const clientId = toClientToolId(call.id || `toolu_${terms.id.replace(/^msg_/, '')}_${at + 1}`, (id) =>
    isTaken(id, before, terms),
  )
  const name = terms.toolNames.get(call.name) ?? call.name
  const state = openBlock(
    closed,
    'tool',
    { type: 'tool_use', id: clientId, name, input: {}, caller: { type: 'direct' } },
    terms,
    out,
  )
  return setCall(state, at, { ...call, clientId, phase: 'open' })
}

const isTaken = (id: string, state: State, terms: AnswerTerms): boolean =>
  terms.takenToolIds.has(id) || state.calls.some((call) => call.clientId === id)

/** Sends what can be sent by now: every complete member, or all there is where the client wants it raw. */
function sendArguments(state: State, at: number, terms: AnswerTerms, out: Out): State {
  const call = state.calls[at]
  if (!call || call.unsent === '') return state
  const { schema, eager } = inputOf(call, terms)
  return send(state, at, eager ? takeRaw(call) : takeMembers(call, schema), out)
}

function closeCall(before: State, at: number, wasCut: boolean, terms: AnswerTerms, out: Out): State {
  const open = sendArguments(before, at, terms, out)
  const call = open.calls[at]
  if (!call) return open
  const { schema, eager } = inputOf(call, terms)
  const settled = eager ? settleRaw(call, wasCut) : settleMembers(call, wasCut)
  const sent = sendArguments(setCall(open, at, settled), at, terms, out)
  const state = send(sent, at, takeRest(sent.calls[at] ?? settled, schema), out)
  const closed: Call = { ...(state.calls[at] ?? settled), phase: 'closed' }
  return closeBlock(noteRepairs(setCall(state, at, closed), closed, terms), out)
}

function send(state: State, at: number, [call, partial_json]: Taken, out: Out): State {
  if (partial_json !== '') emit(state, { type: 'input_json_delta', partial_json }, out)
  return call === state.calls[at] ? state : setCall(state, at, call, partial_json.length)
}

function noteRepairs(state: State, { name, writing: { kinds } }: Call, terms: AnswerTerms): State {
  if (kinds.length === 0) return state
  return { ...state, repairs: [...state.repairs, { tool: terms.toolNames.get(name) ?? name, kinds }] }
}

const UNKNOWN_INPUT: ToolInput = { schema: {}, eager: false }

const inputOf = ({ name }: Call, { toolInputs }: AnswerTerms): ToolInput =>
  toolInputs.get(name) ?? UNKNOWN_INPUT

const openCallAt = (state: State): number => state.calls.findIndex((call) => call.phase === 'open')

const setCall = (state: State, at: number, call: Call, sentChars = 0): State => ({
  ...state,
  calls: state.calls.with(at, call),
  outputChars: state.outputChars + sentChars,
})
