import type { StreamEvent } from '../../wire/anthropic/events.ts'

/** What a client has been told of an answer. */
export interface Said {
  /** All of its text. */
  text: string
  /** The kind of the block that stands open. */
  open: 'text' | 'other' | undefined
  nextIndex: number
  /** Nothing but thinking and text, and text last: so it can be continued. */
  isText: boolean
  /** What the prompt was taken to be, in tokens. */
  inputTokens: number
}

export const newSaid = (): Said => ({ text: '', open: undefined, nextIndex: 0, isText: true, inputTokens: 0 })

/** Takes in an event that goes to the client. */
export function hear(said: Said, event: StreamEvent): void {
  switch (event.type) {
    case 'message_start':
      said.inputTokens = event.message.usage.input_tokens
      break
    case 'content_block_start':
      said.nextIndex = event.index + 1
      said.open = event.content_block.type === 'text' ? 'text' : 'other'
      said.isText &&= said.open === 'text' || event.content_block.type === 'thinking'
      break
    case 'content_block_delta':
      if (event.delta.type === 'text_delta') said.text += event.delta.text
      break
    case 'content_block_stop':
      said.open = undefined
      break
    case 'message_delta':
    case 'message_stop':
      said.isText = false
      break
  }
}

/** Whether the answer can go on from here: in the middle of its text, or behind it. */
export const canGoOn = (said: Said): boolean =>
  said.isText && said.open !== 'other' && said.text.trim() !== ''
