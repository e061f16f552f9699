import { expect, test } from 'bun:test'

import { TypeCompiler } from '@sinclair/typebox/compiler'
import fc from 'fast-check'

import { estimatedUsage, toUsage } from '../../src/translate/usage.ts'
import { Usage } from '../../src/wire/anthropic/response.ts'
import type { ChatUsage } from '../../src/wire/openrouter/chunk.ts'

const guess = estimatedUsage(100, 4)
const plain = { hourCache: false, fast: false }

const inputOf = (usage: ChatUsage): number[] => {
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = toUsage(
    usage,
    guess,
    plain,
    undefined,
  )
  return [input_tokens, cache_read_input_tokens, cache_creation_input_tokens]
}

test.each([
  [{ prompt_tokens: 1000 }, [1000, 0, 0]],
  [{ prompt_tokens: 1000, prompt_tokens_details: { cached_tokens: 900 } }, [100, 900, 0]],
  [
    { prompt_tokens: 1000, prompt_tokens_details: { cached_tokens: 600, cache_write_tokens: 300 } },
    [100, 600, 300],
  ],
  [{ prompt_tokens: 100, prompt_tokens_details: { cached_tokens: 900 } }, [0, 900, 0]],
  [{ prompt_tokens: 1000, prompt_tokens_details: null }, [1000, 0, 0]],
  [{}, [100, 0, 0]],
  [{ prompt_tokens: null }, [100, 0, 0]],
  [{ prompt_tokens: 0 }, [100, 0, 0]],
])('%p is the input [not cached, read, written] %p', (usage, input) => {
  expect(inputOf(usage)).toEqual(input)
})

test.each([
  [{ completion_tokens: 7 }, 7],
  [{ completion_tokens: 0 }, 4],
  [{ completion_tokens: null }, 4],
  [{}, 4],
])('%p is the output %p', (usage, output) => {
  expect(toUsage(usage, guess, plain, undefined).output_tokens).toBe(output)
})

test('thinking is told where the upstream counts it', () => {
  const usage = (reasoning_tokens: number | null): ChatUsage => ({
    completion_tokens_details: { reasoning_tokens },
  })
  expect(toUsage(usage(3), guess, plain, undefined).output_tokens_details).toEqual({ thinking_tokens: 3 })
  expect(toUsage(usage(0), guess, plain, undefined).output_tokens_details).toEqual({ thinking_tokens: 0 })
  expect(toUsage(usage(null), guess, plain, undefined).output_tokens_details).toBeNull()
})

test('cache writes count as one hour where every breakpoint asked for it', () => {
  const usage = { prompt_tokens: 10, prompt_tokens_details: { cache_write_tokens: 4 } }
  expect(toUsage(usage, guess, plain, undefined).cache_creation).toEqual({
    ephemeral_5m_input_tokens: 4,
    ephemeral_1h_input_tokens: 0,
  })
  expect(toUsage(usage, guess, { ...plain, hourCache: true }, undefined).cache_creation).toEqual({
    ephemeral_5m_input_tokens: 0,
    ephemeral_1h_input_tokens: 4,
  })
})

test.each([
  [false, 'priority', null, 'priority'],
  [true, 'priority', 'fast', 'priority'],
  [true, 'default', 'standard', 'standard'],
  [true, undefined, 'standard', 'standard'],
] as const)(
  'fast asked for: %p, tier served: %p, so speed %p and service_tier %p',
  (fast, tier, speed, served) => {
    const usage = toUsage({}, guess, { hourCache: false, fast }, tier)
    expect(usage.speed).toBe(speed)
    expect(usage.service_tier).toBe(served)
  },
)

test('web searches are counted from either place', () => {
  const searches = { web_search_requests: 2 }
  const expected = { web_search_requests: 2, web_fetch_requests: 0 }
  expect(toUsage({ server_tool_use_details: searches }, guess, plain, undefined).server_tool_use).toEqual(
    expected,
  )
  expect(toUsage({ server_tool_use: searches }, guess, plain, undefined).server_tool_use).toEqual(expected)
  expect(toUsage({}, guess, plain, undefined).server_tool_use).toBeNull()
})

test('whatever an upstream sends, usage is counts and never NaN', () => {
  const schema = TypeCompiler.Compile(Usage)
  const anyValue = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constantFrom(null, undefined, {}, []))
  const anyDetails = fc.oneof(
    anyValue,
    fc.record({ cached_tokens: anyValue, cache_write_tokens: anyValue, reasoning_tokens: anyValue }),
  )
  fc.assert(
    fc.property(
      fc.record({
        prompt_tokens: anyValue,
        completion_tokens: anyValue,
        prompt_tokens_details: anyDetails,
        completion_tokens_details: anyDetails,
        server_tool_use_details: anyDetails,
      }),
      (usage) => schema.Check(toUsage(usage as ChatUsage, guess, plain, undefined)),
    ),
  )
})
