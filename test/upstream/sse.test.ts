import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { Failure } from '../../src/core/errors.ts'
import { errorOf } from '../../src/upstream/answer-body.ts'
import { createClient } from '../../src/upstream/client.ts'
import { endSse, parseSse, SSE_START } from '../../src/upstream/sse.ts'
import type { Batch, ChatItem } from '../../src/upstream/upstream.ts'
import { cutAt } from '../translate/arbitrary.ts'

// — the parser —

/** The data of all events of a stream that comes in these pieces. */
function parse(pieces: readonly string[]): string[] {
  const events: string[] = []
  let state = SSE_START
  for (const piece of pieces) state = parseSse(state, piece, events)
  endSse(state, events)
  return events
}

const cuts = fc.array(fc.nat(1000), { maxLength: 12 })

test('cutting changes nothing, be it within a line, a CRLF or between events', () => {
  const line = fc.constantFrom(
    'data: a',
    'data:b',
    'data:',
    'data',
    ': comment',
    'event: x',
    '{"error":1}',
    '',
    'id: 1',
    'data:  c ',
  )
  const lineBreak = fc.constantFrom('\n', '\r\n', '\r')
  const stream = fc
    .array(fc.tuple(line, lineBreak), { maxLength: 20 })
    .map((lines) => lines.map((parts) => parts.join('')).join(''))
  fc.assert(
    fc.property(stream, cuts, (text, places) => {
      expect(parse(cutAt(text, places))).toEqual(parse([text]))
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['data: a\n\ndata: b\n\n', ['a', 'b']],
  ['data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
  ['data: a\r\rdata: b\r\r', ['a', 'b']],
  ['data:a\n\n', ['a']],
  ['data:  a\n\n', [' a']],
  ['data: a\ndata: b\n\n', ['a\nb']],
  [': comment\n\ndata: a\n\n', ['a']],
  ['event: x\nid: 1\nretry: 5\ndata: a\n\n', ['a']],
  ['data:\n\ndata: a\n\n', ['a']],
  ['data: a', ['a']],
  ['data: a\n', ['a']],
  ['{"error":1}\n', ['{"error":1}']],
  ['{"error":1}', ['{"error":1}']],
  ['data: a\n{"error":1}\n\n', ['a', '{"error":1}']],
  ['<html>\n</html>', []],
  ['', []],
])('%p holds the events %p', (text, events) => {
  expect(parse([text])).toEqual(events)
})

test('one long line in many reads is not copied with each of them', () => {
  const piece = 'x'.repeat(64)
  const startedAtMs = performance.now()
  const [event] = parse(['data: ', ...Array<string>(64_000).fill(piece), '\n\n'])
  expect(event).toHaveLength(64_000 * piece.length)
  // Some 40 ms; joined anew with each read it would be minutes.
  expect(performance.now() - startedAtMs).toBeLessThan(2000)
})

// — the reader behind it —

const responseOf = (body: string | ReadableStream<Uint8Array>, type = 'text/event-stream'): Response =>
  new Response(body, { headers: { 'content-type': type } })

const clientOf = (response: Response) =>
  createClient({
    baseUrl: 'http://upstream.test/v1',
    headers: {},
    fetch: async () => response,
    clock: { now: () => 0, watch: () => () => undefined },
    limits: { firstByteTimeoutMs: 1000, idleTimeoutMs: 1000, requestTimeoutMs: 1000 },
  })

async function read(response: Response): Promise<{ batches: Batch[]; failure: Failure | undefined }> {
  const call = { model: 'big', stream: true, body: '{}', headers: {} }
  const batches: Batch[] = []
  try {
    for await (const batch of clientOf(response).stream(call, new AbortController().signal))
      batches.push(batch)
    return { batches, failure: undefined }
  } catch (failure) {
    if (failure instanceof Failure) return { batches, failure }
    throw failure
  }
}

/** A body that comes in these reads and then stays open where `hangs` says so. */
const bodyOf = (reads: readonly Uint8Array<ArrayBuffer>[], hangs = false): ReadableStream<Uint8Array> => {
  const left = reads.filter((bytes) => bytes.length > 0)
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = left.shift()
        if (next) controller.enqueue(next)
        else if (!hangs) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const data = (value: unknown): string =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
const said = (content: string): object => ({ choices: [{ index: 0, delta: { content } }] })
const role = { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }
const stop = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
const usage = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }
const broken = { error: { code: 502, message: 'gone', metadata: { error_type: 'provider_unavailable' } } }

test('bytes may be cut anywhere, even within a character', async () => {
  const text = 'Grüße 👩‍👩‍👧 漢字'
  const bytes = encode(data(said(text)).replaceAll('\n', '\r\n') + data(stop) + data('[DONE]'))
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const { batches } = await read(responseOf(bodyOf(cutAt(bytes, places))))
      expect(batches.flat()).toEqual([said(text), stop, '[DONE]'])
    }),
    { numRuns: 300 },
  )
})

/** Texts of one read come as one chunk; where the reads are cut must not matter to what they say. */
const byUnit = (item: ChatItem): readonly ChatItem[] => {
  const content = item === '[DONE]' ? undefined : item.choices?.[0]?.delta?.content
  if (item === '[DONE]' || typeof content !== 'string') return [item]
  const [choice] = item.choices ?? []
  return content.split('').map((unit) => ({ ...item, choices: [{ ...choice, delta: { content: unit } }] }))
}

test('however weird the events and the cuts, the same chunks come, then the end or the same failure', async () => {
  const error = fc.constantFrom(
    null,
    '',
    'x',
    {},
    7,
    { code: 'x' },
    { message: {} },
    { metadata: { raw: '{"a"' } },
  )
  const choice = fc.record(
    { delta: fc.constantFrom(null, 7, { content: 'a' }, { content: [] }), error, finish_reason: error },
    { requiredKeys: [] },
  )
  const event = fc.oneof(
    fc.constantFrom(
      data(said('é')),
      data(said('"\\\n😀')),
      data(stop),
      data(usage),
      data('[DONE]'),
      data('x'),
      data('[]'),
      ': ok\r\n',
    ),
    fc
      .record({ choices: fc.oneof(fc.array(choice), error), error, usage: error }, { requiredKeys: [] })
      .map(data),
  )
  const outcome = async (reads: readonly Uint8Array<ArrayBuffer>[]) => {
    const { batches, failure } = await read(responseOf(bodyOf(reads)))
    return { inputs: batches.flat().flatMap(byUnit), failure: failure?.message }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 6 }), cuts, async (events, places) => {
      const bytes = encode(events.join(''))
      expect(await outcome(cutAt(bytes, places))).toEqual(await outcome([bytes]))
    }),
    { numRuns: 500 },
  )
})

test('one read becomes one batch, and the words in it one chunk', async () => {
  const reads = [data(said('a')) + data(said('b\n"')), data(said('c')), data('[DONE]')].map(encode)
  const { batches } = await read(responseOf(bodyOf(reads)))
  expect(batches).toEqual([[said('ab\n"')], [said('c')], ['[DONE]']])
})

describe('what adds up otherwise than text stays in chunks of its own:', () => {
  const twice = (delta: object, choice: object = {}): string =>
    data({ choices: [{ delta: { content: 'a', ...delta }, ...choice }] }).repeat(2)
  test.each([
    ['calls', twice({ tool_calls: [{ index: 0, function: { arguments: '1' } }] })],
    ['thoughts', twice({ reasoning: 'a' })],
    ['thoughts in detail', twice({ reasoning_details: [{ type: 'reasoning.text', text: 'a' }] })],
    ['pages', twice({ annotations: [{ type: 'url_citation' }] })],
    ['probabilities', twice({}, { logprobs: { content: [] } })],
  ])('%s', async (_, events) => {
    const { batches } = await read(responseOf(bodyOf([encode(events)])))
    expect(batches[0]).toHaveLength(2)
  })

  test('nor do words pass by what came between them', async () => {
    const thought = { choices: [{ delta: { reasoning: 'hm' } }] }
    const events = data(said('a')) + data(thought) + data(said('b'))
    const { batches } = await read(responseOf(bodyOf([encode(events)])))
    expect(batches[0] as unknown).toEqual([said('a'), thought, said('b')])
  })
})

test('the answer ends with its end mark, even where the connection stays open', async () => {
  const { batches } = await read(
    responseOf(bodyOf([encode(data(said('a')) + data('[DONE]') + data(said('b')))], true)),
  )
  expect(batches).toEqual([[said('a'), '[DONE]']])
})

describe('an answer that has said nothing yet', () => {
  test('waits for the first chunk that says something', async () => {
    const reads = [data(role), ': comment\n\n', data(said('a')), data('[DONE]')].map(encode)
    const { batches } = await read(responseOf(bodyOf(reads)))
    expect(batches).toEqual([[role, said('a')], ['[DONE]']])
  })

  test.each([
    ['an error', [role, broken], 'gone'],
    ['a cut', [role], 'the upstream sent an empty answer'],
    ['an end without a price', [role, stop, '[DONE]'], 'the upstream sent an empty answer'],
    ['the end mark alone', ['[DONE]'], 'the upstream sent an empty answer'],
    ['nothing', [], 'the upstream sent an empty answer'],
    ['white space', [said('\n'), '[DONE]'], 'the upstream sent an empty answer'],
  ])('and ends with %s passes nothing on, so that it can be tried again', async (_what, events, message) => {
    const { batches, failure } = await read(responseOf(bodyOf(events.map((event) => encode(data(event))))))
    expect(batches).toEqual([])
    expect(failure).toMatchObject({ message, retryable: true })
  })

  test.each([
    ['stop and a price', [stop, usage]],
    ['length', [{ choices: [{ index: 0, finish_reason: 'length' }] }]],
    ['content_filter', [{ choices: [{ index: 0, finish_reason: 'content_filter' }] }]],
  ])('and ends with %s is an empty answer', async (_what, events) => {
    const { batches, failure } = await read(responseOf(events.map(data).join('')))
    expect(batches.flat()).toEqual(events)
    expect(failure).toBeUndefined()
  })
})

test('what came before an error is delivered, in the same read or in another', async () => {
  for (const reads of [[data(said('a')) + data(broken)], [data(said('a')), data(broken)]]) {
    const { batches, failure } = await read(responseOf(bodyOf(reads.map(encode))))
    expect(batches).toEqual([[said('a')]])
    expect(failure?.message).toBe('gone')
  }
})

test('a body that breaks is a failure that names the host and the reason', async () => {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(encode(data(said('a'))))
      controller.error(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    },
  })
  const { failure } = await read(responseOf(body))
  expect(failure).toMatchObject({ kind: 'api_error', status: 502 })
  expect(failure?.message).toBe('the connection to the upstream upstream.test failed (ECONNRESET)')
})

test.each([
  ['application/json', JSON.stringify(said('a')), [said('a'), '[DONE]']],
  ['application/json', data(said('a')) + data('[DONE]'), [said('a'), '[DONE]']],
  ['text/plain', data(said('a')) + data('[DONE]'), [said('a'), '[DONE]']],
  ['text/plain', ` ${JSON.stringify(said('a'))}`, [said('a'), '[DONE]']],
])('a body of type %s that reads %p is this answer', async (type, body, inputs) => {
  const { batches } = await read(responseOf(body, type))
  expect(batches.flat()).toEqual(inputs as Batch[number][])
})

test.each(['<html>Sign in</html>', '[]', '', '"x"'])('the body %p is no answer', async (body) => {
  const { failure } = await read(responseOf(body, 'text/html'))
  expect(failure?.message).toBe('the upstream answered with something that is not JSON')
})

test.each([
  ['{"error":{"message":"no"}}', { message: 'no' }],
  ['{"error":"no"}', 'no'],
  ['{"message":"no"}', 'no'],
  ['{"detail":"no"}', 'no'],
  ['{"other":1}', undefined],
  ['<html><title> Bad gateway </title></html>', 'Bad gateway'],
  ['<html></html>', undefined],
  ['upstream connect error', 'upstream connect error'],
  ['', undefined],
])('the body %p of a refusal says %p', (body, error) => {
  expect(errorOf(body)).toEqual(error)
})
