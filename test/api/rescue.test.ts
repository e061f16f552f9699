import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, sdk } from '../support/api.ts'
import { checkOrder, eventsOf as framesOf, type SentEvent, textOf, typesOf } from '../support/events.ts'
import { modelsOf } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { finishChunk, sseAnswer, startUpstream, textChunk } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const upstream = startUpstream()
const model = modelsOf(upstream)
let server: TestServer

beforeAll(async () => {
  server = await startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    UPSTREAM_RETRIES: '0',
    RESCUE_STREAMS: 'true',
    BREAKER_FAILURES: '0',
    TOOL_EXECUTION_ENABLED: 'true',
    TOOL_WORKING_DIRECTORY: import.meta.dir,
  })
})
afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
})

/** An answer that breaks off: no finish, no end mark. */
const broken = (...chunks: readonly object[]): Response => sseAnswer(chunks, '')
const failed = (...chunks: readonly object[]): Response =>
  sseAnswer([...chunks, { error: { code: 502, message: 'provider died' }, choices: [] }], '')
const whole = (text: string): Response =>
  sseAnswer([textChunk(text), finishChunk('stop', { prompt_tokens: 40, completion_tokens: 7 })])

/** A model that answers its calls one after the other. */
function inTurn(...answers: ReadonlyArray<() => Response>) {
  let at = 0
  return model(() => (answers[Math.min(at++, answers.length - 1)] ?? broken)())
}

/** The events of a stream, without the comments that tell of rescues. */
const eventsOf = async (response: Response): Promise<readonly SentEvent[]> =>
  (await framesOf(response)).filter(({ type }) => type !== 'comment')

const ask = async (fields: object) => post(server, message({ stream: true, ...fields }))

describe('a stream that breaks off in the middle of its text', () => {
  test('goes on, and the client sees one whole message', async () => {
    const ill = inTurn(
      () => broken(textChunk('Once upon '), textChunk('a time ')),
      () => whole('there was a cat.'),
    )
    const events = await eventsOf(await ask({ model: ill.name }))
    checkOrder(events)
    expect(textOf(events)).toBe('Once upon a time there was a cat.')
    expect(typesOf(events).filter((type) => type === 'content_block_start')).toHaveLength(1)
    expect(ill.calls[1]?.body.messages.at(-1)).toEqual({ role: 'assistant', content: 'Once upon a time' })
    expect(ill.calls[1]?.body.max_tokens).toBe(100 - 5)
    const usage = events.at(-2)?.data.usage
    expect(usage.output_tokens).toBe(7 + 5)
    expect(usage.input_tokens).toBeGreaterThan(40)
    await until('the log', () =>
      server.output().includes(`"rescued":1,"rescued_by":${JSON.stringify(ill.name)}`),
    )
    expect(server.output()).toContain('"event":"stream-rescue"')
  })

  test('goes on by a fallback where the model stays ill', async () => {
    const ill = inTurn(
      () => failed(textChunk('One, two')),
      () => Response.json({ error: { message: 'no' } }, { status: 503 }),
    )
    const well = inTurn(() => whole(', three.'))
    const asked = await ask({ model: ill.name, fallbacks: [{ model: well.name }] })
    const events = await eventsOf(asked)
    checkOrder(events)
    expect(textOf(events)).toBe('One, two, three.')
  })

  test('is marked by a comment where another call goes on, the header having gone', async () => {
    const ill = inTurn(
      () => failed(textChunk('One, ')),
      () => failed(textChunk('two, ')),
      () => Response.json({ error: { message: 'no' } }, { status: 503 }),
    )
    const well = inTurn(() => whole('three.'))
    const asked = await ask({ model: ill.name, fallbacks: [{ model: well.name }] })
    expect(asked.headers.get('x-rescued-by')).toBeNull()
    const frames = await framesOf(asked)
    const words = frames.flatMap(({ type, data }) => (type === 'comment' ? data : (data.delta?.text ?? [])))
    expect(words).toEqual(['One, ', `rescued by ${ill.name}`, 'two, ', `rescued by ${well.name}`, 'three.'])
  })

  test('is marked in each turn of an answer whose tools the server runs', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'TodoRead', arguments: '{}' } }
    const ill = inTurn(
      () => failed(textChunk('I look. ')),
      () =>
        sseAnswer([{ choices: [{ index: 0, delta: { tool_calls: [call] } }] }, finishChunk('tool_calls')]),
      () => failed(textChunk('Nothing ')),
      () => whole('to do.'),
    )
    const frames = await framesOf(await ask({ model: ill.name, tools: [{ type: 'server:TodoRead' }] }))
    const marks = frames.filter(({ type }) => type === 'comment').map(({ data }) => data)
    expect(marks).toEqual([`rescued by ${ill.name}`, `rescued by ${ill.name}`])
    expect(textOf(frames)).toBe('I look. Nothing to do.')
  })

  test('is marked by a header where the client gets it whole', async () => {
    const ill = inTurn(
      () => failed(textChunk('One, two')),
      () => Response.json({ error: { message: 'no' } }, { status: 503 }),
    )
    const well = inTurn(() => whole(', three.'))
    const response = await ask({ model: ill.name, fallbacks: [{ model: well.name }], stream: false })
    expect(response.headers.get('x-rescued-by')).toBe(well.name)
    expect(response.headers.get('x-openrouter-model')).toBe(well.name)
    expect(await response.json()).toMatchObject({
      content: [{ type: 'text', text: 'One, two, three.' }],
      stop_reason: 'end_turn',
    })
  })

  test('costs what the call that broke off and the one that went on cost together', async () => {
    const used = { prompt_tokens: 40, completion_tokens: 3 }
    const ill = inTurn(
      () => failed(textChunk('One, two'), { choices: [], usage: { ...used, cost: 0.25 } }),
      () => sseAnswer([textChunk(', three.'), finishChunk('stop', { ...used, cost: 0.5 })]),
    )
    const response = await ask({ model: ill.name, stream: false })
    expect(response.headers.get('x-rescued-by')).toBe(ill.name)
    expect(response.headers.get('x-openrouter-cost')).toBe('0.75')
    expect(response.headers.get('x-openrouter-cost-estimated')).toBeNull()
  })

  test('is a whole message among the results of a batch', async () => {
    const ill = inTurn(
      () => failed(textChunk('Half')),
      () => whole(' and half'),
    )
    const requests = [{ custom_id: 'one', params: message({ model: ill.name }) }]
    const batch: any = await (await post(server, { requests }, { path: '/v1/messages/batch' })).json()
    expect(batch.results).toMatchObject([
      { custom_id: 'one', success: true, message: { content: [{ type: 'text', text: 'Half and half' }] } },
    ])
    await until('the log', () =>
      new RegExp(`"event":"batch-request".*"rescued_by":"${ill.name}"`).test(server.output()),
    )
  })

  test('is a whole message for the SDK', async () => {
    const ill = inTurn(
      () => failed(textChunk('Half')),
      () => whole(' and half'),
    )
    const answer = await sdk(server)
      .messages.stream(message({ model: ill.name }))
      .finalMessage()
    expect(answer).toMatchObject({
      stop_reason: 'end_turn',
      content: [{ type: 'text', text: 'Half and half' }],
    })
  })

  test('may call a tool in its second part', async () => {
    const call = {
      index: 0,
      id: 'call_1',
      type: 'function',
      function: { name: 'look', arguments: '{"at":1}' },
    }
    const ill = inTurn(
      () => failed(textChunk('I will look. ')),
      () =>
        sseAnswer([{ choices: [{ index: 0, delta: { tool_calls: [call] } }] }, finishChunk('tool_calls')]),
    )
    const tools = [
      { name: 'look', input_schema: { type: 'object', properties: { at: { type: 'integer' } } } },
    ]
    const events = await eventsOf(await ask({ model: ill.name, tools }))
    checkOrder(events)
    expect(events.at(-2)?.data.delta.stop_reason).toBe('tool_use')
  })

  test('leaves out what the model thinks before it goes on', async () => {
    const ill = inTurn(
      () => failed({ choices: [{ index: 0, delta: { reasoning: 'Hm.' } }] }, textChunk('Well')),
      () =>
        sseAnswer([
          { choices: [{ index: 0, delta: { reasoning: 'Where was I?' } }] },
          textChunk(', yes.'),
          finishChunk('stop'),
        ]),
    )
    const events = await eventsOf(
      await ask({ model: ill.name, thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2000 }),
    )
    checkOrder(events)
    expect(textOf(events)).toBe('Well, yes.')
    expect(JSON.stringify(events)).not.toContain('Where was I?')
  })

  test('is given up after two tries, with the first failure', async () => {
    const ill = inTurn(() => failed(textChunk('a')))
    const events = await eventsOf(await ask({ model: ill.name }))
    expect(ill.calls.length).toBe(3)
    expect(events.at(-1)).toMatchObject({ type: 'error', data: { error: { message: 'provider died' } } })
  })
})

describe('a stream is not rescued', () => {
  test('inside a tool call, or after one', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":' } }
    const ill = inTurn(() =>
      failed(textChunk('Look: '), { choices: [{ index: 0, delta: { tool_calls: [call] } }] }),
    )
    const tools = [{ name: 'look', input_schema: { type: 'object' } }]
    const events = await eventsOf(await ask({ model: ill.name, tools }))
    expect(events.at(-1)?.type).toBe('error')
    expect(ill.calls.length).toBe(1)
  })

  test('where the model answers anew instead of going on', async () => {
    const ill = model(() => failed(textChunk('Half')), 'openai/gpt-ill')
    const events = await eventsOf(await ask({ model: ill.name }))
    expect(events.at(-1)?.type).toBe('error')
    expect(ill.calls.length).toBe(1)
  })

  test('where the continuation tells something else', async () => {
    const ill = inTurn(
      () => failed(textChunk('Once upon a time there was a cat')),
      () => whole('Once upon a time there lived a dog'),
    )
    const events = await eventsOf(await ask({ model: ill.name }))
    expect(textOf(events)).toBe('Once upon a time there was a cat')
    expect(events.at(-1)).toMatchObject({ type: 'error', data: { error: { message: 'provider died' } } })
  })

  test('where the client’s mistake is the reason, or nothing was said', async () => {
    const refused = inTurn(() =>
      sseAnswer([textChunk('x'), { error: { code: 400, message: 'bad' }, choices: [] }], ''),
    )
    expect((await eventsOf(await ask({ model: refused.name }))).at(-1)?.type).toBe('error')
    expect(refused.calls.length).toBe(1)
    const silent = inTurn(() => failed())
    expect((await ask({ model: silent.name })).status).toBe(502)
    expect(silent.calls.length).toBe(1)
  })

  test('where it has to fit a schema, wherever the request says so', async () => {
    const ill = inTurn(() => failed(textChunk('{"city":')))
    const response = await post(server, message({ model: ill.name, stream: true }), {
      headers: { 'x-openrouter-response-format': '{"type":"json_object"}' },
    })
    expect(response.status).toBe(502)
    expect(ill.calls.length).toBe(1)
  })

  test('unless the setting says so', async () => {
    await using plain = await startServer({ OPENROUTER_BASE_URL: upstream.baseUrl, UPSTREAM_RETRIES: '0' })
    const ill = inTurn(
      () => failed(textChunk('Half')),
      () => whole(' and half'),
    )
    const events = await eventsOf(await post(plain, message({ model: ill.name, stream: true })))
    expect(events.at(-1)?.type).toBe('error')
  })
})
