import { describe, expect, test } from 'bun:test'

import { Failure } from '../../../src/core/errors.ts'
import { foldEvents } from '../../../src/translate/fold.ts'
import { replay } from '../../../src/translate/machine.ts'
import { openRelay, promptTokensOf, relayMachine } from '../../../src/translate/relay/answer.ts'
import type { StreamEvent } from '../../../src/wire/anthropic/events.ts'
import type { RelayedEvent } from '../../../src/wire/anthropic/relayed.ts'
import { eventsOf, messageOf, startOf, USAGE } from '../../support/anthropic-upstream.ts'
import { deepFreeze } from '../../support/freeze.ts'

const TERMS = { id: 'msg_own', model: 'big', inputTokens: 77 }
const machine = relayMachine(TERMS)

const relayed = (events: readonly object[]): readonly StreamEvent[] =>
  replay(machine, deepFreeze(events) as readonly RelayedEvent[])

const toText = (values: readonly object[]): string => values.map((value) => JSON.stringify(value)).join('\n')

/** What a client that saw the opening before the upstream spoke gets after it. */
function afterOpening(events: readonly object[]): readonly StreamEvent[] {
  const out: StreamEvent[] = []
  let state = openRelay(machine.start(), TERMS, out)
  for (const event of events) state = machine.step(state, event as RelayedEvent, out)
  machine.end(state, out)
  return out
}

describe('the events of an answer', () => {
  test('pass as they are but for the model and pings', () => {
    const events = [
      {
        type: 'message_start',
        x: 1,
        message: { id: 'msg_1', odd: { b: 1, a: 2 }, model: 'claude-9', usage: USAGE },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'of_tomorrow', z: [] }, y: 2 },
      { type: 'content_block_delta', index: 0, delta: { text: 'x', type: 'tomorrow_delta' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'of_tomorrow', deep: { z: 1, a: [null] } },
      {
        type: 'message_delta',
        usage: { output_tokens: 1, cost: 0.5 },
        delta: { stop_reason: 'of_tomorrow' },
        w: 1,
      },
      { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 1 } },
    ]
    const withPings = events.flatMap((event) => [event, { type: 'ping' }])
    expect(toText(relayed([...withPings, { type: '[DONE]' }]))).toBe(
      toText(events).replace('"claude-9"', '"big"'),
    )
  })

  test('fold into the message that the same answer is as a whole', () => {
    const { model: _, ...whole } = messageOf('Hello')
    expect(foldEvents(relayed(eventsOf('Hel', 'lo'))) as object).toEqual({ ...whole, model: 'big' })
  })

  test('of a whole message fold into it again, to the last key', () => {
    const whole = messageOf('Hello', { provider: 'Anthropic', odd: { z: 1, a: 2 } })
    const message = foldEvents(relayed([whole]))
    expect(JSON.stringify(message)).toBe(JSON.stringify({ ...whole, model: 'big' }))
  })

  test.each([
    ['nothing', []],
    ['a beginning', [startOf()]],
    ['all but the end', eventsOf('Hi').slice(0, -1)],
    ['OpenRouter’s end mark alone', [...eventsOf('Hi').slice(0, 4), { type: '[DONE]' }]],
    ['without what the answer took', eventsOf('Hi').filter(({ type }: any) => type !== 'message_delta')],
    ['a block without its content', [startOf(), { type: 'content_block_start', index: 0 }]],
    ['a piece of nothing', [startOf(), { type: 'content_block_delta', index: 0, delta: null }]],
    ['an end without its reason', [startOf(), { type: 'message_delta', delta: 7 }]],
    ['a whole message without content', [{ ...messageOf('Hi'), content: undefined }]],
    ['a whole message with content that is none', [{ ...messageOf('Hi'), content: [null, 'Hi'] }]],
  ])('that are %s are no answer', (_, events) => {
    expect(() => relayed(events)).toThrow(Failure)
  })

  test('end with message_stop, whatever follows it', () => {
    const events = eventsOf('Hi')
    expect(relayed([...events, ...events.slice(1), messageOf('More')])).toEqual(relayed(events))
  })

  test('always tell of usage at the end', () => {
    const bare = { type: 'message_delta', delta: { stop_reason: 'end_turn' } }
    const [start, ...rest] = eventsOf('Hi')
    const events = [start ?? {}, ...rest.filter(({ type }: any) => type !== 'message_delta')]
    const end = relayed([...events.slice(0, -1), bare, { type: 'message_stop' }]).at(-2)
    expect(end).toMatchObject({ usage: { ...USAGE, output_tokens: 1 } })
    const unstarted = relayed([bare, { type: 'message_stop' }])
    expect(unstarted.map(({ type }) => type)).toEqual(['message_start', 'message_delta', 'message_stop'])
    expect(unstarted.at(1)).toMatchObject({ usage: { input_tokens: 77, output_tokens: 0 } })
  })
})

describe('a stream that had to begin before its upstream', () => {
  test('has one beginning, and all of its usage at the end', () => {
    const events = afterOpening(eventsOf('Hi'))
    expect(events.filter(({ type }) => type === 'message_start')).toMatchObject([
      { message: { id: 'msg_own', model: 'big', usage: { input_tokens: 77 } } },
    ])
    expect(events.at(-2)).toMatchObject({ usage: USAGE })
    expect(foldEvents(events)).toMatchObject({ usage: USAGE, content: [{ type: 'text', text: 'Hi' }] })
  })

  test('may be answered whole', () => {
    const events = afterOpening([messageOf('Hi')])
    expect(events.filter(({ type }) => type === 'message_start')).toHaveLength(1)
    expect(foldEvents(events)).toMatchObject({ usage: USAGE, content: [{ type: 'text', text: 'Hi' }] })
  })

  test('does not begin again', () => {
    const out: StreamEvent[] = []
    let state = machine.start()
    for (const event of eventsOf('Hi').slice(0, 1)) state = machine.step(state, event as RelayedEvent, out)
    expect(openRelay(state, TERMS, out)).toBe(state)
    expect(out).toHaveLength(1)
  })
})

test('the origin is known from the beginning, the usage from both ends', () => {
  const out: StreamEvent[] = []
  let state = machine.start()
  for (const event of [startOf({ provider: 'Anthropic' }), ...eventsOf('Hi').slice(1)])
    state = machine.step(state, event as RelayedEvent, out)
  expect(state).toMatchObject({
    upstreamId: 'msg_upstream',
    provider: 'Anthropic',
    usage: USAGE,
    ended: true,
  })
  expect(promptTokensOf(state.usage)).toBe(60)
  expect(promptTokensOf({ output_tokens: 3, input_tokens: null })).toBeUndefined()
})
