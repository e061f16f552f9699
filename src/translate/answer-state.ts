import type { BlockDelta, StreamEvent } from '../wire/anthropic/events.ts'
import type { AnswerBlock, AnswerDetails } from '../wire/anthropic/response.ts'
import type { ChatUsage } from '../wire/openrouter/chunk.ts'
import { type Markup, MARKUP_START } from './markup.ts'
import type { ReasoningRun } from './reasoning.ts'
import type { ToolRepair } from './repair/kind.ts'
import type { CitedPage } from './served/annotations.ts'
import type { AnswerTerms } from './terms.ts'
import type { Call } from './tool-calls.ts'
import { estimatedUsage } from './usage.ts'

/** An answer on its way from chunks to events. */
export interface State {
  /** `message_start` is out. */
  readonly begun: boolean
  readonly nextIndex: number
  /** The kind of the block that stands open: always the one before `nextIndex`. */
  readonly open: 'thinking' | 'text' | 'tool' | undefined
  /** The reasoning under way. No block stands open for it while there is nothing to show. */
  readonly run: ReasoningRun | undefined
  /** Reasoning that came while text or a call was open; it becomes blocks of its own when that one ends. */
  readonly late: readonly ReasoningRun[]
  /** A block of Claude's was closed without its signature. */
  readonly unsigned: boolean
  /** Text that waits: for its block's first visible character, for a signature, or for a call to end. */
  readonly waiting: string
  readonly waitingPieces: number
  /** Some of the waiting text is more than white space. */
  readonly waitingVisible: boolean
  /** The tail of the open block's text that may begin a stop sequence. */
  readonly held: string
  readonly stopSequence: string | undefined
  /** Where the text stands that may hold thoughts and calls. */
  readonly markup: Markup
  readonly calls: readonly Call[]
  /** The calls whose arguments had to be repaired. */
  readonly repairs: readonly ToolRepair[]
  /** Pages that the upstream's own search has found. */
  readonly pages: readonly CitedPage[]
  /** How many of them the client has seen as results, and as citations. */
  readonly shownPages: number
  readonly citedPages: number
  readonly refusal: string | undefined
  readonly finish: string | undefined
  readonly native: string | undefined
  /** The end mark has come. */
  readonly done: boolean
  readonly usage: ChatUsage | undefined
  readonly serviceTier: string | undefined
  readonly provider: string | undefined
  /** What Anthropic's answer has no place for, when the client wants it. */
  readonly details: AnswerDetails
  /** Characters of output, for the rare upstream that reports no usage. */
  readonly outputChars: number
}

export const START: State = {
  begun: false,
  nextIndex: 0,
  open: undefined,
  run: undefined,
  late: [],
  unsigned: false,
  waiting: '',
  waitingPieces: 0,
  waitingVisible: false,
  held: '',
  stopSequence: undefined,
  markup: MARKUP_START,
  calls: [],
  repairs: [],
  pages: [],
  shownPages: 0,
  citedPages: 0,
  refusal: undefined,
  finish: undefined,
  native: undefined,
  done: false,
  usage: undefined,
  serviceTier: undefined,
  provider: undefined,
  details: {},
  outputChars: 0,
}

export type Out = StreamEvent[]

/**
 * `message_start`. Comes with the first block, or before it as soon as the stream must show life; an answer that
 * fails before that is still an HTTP status. Idempotent.
 */
export function begin(
  state: State,
  terms: Pick<AnswerTerms, 'id' | 'model' | 'inputTokens'>,
  out: Out,
): State {
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
      usage: estimatedUsage(terms.inputTokens, 0),
    },
  })
  return { ...state, begun: true }
}

export function openBlock(
  before: State,
  open: NonNullable<State['open']>,
  content_block: AnswerBlock,
  terms: AnswerTerms,
  out: Out,
): State {
  const state = begin(before, terms, out)
  out.push({ type: 'content_block_start', index: state.nextIndex, content_block })
  return { ...state, open, nextIndex: state.nextIndex + 1 }
}

/** A delta of the open block. */
export function emit(state: State, delta: BlockDelta, out: Out): void {
  out.push({ type: 'content_block_delta', index: state.nextIndex - 1, delta })
}

export function closeBlock(state: State, out: Out): State {
  out.push({ type: 'content_block_stop', index: state.nextIndex - 1 })
  return { ...state, open: undefined }
}
