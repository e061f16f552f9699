import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import type { Family } from '../family.ts'
import { toAnswerSchema } from '../schema.ts'
import { keepsMeaningForClaude } from '../strict-schema.ts'
import type { Target } from '../target.ts'
import { type AnswerFormat, findFormat } from './format.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * How a model is brought to answer in a format: the provider holds it to the schema; the provider holds it to JSON and
 * the prompt tells the schema; or the prompt alone asks for it.
 */
export type Asking = 'native' | 'json' | 'prompt'

/** The strongest way that this model has and that this request leaves open (openrouter §7.1). */
export function howToAsk(format: AnswerFormat, request: MessagesRequest, target: Target): Asking {
  const { takesSchema, takesJson } = abilitiesOf(target)
  const hasTools = (request.tools?.length ?? 0) > 0
  // Gemini takes either tools or a format.
  if (hasTools && target.family === 'google') return 'prompt'
  if (takesSchema && format.schema && isEnforced(format.schema, target.family)) return 'native'
  // Where only JSON may be said, no tool is called any more.
  return takesJson && !hasTools ? 'json' : 'prompt'
}

/**
 * `response_format` of the chat request, for a place behind the client's own options: undefined takes theirs away, where
 * the prompt has to do. Else what the client itself sent goes on as it is. Empty where no format is asked for.
 */
export function toResponseFormat(
  request: MessagesRequest,
  target: Target,
  headerOptions: Fields = {},
): Record<string, unknown> {
  const format = findFormat(request, headerOptions)
  if (!format) return {}
  const asking = howToAsk(format, request, target)
  if (asking === 'prompt') return { response_format: undefined }
  if (format.chatFormat && (asking === 'native' || !format.schema))
    return { response_format: format.chatFormat }
  if (asking === 'json') return { response_format: { type: 'json_object' } }
  const { schema, strict } = toAnswerSchema(format.schema ?? {}, target.family)
  return { response_format: { type: 'json_schema', json_schema: { name: format.name, strict, schema } } }
}

/** The system prompt, and behind it what the provider does not enforce by itself. */
export function systemWithFormat(
  request: MessagesRequest,
  target: Target,
  headerOptions: Fields = {},
): MessagesRequest['system'] {
  const { system } = request
  const format = findFormat(request, headerOptions)
  if (!format || !needsWords(format, howToAsk(format, request, target))) return system
  const blocks = typeof system === 'string' ? [{ type: 'text' as const, text: system }] : (system ?? [])
  return [...blocks, { type: 'text', text: instruction(format, (request.tools?.length ?? 0) > 0) }]
}

/** Where any JSON will do, the provider's JSON mode is all that the client asked for. */
const needsWords = ({ schema }: AnswerFormat, asking: Asking): boolean =>
  asking === 'prompt' || (asking === 'json' && schema !== undefined)

function instruction({ schema }: AnswerFormat, hasTools: boolean): string {
  const lines = [
    'Your answer must be one JSON value and nothing else: no words before or after it, no code fence.',
    ...(hasTools ? ['This is about your final answer; call tools as you need them before it.'] : []),
    ...(schema ? [`The JSON value must be valid against this JSON Schema:\n${JSON.stringify(schema)}`] : []),
  ]
  return lines.join('\n')
}

/** Families whose own servers know `json_object`, but refuse `json_schema`; OpenRouter's catalogue says it of each model. */
const JSON_ONLY: ReadonlySet<Family> = new Set(['deepseek', 'moonshotai', 'z-ai'])

interface Abilities {
  readonly takesSchema: boolean
  readonly takesJson: boolean
}

function abilitiesOf({ family, openrouter, facts: { supportedParameters: known } }: Target): Abilities {
  const takesSchema = known ? known.includes('structured_outputs') : openrouter || !JSON_ONLY.has(family)
  // Claude has no mode for JSON without a schema.
  const takesJson = family !== 'anthropic' && (known?.includes('response_format') ?? true)
  return { takesSchema, takesJson }
}

/** Claude is held to closed objects only; a schema that is more than that goes into the prompt whole. */
const isEnforced = (schema: NonNullable<AnswerFormat['schema']>, family: Family): boolean =>
  family !== 'anthropic' || keepsMeaningForClaude(schema)
