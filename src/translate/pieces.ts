import type { BlockDelta, StreamEvent } from '../wire/anthropic/events.ts'

/** About as much as models say at a time. */
const PIECE_CHARS = 24

/** The same events with long deltas cut where words end, as they come from a model that speaks. */
export function toPieces(events: readonly StreamEvent[]): readonly StreamEvent[] {
  return events.flatMap((event): readonly StreamEvent[] =>
    event.type === 'content_block_delta'
      ? cutDelta(event.delta).map((delta) => ({ ...event, delta }))
      : [event],
  )
}

function cutDelta(delta: BlockDelta): readonly BlockDelta[] {
  switch (delta.type) {
    case 'text_delta':
      return cutText(delta.text).map((text) => ({ ...delta, text }))
    case 'thinking_delta':
      return cutText(delta.thinking).map((thinking) => ({ ...delta, thinking }))
    default:
      return [delta]
  }
}

/** Pieces of at least `PIECE_CHARS` characters, each with the white space behind its last word. */
const cutText = (text: string): readonly string[] =>
  text.match(new RegExp(`[^]{${PIECE_CHARS},}?(?:\\s+|$)|[^]+$`, 'g')) ?? [text]
