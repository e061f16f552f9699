import { invalidRequest } from '../core/errors.ts'
import { isRecord } from '../core/record.ts'

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const unsupported = (what: string): string => `"${what}" is not supported in the Message Batches API`

/** What a message may ask for and a batch's may not (Anthropic API, §7). */
const REFUSED: ReadonlyArray<
  readonly [field: string, isAsked: (value: unknown) => boolean, message: string]
> = [
  ['stream', (value) => value === true, unsupported('stream=True')],
  ['max_tokens', (value) => value === 0, 'max_tokens: must be greater than or equal to 1'],
  ['speed', (value) => isGiven(value) && value !== 'standard', unsupported('speed')],
  ['thread', isGiven, unsupported('thread')],
  ['fallbacks', isGiven, unsupported('fallbacks')],
]

/** Reads the `params` of a stored request. Throws a `Failure` for what no batch may ask for. */
export function readParams(text: Uint8Array): Readonly<Record<string, unknown>> {
  const json = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString()
  const { params } = JSON.parse(json) as { params: unknown }
  if (!isRecord(params)) throw invalidRequest('params: Input should be a valid dictionary')
  // Half a surrogate pair can be escaped in JSON but not be sent on; only texts that hold such an escape are searched.
  if (/\\u[dD][89a-fA-F]/.test(json) && hasLoneSurrogate(params))
    throw invalidRequest('The request body is not valid JSON: no low surrogate in string')
  for (const [field, isAsked, message] of REFUSED) if (isAsked(params[field])) throw invalidRequest(message)
  return params
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed()
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => !key.isWellFormed() || hasLoneSurrogate(inner))
}
