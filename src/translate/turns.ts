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
 * assistant messages. System messages stay where they are, alone; an empty one is as if it were not there.
 * Blocks are handed on by reference.
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

const isEmptySystem = ({ role, content }: Message): boolean =>
  role === 'system' && (content === undefined || content.length === 0)

const joins = (first: Message, next: Message): boolean => first.role === next.role && next.role !== 'system'

const toTurn = (run: readonly [Message, ...Message[]]): Turn => ({
  role: run[0].role,
  content: run.length === 1 ? blocksOf(run[0]) : run.flatMap(blocksOf),
  message: run[0],
})

const blocksOf = ({ content = [] }: Message): readonly ContentBlock[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content
