import type { StreamEvent } from '../../wire/anthropic/events.ts'
import type { AnswerBlock } from '../../wire/anthropic/response.ts'

type BlockEvent = Extract<StreamEvent, { index: number }>
type Start = Extract<StreamEvent, { type: 'message_start' }>
type End = Extract<StreamEvent, { type: 'message_delta' }>

/** One answer on its way, of which everything from the first text on is held back until it is known to be right. */
export interface HeldAnswer {
  /** The index of its first block in what the client gets. */
  readonly firstIndex: number
  start: Start | undefined
  /** Blocks that the client has: those before the first text. */
  passedBlocks: number
  readonly held: BlockEvent[]
  /** The model calls a tool, so this is not the final answer, and nothing is held any more. */
  callsTool: boolean
  end: End | undefined
}

export const holdAnswer = (firstIndex: number): HeldAnswer => ({
  firstIndex,
  start: undefined,
  passedBlocks: 0,
  held: [],
  callsTool: false,
  end: undefined,
})

/** Takes the next event in; `out` gets what the client may have at once. */
export function hold(answer: HeldAnswer, event: StreamEvent, out: StreamEvent[]): void {
  switch (event.type) {
    case 'message_start':
      answer.start = event
      break
    case 'message_delta':
      answer.end = event
      break
    case 'message_stop':
      break
    case 'content_block_start':
    case 'content_block_delta':
    case 'content_block_stop':
      holdBlock(answer, { ...event, index: answer.firstIndex + event.index }, out)
      break
    default:
      out.push(event)
  }
}

function holdBlock(answer: HeldAnswer, event: BlockEvent, out: StreamEvent[]): void {
  const block = event.type === 'content_block_start' ? event.content_block : undefined
  if (block?.type === 'tool_use') {
    answer.callsTool = true
    out.push(...answer.held.splice(0))
  }
  const isHeld = !answer.callsTool && (answer.held.length > 0 || block?.type === 'text')
  if (isHeld) answer.held.push(event)
  else {
    if (block) answer.passedBlocks++
    out.push(event)
  }
}

/** The text that is held back. */
export function heldText({ held }: HeldAnswer): string {
  let text = ''
  for (const event of held) {
    if (event.type === 'content_block_start' && event.content_block.type === 'text')
      text += event.content_block.text
    else if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
      text += event.delta.text
  }
  return text
}

/** What is held back, its text replaced by one block with another text; as it came where that is the same. */
export function withText(answer: HeldAnswer, text: string): readonly StreamEvent[] {
  const starts = answer.held.filter((event) => event.type === 'content_block_start')
  const isText = ({ content_block }: { readonly content_block: AnswerBlock }): boolean =>
    content_block.type === 'text'
  if (starts.filter(isText).length === 1 && heldText(answer) === text) return answer.held
  const texts = new Set(starts.filter(isText).map(({ index }) => index))
  const others = starts.filter((start) => !isText(start)).map(({ index }) => index)
  const first = answer.firstIndex + answer.passedBlocks
  const kept = answer.held
    .filter(({ index }) => !texts.has(index))
    .map((event) => ({ ...event, index: first + others.indexOf(event.index) }))
  return [...kept, ...textBlock(first + others.length, text)]
}

/** Long texts come in pieces, as models give them. */
const PIECE_CHARS = 256

function textBlock(index: number, text: string): readonly StreamEvent[] {
  const pieces = text.match(new RegExp(`[^]{1,${PIECE_CHARS}}`, 'gu')) ?? []
  return [
    { type: 'content_block_start', index, content_block: { type: 'text', text: '', citations: null } },
    ...pieces.map((piece): StreamEvent => ({
      type: 'content_block_delta',
      index,
      delta: { type: 'text_delta', text: piece },
    })),
    { type: 'content_block_stop', index },
  ]
}
