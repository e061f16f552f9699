import { describe, expect, test } from 'bun:test'

import { Value } from '@sinclair/typebox/value'

import { addDetails } from '../../src/translate/details.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { streamMachine } from '../../src/translate/stream.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import { AnswerDetails } from '../../src/wire/anthropic/response.ts'
import type { Chunk } from '../../src/wire/openrouter/chunk.ts'
import { terms } from './grammar.ts'

const detailsOf = (...chunks: readonly object[]): AnswerDetails =>
  chunks.reduce<AnswerDetails>((details, chunk) => addDetails(details, chunk as Chunk), {})

const delta = (fields: object): object => ({ choices: [{ index: 0, delta: fields }] })

describe('details of an answer', () => {
  test('say nothing of what the upstream leaves out', () => {
    expect(detailsOf({ id: null, usage: null, choices: [] }, delta({ images: [], audio: null }))).toEqual({})
  })

  test('hold the last of what is said once', () => {
    expect(
      detailsOf({ id: 'a', provider: 'X' }, { provider: 'Y', usage: { cost: 1, prompt_tokens: 2 } }),
    ).toEqual({
      id: 'a',
      provider: 'Y',
      cost: 1,
    })
  })

  test('join probabilities token by token', () => {
    const choice = (logprobs: unknown) => ({ choices: [{ index: 0, delta: {}, logprobs }] })
    const { logprobs } = detailsOf(
      choice({ content: [1], refusal: null }),
      choice(null),
      choice({ content: [2], refusal: [3] }),
      choice({ content: null }),
    )
    expect(logprobs).toEqual({ content: [1, 2], refusal: [3] })
  })

  test('join sound and its transcript, and keep its mark', () => {
    const { audio } = detailsOf(
      delta({ audio: { id: 'a' } }),
      delta({ audio: { data: 'AA', transcript: 'Hi' } }),
      delta({ audio: { data: 'BB', transcript: ' you', expires_at: 5 } }),
    )
    expect(audio).toEqual({ id: 'a', data: 'AABB', transcript: 'Hi you', expires_at: 5 })
  })

  test('hold each echo of an attempt', () => {
    expect(detailsOf({ debug: { a: 1 } }, { debug: { b: 2 } }).debug).toEqual([{ a: 1 }, { b: 2 }])
  })

  test('are not doubled by a last message that repeats all', () => {
    const annotations = [{ type: 'file' }]
    const whole = { choices: [{ index: 0, message: { annotations } }] }
    expect(detailsOf(delta({ annotations }), whole).annotations).toEqual(annotations)
  })

  test('leave out what is not of the type that is promised', () => {
    const odd = {
      id: 7,
      model: ['a'],
      usage: { cost: 'dear', is_byok: 1, cost_details: [] },
      moderation: 'x',
    }
    const choices = [{ index: 0, delta: {}, native_finish_reason: 5 }]
    expect(detailsOf({ ...odd, choices } as unknown as Chunk)).toEqual({})
  })

  test('ignore other choices', () => {
    expect(detailsOf({ choices: [{ index: 1, delta: { images: [{}] }, logprobs: {} }] })).toEqual({})
  })
})

const CHUNKS: readonly Chunk[] = [
  { id: 'gen-1', model: 'a/b', provider: 'X', choices: [{ index: 0, delta: { content: 'Hi' } }] },
  {
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, cost: 0.5 },
  },
]

function eventsOf(details: boolean): StreamEvent[] {
  const machine = streamMachine(terms({ details }))
  const events: StreamEvent[] = []
  let state = machine.start()
  for (const chunk of CHUNKS) state = machine.step(state, chunk, events)
  machine.end(state, events)
  return events
}

describe('in an answer', () => {
  test('details stand at the end of a stream, and on the message', () => {
    const events = eventsOf(true)
    const expected = { id: 'gen-1', model: 'a/b', provider: 'X', cost: 0.5 }
    expect(events.find(({ type }) => type === 'message_delta')).toMatchObject({ openrouter: expected })
    const { openrouter } = foldEvents(events)
    expect(openrouter).toEqual(expected)
    expect(Value.Check(AnswerDetails, openrouter)).toBe(true)
  })

  test('nothing of it stands there for those who did not ask', () => {
    expect(JSON.stringify(eventsOf(false))).not.toContain('openrouter')
    expect(foldEvents(eventsOf(false))).not.toHaveProperty('openrouter')
  })
})
