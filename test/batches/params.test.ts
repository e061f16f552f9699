import { describe, expect, test } from 'bun:test'

import { readParams } from '../../src/batches/params.ts'

const read = (params: unknown) => readParams(Buffer.from(JSON.stringify({ custom_id: 'a', params })))

describe('the params of a request', () => {
  test('come back as they were, with whatever else they hold', () => {
    const params = {
      model: 'm',
      stream: false,
      max_tokens: 1,
      speed: 'standard',
      fallbacks: null,
      extra: [1],
    }
    expect(read(params)).toEqual(params)
  })

  test.each([
    [{ stream: true }, '"stream=True" is not supported in the Message Batches API'],
    [{ max_tokens: 0 }, 'max_tokens: must be greater than or equal to 1'],
    [{ speed: 'fast' }, '"speed" is not supported'],
    [{ thread: { id: 't' } }, '"thread" is not supported'],
    [{ fallbacks: ['m'] }, '"fallbacks" is not supported'],
    [[], 'params: Input should be a valid dictionary'],
  ])('are refused: %p', (params, message) => {
    expect(() => read(params)).toThrow(message)
  })

  test('must not hold half of a character', () => {
    const text = `{"custom_id":"a","params":{"model":"m","system":"\\ud83d"}}`
    expect(() => readParams(Buffer.from(text))).toThrow('no low surrogate in string')
    expect(read({ system: '😀' })).toEqual({ system: '😀' })
    expect(readParams(Buffer.from('{"params":{"system":"\\ud83d\\ude00"}}'))).toEqual({ system: '😀' })
  })
})
