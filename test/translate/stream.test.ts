import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { Failure } from '../../src/core/errors.ts'
import { begin, type State } from '../../src/translate/answer-state.ts'
import type { Family } from '../../src/translate/family.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { replay } from '../../src/translate/machine.ts'
import { isSettled, streamMachine } from '../../src/translate/stream.ts'
import type { AnswerTerms } from '../../src/translate/terms.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import type { Choice, Chunk, Delta, ReasoningDetail, ToolCallDelta } from '../../src/wire/openrouter/chunk.ts'
import { anyObject, cutAt } from './arbitrary.ts'
import { expectGrammar, terms } from './grammar.ts'

type Input = Chunk | '[DONE]'

const chunk = (delta: Delta, rest: Partial<Choice> = {}): Chunk => ({
  choices: [{ index: 0, delta, ...rest }],
})
const stop = chunk({}, { finish_reason: 'stop' })
const usage: Chunk = { choices: [], usage: { prompt_tokens: 20, completion_tokens: 7 } }

/** The events of an answer, as far as it goes, and whether it goes to its end. */
function run(inputs: readonly Input[], given: AnswerTerms): { events: StreamEvent[]; isWhole: boolean } {
  const machine = streamMachine(given)
  const events: StreamEvent[] = []
  let state = machine.start()
  try {
    for (const input of inputs) state = machine.step(state, input, events)
    machine.end(state, events)
    return { events, isWhole: true }
  } catch (error) {
    expect(error).toBeInstanceOf(Failure)
    return { events, isWhole: false }
  }
}

// — anything that an upstream may send —

const optional = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined | null> =>
  fc.oneof({ weight: 3, arbitrary: values }, fc.constantFrom(undefined, null))
const from = fc.constantFrom
const word = from('', ' ', '\n', 'a', 'ab', 'END', 'E', 'long text', '[REDACTED]')
const index = from(undefined, null, 0, 1)

const anyDetail = fc.record({
  type: from('reasoning.text', 'reasoning.summary', 'reasoning.encrypted', 'reasoning.server_tool_call'),
  text: optional(word),
  summary: optional(word),
  data: optional(from('', 'AA', 'BB')),
  signature: optional(from('', 's1', 's2')),
  format: from(undefined, null, 'unknown', 'anthropic-claude-v1', 'google-gemini-v1'),
  id: from(undefined, null, 'r1', 'r2'),
  index,
}) as fc.Arbitrary<ReasoningDetail>
const anyArguments = from(
  '',
  ' ',
  '{',
  '}',
  '{"a":',
  '1',
  '"x"',
  '{"a":1}',
  '{"a":1}}',
  'null',
  ',',
  '{"a":1}{"b":2}',
)
const anyCall = fc.record({
  index,
  id: from(undefined, null, '', 'a', 'b', 'x:y'),
  function: from(undefined, null, 'both').chain((kind) =>
    kind === 'both'
      ? fc.record({
          name: from(undefined, null, '', 'Bash', 'Read', 'Ba', 'sh', 'Other'),
          arguments: anyArguments,
        })
      : fc.constant(kind),
  ),
}) as fc.Arbitrary<ToolCallDelta>
const anyDelta = fc.record(
  {
    content: fc.oneof(
      word,
      fc.constant(null),
      fc.array(fc.record({ type: fc.constant('text'), text: word })),
    ),
    reasoning: word,
    reasoning_content: word,
    reasoning_details: fc.array(anyDetail, { maxLength: 3 }),
    refusal: word,
    tool_calls: fc.array(anyCall, { maxLength: 3 }),
    images: from([], [{}]),
  },
  { requiredKeys: [] },
)
const anyChoice = fc.record(
  {
    index: from(0, 0, 0, undefined, 1),
    delta: optional(anyDelta),
    message: anyDelta,
    finish_reason: from(null, undefined, null, 'stop', 'length', 'tool_calls', 'content_filter', 'other'),
    native_finish_reason: from(null, 'SAFETY', 'stop_sequence', 'pause_turn'),
  },
  { requiredKeys: ['delta'] },
)
const anyChunk = fc.oneof(
  { weight: 8, arbitrary: fc.record({ choices: fc.array(anyChoice, { minLength: 1, maxLength: 2 }) }) },
  { weight: 1, arbitrary: from(usage, stop, {}, { choices: null }, { provider: 'One', choices: [] }) },
) as fc.Arbitrary<Chunk>
const anyInputs: fc.Arbitrary<Input[]> = fc
  .tuple(
    fc.array(anyChunk, { maxLength: 12 }),
    from([], ['[DONE]' as const], [stop, usage, '[DONE]' as const]),
  )
  .map(([chunks, end]) => [...chunks, ...end])
const anyTerms: fc.Arbitrary<AnswerTerms> = fc
  .record({
    family: from<Family>('anthropic', 'openai', 'google', 'deepseek'),
    stopSequences: from([], [], ['END'], ['b', 'END']),
    hideThinking: fc.boolean(),
    singleCall: fc.boolean(),
  })
  .map(terms)

describe('whatever the upstream sends', () => {
  test('the events keep the order of the Messages API, or end with a failure', () => {
    fc.assert(
      fc.property(anyInputs, anyTerms, (inputs, given) => {
        const { events, isWhole } = run(inputs, given)
        expectGrammar(events, isWhole)
      }),
      { numRuns: 3000 },
    )
  })

  test('values of other types than the wire promises break nothing', () => {
    const garbage = from(null, true, 0, 1, -1.5, '', 'x', [], [null], [[]], [7], ['x'], {}, { text: 1 }, [
      { text: {} },
    ])
    const fields = [
      'content',
      'reasoning',
      'reasoning_details',
      'refusal',
      'tool_calls',
      'function_call',
      'images',
      'audio',
    ]
    const delta = fc.record(Object.fromEntries(fields.map((field) => [field, garbage])), { requiredKeys: [] })
    const choice = fc.record(
      {
        index: garbage,
        delta: fc.oneof(delta, garbage),
        finish_reason: garbage,
        native_finish_reason: garbage,
      },
      { requiredKeys: [] },
    )
    const inner = fc.record({
      choices: fc.oneof(fc.array(fc.oneof(choice, garbage)), garbage),
      usage: garbage,
      provider: garbage,
      service_tier: garbage,
    })
    fc.assert(
      fc.property(fc.array(inner), anyTerms, (chunks, given) => {
        const { events, isWhole } = run([...(chunks as Chunk[]), '[DONE]'], given)
        expectGrammar(events, isWhole)
        expect(events.every((event) => JSON.stringify(event).length > 0)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('a state is a value: going on from it twice gives the same events twice', () => {
    fc.assert(
      fc.property(anyInputs, anyInputs, anyTerms, (before, after, given) => {
        const machine = streamMachine(given)
        const goOn = (state: State): StreamEvent[] => {
          const out: StreamEvent[] = []
          try {
            let next = state
            for (const input of after) next = machine.step(next, input, out)
          } catch (error) {
            expect(error).toBeInstanceOf(Failure)
          }
          return out
        }
        let state = machine.start()
        try {
          for (const input of before) state = machine.step(state, input, [])
        } catch (error) {
          expect(error).toBeInstanceOf(Failure)
        }
        expect(goOn(state)).toEqual(goOn(state))
      }),
      { numRuns: 300 },
    )
  })

  test('no client sees one tool id twice', () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const given = terms({ takenToolIds: new Set(['toolu_or0_a']) })
        const ids = run(inputs, given).events.flatMap((event) =>
          event.type === 'content_block_start' && event.content_block.type === 'tool_use'
            ? [event.content_block.id]
            : [],
        )
        expect(new Set([...ids, ...given.takenToolIds]).size).toBe(ids.length + 1)
        for (const id of ids) expect(id).toMatch(/^toolu_[\w-]+$/)
      }),
      { numRuns: 500 },
    )
  })
})

// — cutting —

const pieces = fc.array(fc.nat(1000), { maxLength: 8 })
const visible = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => text.trim() !== '')
const textOf = (events: readonly StreamEvent[]): string =>
  foldEvents(events)
    .content.map((block) => (block.type === 'text' ? block.text : ''))
    .join('')

describe('cutting does not change', () => {
  test('text, whether or not stop sequences are looked for', () => {
    fc.assert(
      fc.property(visible, pieces, fc.boolean(), (text, cuts, scans) => {
        const given = terms({ stopSequences: scans ? ['\u0000\u0000\u0000!'] : [] })
        const chunks = cutAt(text, cuts).map((content) => chunk({ content }))
        expect(textOf(run([...chunks, stop], given).events)).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('where a stop sequence ends the answer', () => {
    const letters = fc.string({ unit: from('a', 'b', ' ', 'S', 'T'), maxLength: 40 })
    fc.assert(
      fc.property(letters, pieces, (text, cuts) => {
        const given = terms({ stopSequences: ['ST', 'b b'] })
        const whole = foldEvents(run([chunk({ content: text }), stop], given).events)
        const cut = foldEvents(
          run([...cutAt(text, cuts).map((content) => chunk({ content })), stop], given).events,
        )
        expect(cut.content).toEqual(whole.content)
        expect(cut.stop_sequence).toBe(whole.stop_sequence)
      }),
      { numRuns: 500 },
    )
  })

  test('the arguments of a call', () => {
    fc.assert(
      fc.property(anyObject, pieces, (object, cuts) => {
        const [first = '', ...rest] = cutAt(JSON.stringify(object), cuts)
        const call = (id: string | undefined, args: string): Chunk =>
          chunk({
            tool_calls: [
              {
                index: 0,
                ...(id
                  ? { id, function: { name: 'Bash', arguments: args } }
                  : { function: { arguments: args } }),
              },
            ],
          })
        const { events } = run(
          [call('a', first), ...rest.map((args) => call(undefined, args)), stop],
          terms(),
        )
        expect(foldEvents(events).content).toMatchObject([{ type: 'tool_use', name: 'Bash', input: object }])
      }),
      { numRuns: 500 },
    )
  })
})

// — whole or streamed —

interface Planned {
  readonly reasoning: string
  readonly signature: string
  readonly text: string
  readonly calls: ReadonlyArray<Record<string, unknown>>
}

const anyAnswer: fc.Arbitrary<Planned> = fc.record({
  reasoning: fc.oneof(visible, fc.constant('')),
  signature: from('', 'sig'),
  text: fc.oneof(visible, fc.constant('')),
  calls: fc.array(anyObject, { maxLength: 3 }),
})

const detailOf = ({ reasoning, signature }: Planned): ReasoningDetail[] =>
  reasoning === '' || signature === ''
    ? []
    : [{ type: 'reasoning.text', text: reasoning, signature, format: 'anthropic-claude-v1', index: 0 }]

const callsOf = ({ calls }: Planned) =>
  calls.map((input, at) => ({
    index: at,
    id: `call_${at}`,
    type: 'function',
    function: { name: 'Bash', arguments: JSON.stringify(input) },
  }))

/** The answer as one completion. */
const asWhole = (answer: Planned): Input[] => [
  {
    choices: [
      {
        index: 0,
        message: {
          content: answer.text,
          reasoning: answer.reasoning,
          reasoning_details: detailOf(answer),
          tool_calls: callsOf(answer),
        },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 20, completion_tokens: 7 },
  },
  '[DONE]',
]

/** The same answer in pieces. */
function asStream(answer: Planned, cuts: readonly number[]): Input[] {
  const [detail] = detailOf(answer)
  const { signature: _signature, ...unsigned } = detail ?? {}
  const reasoning = cutAt(answer.reasoning, cuts).map((text) =>
    chunk({ reasoning: text, ...(detail ? { reasoning_details: [{ ...unsigned, text }] } : {}) }),
  )
  const signature = detail ? [chunk({ reasoning_details: [{ ...detail, text: '' }] })] : []
  const calls = callsOf(answer).flatMap((call) =>
    cutAt(call.function.arguments, cuts).map((args, n) =>
      chunk({
        tool_calls: [
          n === 0
            ? { ...call, function: { ...call.function, arguments: args } }
            : { index: call.index, function: { arguments: args } },
        ],
      }),
    ),
  )
  const text = cutAt(answer.text, cuts).map((content) => chunk({ content }))
  return [...reasoning, ...signature, ...text, ...calls, stop, usage, '[DONE]']
}

test('a stream folds into the message that the same answer makes when it comes whole', () => {
  fc.assert(
    fc.property(anyAnswer, pieces, from<Family>('anthropic', 'deepseek'), (answer, cuts, family) => {
      const machine = streamMachine(terms({ family }))
      const whole = replay(machine, asWhole(answer))
      const streamed = replay(machine, asStream(answer, cuts))
      expectGrammar(streamed, true)
      expect(foldEvents(streamed)).toEqual(foldEvents(whole))
    }),
    { numRuns: 500 },
  )
})

// — the beginning and the end —

test('message_start comes once, even where the stream had to show life before', () => {
  const machine = streamMachine(terms())
  const events: StreamEvent[] = []
  let state = begin(machine.start(), terms(), events)
  state = begin(state, terms(), events)
  state = machine.step(state, chunk({ content: 'Hi' }), events)
  state = machine.step(state, stop, events)
  machine.end(state, events)
  expectGrammar(events, true)
})

test('nothing is told before there is something to tell', () => {
  const machine = streamMachine(terms())
  const events: StreamEvent[] = []
  for (const input of [chunk({ content: '' }), chunk({ content: '\n' }), usage])
    machine.step(machine.start(), input, events)
  expect(events).toEqual([])
})

test('an answer is settled by its end mark, and by a stop sequence', () => {
  const machine = streamMachine(terms({ stopSequences: ['END'] }))
  const start = machine.start()
  expect(isSettled(machine.step(start, chunk({ content: 'a' }), []))).toBe(false)
  expect(isSettled(machine.step(start, stop, []))).toBe(false)
  expect(isSettled(machine.step(start, '[DONE]', []))).toBe(true)
  expect(isSettled(machine.step(start, chunk({ content: 'a END' }), []))).toBe(true)
})

test.each([
  ['a stream that just ends', [chunk({ content: 'Hi' })]],
  [
    'a call that is never named',
    [chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }), stop],
  ],
])('%s is a failure that may pass', (_what, inputs) => {
  expect(() => replay(streamMachine(terms()), inputs)).toThrow(
    expect.objectContaining({ kind: 'api_error', status: 502, retryable: true }),
  )
})

test('without usage the output is estimated from all that was said', () => {
  const events = replay(streamMachine(terms()), [
    chunk({ reasoning: '12345678' }),
    chunk({ content: '1234' }),
    chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'Bash', arguments: '{"a":"12"}' } }] }),
    stop,
  ])
  expect(foldEvents(events).usage).toMatchObject({ input_tokens: 100, output_tokens: 6 })
})
