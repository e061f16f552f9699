import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { canonicalJson } from '../../src/cache/canonical.ts'
import { cacheKey, type KeyParts } from '../../src/cache/key.ts'

const BODY = {
  model: 'a/b',
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] },
    { role: 'user', content: 'Hello' },
  ],
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  max_tokens: 10,
  stream: true,
}
const PARTS: KeyParts = { owner: 'me', upstream: 'default', wire: 'chat', body: BODY, shape: { stops: [] } }
const keyOf = (change: Partial<KeyParts> = {}, salt = 'salt'): string =>
  cacheKey({ ...PARTS, ...change }, salt)
const KEY = keyOf()

/** The same value with the members of every object in another order. */
function shuffled(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, seed))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, shuffled(inner, seed)] as const)
  const rank = (name: string): number => Number(Bun.hash(`${seed}${name}`) % 1000n)
  return Object.fromEntries(entries.toSorted(([a], [b]) => rank(a) - rank(b)))
}

describe('the key of an answer', () => {
  test('does not depend on the order or the spelling of JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(), (extra, seed) => {
        const body = { ...BODY, extra }
        const respelled = JSON.parse(JSON.stringify(shuffled(body, seed), null, 3)) as typeof body
        expect(keyOf({ body: respelled })).toBe(
          keyOf({ body: JSON.parse(JSON.stringify(body)) as object as typeof body }),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('changes with every change of what is asked', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (one, other) => {
        const same = Bun.deepEquals(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)), true)
        const equal = keyOf({ body: { ...BODY, extra: one } }) === keyOf({ body: { ...BODY, extra: other } })
        expect(equal).toBe(same)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['the owner', { owner: 'you' }],
    ['the upstream', { upstream: 'local' }],
    ['the wire', { wire: 'messages' }],
    ['what shapes the answer', { shape: { stops: ['x'] } }],
    ['the model', { body: { ...BODY, model: 'a/c' } }],
    ['a word', { body: { ...BODY, messages: [{ role: 'user', content: 'Hello!' }] } }],
    ['the temperature', { body: { ...BODY, temperature: 0 } }],
  ])('changes with %s', (_what, change) => {
    expect(keyOf(change)).not.toBe(KEY)
  })

  test('changes with the salt', () => {
    expect(keyOf({}, 'pepper')).not.toBe(KEY)
  })

  test.each([
    ['the way of delivery', { stream: false, stream_options: { include_usage: true } }],
    ['who asks', { user: 'u', metadata: { a: 1 }, session_id: 's', safety_identifier: 'i' }],
    ['prompt caching', { cache_control: { type: 'ephemeral' }, prompt_cache_key: 'k' }],
    ['what is traced', { trace: { trace_id: 't' }, debug: { echo_upstream_body: true } }],
  ])('does not change with %s', (_what, fields) => {
    expect(keyOf({ body: { ...BODY, ...fields } })).toBe(KEY)
  })

  test('does not change with cache breakpoints, wherever they stand', () => {
    const marks = { cache_control: { type: 'ephemeral', ttl: '1h' } }
    const messages = [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: 'Hello' },
    ]
    const tools = BODY.tools.map((tool) => ({ ...tool, ...marks }))
    expect(keyOf({ body: { ...BODY, messages, tools } })).toBe(KEY)
  })

  test('keeps a tool parameter that is only named like a breakpoint', () => {
    const withParameter = (cache_control: string) => [
      { type: 'function', function: { name: 'f', parameters: { properties: { cache_control } } } },
    ]
    expect(keyOf({ body: { ...BODY, tools: withParameter('a') } })).not.toBe(
      keyOf({ body: { ...BODY, tools: withParameter('b') } }),
    )
  })
})

test('an object is never taken for a list that spells it out', () => {
  const pairs = JSON.parse(canonicalJson({ a: 1 })) as unknown
  expect(canonicalJson(pairs)).not.toBe(canonicalJson({ a: 1 }))
})
