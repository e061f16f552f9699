import { describe, expect, test } from 'bun:test'

import { readProtocol } from '../../src/http/protocol.ts'

const optionsOf = (headers: Record<string, string>) => readProtocol(new Headers(headers), false).options

describe('x-openrouter headers', () => {
  test('set options under their names, spelled with either sign and in either case', () => {
    expect(optionsOf({ 'X-OpenRouter-Min-P': '0.5', 'x-openrouter-top_a': '1' })).toEqual({
      min_p: 0.5,
      top_a: 1,
    })
  })

  test.each([
    ['{"sort":"price"}', { sort: 'price' }],
    ['[1, 2]', [1, 2]],
    ['true', true],
    ['null', null],
    ['0.5', 0.5],
    ['"text"', 'text'],
    ['text', 'text'],
    ['{half', '{half'],
    ['', ''],
    ['12345678901234567890', '12345678901234567890'],
  ])('%p is JSON, or else text', (text, value) => {
    expect(optionsOf({ 'x-openrouter-x': text })).toEqual({ x: value })
  })

  test('are the only ones that do', () => {
    const none = optionsOf({ 'x-openrouter': '1', 'x-other-seed': '1', 'anthropic-beta': 'a' })
    expect(none).toEqual({})
    expect(none).toBe(optionsOf({}))
  })
})
