import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import type { State } from '../../../src/translate/answer-state.ts'
import { foldEvents } from '../../../src/translate/fold.ts'
import { streamMachine } from '../../../src/translate/stream.ts'
import type { Schema } from '../../../src/translate/subschemas.ts'
import type { StreamEvent } from '../../../src/wire/anthropic/events.ts'
import type { Chunk, Delta } from '../../../src/wire/openrouter/chunk.ts'
import { cutAt } from '../arbitrary.ts'
import { expectGrammar, terms } from '../grammar.ts'
import { anyInput } from './schemas.ts'

interface Asked {
  readonly schema?: Schema
  readonly eager?: boolean
  readonly finish?: string
}

interface Told {
  readonly events: readonly StreamEvent[]
  readonly deltas: readonly string[]
  /** All deltas, joined. */
  readonly json: string
  readonly repairs: State['repairs']
}

const chunk = (delta: Delta, finish_reason: string | null = null): Chunk => ({
  choices: [{ index: 0, delta, finish_reason }],
})

const piece = (args: string, name?: string): Chunk =>
  chunk({
    tool_calls: [
      { index: 0, ...(name ? { id: 'a' } : {}), function: { ...(name ? { name } : {}), arguments: args } },
    ],
  })

/** An answer of one call whose arguments come in these pieces. */
function tell(
  pieces: readonly string[],
  { schema = {}, eager = false, finish = 'tool_calls' }: Asked = {},
): Told {
  const toolInputs = new Map([['Up', { schema, eager }]])
  const machine = streamMachine(terms({ toolNames: new Map([['Up', 'Client']]), toolInputs }))
  const events: StreamEvent[] = []
  let state = machine.start()
  for (const input of [piece('', 'Up'), ...pieces.map((args) => piece(args)), chunk({}, finish)])
    state = machine.step(state, input, events)
  const { repairs } = machine.end(state, events)
  expectGrammar(events, true)
  const deltas = events.flatMap((event) =>
    event.type === 'content_block_delta' && event.delta.type === 'input_json_delta'
      ? [event.delta.partial_json]
      : [],
  )
  return { events, deltas, json: deltas.join(''), repairs }
}

const inputOf = ({ events }: Told): unknown => {
  const [block] = foldEvents(events).content
  return block?.type === 'tool_use' ? block.input : undefined
}

const cuts = fc.array(fc.nat(1000), { maxLength: 8 })

/** What models do to JSON; each of it has one reading. */
const faults: ReadonlyArray<(json: string) => string> = [
  (json) => json,
  (json) => json.replace(/\}$/, ',}'),
  (json) => json.replace(/[}\]]+$/, ''),
  (json) => `\`\`\`json\n${json}\n\`\`\``,
  (json) => JSON.stringify(json),
  (json) => json.replaceAll(/\btrue(?=[,}\]])/g, 'True'),
  (json) => json.replace(/^\{"(\w+)":/, "{'$1':"),
  (json) => json.replace(/^\{"(\w+)":/, '{$1:'),
  (json) => `${json}}`,
]
const anyFault = fc.constantFrom(...faults)
const anyText = fc.oneof(
  fc.tuple(anyInput, anyFault).map(([{ value }, fault]) => fault(JSON.stringify(value))),
  // Without what looks like two objects in a row, or like a piece that repeats all before it (q12, q13).
  fc
    .string({ unit: fc.constantFrom('{', '}', '[', ']', '"', "'", ',', ':', 'a', '1', ' ', '\\', 'null') })
    .filter((text) => !/[{}\]][^]*\{/.test(text)),
)

/** A member that begins like its parent, cut right before: nobody can tell it from all of the text, sent anew (q12). */
const repeatsAllBefore = (pieces: readonly string[]): boolean =>
  pieces.some((text, at) => {
    const before = pieces.slice(0, at).join('')
    return before.length > 1 && text.startsWith(before)
  })

describe('however arguments are cut into pieces', () => {
  test.each([false, true])('the deltas join to the same text (eager: %p)', (eager) => {
    fc.assert(
      fc.property(
        anyText,
        anyInput,
        cuts,
        fc.constantFrom('tool_calls', 'length'),
        (text, { schema }, places, finish) => {
          fc.pre(!repeatsAllBefore(cutAt(text, places)))
          const asked = { schema, eager, finish }
          const whole = tell([text], asked)
          const cut = tell(cutAt(text, places), asked)
          expect(cut.json).toBe(whole.json)
          expect(cut.repairs).toEqual(whole.repairs)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('those that fit are told to the letter, and nothing counts as repaired', () => {
    fc.assert(
      fc.property(anyInput, cuts, fc.boolean(), ({ schema, value }, places, eager) => {
        const text = JSON.stringify(value)
        fc.pre(!repeatsAllBefore(cutAt(text, places)))
        const told = tell(cutAt(text, places), { schema, eager })
        expect(told.json).toBe(text)
        expect(told.repairs).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  test('those with a fault that has one reading end as JSON, the same as without it', () => {
    fc.assert(
      fc.property(anyInput, anyFault, cuts, ({ schema, value }, fault, places) => {
        const text = fault(JSON.stringify(value))
        fc.pre(!repeatsAllBefore(cutAt(text, places)))
        expect(inputOf(tell(cutAt(text, places), { schema }))).toEqual(value as object)
      }),
      { numRuns: 2000 },
    )
  })

  test('every delta but the last ends where a member ends', () => {
    fc.assert(
      fc.property(anyInput, cuts, ({ schema, value }, places) => {
        let told = ''
        for (const delta of tell(cutAt(JSON.stringify(value), places), { schema }).deltas) {
          told += delta
          JSON.parse(told.endsWith('}') && isWhole(told) ? told : `${told}}`)
        }
      }),
    )
  })
})

function isWhole(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('a member goes out', () => {
  const schema = {
    type: 'object',
    properties: { n: { type: 'integer' }, s: { type: 'string' } },
    required: ['n'],
  }

  test('when it is complete, repaired by the schema', () => {
    expect(tell(['{"n":"1', '2", "s', '": 3', ', "x": [{}', ']', '}'], { schema }).deltas).toEqual([
      '{"n":12',
      ',"s":"3"',
      ', "x": [{}]}',
    ])
  })

  test('as it comes, where the client wants that', () => {
    const pieces = ['{"n":"1', '2", "s', '": 3', '}']
    expect(tell(pieces, { schema, eager: true }).deltas).toEqual(pieces)
    expect(tell(['{"n":"1', '2"'], { schema, eager: true }).deltas).toEqual(['{"n":"1', '2"', '}'])
  })

  test('at the end, where its name may be that of a missing one', () => {
    expect(tell(['{"N":1,', '"s":"x"}'], { schema }).deltas).toEqual(['{"s":"x","n":1}'])
    expect(tell(['{"N":1,', '"n":2}'], { schema }).deltas).toEqual(['{"n":2,"N":1}'])
  })
})

test('repairs are told by the name that the client knows, each kind once', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } }
  expect(tell(['{"a":"1","b":"2",}'], { schema }).repairs).toEqual([
    { tool: 'Client', kinds: ['number', 'syntax'] },
  ])
  expect(tell(['{"a":1'], { schema, eager: true }).repairs).toEqual([{ tool: 'Client', kinds: ['syntax'] }])
})

test('a megabyte in ten thousand pieces is one pass, and one delta a member', () => {
  const text = JSON.stringify({ path: '/a', content: 'a line, "quoted" {\\\n'.repeat(50_000) })
  const pieces = text.match(/[^]{1,100}/g) ?? []
  expect(pieces.length).toBeGreaterThan(10_000)
  const told = tell(pieces)
  expect(told.deltas.length).toBe(2)
  expect(told.json).toBe(text)
})

test('fifty thousand members are not looked through again and again', () => {
  const object = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`k${at}`, String(at)]))
  const schema = {
    type: 'object',
    properties: {},
    required: ['k_1'],
    additionalProperties: { type: 'string' },
  }
  expect(inputOf(tell(JSON.stringify(object).match(/[^]{1,100}/g) ?? [], { schema }))).toMatchObject({
    k_1: '1',
    k2: '2',
  })
})
