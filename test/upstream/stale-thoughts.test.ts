import { describe, expect, test } from 'bun:test'

import { Failure, type FailureKind } from '../../src/core/errors.ts'
import { withThoughtRecovery } from '../../src/upstream/stale-thoughts.ts'
import type { Batch, BatchStream, Upstream, UpstreamCall } from '../../src/upstream/upstream.ts'

const ANSWER: Batch = [{ choices: [{ delta: { content: 'Hi.' } }] }, '[DONE]']

/** An upstream that answers each call with the next of `outcomes`: what it throws, or the batches it yields. */
function scripted(...outcomes: ReadonlyArray<Failure | readonly (Batch | Failure)[]>): {
  upstream: Upstream
  calls: any[]
} {
  const calls: any[] = []
  const upstream: Upstream = {
    stream: (call) => {
      const outcome = outcomes[calls.length] ?? [ANSWER]
      calls.push(JSON.parse(call.body))
      return toStream(answer(outcome instanceof Failure ? [outcome] : outcome))
    },
  }
  return { upstream, calls }
}

async function* answer(steps: readonly (Batch | Failure)[]): AsyncGenerator<Batch, undefined> {
  for (const step of steps) {
    if (step instanceof Failure) throw step
    yield step
  }
  return undefined
}

const toStream = (generator: AsyncGenerator<Batch, undefined>): BatchStream => ({
  next: async () => generator.next(),
  return: async () => generator.return(undefined),
  [Symbol.asyncIterator]() {
    return this
  },
})

const refusal = (message: string, kind: FailureKind = 'invalid_request_error'): Failure =>
  new Failure(kind, message)
const STALE = refusal('messages.1.content.0: Invalid `signature` in `thinking` block')

const BODY = {
  model: 'anthropic/claude-sonnet-4.5',
  messages: [
    { role: 'user', content: 'Go.' },
    {
      role: 'assistant',
      content: 'Yes.',
      reasoning: 'Hm.',
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm.', signature: 'Eq' }],
    },
    { role: 'user', content: 'On.' },
  ],
  reasoning: { enabled: true, max_tokens: 2000 },
}
const callOf = (body: object): UpstreamCall => ({
  model: 'big',
  stream: true,
  body: JSON.stringify(body),
  headers: { 'x-a': 'b' },
})

async function read(upstream: Upstream, body: object = BODY, signal = new AbortController().signal) {
  const heard: Failure[] = []
  const batches: Batch[] = []
  const stream = withThoughtRecovery(upstream, (failure) => heard.push(failure)).stream(callOf(body), signal)
  const failure = await collect(stream, batches)
  return { batches, heard, failure }
}

async function collect(stream: BatchStream, batches: Batch[]): Promise<unknown> {
  try {
    for await (const batch of stream) batches.push(batch)
    return undefined
  } catch (error) {
    return error
  }
}

describe('when a provider refuses earlier thoughts (T75)', () => {
  test.each([
    'messages.1.content.0: Invalid `signature` in `thinking` block',
    'Provider returned error (Anthropic): messages.3.content.1: Invalid `data` in `redacted_thinking` block',
    'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.',
    '`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.',
    '`thinking` blocks: messages.3.content.0: Invalid signature in thinking block',
    'The model returned the following errors: messages.369.content.0.thinking.signature: Field required',
    'messages.5.content.0.thinking: each thinking block must contain thinking',
    'Corrupted thought signature.',
    'Invalid value at \'contents[2].parts[0].thought_signature\' (TYPE_BYTES), Base64 decoding failed for "Es4D"',
    'Unable to submit request because Thought signature is not valid. Learn more: https://example.com',
    'Provider returned error (Google): Thought signature is not valid',
    'The encrypted content for item rs_1 could not be verified.',
    'The encrypted content gAAA...wXBV could not be verified.',
    'Could not decrypt the provided encrypted_content.',
    'reasoning `encrypted_content` was not issued to this caller',
    'Upstream request failed: reasoning `encrypted_content` was not issued to this caller',
    "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'.",
    "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
    'Duplicate item found with id rs_1. Remove duplicate items from your input and try again.',
  ])('it is asked once more without them: %s', async (message) => {
    const { upstream, calls } = scripted(refusal(message))
    const { batches, heard, failure } = await read(upstream)
    expect(failure).toBeUndefined()
    expect(batches).toEqual([ANSWER])
    expect(heard.map((told) => told.message)).toEqual([message])
    expect(calls[0]).toEqual(BODY)
    expect(calls[1].messages).toEqual([
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'On.' },
    ])
  })

  test('a budget goes with them, effort stays', async () => {
    const first = scripted(STALE)
    await read(first.upstream)
    expect(first.calls[1].reasoning).toEqual({ enabled: false })
    const second = scripted(STALE)
    await read(second.upstream, { ...BODY, reasoning: { enabled: true, effort: 'high' } })
    expect(second.calls[1].reasoning).toEqual({ enabled: true, effort: 'high' })
  })

  test('a refusal that says nothing is about them where they were encrypted', async () => {
    const opaque = refusal('Provider returned error')
    const plain = scripted(opaque)
    expect((await read(plain.upstream)).failure).toBe(opaque)
    const encrypted = scripted(opaque)
    const details = [{ type: 'reasoning.encrypted', data: 'gAAA', format: 'openai-responses-v1' }]
    const messages = [{ role: 'assistant', content: 'Yes.', reasoning_details: details }]
    expect((await read(encrypted.upstream, { model: 'openai/gpt-5.2', messages })).failure).toBeUndefined()
    expect(encrypted.calls[1].messages).toEqual([{ role: 'assistant', content: 'Yes.' }])
  })

  test('a second refusal is told', async () => {
    const again = refusal('Invalid `signature` in `thinking` block, again')
    const { upstream, calls } = scripted(STALE, again)
    expect((await read(upstream)).failure).toBe(again)
    expect(calls).toHaveLength(2)
  })

  test('without any thoughts to drop it is told at once', async () => {
    const { upstream, calls } = scripted(STALE)
    const messages = [
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: 'Yes.', reasoning_details: [] },
    ]
    expect((await read(upstream, { ...BODY, messages })).failure).toBe(STALE)
    expect(calls).toHaveLength(1)
  })

  test('a client that has gone asks nothing more', async () => {
    const { upstream, calls } = scripted(STALE)
    expect((await read(upstream, BODY, AbortSignal.abort())).failure).toBe(STALE)
    expect(calls).toHaveLength(1)
  })
})

describe('Gemini', () => {
  const call = (id: string) => ({ id, type: 'function', function: { name: 'go', arguments: '{}' } })
  const unsigned = (id: string) => [
    {
      type: 'reasoning.encrypted',
      data: 'skip_thought_signature_validator',
      format: 'google-gemini-v1',
      id,
      index: 0,
    },
  ]
  const gemini = (...reasoning_details: object[]) => ({
    model: 'google/gemini-3-pro-preview',
    messages: [
      { role: 'assistant', content: 'Yes.', reasoning_details },
      { role: 'assistant', content: null, tool_calls: [call('a'), call('b')], reasoning_details },
    ],
    reasoning: { enabled: true, max_tokens: 2000 },
  })

  test('hears of each turn of calls that its signature is lost, and goes on thinking', async () => {
    const { upstream, calls } = scripted(refusal('Corrupted thought signature.'))
    await read(upstream, gemini({ type: 'reasoning.encrypted', data: 'Ci', format: 'google-gemini-v1' }))
    expect(calls[1].messages).toEqual([
      { role: 'assistant', content: 'Yes.' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [call('a'), call('b')],
        reasoning_details: unsigned('a'),
      },
    ])
    expect(calls[1].reasoning).toEqual({ enabled: true, max_tokens: 2000 })
  })

  test('hears it too where another model made the calls, which have none', async () => {
    const { upstream, calls } = scripted(
      refusal('Function call is missing a thought_signature in functionCall parts.'),
    )
    expect((await read(upstream, gemini())).failure).toBeUndefined()
    expect(calls[1].messages[1].reasoning_details).toEqual(unsigned('a'))
  })
})

describe('everything else passes', () => {
  test('an answer', async () => {
    const { upstream, calls } = scripted([ANSWER, ANSWER])
    expect((await read(upstream)).batches).toEqual([ANSWER, ANSWER])
    expect(calls).toHaveLength(1)
  })

  test.each([
    ['about something else', refusal('messages: too many')],
    ['that only sounds alike', refusal('Invalid signature of the request')],
    ['that is a fault of the server', refusal(STALE.message, 'api_error')],
  ])('a refusal %s', async (_, other) => {
    const { upstream, calls } = scripted(other)
    expect((await read(upstream)).failure).toBe(other)
    expect(calls).toHaveLength(1)
  })

  test('a refusal in the middle of an answer', async () => {
    const { upstream, calls } = scripted([ANSWER, STALE])
    const { batches, failure } = await read(upstream)
    expect(failure).toBe(STALE)
    expect(batches).toEqual([ANSWER])
    expect(calls).toHaveLength(1)
  })

  test('giving the answer up, which reaches the upstream', async () => {
    let stopped = 0
    const stream: BatchStream = {
      next: async () => ({ done: false, value: ANSWER }),
      return: async () => {
        stopped++
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
    const forgiving = withThoughtRecovery({ stream: () => stream }, () => undefined)
    for await (const batch of forgiving.stream(callOf(BODY), new AbortController().signal)) {
      expect(batch).toBe(ANSWER)
      break
    }
    expect(stopped).toBe(1)
  })
})
