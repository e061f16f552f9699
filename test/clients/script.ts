import type { Step } from '../../src/upstream/demo/script.ts'
import type { AssistantMessage, ChatRequest } from '../../src/wire/openrouter/request.ts'

export type Turn = readonly Step[]

/** What a person types so that the demo upstream answers with these turns, one after the other. */
export const prompt = (words: string, ...turns: readonly Turn[]): string =>
  `${words}\n\`\`\`demo\n${JSON.stringify(turns)}\n\`\`\``

/** A turn that says which request reached the upstream. */
export const ECHO: Turn = [{ echo: 'request' }]

/** The request that an `ECHO` turn said. */
export const readEcho = (text: string): ChatRequest => JSON.parse(text)

/** The assistant's turns of an upstream request. */
export const assistantTurns = ({ messages }: ChatRequest): AssistantMessage[] =>
  messages.filter((message) => message.role === 'assistant')

/** What the tools said in an upstream request, one text a call. */
export const toolTexts = ({ messages }: ChatRequest): string[] =>
  messages.flatMap((message) => (message.role === 'tool' ? textOf(message.content) : []))

const textOf = (content: ChatRequest['messages'][number]['content']): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).map((part) => ('text' in part ? part.text : '')).join('')
