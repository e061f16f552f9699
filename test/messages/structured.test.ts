import { describe, expect, test } from 'bun:test'

import type { RequestContext } from '../../src/core/context.ts'
import { Failure } from '../../src/core/errors.ts'
import type { AnswerStream } from '../../src/messages/converse.ts'
import { type Ask, answerStructured, noteAsking } from '../../src/messages/structured.ts'
import type { ValidRequest } from '../../src/messages/validate.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { toTarget } from '../../src/translate/target.ts'
import { mergeTurns } from '../../src/translate/turns.ts'
import { estimatedUsage } from '../../src/translate/usage.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import type { MessagesRequest } from '../../src/wire/anthropic/request.ts'
import type { AnswerBlock, MessageResponse, StopReason } from '../../src/wire/anthropic/response.ts'
import { checkOrder } from '../support/events.ts'

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, people: { type: 'integer' } },
  required: ['city', 'people'],
  additionalProperties: false,
}
const PARIS = '{"city": "Paris", "people": 2}'

const quiet = (): void => {}

function contextOf(options = {}) {
  const trace = createTrace(() => 0)
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const signal = new AbortController().signal
  const context = { id: 'req_1', signal, log, trace, protocol: { options } } as unknown as RequestContext
  return { trace, context }
}

function requestOf(fields: Partial<MessagesRequest> = {}): ValidRequest {
  const request = {
    model: 'm',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Where?' }],
    output_config: { format: { type: 'json_schema', schema: SCHEMA } },
    ...fields,
  } as MessagesRequest
  return { request, turns: mergeTurns(request.messages) }
}

// — answers —

type Said = readonly [block: AnswerBlock, ...pieces: readonly string[]]

const text = (...pieces: readonly string[]): Said => [{ type: 'text', text: '', citations: null }, ...pieces]
const thought = (...pieces: readonly string[]): Said => [
  { type: 'thinking', thinking: '', signature: '' },
  ...pieces,
]
const call: Said = [
  { type: 'tool_use', id: 'toolu_1', name: 'look', input: {}, caller: { type: 'direct' } },
  '{}',
]

const DELTAS = {
  text: (piece: string) => ({ type: 'text_delta' as const, text: piece }),
  thinking: (piece: string) => ({ type: 'thinking_delta' as const, thinking: piece }),
  tool_use: (piece: string) => ({ type: 'input_json_delta' as const, partial_json: piece }),
}

function blockEvents([block, ...pieces]: Said, index: number): readonly StreamEvent[] {
  const toDelta = DELTAS[block.type as keyof typeof DELTAS]
  return [
    { type: 'content_block_start', index, content_block: block },
    ...pieces.map((piece): StreamEvent => ({ type: 'content_block_delta', index, delta: toDelta(piece) })),
    { type: 'content_block_stop', index },
  ]
}

/** The events of one call that cost 10 tokens of input and 5 of output. */
function answerOf(said: readonly Said[], stop_reason: StopReason = 'end_turn'): readonly StreamEvent[] {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] }
  return [
    {
      type: 'message_start',
      message: { ...message, usage: estimatedUsage(9, 1) } as unknown as MessageResponse,
    },
    ...said.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null, stop_details: null, container: null },
      usage: { ...estimatedUsage(10, 5), output_tokens_details: { thinking_tokens: 2 } },
      openrouter: { id: 'gen_1', cost: 0.5 },
    },
    { type: 'message_stop' },
  ]
}

/** Each event in a read of its own; `open` works as a real answer's does. */
function streamOf(events: readonly StreamEvent[], failure?: Error): AnswerStream & { cancelled: boolean } {
  const rest = [...events]
  return {
    cancelled: false,
    open: () => rest.splice(0, 1),
    async read() {
      const event = rest.shift()
      if (!event && failure) throw failure
      return event && [event]
    },
    async cancel() {
      this.cancelled = true
    },
  }
}

/** A model that gives these answers, one a call, and remembers what it was asked. */
function model(...answers: ReadonlyArray<readonly StreamEvent[]>) {
  const asked: ValidRequest[] = []
  const ask: Ask = async (valid) => {
    const events = answers[asked.length]
    asked.push(valid)
    if (!events) throw new Error('nobody expected another call')
    return streamOf(events)
  }
  return { asked, ask }
}

async function readAll(stream: AnswerStream): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = []
  for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
  checkOrder(events.map((event) => ({ type: event.type, data: event, atMs: 0 })))
  return events
}

async function answer(
  answers: ReadonlyArray<readonly StreamEvent[]>,
  fields: Partial<MessagesRequest> = {},
  retries = 2,
) {
  const { asked, ask } = model(...answers)
  const { trace, context } = contextOf()
  const events = await readAll(await answerStructured(requestOf(fields), ask, { retries }, context))
  return { asked, trace, events, message: foldEvents(events) }
}

const nothing = (reads: number): readonly string[] => Array.from({ length: reads }, () => '')

const textsOf = ({ content }: MessageResponse): readonly string[] =>
  content.flatMap((block) => (block.type === 'text' ? [block.text] : []))

async function failureOf(run: Promise<unknown>): Promise<Failure> {
  const failure = await run.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof Failure)) throw new Error(`no failure: ${String(failure)}`)
  return failure
}

describe('a structured answer', () => {
  test('that fits goes to the client as the model gave it', async () => {
    const given = answerOf([text('{"city": "Par', 'is", "people": 2}')])
    const { events, trace, asked } = await answer([given])
    expect(events).toEqual([...given])
    expect(asked).toHaveLength(1)
    expect(trace.notes()).toMatchObject({ structured_tries: 1 })
  })

  test.each([
    ['fences', `\`\`\`json\n${PARIS}\n\`\`\``, PARIS],
    ['a fence that is not closed', `\`\`\`json\n${PARIS}`, PARIS],
    ['prose around it', `Sure, [see below]: ${PARIS} Anything else?`, PARIS],
    ['a brace in a string', 'So: {"city": "}{", "people": 1}.', '{"city": "}{", "people": 1}'],
    ['a trailing comma', '{"city": "Paris", "people": 2,}', PARIS],
    ['single quotes', "{'city': 'Paris', 'people': 2}", PARIS],
    ['a bracket that is missing', '{"city": "Paris", "people": 2', PARIS],
    ['a number in quotes', '{"city": "Paris", "people": "2"}', '{"city":"Paris","people":2}'],
  ])('is freed of %s without another call', async (_what, given, wanted) => {
    const { message, asked } = await answer([answerOf([text(given)])])
    expect(textsOf(message)).toEqual([wanted])
    expect(JSON.parse(textsOf(message)[0] ?? '')).toHaveProperty('people')
    expect(asked).toHaveLength(1)
  })

  test('in two texts becomes one', async () => {
    const { message } = await answer([answerOf([text('Here it is:'), text(PARIS)])])
    expect(textsOf(message)).toEqual([PARIS])
  })

  test('is asked for again with the wrong one and what is wrong about it', async () => {
    const wrong = '{"city": 5, "extra": 1}'
    const { message, asked, trace } = await answer([answerOf([text(wrong)]), answerOf([text(PARIS)])])
    expect(textsOf(message)).toEqual([PARIS])
    expect(asked[1]?.request.messages.slice(1)).toEqual([
      { role: 'assistant', content: wrong },
      {
        role: 'user',
        content: [
          'Your answer does not have the required format:',
          '- /city: must be string, but is 5',
          '- /people: is required, but missing',
          '- /extra: is not allowed',
          'Answer once more with the whole, corrected JSON value and nothing else.',
        ].join('\n'),
      },
    ])
    expect(asked[1]?.turns).toHaveLength(3)
    expect(trace.notes()).toMatchObject({ structured_tries: 2 })
  })

  test('is asked for again without an assistant turn where the model said nothing', async () => {
    const { asked } = await answer([answerOf([]), answerOf([text(PARIS)])])
    expect(asked[1]?.request.messages.map(({ role }) => role)).toEqual(['user', 'user'])
    expect(asked[1]?.turns).toHaveLength(1)
  })

  test('costs what all its tries cost', async () => {
    const { message } = await answer([
      answerOf([text('no')]),
      answerOf([text('no')]),
      answerOf([text(PARIS)]),
    ])
    expect(message.usage).toMatchObject({
      input_tokens: 30,
      output_tokens: 15,
      output_tokens_details: { thinking_tokens: 6 },
      service_tier: 'standard',
      server_tool_use: null,
    })
    expect(message.openrouter).toEqual({ id: 'gen_1', cost: 1.5 })
  })

  test('is noted with what all its tries cost', async () => {
    const { trace, context } = contextOf()
    const { ask } = model(answerOf([text('no')]), answerOf([text(PARIS)]))
    let cost = 0.25
    const noting: Ask = async (valid) => {
      const stream = ask(valid)
      trace.note('cost_usd', cost)
      cost *= 2
      return stream
    }
    await readAll(await answerStructured(requestOf(), noting, { retries: 2 }, context))
    expect(trace.notes()['cost_usd']).toBe(0.75)
  })

  test('that never fits is a failure that names what is wrong, and not worth another request', async () => {
    const wrong = answerOf([text('{"city": "Paris"}')])
    const failure = await failureOf(answer([wrong, wrong, wrong]))
    expect(failure.message).toBe(
      'the answer does not fit the requested schema after 3 tries: /people: is required, but missing',
    )
    expect(failure).toMatchObject({
      kind: 'api_error',
      status: 502,
      retryable: false,
      details: {
        error_code: 'structured_output_mismatch',
        tries: 3,
        problems: [{ path: '/people', message: 'is required, but missing' }],
      },
    })
  })

  test('is asked for once where no retry is allowed', async () => {
    const failure = await failureOf(answer([answerOf([text('I do not know.')])], {}, 0))
    expect(failure.message).toBe(
      'the answer does not fit the requested schema after one try: the whole answer: is not valid JSON',
    )
  })

  test.each([
    'refusal',
    'max_tokens',
    'stop_sequence',
    'model_context_window_exceeded',
    'pause_turn',
  ] as const)('that ended with %s passes as it is', async (reason) => {
    const given = answerOf([text('{"city": "Pa')], reason)
    expect((await answer([given])).events).toEqual([...given])
  })

  test('gives way to a tool call, with the text before it', async () => {
    const given = answerOf([thought('Hm.'), text('Let me look.'), call], 'tool_use')
    expect((await answer([given])).events).toEqual([...given])
  })

  test('lets thinking flow at once, that of later tries too', async () => {
    const { ask } = model(answerOf([thought('One.'), text('no')]), answerOf([thought('Two.'), text(PARIS)]))
    const { context } = contextOf()
    const stream = await answerStructured(requestOf(), ask, { retries: 2 }, context)
    const seen: string[] = []
    for (let batch = await stream.read(); batch; batch = await stream.read())
      seen.push(batch.map(({ type }) => type.replace('content_block_', '')).join(' '))
    expect(seen).toEqual([
      '', // message_start waits for something to follow it
      'message_start start',
      'delta',
      'stop',
      ...nothing(6), // the text and the end of the first try, and the question
      '',
      'start',
      'delta',
      'stop',
      ...nothing(5),
      'start delta stop message_delta message_stop',
    ])
  })

  test('numbers the blocks of all tries in one row', async () => {
    const { message } = await answer([
      answerOf([thought('One.'), text('no'), thought('Held and dropped.')]),
      answerOf([thought('Two.'), text('Here: '), thought('Kept.'), text(PARIS)]),
    ])
    expect(message.content.map((block) => ('thinking' in block ? block.thinking : block.type))).toEqual([
      'One.',
      'Two.',
      'Kept.',
      'text',
    ])
  })

  test('begins when it must, and then only once', async () => {
    const { ask } = model(answerOf([text('no')]), answerOf([text(PARIS)]))
    const { context } = contextOf()
    const stream = await answerStructured(requestOf(), ask, { retries: 2 }, context)
    expect(await stream.read()).toEqual([])
    const events = [...stream.open()]
    expect(events.map(({ type }) => type)).toEqual(['message_start'])
    for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
    expect(events.filter(({ type }) => type === 'message_start')).toHaveLength(1)
    expect(stream.open()).toEqual([])
    expect(textsOf(foldEvents(events))).toEqual([PARIS])
  })

  test('begins before the upstream has said anything', async () => {
    const { ask } = model(answerOf([text(PARIS)]))
    const stream = await answerStructured(requestOf(), ask, { retries: 2 }, contextOf().context)
    expect(stream.open().map(({ type }) => type)).toEqual(['message_start'])
  })

  test('breaks off where the upstream does', async () => {
    const broken = new Failure('overloaded_error', 'gone')
    const ask: Ask = async () => streamOf(answerOf([text('{')]).slice(0, 3), broken)
    const stream = await answerStructured(requestOf(), ask, { retries: 2 }, contextOf().context)
    expect(await failureOf(readAll(stream))).toBe(broken)
  })

  test('is given up with the call that is running', async () => {
    const last = streamOf(answerOf([text(PARIS)]))
    const streams = [streamOf(answerOf([text('no')])), last]
    const ask: Ask = async () => streams.shift() ?? last
    const stream = await answerStructured(requestOf(), ask, { retries: 2 }, contextOf().context)
    while (streams.length > 0) await stream.read()
    await stream.cancel()
    expect(last.cancelled).toBe(true)
    expect(await stream.read()).toBeUndefined()
  })

  test('is not checked where it continues the words of the client', async () => {
    const messages: MessagesRequest['messages'] = [
      { role: 'user', content: 'Where?' },
      { role: 'assistant', content: '{"city":' },
    ]
    const given = answerOf([text(' "Paris"}')])
    const { events, trace } = await answer([given], { messages })
    expect(events).toEqual([...given])
    expect(trace.warnings().map(({ path }) => path)).toEqual(['output_config.format'])
  })

  test('without a schema only has to be JSON', async () => {
    const fields = { output_config: {}, response_format: { type: 'json_object' as const } }
    const { message, asked } = await answer(
      [answerOf([text('Hello!')]), answerOf([text('{"any": 1}')])],
      fields,
    )
    expect(textsOf(message)).toEqual(['{"any": 1}'])
    expect(asked).toHaveLength(2)
  })

  test('passes with a warning where its schema takes too long to be checked', async () => {
    const $defs: Record<string, object> = { a40: { type: 'string' } }
    for (let n = 0; n < 40; n++) {
      const next = { $ref: `#/$defs/a${n + 1}` }
      $defs[`a${n}`] = { anyOf: [next, next] }
    }
    const format = { type: 'json_schema' as const, schema: { $defs, $ref: '#/$defs/a0' } }
    const { message, trace } = await answer([answerOf([text('5')])], { output_config: { format } })
    expect(textsOf(message)).toEqual(['5'])
    expect(trace.warnings()).toEqual([
      {
        path: 'output_config.format',
        message: 'the schema takes too long to check an answer against it in full',
      },
    ])
  })

  test('cannot be held up by the pattern of its schema', async () => {
    const schema = { type: 'string', pattern: '^(a+)+$' }
    const format = { type: 'json_schema' as const, schema }
    const given = (last: string) => answerOf([text(JSON.stringify('a'.repeat(5000) + last))])
    const startedAtMs = performance.now()
    const { asked } = await answer([given('!'), given('')], { output_config: { format } })
    expect(asked).toHaveLength(2)
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })
})

describe('an answer without a format', () => {
  test.each([
    [{ output_config: null }, {}],
    [{ output_config: { effort: 'low' } }, {}],
    [{ output_config: null, response_format: { type: 'text' } }, {}],
  ])('is left alone: %j, headers %j', async (fields, options) => {
    const stream = streamOf([])
    const valid = requestOf(fields as Partial<MessagesRequest>)
    const { context, trace } = contextOf(options)
    expect(await answerStructured(valid, async () => stream, { retries: 2 }, context)).toBe(stream)
    noteAsking(valid, toTarget('x/y', true), context)
    expect(trace.notes()).toEqual({})
  })
})

describe('noteAsking', () => {
  test.each([
    ['x/y', {}, 'native'],
    ['x/y', { facts: { supportedParameters: ['response_format'] } }, 'json'],
    ['x/y', { facts: { supportedParameters: [] } }, 'prompt'],
    ['x/y', { facts: { supportedParameters: [] }, wire: 'messages' as const }, 'native'],
  ])('of %s %j notes %s', (model, details, expected) => {
    const { context, trace } = contextOf()
    noteAsking(requestOf(), toTarget(model, true, details), context)
    expect(trace.notes()).toEqual({ structured: expected })
  })
})
