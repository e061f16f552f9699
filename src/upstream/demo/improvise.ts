import { type DemoRequest, lastToolResult, lastUserText } from './conversation.ts'
import { sampleOf } from './sample.ts'
import type { Step } from './script.ts'

const WELCOME = [
  'This is the built-in demo upstream, not a model: no OPENROUTER_API_KEY is set, so nothing was sent anywhere.',
  'To get answers from real models, set the key and start the server again:',
  '    export OPENROUTER_API_KEY=sk-or-...',
].join('\n\n')

const THOUGHTS = 'The user wants an answer. I am the demo upstream, so I will say how to reach a real model.'
const LONGEST_QUOTE = 80

/** The steps of an answer that no script asked for: the same ones for the same request. */
export const improvise = (model: string, request: DemoRequest): readonly Step[] => [
  ...(wantsReasoning(request) ? [{ reasoning: phrases(THOUGHTS) }] : []),
  forcedCall(request) ?? { text: phrases(answerText(model, request)) },
]

const wantsReasoning = ({ reasoning, reasoning_effort }: DemoRequest): boolean => {
  if (reasoning?.enabled === false || reasoning?.exclude === true) return false
  const effort = reasoning?.effort ?? reasoning_effort ?? 'none'
  return Boolean(reasoning?.enabled) || effort !== 'none' || Boolean(reasoning?.max_tokens)
}

/** The call that `tool_choice` leaves no way around. */
const forcedCall = ({ tools, tool_choice }: DemoRequest): Step | undefined => {
  const functions = (tools ?? []).flatMap((tool) => tool.function ?? [])
  const wanted = typeof tool_choice === 'object' ? tool_choice?.function?.name : undefined
  const called = tool_choice === 'required' ? functions[0] : functions.find(({ name }) => name === wanted)
  if (!called) return undefined
  return { tool: called.name, input: argumentsFor(called.parameters), pieces: 3 }
}

const argumentsFor = (parameters: unknown): Record<string, unknown> => {
  const input = sampleOf({ type: 'object', ...(parameters as object | null | undefined) })
  return typeof input === 'object' && input !== null ? { ...input } : {}
}

/** What each response format makes of the demo's words; without one they stay plain. */
const FORMATS: Readonly<Record<string, (words: string, schema: unknown) => string>> = {
  json_schema: (_, schema) => JSON.stringify(sampleOf(schema)),
  json_object: (words) => JSON.stringify({ answer: words }),
}

const answerText = (model: string, request: DemoRequest): string => {
  const format = FORMATS[request.response_format?.type ?? '']
  const words = [
    WELCOME,
    `You asked ${model}: ${quote(lastUserText(request.messages))}`,
    ...toolNote(request),
  ]
  return format?.(words.join('\n\n'), request.response_format?.json_schema?.schema) ?? words.join('\n\n')
}

const toolNote = ({ messages }: DemoRequest): string[] =>
  messages.at(-1)?.role === 'tool' ? [`The last tool said: ${quote(lastToolResult(messages) ?? '')}`] : []

const quote = (text: string): string => {
  const points = Array.from(text.replaceAll(/\s+/g, ' '))
  return `“${points.slice(0, LONGEST_QUOTE).join('')}${points.length > LONGEST_QUOTE ? '…' : ''}”`
}

/** Cuts text into pieces of a few words, as a model's answer arrives. */
const phrases = (text: string): string[] => text.match(/\s*(?:\S+\s*){1,4}/g) ?? [text]
