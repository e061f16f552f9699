import { invalidRequest } from '../core/errors.ts'
import { isRecord } from '../core/record.ts'
import { CUSTOM_ID_MAX_CHARS, CUSTOM_ID_PATTERN } from '../wire/anthropic/batches.ts'
import type { NewItem } from './batch.ts'
import { createListScanner, notJson } from './scan.ts'

export interface ReadLimits {
  readonly maxRequests: number
  /** The longest single request. */
  readonly maxRequestBytes: number
}

/** One transaction's worth: more would hold up everybody else. */
export const MOST_ITEMS = 100
const MOST_BYTES = 1024 * 1024

/**
 * Reads the body of a create call while it comes in, a bounded group of requests at a time. Throws a `Failure` in
 * Anthropic's words (Anthropic API, §6.7 V91 to V95) at the first request that is wrong; `params` may hold anything.
 */
export async function* readRequests(
  body: AsyncIterable<Uint8Array>,
  limits: ReadLimits,
): AsyncGenerator<readonly NewItem[], void> {
  const scanner = createListScanner('requests', { maxElementBytes: limits.maxRequestBytes })
  let seen = 0
  let group: NewItem[] = []
  let bytes = 0
  for await (const piece of body) {
    for (const text of scanner.push(piece)) {
      group.push(toItem(text, seen))
      seen++
      bytes += text.byteLength
      if (seen > limits.maxRequests) throw tooMany('requests', limits.maxRequests, seen)
      if (group.length < MOST_ITEMS && bytes < MOST_BYTES) continue
      yield group
      group = []
      bytes = 0
    }
  }
  checkAround(scanner.end())
  if (seen === 0) throw invalidRequest('requests: List should have at least 1 item after validation, not 0')
  if (group.length > 0) yield group
}

export const tooMany = (field: string, most: number, seen: number) =>
  invalidRequest(`${field}: List should have at most ${most} items after validation, not ${seen}`)

/** The body without its requests must still be one. */
function checkAround(around: unknown): void {
  if (!isRecord(around)) throw invalidRequest('Input should be a valid dictionary')
  if (around['requests'] === undefined) throw invalidRequest('requests: Field required')
  if (!Array.isArray(around['requests'])) throw invalidRequest('requests: Input should be a valid list')
}

function toItem(text: Uint8Array, index: number): NewItem {
  const value = parse(text)
  const at = `requests.${index}`
  if (!isRecord(value)) throw invalidRequest(`${at}: Input should be a valid dictionary`)
  const customId = checkCustomId(value['custom_id'], at)
  if (value['params'] === undefined) throw invalidRequest(`${at}.params: Field required`)
  if (!isRecord(value['params'])) throw invalidRequest(`${at}.params: Input should be a valid dictionary`)
  return { customId, text }
}

const CUSTOM_ID = new RegExp(CUSTOM_ID_PATTERN)

export function checkCustomId(value: unknown, at: string): string {
  const path = `${at}.custom_id`
  if (value === undefined) throw invalidRequest(`${path}: Field required`)
  if (typeof value !== 'string') throw invalidRequest(`${path}: Input should be a valid string`)
  if (value.length > CUSTOM_ID_MAX_CHARS)
    throw invalidRequest(`${path}: String should have at most ${CUSTOM_ID_MAX_CHARS} characters`)
  if (!CUSTOM_ID.test(value))
    throw invalidRequest(`${path}: String should match pattern '${CUSTOM_ID_PATTERN}'`)
  return value
}

function parse(text: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString())
  } catch (error) {
    throw notJson(error instanceof Error ? error.message.replace(/^JSON Parse error: /, '') : 'unreadable')
  }
}
