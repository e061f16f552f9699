import { describe, expect, test } from 'bun:test'

import type { NewItem } from '../../src/batches/batch.ts'
import { readRequests } from '../../src/batches/read-requests.ts'
import { Failure } from '../../src/core/errors.ts'
import { thrownBy } from '../support/thrown.ts'

const LIMITS = { maxRequests: 250, maxRequestBytes: 10_000 }

async function* piecesOf(text: string, bytes = 100): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text)
  for (let from = 0; from < all.length; from += bytes) yield all.subarray(from, from + bytes)
}

async function read(body: unknown, limits = LIMITS): Promise<ReadonlyArray<readonly NewItem[]>> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return Array.fromAsync(readRequests(piecesOf(text), limits))
}

const request = (customId: unknown, params: unknown = {}) => ({ custom_id: customId, params })
const many = (count: number) => Array.from({ length: count }, (_, index) => request(`r-${index}`))

describe('the requests of a body', () => {
  test('come in bounded groups, in their order, each as the text it came as', async () => {
    const groups = await read({ requests: many(250) })
    expect(groups.map((group) => group.length)).toEqual([100, 100, 50])
    const items = groups.flat()
    expect(items.map(({ customId }) => customId)).toEqual(
      many(250).map(({ custom_id }) => custom_id as string),
    )
    expect(Buffer.from(items[7]?.text ?? []).toString()).toBe('{"custom_id":"r-7","params":{}}')
  })

  test('may hold any params at all', async () => {
    expect(await read({ requests: [request('a', { nonsense: [] })], other: true })).toHaveLength(1)
  })

  test.each([
    ['V91', [{ params: {} }], 'requests.0.custom_id: Field required'],
    ['V92', [request('x'.repeat(65))], 'requests.0.custom_id: String should have at most 64 characters'],
    ['V93', [request('a b')], "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"],
    ['V93', [request('')], "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"],
    ['V94', [], 'requests: List should have at least 1 item after validation, not 0'],
    ['V4', [request(1)], 'requests.0.custom_id: Input should be a valid string'],
    ['V3', [request('a'), { custom_id: 'b' }], 'requests.1.params: Field required'],
    ['V4', [request('a', 'text')], 'requests.0.params: Input should be a valid dictionary'],
    ['V4', ['text'], 'requests.0: Input should be a valid dictionary'],
  ])('are refused (%s): %p', async (_rule, requests, message) => {
    expect(await thrownBy(read({ requests }))).toEqual(new Failure('invalid_request_error', message))
  })

  test.each([
    ['{}', 'requests: Field required'],
    ['{"requests":{}}', 'requests: Input should be a valid list'],
    ['[]', 'Input should be a valid dictionary'],
    ['', 'The request body is not valid JSON: unexpected end of data'],
    ['{"requests":[{"custom_id":"a","params":{}}', 'The request body is not valid JSON'],
    ['{"requests":[{"custom_id":"a","params":{x}}]}', 'The request body is not valid JSON'],
  ])('are refused: %s', async (body, message) => {
    expect((await thrownBy(read(body))).message).toContain(message)
  })

  test('are refused when they are too many (V95)', async () => {
    const message = 'requests: List should have at most 250 items after validation, not 251'
    expect((await thrownBy(read({ requests: many(251) }))).message).toContain(message)
  })

  test('are refused one by one when they are too large', async () => {
    const body = { requests: [request('a'), request('b', { text: 'x'.repeat(10_000) })] }
    expect(await thrownBy(read(body))).toMatchObject({
      kind: 'request_too_large',
      message: 'requests.1: Request exceeds the maximum size of 10000 bytes',
    })
  })
})
