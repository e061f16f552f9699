import type { BlockDelta, StreamEvent } from '../../wire/anthropic/events.ts'
import type { AnswerBlock } from '../../wire/anthropic/response.ts'
import type { WebSearchResult } from '../../wire/anthropic/server-results.ts'
import { joinEnds } from '../join-ends.ts'
import type { Machine } from '../machine.ts'
import { parseObject } from '../partial-json.ts'
import { findCitations } from './cite.ts'
import { type Look, type ServedCall, toCallBlock } from './look.ts'

/** What an answer of several turns is made of: each turn's events, and between turns the results of what was run. */
export type StitchInput =
  | { readonly type: 'event'; readonly event: StreamEvent }
  | { readonly type: 'result'; readonly block: AnswerBlock }

type End = Extract<StreamEvent, { type: 'message_delta' }>

/** A call that is not shown before its turn is over: only then is it known whether it will be run, and when. */
interface HeldCall {
  readonly block: Extract<AnswerBlock, { type: 'tool_use' }>
  readonly deltas: readonly BlockDelta[]
  /** Only what the server runs has one. */
  readonly look: Look | undefined
}

/** One message on its way, of which some turns are over. */
export interface StitchState {
  readonly begun: boolean
  readonly nextIndex: number
  /** Where the deltas of the open block go. */
  readonly open: 'shown' | 'held' | undefined
  /** The text of the open block, where pages are known that it may cite. */
  readonly text: string
  /** The calls of the turn, the open one last. */
  readonly calls: readonly HeldCall[]
  /** How the turn ended; undefined while it goes on. */
  readonly turnEnd: End | undefined
  /** The same with what all turns together have cost. */
  readonly end: End | undefined
  /** What searches have found. */
  readonly pages: readonly WebSearchResult[]
  readonly searches: number
  readonly fetches: number
}

const START: StitchState = {
  begun: false,
  nextIndex: 0,
  open: undefined,
  text: '',
  calls: [],
  turnEnd: undefined,
  end: undefined,
  pages: [],
  searches: 0,
  fetches: 0,
}

type Out = StreamEvent[]

/**
 * Several turns of a model as one message: indexes run on, usage adds up, only the last ending stays. Calls of the tools
 * in `looks` are shown as what the server has run; the client's own come last, behind all results. Where the last turn
 * waits for the server alone, the message pauses: whoever sends it back goes on from there (Anthropic API, §3).
 */
export const stitchMachine = (
  looks: ReadonlyMap<string, Look>,
): Machine<StitchState, StitchInput, StreamEvent> => ({
  start: () => START,
  step: (state, input, out) =>
    input.type === 'event' ? onEvent(state, input.event, looks, out) : onResult(state, input.block, out),
  end: writeEnd,
})

/** The turn's calls that the server has to run before the next turn; none where it was cut off, or refused. */
export const callsToRun = ({ calls, turnEnd }: StitchState): readonly ServedCall[] =>
  endsInCalls(turnEnd) ? calls.filter(({ look }) => look).map(toServedCall) : []

/** Whether the turn calls tools that the client runs. */
export const waitsForClient = ({ calls }: StitchState): boolean => calls.some(({ look }) => !look)

const endsInCalls = (end: End | undefined): boolean => end?.delta.stop_reason === 'tool_use'

/** Arguments that are no JSON object reach the tool as none, and its check tells the model what is missing. */
const toServedCall = ({ block: { id, name, input }, deltas }: HeldCall): ServedCall => {
  const json = deltas.map((delta) => (delta.type === 'input_json_delta' ? delta.partial_json : '')).join('')
  return { id, name, input: json === '' ? input : (parseObject(json) ?? {}) }
}

function onEvent(
  state: StitchState,
  event: StreamEvent,
  looks: ReadonlyMap<string, Look>,
  out: Out,
): StitchState {
  switch (event.type) {
    case 'message_start':
      if (!state.begun) out.push(event)
      return { ...state, begun: true, calls: [], turnEnd: undefined }
    case 'content_block_start':
      return onStart(state, event.content_block, looks, out)
    case 'content_block_delta':
      return onDelta(state, event.delta, out)
    case 'content_block_stop':
      return onStop(state, out)
    case 'message_delta':
      return onTurnEnd(state, event, looks, out)
    case 'message_stop':
      return state
    default:
      out.push(event)
      return state
  }
}

function onStart(
  state: StitchState,
  block: AnswerBlock,
  looks: ReadonlyMap<string, Look>,
  out: Out,
): StitchState {
  if (block.type === 'tool_use') {
    const call: HeldCall = { block, deltas: [], look: looks.get(block.name) }
    return { ...state, open: 'held', calls: [...state.calls, call] }
  }
  out.push({ type: 'content_block_start', index: state.nextIndex, content_block: block })
  return {
    ...state,
    open: 'shown',
    nextIndex: state.nextIndex + 1,
    text: block.type === 'text' ? block.text : '',
  }
}

function onDelta(state: StitchState, delta: BlockDelta, out: Out): StitchState {
  const call = state.calls.at(-1)
  if (state.open === 'held' && call)
    return { ...state, calls: state.calls.with(-1, { ...call, deltas: [...call.deltas, delta] }) }
  out.push({ type: 'content_block_delta', index: state.nextIndex - 1, delta })
  const mayCite = delta.type === 'text_delta' && state.pages.length > 0
  return mayCite ? { ...state, text: state.text + delta.text } : state
}

function onStop(state: StitchState, out: Out): StitchState {
  if (state.open === 'shown') {
    const index = state.nextIndex - 1
    for (const citation of findCitations(state.text, state.pages))
      out.push({ type: 'content_block_delta', index, delta: { type: 'citations_delta', citation } })
    out.push({ type: 'content_block_stop', index })
  }
  return { ...state, open: undefined, text: '' }
}

function onTurnEnd(
  before: StitchState,
  turnEnd: End,
  looks: ReadonlyMap<string, Look>,
  out: Out,
): StitchState {
  const end = before.end ? joinEnds(before.end, turnEnd) : turnEnd
  let state: StitchState = { ...before, turnEnd, end }
  for (const call of callsToRun(state)) {
    const look = looks.get(call.name)
    if (look) state = showBlock(state, toCallBlock(call, look), out)
  }
  return state
}

function onResult(state: StitchState, block: AnswerBlock, out: Out): StitchState {
  const shown = showBlock(state, block, out)
  if (block.type === 'web_search_tool_result' && Array.isArray(block.content))
    return { ...shown, searches: state.searches + 1, pages: [...state.pages, ...block.content] }
  const hasPage = block.type === 'web_fetch_tool_result' && block.content.type === 'web_fetch_result'
  return hasPage ? { ...shown, fetches: state.fetches + 1 } : shown
}

/** A whole block. Streams say the input of a call in a delta; of an MCP call, older clients read none. */
function showBlock(state: StitchState, block: AnswerBlock, out: Out): StitchState {
  const index = state.nextIndex
  const isCall = block.type === 'server_tool_use' || block.type === 'mcp_tool_use'
  const shell = block.type === 'server_tool_use' ? { ...block, input: {} } : block
  out.push({ type: 'content_block_start', index, content_block: shell })
  if (isCall) {
    const partial_json = JSON.stringify(block.input)
    out.push({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json } })
  }
  out.push({ type: 'content_block_stop', index })
  return { ...state, nextIndex: index + 1 }
}

function writeEnd(before: StitchState, out: Out): void {
  let state = before
  for (const { block, deltas, look } of state.calls)
    if (!look) state = showClientCall(state, block, deltas, out)
  const { end } = state
  if (!end) return
  const pauses = endsInCalls(end) && !waitsForClient(state)
  const delta = pauses ? { ...end.delta, stop_reason: 'pause_turn' as const } : end.delta
  out.push({ ...end, delta, usage: withUses(end.usage, state) }, { type: 'message_stop' })
}

function showClientCall(
  state: StitchState,
  block: HeldCall['block'],
  deltas: readonly BlockDelta[],
  out: Out,
): StitchState {
  const index = state.nextIndex
  out.push({ type: 'content_block_start', index, content_block: block })
  for (const delta of deltas) out.push({ type: 'content_block_delta', index, delta })
  out.push({ type: 'content_block_stop', index })
  return { ...state, nextIndex: index + 1 }
}

/** What the server has searched and fetched, beside what the upstream did of both. */
function withUses(usage: End['usage'], { searches, fetches }: StitchState): End['usage'] {
  if (searches + fetches === 0) return usage
  const before = usage.server_tool_use
  return {
    ...usage,
    server_tool_use: {
      ...before,
      web_search_requests: (before?.web_search_requests ?? 0) + searches,
      web_fetch_requests: (before?.web_fetch_requests ?? 0) + fetches,
    },
  }
}
