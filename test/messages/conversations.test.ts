import { describe, expect, test } from 'bun:test'

import {
  type CacheUse,
  conversationOf,
  createConversations,
  describeCollapse,
} from '../../src/messages/conversations.ts'

const MINUTE_MS = 60_000
const HEALTHY: CacheUse = { model: 'm', promptTokens: 10_000, cachedTokens: 8_000 }
const COLD: CacheUse = { model: 'm', promptTokens: 11_000, cachedTokens: 0 }

/** A memory whose time the test moves. */
function remember(maxEntries = 10) {
  let nowMs = 1_000_000
  const conversations = createConversations({ clock: { now: () => nowMs }, maxEntries })
  return { observe: conversations.observe.bind(conversations), pass: (ms: number) => void (nowMs += ms) }
}

describe('a collapse', () => {
  test('is a longer prompt that is hardly read from a cache which had most of it', () => {
    const { observe, pass } = remember()
    expect(observe('s', HEALTHY)).toBeUndefined()
    pass(2000)
    expect(observe('s', COLD)).toEqual({
      model: 'm',
      promptTokens: 11_000,
      cachedTokens: 0,
      previousPromptTokens: 10_000,
      previousCachedTokens: 8_000,
      elapsedMs: 2000,
      providers: undefined,
    })
  })

  test('names the change of provider that explains it', () => {
    const { observe } = remember()
    observe('s', { ...HEALTHY, provider: 'A' })
    const collapse = observe('s', { ...COLD, provider: 'B' })
    expect(collapse?.providers).toEqual(['A', 'B'])
    expect(collapse && describeCollapse(collapse)).toBe(
      'the prompt cache gave 0 of 11000 tokens after 8000 of 10000 in the turn before; ' +
        'the provider changed from A to B',
    )
  })

  test('is told once', () => {
    const { observe } = remember()
    observe('s', HEALTHY)
    expect(observe('s', COLD)).toBeDefined()
    expect(observe('s', { ...COLD, promptTokens: 12_000 })).toBeUndefined()
  })

  test('is seen behind requests beside the conversation', () => {
    const { observe } = remember()
    observe('s', HEALTHY)
    observe('s', { model: 'm', promptTokens: 300, cachedTokens: 0 })
    observe('s', { model: 'small', promptTokens: 20_000, cachedTokens: 0 })
    expect(observe('s', COLD)).toBeDefined()
  })
})

describe('no collapse is', () => {
  const cases: ReadonlyArray<readonly [string, CacheUse, CacheUse, number]> = [
    ['a pause longer than a cache lives', HEALTHY, COLD, 5 * MINUTE_MS + 1],
    ['a prompt that was small', { ...HEALTHY, promptTokens: 3000, cachedTokens: 2000 }, COLD, 0],
    ['a cache that never helped', { ...HEALTHY, cachedTokens: 4000 }, COLD, 0],
    ['a cache that still helps', HEALTHY, { ...COLD, cachedTokens: 1100 }, 0],
    ['a shorter prompt', HEALTHY, { ...COLD, promptTokens: 9999 }, 0],
    ['another model', HEALTHY, { ...COLD, model: 'other' }, 0],
  ]
  test.each(cases)('%s', (_, before, after, pauseMs) => {
    const { observe, pass } = remember()
    observe('s', before)
    pass(pauseMs)
    expect(observe('s', after)).toBeUndefined()
  })

  test('another conversation', () => {
    const { observe } = remember()
    observe('s', HEALTHY)
    expect(observe('t', COLD)).toBeUndefined()
  })
})

test('after a compaction the shorter conversation counts as soon as the longer one is past', () => {
  const { observe, pass } = remember()
  observe('s', HEALTHY)
  pass(MINUTE_MS)
  observe('s', { ...HEALTHY, promptTokens: 5000, cachedTokens: 4000 })
  pass(5 * MINUTE_MS)
  observe('s', { ...HEALTHY, promptTokens: 6000, cachedTokens: 5000 })
  expect(observe('s', { ...HEALTHY, promptTokens: 7000, cachedTokens: 0 })).toBeDefined()
})

test('the conversations that were silent longest are forgotten', () => {
  const { observe } = remember(2)
  for (const session of ['a', 'b', 'c']) observe(session, HEALTHY)
  expect(observe('a', COLD)).toBeUndefined()
  expect(observe('c', COLD)).toBeDefined()
})

test('a sub-agent has a conversation of its own, a request without session has none', () => {
  expect(conversationOf('s', undefined)).not.toBe(conversationOf('s', 'agent'))
  expect(conversationOf(undefined, 'agent')).toBeUndefined()
})
