import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import { isSchema, type Schema } from '../subschemas.ts'

type Fields = Readonly<Record<string, unknown>>

/** The form that an answer must have: JSON, and where there is a schema, JSON that fits it. */
export interface AnswerFormat {
  /** Undefined where any JSON object or list will do. */
  readonly schema: Schema | undefined
  readonly name: string
  /** Where the request says so. */
  readonly path: string
  /** The option as chat completions know it, where that is what the client sent. */
  readonly chatFormat: Schema | undefined
}

/**
 * The format that a request asks for: in chat completions' words (`response_format`, strongest in `openrouter`, then at
 * the top level, then in `headerOptions`), or in Anthropic's (`output_config.format`, its older name `output_format`).
 */
export function findFormat(request: MessagesRequest, headerOptions: Fields = {}): AnswerFormat | undefined {
  return chatFormat(request, headerOptions) ?? anthropicFormat(request)
}

function chatFormat(request: MessagesRequest, headerOptions: Fields): AnswerFormat | undefined {
  const inside = (request.openrouter as Fields | null | undefined)?.['response_format']
  const beside = (request as Fields)['response_format']
  const above = headerOptions['response_format']
  if (!inside && !beside && !above) return undefined
  const sources = [
    ['openrouter.response_format', inside],
    ['response_format', beside],
    ['x-openrouter-response_format', above],
  ] as const
  const [path, value] = sources.find(([, given]) => given !== undefined && given !== null) ?? []
  if (path === undefined || !isSchema(value)) return undefined
  if (value['type'] === 'json_object') return { schema: undefined, name: NAME, path, chatFormat: value }
  const inner = value['json_schema']
  if (value['type'] !== 'json_schema' || !isSchema(inner)) return undefined
  const { schema, name } = inner
  return {
    schema: isSchema(schema) ? schema : undefined,
    name: typeof name === 'string' && name !== '' ? name : NAME,
    path: `${path}.json_schema`,
    chatFormat: value,
  }
}

function anthropicFormat({ output_config, output_format }: MessagesRequest): AnswerFormat | undefined {
  const format = output_config?.format ?? output_format
  if (!format) return undefined
  const path = output_config?.format ? 'output_config.format' : 'output_format'
  return { schema: format.schema, name: NAME, path, chatFormat: undefined }
}

/** Chat completions want a name for each schema; Anthropic's have none. */
const NAME = 'output'
