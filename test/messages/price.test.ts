import { expect, test } from 'bun:test'

import { priceOf } from '../../src/messages/price.ts'

const counts = { inputTokens: 1000, cachedTokens: 600, cacheWriteTokens: 100, outputTokens: 50 }
const priced = (pricing: object) => ({ id: 'a/b', pricing })

test('each kind of token has its own price', () => {
  const pricing = {
    prompt: '0.001',
    completion: '0.01',
    input_cache_read: '0.0001',
    input_cache_write: '0.00125',
  }
  expect(priceOf(priced(pricing), counts)).toBeCloseTo(300 * 0.001 + 600 * 0.0001 + 100 * 0.00125 + 50 * 0.01)
  expect(priceOf(priced({ ...pricing, request: '0.5' }), counts)).toBeCloseTo(1.485)
})

test('cached tokens without a price of their own cost what others do', () => {
  expect(priceOf(priced({ prompt: '0.001', completion: '0' }), counts)).toBeCloseTo(1)
})

test('a model without prices, or with prices that depend, has none', () => {
  expect(priceOf(undefined, counts)).toBeUndefined()
  expect(priceOf({ id: 'a/b' }, counts)).toBeUndefined()
  expect(priceOf(priced({ prompt: '-1', completion: '-1' }), counts)).toBeUndefined()
  expect(priceOf(priced({ prompt: '', completion: '1' }), counts)).toBeUndefined()
})
