import { invalidRequest } from '../core/errors.ts'
import { isRecord } from '../core/record.ts'
import type { NewItem } from './batch.ts'
import { checkCustomId, MOST_ITEMS, tooMany } from './read-requests.ts'

/**
 * Reads the body of the short batch API: `requests` with or without names, or bare messages. Throws a `Failure` at the
 * first that is wrong in form; what the requests ask for is only looked at when their turn comes.
 */
export async function* readShortRequests(
  body: unknown,
  maxRequests: number,
): AsyncGenerator<readonly NewItem[], void> {
  const { field, list } = listOf(body)
  if (list.length === 0)
    throw invalidRequest(`${field}: List should have at least 1 item after validation, not 0`)
  if (list.length > maxRequests) throw tooMany(field, maxRequests, list.length)
  const toItem = field === 'requests' ? fromRequest : fromMessage
  for (let from = 0; from < list.length; from += MOST_ITEMS)
    yield list.slice(from, from + MOST_ITEMS).map((value, index) => toItem(value, from + index))
}

function listOf(body: unknown): {
  readonly field: 'requests' | 'messages'
  readonly list: readonly unknown[]
} {
  if (!isRecord(body)) throw invalidRequest('Input should be a valid dictionary')
  const fields = (['requests', 'messages'] as const).filter((name) => body[name] !== undefined)
  const [field] = fields
  if (field === undefined) throw invalidRequest('requests: Field required; or give a list of `messages`')
  if (fields.length > 1) throw invalidRequest('messages: cannot be combined with `requests`')
  const list = body[field]
  if (!Array.isArray(list)) throw invalidRequest(`${field}: Input should be a valid list`)
  return { field, list }
}

function fromRequest(value: unknown, index: number): NewItem {
  const at = `requests.${index}`
  if (!isRecord(value)) throw invalidRequest(`${at}: Input should be a valid dictionary`)
  const given = value['custom_id'] ?? undefined
  return toItem(
    given === undefined ? nameOf(index) : checkCustomId(given, at),
    value['params'],
    `${at}.params`,
  )
}

const fromMessage = (value: unknown, index: number): NewItem =>
  toItem(nameOf(index), value, `messages.${index}`)

const nameOf = (index: number): string => `request-${index}`

function toItem(customId: string, params: unknown, at: string): NewItem {
  if (params === undefined) throw invalidRequest(`${at}: Field required`)
  if (!isRecord(params)) throw invalidRequest(`${at}: Input should be a valid dictionary`)
  return { customId, text: Buffer.from(JSON.stringify({ custom_id: customId, params })) }
}
