import { type Static, Type } from '@sinclair/typebox'

import { maybe, open } from '../../wire/schema.ts'
import { withoutBlocks } from './fence.ts'

const Part = open({ type: Type.String(), text: Type.Optional(Type.String()) })
const Message = open({
  role: Type.String(),
  content: maybe(Type.Union([Type.String(), Type.Array(Part)])),
  tool_calls: maybe(Type.Array(open({}))),
})
const Tool = open({
  type: Type.String(),
  function: Type.Optional(
    open({ name: Type.String(), parameters: maybe(Type.Record(Type.String(), Type.Unknown())) }),
  ),
})
const Limit = maybe(Type.Integer({ minimum: 1 }))

/** As much of a chat request as the demo reads; it takes what any OpenAI client may send. */
export const DemoRequest = open({
  model: Type.Optional(Type.String()),
  messages: Type.Array(Message, { minItems: 1 }),
  stream: maybe(Type.Boolean()),
  tools: maybe(Type.Array(Tool)),
  tool_choice: maybe(
    Type.Union([Type.String(), open({ function: Type.Optional(open({ name: Type.String() })) })]),
  ),
  response_format: maybe(
    open({ type: Type.String(), json_schema: Type.Optional(open({ schema: Type.Unknown() })) }),
  ),
  stop: maybe(Type.Union([Type.String(), Type.Array(Type.String())])),
  max_tokens: Limit,
  max_completion_tokens: Limit,
  reasoning: maybe(
    open({
      enabled: maybe(Type.Boolean()),
      exclude: maybe(Type.Boolean()),
      effort: maybe(Type.String()),
      max_tokens: maybe(Type.Number()),
    }),
  ),
  reasoning_effort: maybe(Type.String()),
  cache_control: Type.Optional(Type.Unknown()),
})
export type DemoRequest = Static<typeof DemoRequest>
export type DemoMessage = Static<typeof Message>

/** The texts of a message, one an entry. */
export const textsOf = ({ content }: DemoMessage): string[] =>
  typeof content === 'string' ? [content] : (content ?? []).flatMap(({ text }) => text ?? [])

/** What the newest tool message says; undefined when no tool has run. */
export const lastToolResult = (messages: readonly DemoMessage[]): string | undefined => {
  const message = messages.findLast(({ role }) => role === 'tool')
  return message && textsOf(message).join('\n')
}

/** The newest text that a person wrote: reminders that clients add, and demo scripts, do not count. */
export const lastUserText = (messages: readonly DemoMessage[]): string =>
  messages
    .filter(({ role }) => role === 'user')
    .flatMap(textsOf)
    .map((text) => withoutBlocks(text.replaceAll(REMINDER, '')).trim())
    .findLast((text) => text !== '') ?? ''

const REMINDER = /<system-reminder>[^]*?<\/system-reminder>/g

/** The beginning of the answer, where the client has written it itself (a last message of the assistant). */
export const prefillOf = (messages: readonly DemoMessage[]): string => {
  const last = messages.at(-1)
  return last?.role === 'assistant' && !last.tool_calls?.length ? textsOf(last).join('') : ''
}

/** How many answers stand behind the message at `index`. */
export const answersAfter = (messages: readonly DemoMessage[], index: number): number =>
  messages.slice(index + 1).filter(({ role }) => role === 'assistant').length
