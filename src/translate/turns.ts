import type { ContentBlock } from '../wire/anthropic/content.ts'
import type { Message } from '../wire/anthropic/request.ts'

/** What one role says before another one speaks. */
export interface Turn {
  readonly role: Message['role']
  readonly content: readonly ContentBlock[]
  /** The message that begins the turn, for what stands beside its content, such as `output_config`. */
  readonly message: Message
}

/**
 * The conversation as the Messages API reads it: neighbouring user messages are one turn, and so are neighbouring
 * assistant messages. System messages stay where they are, alone; one that says nothing and sets no effort is as if it
 * were not there. Blocks are handed on by reference.
 */
export function mergeTurns(messages: readonly Message[]): readonly Turn[] {
  const runs: [Message, ...Message[]][] = []
  for (const message of messages) {
    if (isEmptySystem(message)) continue
    const run = runs.at(-1)
    if (run && joins(run[0], message)) run.push(message)
    else runs.push([message])
  }
  return runs.map(toTurn)
}

const isEmptySystem = (message: Message): boolean =>
  message.role === 'system' && !message.content?.length && !message.output_config?.effort

const joins = (first: Message, next: Message): boolean => first.role === next.role && next.role !== 'system'

const toTurn = (run: readonly [Message, ...Message[]]): Turn => ({
  role: run[0].role,
  content: run.length === 1 ? blocksOf(run[0]) : run.flatMap(blocksOf),
  message: run[0],
})

function blocksOf({ role, content = [] }: Message): readonly ContentBlock[] {
  if (typeof content !== 'string') return content
  return content === '' && role === 'system' ? [] : [{ type: 'text', text: content }]
}
