import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { Failure } from '../../src/core/errors.ts'
import type { CallPiece } from '../../src/translate/delta.ts'
import { expectsValue, JSON_START, scanJson } from '../../src/translate/json-scan.ts'
import {
  addCallPiece,
  type Call,
  settleMembers,
  takeMembers,
  takeRest,
} from '../../src/translate/tool-calls.ts'
import { anyObject, cutAt } from './arbitrary.ts'

const KNOWN = new Map(['Bash', 'Read', 'ReadAll'].map((name) => [name, name]))

const piece = (overrides: Partial<CallPiece>): CallPiece => ({
  index: undefined,
  id: '',
  name: '',
  args: '',
  ...overrides,
})

const collect = (pieces: readonly Partial<CallPiece>[]): readonly Call[] =>
  pieces.reduce<readonly Call[]>((calls, given) => addCallPiece(calls, piece(given), KNOWN), [])

const summary = (calls: readonly Call[]): string[] =>
  calls.map(({ id, name, text }) => `${id} ${name} ${text}`)

// — however a provider sends them —

interface Planned {
  readonly name: string
  readonly json: string
}

const anyCalls: fc.Arbitrary<Planned[]> = fc.array(
  fc.record({
    name: fc.constantFrom('Bash', 'Read'),
    json: anyObject.map((object) => JSON.stringify(object)),
  }),
  { minLength: 1, maxLength: 4 },
)

/** The pieces of each call; the first one brings name and id. */
const piecesOf = (calls: readonly Planned[], cuts: readonly number[]): CallPiece[][] =>
  calls.map(({ name, json }, index) =>
    cutAt(json, cuts).map((args, n) => ({ index, id: `call_${index}`, name: n === 0 ? name : '', args })),
  )

/** Takes from the lists by turns, as `order` says, keeping each list's own order. */
function interleave<T>(lists: readonly T[][], order: readonly number[]): T[] {
  const left = lists.map((list) => [...list])
  const mixed: T[] = []
  for (let n = 0; left.some((list) => list.length > 0); n++) {
    const open = left.filter((list) => list.length > 0)
    const next = open[(order[n % Math.max(order.length, 1)] ?? 0) % open.length]?.shift()
    if (next !== undefined) mixed.push(next)
  }
  return mixed
}

const order = fc.array(fc.nat(7))
const cuts = fc.array(fc.nat(200), { maxLength: 5 })
const expected = (calls: readonly Planned[]): string[] =>
  calls.map(({ name, json }, index) => `call_${index} ${name} ${json}`)
const toSorted = (lines: readonly string[]): string[] => lines.toSorted()

describe('calls are put together', () => {
  const runs = { numRuns: 300 }

  test('by index, interleaved', () => {
    fc.assert(
      fc.property(anyCalls, cuts, order, (calls, places, mix) => {
        const pieces = interleave(piecesOf(calls, places), mix)
        const withoutLaterIds = pieces.map((one) => (one.name === '' ? { ...one, id: '' } : one))
        expect(toSorted(summary(collect(pieces)))).toEqual(expected(calls))
        expect(toSorted(summary(collect(withoutLaterIds)))).toEqual(expected(calls))
      }),
      runs,
    )
  })

  test('by id, interleaved, where there is no index', () => {
    fc.assert(
      fc.property(anyCalls, cuts, order, (calls, places, mix) => {
        const pieces = interleave(piecesOf(calls, places), mix).map(({ index: _index, ...rest }) => rest)
        expect(toSorted(summary(collect(pieces)))).toEqual(expected(calls))
      }),
      runs,
    )
  })

  test.each([0, undefined])('by the id that begins each, where every index is %p', (index) => {
    fc.assert(
      fc.property(anyCalls, cuts, (calls, places) => {
        const pieces = piecesOf(calls, places).flat()
        const bare = pieces.map((one) => ({ ...one, index, id: one.name === '' ? '' : one.id }))
        expect(summary(collect(bare))).toEqual(expected(calls))
      }),
      runs,
    )
  })

  test('from cumulative snapshots', () => {
    fc.assert(
      fc.property(anyObject, cuts, (object, places) => {
        const json = JSON.stringify(object)
        const lengths = places.map((place) => place % (json.length + 1)).toSorted((a, b) => a - b)
        // Where a value must come, a snapshot looks like a nested object.
        const sure = lengths.filter(
          (length) => !expectsValue(scanJson(JSON_START, json.slice(0, length)).scan),
        )
        const snapshots = [...sure, json.length].map((length) => ({
          index: 0,
          id: 'a',
          args: json.slice(0, length),
        }))
        expect(collect([{ index: 0, id: 'a', name: 'Bash' }, ...snapshots])[0]?.text).toBe(json)
      }),
      runs,
    )
  })
})

// — names —

test.each([
  [['Ba', 'sh'], ['Bash']],
  [['Bash', 'Bash'], ['Bash']],
  [['Bash', ''], ['Bash']],
  [['', 'Bash'], ['Bash']],
  [['Other', 'Tool'], ['Other']],
  [
    ['Bash', 'Read'],
    ['Bash', 'Read'],
  ],
])('pieces with the names %p are the calls %p', (names, calls) => {
  const pieces = names.map((name) => ({ index: 0, name }))
  expect(collect([{ index: 0, id: 'a' }, ...pieces]).map((call) => call.name)).toEqual(calls)
})

// — arguments —

/** All that a client gets of the arguments of a call that nothing was sent of yet. */
function closingText(call: Call): string {
  const [taken, text] = takeMembers(settleMembers(call, false), {})
  return text + takeRest(taken, {})[1]
}

test.each([
  ['', '{}'],
  ['null', '{}'],
  [' [] ', '{}'],
  ['""', '{}'],
  ['"{\\"a\\":1}"', '{"a":1}'],
  ['"{}', '"{}'],
  ['[1]', '[1]'],
  ['7', '7'],
])('the arguments %p mean %p', (args, meant) => {
  const [call] = collect([{ name: 'Bash', args }])
  expect(call && closingText(call)).toBe(meant)
})

test('white space and stray brackets behind the arguments are left out', () => {
  for (const rest of [' \n', '}', ']} '])
    for (const pieces of [[`{"a":1}${rest}`], ['{"a":1}', rest]])
      expect(summary(collect([{ id: 'a', name: 'Bash' }, ...pieces.map((args) => ({ args }))]))).toEqual([
        'a Bash {"a":1}',
      ])
})

test('another object behind the arguments is a failure, since a call would be lost', () => {
  for (const pieces of [['{"a":1}{"b":2}'], ['{"a":1}', '{"b":2}'], ['{"a":1}', '{"a":1}{"b":2}']])
    expect(() =>
      collect([{ index: 0, id: 'a', name: 'Bash' }, ...pieces.map((args) => ({ index: 0, args }))]),
    ).toThrow(Failure)
})

test('a piece that says nothing changes nothing', () => {
  const calls = collect([{ id: 'a', name: 'Bash', args: '{"a":1}' }])
  expect(addCallPiece(calls, piece({}), KNOWN)).toBe(calls)
  expect(addCallPiece(calls, piece({ id: 'a', name: 'Bash', args: ' ' }), KNOWN)).toBe(calls)
  expect(addCallPiece([], piece({ args: '\n' }), KNOWN)).toEqual([])
})
