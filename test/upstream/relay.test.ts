import { afterAll, describe, expect, test } from 'bun:test'

import { createClock } from '../../src/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { Failure } from '../../src/core/errors.ts'
import { createRelay, relayHeaders } from '../../src/upstream/relay/client.ts'
import { withoutThinkingBlocks } from '../../src/upstream/relay/thoughts.ts'
import { withRetries } from '../../src/upstream/retry.ts'
import { withThoughtRecovery } from '../../src/upstream/stale-thoughts.ts'
import type { UpstreamCall } from '../../src/upstream/upstream.ts'
import type { RelayedEvent } from '../../src/wire/anthropic/relayed.ts'
import {
  errorAnswer,
  eventsOf,
  eventStream,
  messageOf,
  startAnthropicUpstream,
  startOf,
  textDelta,
  toFrame,
} from '../support/anthropic-upstream.ts'
import { openFeed } from '../support/feed.ts'
import { until } from '../support/wait.ts'

const upstream = startAnthropicUpstream()
afterAll(async () => upstream[Symbol.asyncDispose]())

const LIMITS = { firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000, requestTimeoutMs: 60_000 }
const CALL: UpstreamCall = { model: 'big', stream: true, body: '{"model":"claude"}', headers: {} }

const relayOf = (clock: Clock = createClock(), baseUrl = upstream.baseUrl) =>
  createRelay({
    baseUrl,
    headers: relayHeaders({ apiKey: 'sk-ant-1', dialect: 'openai', headers: {} }),
    fetch: async (url, init) => fetch(url, init),
    clock,
    limits: LIMITS,
  })

interface Read {
  readonly events: readonly RelayedEvent[]
  readonly failure: unknown
}

/** All that an answer says until its end or its failure. */
async function readAll(relay = relayOf(), call = CALL): Promise<Read> {
  const events: RelayedEvent[] = []
  try {
    for await (const batch of relay.stream(call, new AbortController().signal)) events.push(...batch)
    return { events, failure: undefined }
  } catch (failure) {
    return { events, failure }
  }
}

const typesOf = ({ events }: Read): readonly string[] => events.map(({ type }) => type)

async function failureWith(response: Response): Promise<Failure> {
  upstream.answer = () => response
  const { failure } = await readAll()
  if (!(failure instanceof Failure)) throw new Error(`no failure, but ${String(failure)}`)
  return failure
}

describe('a request', () => {
  test.each([
    ['', '/v1/messages'],
    ['/v1', '/v1/messages'],
    ['/anthropic', '/anthropic/v1/messages'],
    ['/api/v1', '/api/v1/messages'],
  ])('to the base URL …%s goes to %s', async (path, expected) => {
    upstream.answer = () => eventStream(eventsOf('Hi'))
    await readAll(relayOf(createClock(), upstream.baseUrl + path))
    expect(upstream.calls.at(-1)?.path).toBe(expected)
  })

  test('shows its key the way that the upstream knows', () => {
    expect(relayHeaders({ apiKey: 'k', dialect: 'openai', headers: {} })).toMatchObject({ 'x-api-key': 'k' })
    const ours = relayHeaders({ apiKey: 'k', dialect: 'openrouter', headers: { 'x-team': 'a' } })
    expect(ours).toMatchObject({ authorization: 'Bearer k', 'x-team': 'a' })
    expect(ours).not.toHaveProperty('x-api-key')
    expect(relayHeaders({ apiKey: undefined, dialect: 'openai', headers: {} })).not.toHaveProperty(
      'x-api-key',
    )
  })

  test('has the headers of the upstream and of the call', async () => {
    upstream.answer = () => eventStream(eventsOf('Hi'))
    await readAll(relayOf(), { ...CALL, headers: { 'anthropic-version': '2023-06-01' } })
    const { headers, body } = upstream.calls.at(-1) ?? {}
    expect(headers?.get('x-api-key')).toBe('sk-ant-1')
    expect(headers?.get('anthropic-version')).toBe('2023-06-01')
    expect(body).toEqual({ model: 'claude' })
  })
})

describe('an answer', () => {
  test('is read event by event, known or not', async () => {
    const odd = { type: 'of_tomorrow', x: [1], error: null }
    upstream.answer = () => eventStream([...eventsOf('Hi').slice(0, 4), odd, ...eventsOf('Hi').slice(4)])
    const { events, failure } = await readAll()
    expect(failure).toBeUndefined()
    expect(events as readonly object[]).toEqual([
      ...eventsOf('Hi').slice(0, 4),
      odd,
      ...eventsOf('Hi').slice(4),
    ])
  })

  test('ends with message_stop, and leaves the connection to the next call', async () => {
    upstream.answer = () => eventStream(eventsOf('Hi'), 'data: [DONE]\n\n')
    expect(typesOf(await readAll()).at(-1)).toBe('message_stop')
    const feed = openFeed()
    upstream.answer = () => feed.response
    const reading = readAll()
    feed.send(...eventsOf('Hi').map(toFrame))
    expect((await reading).failure).toBeUndefined()
    feed.end()
  })

  test('that comes whole is one item', async () => {
    upstream.answer = () => Response.json(messageOf('Hi'))
    expect((await readAll(relayOf(), { ...CALL, stream: false })).events as readonly object[]).toEqual([
      messageOf('Hi'),
    ])
  })

  test('may be empty if it has an end', async () => {
    const [start] = eventsOf()
    const end = eventsOf().slice(-2)
    upstream.answer = () => eventStream([start ?? {}, ...end])
    expect(typesOf(await readAll())).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  test.each([
    ['only begins', () => eventStream([startOf(), { type: 'ping' }])],
    ['says nothing', () => eventStream([], 'data: [DONE]\n\n')],
    ['is an empty object', () => Response.json({})],
    ['has no body', () => new Response('')],
    ['is a page', () => new Response('<html><title>Login</title></html>')],
  ])('that %s is a broken connection', async (_, answer) => {
    expect(await failureWith(answer())).toMatchObject({ kind: 'api_error', status: 502 })
  })

  test('that no event is readable in tells what came before', async () => {
    upstream.answer = () => eventStream(eventsOf('Hi').slice(0, 4), 'data: {oops\n\n')
    const read = await readAll()
    expect(typesOf(read)).toEqual(['message_start', 'content_block_start', 'ping', 'content_block_delta'])
    expect(read.failure).toMatchObject({ kind: 'api_error', status: 502 })
  })
})

describe('a refusal', () => {
  test.each([
    [400, 'invalid_request_error', 'messages.0: bad', 'messages.0: bad'],
    [402, 'billing_error', 'no credit', 'no credit'],
    [403, 'permission_error', 'not you', 'not you'],
    [404, 'not_found_error', 'model: claude-nope', 'model: big'],
    [404, 'not_found_error', 'no such file', 'no such file'],
    [409, 'conflict_error', 'again', 'again'],
    [413, 'request_too_large', 'too large', 'too large'],
    [429, 'rate_limit_error', 'slow down', 'slow down'],
    [500, 'api_error', 'Internal server error', 'Internal server error'],
    [503, 'overloaded_error', 'Overloaded', 'Overloaded'],
    [503, 'api_error', 'Overloaded', 'Overloaded'],
    [529, 'overloaded_error', 'Overloaded', 'Overloaded'],
  ] as const)('%d %s keeps its status, type and words', async (status, kind, said, told) => {
    expect(await failureWith(errorAnswer(status, kind, said))).toMatchObject({ status, kind, message: told })
  })

  test('of the key says whose key it is', async () => {
    const failure = await failureWith(errorAnswer(401, 'authentication_error', 'invalid x-api-key'))
    expect(failure).toMatchObject({
      status: 401,
      kind: 'authentication_error',
      message: `the upstream rejected this server's key: invalid x-api-key; the command "doctor" of this server says what to do`,
    })
  })

  test('of an unknown model by OpenRouter is a 404', async () => {
    const said = 'claude-nope is not a valid model ID'
    expect(await failureWith(errorAnswer(400, 'invalid_request_error', said))).toMatchObject({
      status: 404,
      kind: 'not_found_error',
      message: 'model: big',
    })
  })

  test('of a long prompt is told in the words that clients act on', async () => {
    const said = 'prompt is too long: 215692 tokens > 200000 maximum'
    expect(await failureWith(errorAnswer(400, 'invalid_request_error', said))).toMatchObject({
      status: 400,
      message: said,
    })
  })

  test('says when to come again, and what else it knows', async () => {
    const details = { error_code: 'enforced_spend_limit_reached' }
    const failure = await failureWith(
      errorAnswer(429, 'rate_limit_error', 'slow', { headers: { 'retry-after': '7' }, details }),
    )
    expect(failure).toMatchObject({ retryAfterMs: 7000, retryable: true, details })
  })

  test('that is no Anthropic error is read like any other', async () => {
    const page = new Response('<html><title>Bad gateway</title></html>', { status: 502 })
    expect(await failureWith(page)).toMatchObject({ kind: 'api_error', status: 502, message: 'Bad gateway' })
    const chat = Response.json({ error: { message: 'No credits', code: 402 } }, { status: 402 })
    expect(await failureWith(chat)).toMatchObject({ kind: 'billing_error', status: 402 })
  })

  test('in the midst of an answer comes after what was said', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    upstream.answer = () => eventStream([...eventsOf('Hi').slice(0, 4), error])
    const read = await readAll()
    expect(typesOf(read).at(-1)).toBe('content_block_delta')
    expect(read.failure).toMatchObject({ kind: 'overloaded_error', status: 529, message: 'Overloaded' })
  })

  test('before anything was said hides the beginning, too', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    upstream.answer = () => eventStream([startOf(), error])
    expect(await readAll()).toMatchObject({ events: [], failure: { kind: 'overloaded_error' } })
  })
})

describe('the policies of chat upstreams hold for relays', () => {
  const retrying = () =>
    withRetries(relayOf(), { retries: 2, sleep: async () => {}, random: () => 0, onRetry: () => {} })

  test('what fails before it says anything is tried again', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    const answers = [errorAnswer(529, 'overloaded_error', 'x'), eventStream([startOf(), error])]
    upstream.answer = () => answers.shift() ?? eventStream(eventsOf('Hi'))
    expect(typesOf(await readAll(retrying())).at(-1)).toBe('message_stop')
  })

  test('rate limits are left to the client', async () => {
    const before = upstream.calls.length
    upstream.answer = () => errorAnswer(429, 'rate_limit_error', 'slow')
    expect((await readAll(retrying())).failure).toMatchObject({ kind: 'rate_limit_error' })
    expect(upstream.calls.length - before).toBe(1)
  })

  test('refused thoughts are left out once', async () => {
    const body = {
      model: 'claude',
      thinking: { type: 'enabled', budget_tokens: 2000 },
      messages: [
        { role: 'user', content: 'Go.' },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature: 'x' }] },
        {
          role: 'assistant',
          content: [
            { type: 'redacted_thinking', data: 'x' },
            { type: 'text', text: 'Yes.' },
          ],
        },
        { role: 'user', content: 'On.' },
      ],
    }
    const refusal = 'messages.1.content.0: Invalid `signature` in `thinking` block'
    const answers = [errorAnswer(400, 'invalid_request_error', refusal)]
    upstream.answer = () => answers.shift() ?? eventStream(eventsOf('Hi'))
    const dropped: string[] = []
    const forgiving = withThoughtRecovery(
      relayOf(),
      ({ message }) => dropped.push(message),
      withoutThinkingBlocks,
    )
    const read = await readAll(forgiving, { ...CALL, body: JSON.stringify(body) })
    expect(read.failure).toBeUndefined()
    expect(dropped).toEqual([refusal])
    expect(upstream.calls.at(-1)?.body).toEqual({
      ...body,
      thinking: { type: 'disabled' },
      messages: [
        { role: 'user', content: 'Go.' },
        { role: 'assistant', content: [{ type: 'text', text: 'Yes.' }] },
        { role: 'user', content: 'On.' },
      ],
    })
    expect(
      withoutThinkingBlocks(JSON.stringify({ messages: [{ role: 'user', content: 'Go.' }] })),
    ).toBeUndefined()
  })

  test('an answer that is given up stops the upstream', async () => {
    const feed = openFeed()
    upstream.answer = () => feed.response
    const before = upstream.aborted()
    const stream = relayOf().stream(CALL, new AbortController().signal)
    feed.send(...eventsOf('Hi').slice(0, 4).map(toFrame))
    expect((await stream.next()).value?.length).toBeGreaterThan(0)
    await stream.return()
    await until('the upstream hears of it', () => upstream.aborted() > before)
  })

  test('silence ends a stream when its time is over, and pings are no silence', async () => {
    let nowMs = 0
    const ticks = new Set<(nowMs: number) => void>()
    const clock: Clock = {
      now: () => nowMs,
      watch(tick) {
        ticks.add(tick)
        return () => ticks.delete(tick)
      },
    }
    const pass = (ms: number): void => {
      nowMs += ms
      for (const tick of ticks) tick(nowMs)
    }
    const feed = openFeed()
    upstream.answer = () => feed.response
    const relay = createRelay({
      baseUrl: upstream.baseUrl,
      headers: {},
      fetch: async (url, init) => fetch(url, init),
      clock,
      limits: { ...LIMITS, idleTimeoutMs: 30_000 },
    })
    const stream = relay.stream(CALL, new AbortController().signal)
    feed.send(...eventsOf('Hi').slice(0, 4).map(toFrame))
    await stream.next()
    pass(20_000)
    feed.send(toFrame({ type: 'ping' }))
    expect((await stream.next()).value as unknown).toEqual([{ type: 'ping' }])
    pass(20_000)
    feed.send(toFrame(textDelta('!')))
    expect((await stream.next()).value as unknown).toEqual([textDelta('!')])
    const last = stream.next()
    pass(31_000)
    expect(await last.catch((failure: unknown) => failure)).toMatchObject({ kind: 'timeout_error' })
    feed.end()
  })
})
