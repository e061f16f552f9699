import { joinEnds } from '../../translate/join-ends.ts'
import { estimatedUsage } from '../../translate/usage.ts'
import type { StreamEvent } from '../../wire/anthropic/events.ts'
import type { Said } from './said.ts'
import { createSeam } from './seam.ts'

const CHARS_A_TOKEN = 4

/** Makes the events of a continuation go on where an answer broke off. */
export interface Splice {
  /** Appends what the client is told instead. Tells whether this is a continuation at all. */
  take(event: StreamEvent, out: StreamEvent[]): boolean
}

/**
 * The first text of the continuation goes into the block that stands open; what it thinks is left out, as thoughts
 * cannot stand in the middle of a text; other blocks follow under numbers that go on. The end tells what both cost.
 */
export function createSplice({ text, open, nextIndex, inputTokens }: Readonly<Said>): Splice {
  const seam = createSeam(text)
  /** Blocks of the continuation → the client's; those that are left out are not there. */
  const indexes = new Map<number, number>()
  let next = nextIndex
  /** The block that stood open and whose text may still go on. */
  let joint = open === 'text' ? nextIndex - 1 : undefined
  let isFirst = true

  const closeJoint = (out: StreamEvent[]): void => {
    if (joint !== undefined && ![...indexes.values()].includes(joint))
      out.push({ type: 'content_block_stop', index: joint })
    joint = undefined
  }
  const start = (event: Extract<StreamEvent, { type: 'content_block_start' }>, out: StreamEvent[]): void => {
    const { type } = event.content_block
    if (isFirst && (type === 'thinking' || type === 'redacted_thinking')) return
    if (isFirst && type === 'text' && joint !== undefined) {
      indexes.set(event.index, joint)
    } else {
      closeJoint(out)
      indexes.set(event.index, next)
      out.push({ ...event, index: next })
      next++
    }
    if (type !== 'text') isFirst = false
  }
  const addText = (index: number, piece: string, out: StreamEvent[]): void => {
    if (piece === '') return
    out.push({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: piece } })
  }
  return {
    take(event, out) {
      switch (event.type) {
        case 'message_start':
          return true
        case 'content_block_start':
          start(event, out)
          return true
        case 'content_block_delta': {
          const index = indexes.get(event.index)
          if (index === undefined) return true
          if (!isFirst || event.delta.type !== 'text_delta') {
            out.push({ ...event, index })
            return true
          }
          const piece = seam.take(event.delta.text)
          if (piece === undefined) return false
          addText(index, piece, out)
          return true
        }
        case 'content_block_stop': {
          const index = indexes.get(event.index)
          if (index === undefined) return true
          if (isFirst) addText(index, seam.end(), out)
          isFirst = false
          joint = undefined
          out.push({ ...event, index })
          return true
        }
        case 'message_delta':
          closeJoint(out)
          out.push(
            joinEnds(
              { ...event, usage: estimatedUsage(inputTokens, Math.ceil(text.length / CHARS_A_TOKEN)) },
              event,
            ),
          )
          return true
        case 'message_stop':
          out.push(event)
          return true
      }
    },
  }
}
