import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { toClientToolId, toUpstreamToolId } from '../../src/translate/tool-id.ts'

const nothingTaken = (): boolean => false

test.each([
  ['toolu_01ABC', 'toolu_01ABC'],
  ['call_abc-1', 'toolu_or0_call_abc-1'],
  ['7', 'toolu_or0_7'],
  ['functions.Bash:0', 'toolu_or1_ZnVuY3Rpb25zLkJhc2g6MA'],
])('the upstream id %p is the client id %p', (upstream, client) => {
  expect(toClientToolId(upstream, nothingTaken)).toBe(client)
  expect(toUpstreamToolId(client)).toBe(upstream)
})

test('every id becomes one that Anthropic would send, and leads back to itself', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^toolu_(or[01]_)?[\w-]*$/)),
      (id) => {
        const client = toClientToolId(id, nothingTaken)
        expect(client).toMatch(/^toolu_[a-zA-Z0-9_-]*$/)
        expect(toUpstreamToolId(client)).toBe(id)
      },
    ),
  )
})

test('an id that is taken gets the next free suffix', () => {
  const taken = new Set(['toolu_or0_call_1', 'toolu_or0_call_1_2'])
  expect(toClientToolId('call_1', (id) => taken.has(id))).toBe('toolu_or0_call_1_3')
  expect(toUpstreamToolId('toolu_or0_call_1_3')).toBe('call_1_3')
})

test.each([
  ['call_1', 'call_1'],
  ['toolu_or1_!', 'toolu_or1_dG9vbHVfb3IxXyE'],
  ['a.b', 'toolu_or1_YS5i'],
])('the client id %p, which never came from us, is the legal upstream id %p', (client, upstream) => {
  expect(toUpstreamToolId(client)).toBe(upstream)
})
