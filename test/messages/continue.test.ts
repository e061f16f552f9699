import { describe, expect, test } from 'bun:test'

import type { RequestContext } from '../../src/core/context.ts'
import { Failure } from '../../src/core/errors.ts'
import { continueWithTools } from '../../src/messages/continue.ts'
import type { AnswerStream } from '../../src/messages/converse.ts'
import type { ServedTool } from '../../src/messages/served/tool.ts'
import type { ValidRequest } from '../../src/messages/validate.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { foldEvents } from '../../src/translate/fold.ts'
import { mergeTurns } from '../../src/translate/turns.ts'
import { unfoldMessage } from '../../src/translate/unfold.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'
import type { MessageResponse } from '../../src/wire/anthropic/response.ts'

// — the outside: a model that answers by a list, and tools whose runs the test decides —

const LIMITS = { maxTurns: 10, maxTimeMs: 60_000, maxCostUsd: undefined, maxOutputBytes: 1_000_000 }

interface Turn {
  readonly content: readonly object[]
  readonly stop?: string
  readonly cost?: number
}

const call = (id: string, name: string, input: object = {}) => ({
  type: 'tool_use',
  id,
  name,
  input,
  caller: { type: 'direct' },
})
const text = (words: string) => ({ type: 'text', text: words, citations: null })

function messageOf({ content, stop }: Turn): MessageResponse {
  const calls = content.some((block: any) => block.type === 'tool_use')
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'big',
    content,
    stop_reason: stop ?? (calls ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: { input_tokens: 10, output_tokens: 2, server_tool_use: null },
  } as never
}

const tool = (name: string, run: ServedTool['run'], parallelSafe = true): ServedTool => ({
  name,
  look: { kind: 'mcp', server: 's', name },
  parallelSafe,
  run,
})
const says =
  (words: string): ServedTool['run'] =>
  async () => ({ isError: false, shown: [words] })

interface Stage {
  readonly asked: ValidRequest[]
  readonly trace: ReturnType<typeof createTrace>
  readonly hangUp: () => void
  readonly tick: (ms: number) => void
  readonly closed: () => number
  readonly cancelled: () => number
  readonly start: (fields?: object) => Promise<AnswerStream>
}

function stage(
  turns: readonly Turn[],
  tools: readonly ServedTool[],
  limits: Partial<typeof LIMITS> = {},
): Stage {
  const trace = createTrace(() => 0)
  const hangUp = new AbortController()
  const watchers = new Set<(nowMs: number) => void>()
  let now = 0
  let closed = 0
  let cancelled = 0
  const asked: ValidRequest[] = []
  const waiting = [...turns]
  const context: RequestContext = {
    id: 'req_1',
    signal: hangUp.signal,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    trace,
    protocol: {} as never,
    owner: 'ann',
  }
  const ask = async (valid: ValidRequest): Promise<AnswerStream> => {
    asked.push(valid)
    const turn = waiting.shift()
    if (!turn) throw new Failure('overloaded_error', 'no more turns')
    let rest: StreamEvent[] | undefined = [...unfoldMessage(messageOf(turn))]
    return {
      open: () => (rest ? rest.splice(0, 1) : []),
      async read() {
        const events = rest
        rest = undefined
        if (events) trace.note('cost_usd', turn.cost ?? 0.1)
        return events
      },
      async cancel() {
        cancelled++
      },
    }
  }
  return {
    asked,
    trace,
    hangUp: () => hangUp.abort(new Error('gone')),
    tick(ms) {
      now += ms
      for (const watcher of watchers) watcher(now)
    },
    closed: () => closed,
    cancelled: () => cancelled,
    start: async (fields = {}) => {
      const request = {
        model: 'big',
        max_tokens: 100,
        messages: [{ role: 'user', content: 'Go.' }],
        ...fields,
      }
      const valid = { request, turns: mergeTurns(request.messages as never) } as never
      const served = { tools, offered: [], close: async () => void closed++ }
      const services = {
        clock: {
          now: () => now,
          watch(watcher: (nowMs: number) => void) {
            watchers.add(watcher)
            return () => watchers.delete(watcher)
          },
        },
        tokens: { estimate: () => 7 },
        serverTools: { limits: { ...LIMITS, ...limits } },
      }
      return continueWithTools(valid, served, ask, services as never, context)
    },
  }
}

async function whole(stream: AnswerStream): Promise<any> {
  const events: StreamEvent[] = []
  for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
  return foldEvents(events)
}

// — the tests —

test('the model is asked with the results until it calls nothing more', async () => {
  const { start, asked, trace, closed } = stage(
    [
      { content: [text('I look.'), call('toolu_1', 'read', { path: 'a' })] },
      { content: [call('toolu_2', 'read', { path: 'b' })] },
      { content: [text('So.')] },
    ],
    [tool('read', async ({ path }) => ({ isError: false, shown: [`file ${String(path)}`] }))],
  )
  const message = await whole(await start())
  expect(message.content.map(({ type }: any) => type)).toEqual([
    'text',
    'mcp_tool_use',
    'mcp_tool_result',
    'mcp_tool_use',
    'mcp_tool_result',
    'text',
  ])
  expect(message).toMatchObject({ stop_reason: 'end_turn', usage: { input_tokens: 30, output_tokens: 6 } })
  expect(asked.map(({ turns }) => turns.length)).toEqual([1, 3, 5])
  expect(asked[2]?.request.messages.slice(-2) as unknown).toMatchObject([
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_2', name: 'read', input: { path: 'b' } }] },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_2', content: [{ text: 'file b' }] }],
    },
  ])
  expect(trace.notes()).toMatchObject({ turns: 3, cost_usd: expect.closeTo(0.3) })
  expect(closed()).toBe(1)
})

test('C102 a paused message that is sent back goes on where it paused', async () => {
  const first = stage([{ content: [call('toolu_1', 'read')] }], [tool('read', says('done'))], { maxTurns: 1 })
  const paused = await whole(await first.start())
  expect(paused).toMatchObject({ stop_reason: 'pause_turn', content: [{}, { type: 'mcp_tool_result' }] })
  expect(first.trace.notes()['paused']).toBe('turns')

  const second = stage([{ content: [text('So.')] }], [tool('read', says('not again'))])
  const messages = [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: paused.content },
  ]
  const message = await whole(await second.start({ messages }))
  expect(message).toMatchObject({ stop_reason: 'end_turn', content: [{ text: 'So.' }] })
  expect(second.asked[0]?.turns as unknown).toMatchObject([
    { role: 'user' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1' }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] },
  ])
})

test('C102 calls that nobody has run yet are run first, and the stream begins with them', async () => {
  const { start, asked } = stage([{ content: [text('So.')] }], [tool('read', says('late'))])
  const use = { type: 'mcp_tool_use', id: 'mcptoolu_ors_1', name: 'read', server_name: 's', input: {} }
  const stream = await start({
    messages: [
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: [text('I look.'), use] },
    ],
  })
  const opening = stream.open()
  expect(opening).toMatchObject([{ type: 'message_start', message: { usage: { input_tokens: 7 } } }])
  const events: StreamEvent[] = [...opening]
  for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
  expect(events.filter(({ type }) => type === 'message_start')).toHaveLength(1)
  expect(foldEvents(events).content as unknown).toMatchObject([
    { type: 'mcp_tool_result', tool_use_id: 'mcptoolu_ors_1' },
    { text: 'So.' },
  ])
  expect(asked[0]?.request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
})

test("the server's calls of a turn are run, and the turn ends with the client's", async () => {
  const { start, asked } = stage(
    [{ content: [call('toolu_c', 'Client'), call('toolu_s', 'read')] }],
    [tool('read', says('done'))],
  )
  const message = await whole(await start())
  expect(message.content.map(({ type }: any) => type)).toEqual([
    'mcp_tool_use',
    'mcp_tool_result',
    'tool_use',
  ])
  expect(message.stop_reason).toBe('tool_use')
  expect(asked).toHaveLength(1)
})

describe('limits', () => {
  const turns = Array.from({ length: 5 }, (_, n) => ({ content: [call(`toolu_${n}`, 'read')] }))

  test.each<[string, Partial<typeof LIMITS>, number]>([
    ['turns', { maxTurns: 3 }, 3],
    ['cost', { maxCostUsd: 0.15 as never }, 2],
    ['output', { maxOutputBytes: 50 }, 1],
  ])('%s', async (reason, limits, count) => {
    const { start, asked, trace } = stage(turns, [tool('read', says('x'.repeat(40)))], limits)
    expect(await whole(await start())).toMatchObject({ stop_reason: 'pause_turn' })
    expect(asked).toHaveLength(count)
    expect(trace.notes()['paused']).toBe(reason)
  })

  test('time: a tool that still runs is stopped, and says so', async () => {
    const started = Promise.withResolvers<void>()
    const slow = tool('read', async (_, { signal }) => {
      started.resolve()
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      throw new Error('never')
    })
    const { start, tick, trace } = stage(turns, [slow])
    const reading = start().then(whole)
    await started.promise
    tick(60_000)
    const message = await reading
    expect(message).toMatchObject({
      stop_reason: 'pause_turn',
      content: [{}, { is_error: true, content: [{ text: expect.stringContaining('time') }] }],
    })
    expect(trace.notes()['paused']).toBe('time')
  })
})

test('every run is a step of its own, with what it was asked; long texts are cut, and contents are not shown', async () => {
  const failing: ServedTool['run'] = async () => ({ isError: true, shown: ['no'] })
  const asked = { file_path: 'a.txt', content: 'secret words' }
  const turns = [
    { content: [call('a', 'Write', asked), call('b', 'look', { what: 'x'.repeat(400) })] },
    { content: [text('Done')] },
  ]
  const { start, trace } = stage(turns, [tool('Write', says('ok'), false), tool('look', failing)])
  await whole(await start())
  const runs = trace.spans().filter(({ name }) => name === 'tools')
  expect(runs.map(({ outcome, attributes }) => [outcome, attributes])).toEqual([
    ['ok', { tool: 'Write', arguments: { file_path: 'a.txt', content: '[12 characters]' } }],
    ['error', { tool: 'look', arguments: { what: `${'x'.repeat(300)}… [400 characters]` } }],
  ])
})

describe('order', () => {
  test('what changes nothing runs side by side, what does runs alone; results keep the order of the calls', async () => {
    const log: string[] = []
    const gate = Promise.withResolvers<void>()
    const slow: ServedTool['run'] = async ({ n }) => {
      log.push(`begin ${String(n)}`)
      if (n === 1) await gate.promise
      else gate.resolve()
      log.push(`end ${String(n)}`)
      return { isError: false, shown: [String(n)] }
    }
    const { start } = stage(
      [
        {
          content: [
            call('toolu_1', 'read', { n: 1 }),
            call('toolu_2', 'read', { n: 2 }),
            call('toolu_3', 'write', { n: 3 }),
            call('toolu_4', 'read', { n: 4 }),
          ],
        },
        { content: [text('So.')] },
      ],
      [tool('read', slow), tool('write', slow, false)],
    )
    const message = await whole(await start())
    const results = message.content.filter(({ type }: any) => type === 'mcp_tool_result')
    expect(results.map(({ content }: any) => content[0].text)).toEqual(['1', '2', '3', '4'])
    expect(log).toEqual(['begin 1', 'begin 2', 'end 2', 'end 1', 'begin 3', 'end 3', 'begin 4', 'end 4'])
  })

  test('a forced call is forced once', async () => {
    const { start, asked } = stage(
      [{ content: [call('toolu_1', 'read')] }, { content: [text('So.')] }],
      [tool('read', says('x'))],
    )
    await whole(await start({ tool_choice: { type: 'any', disable_parallel_tool_use: true } }))
    expect(asked.map(({ request }) => request.tool_choice as unknown)).toEqual([
      { type: 'any', disable_parallel_tool_use: true },
      { type: 'auto', disable_parallel_tool_use: true },
    ])
  })
})

describe('the end', () => {
  test('a hang-up reaches the tools, and what was opened is closed', async () => {
    const seen: unknown[] = []
    const started = Promise.withResolvers<void>()
    const slow = tool('read', async (_, { signal }) => {
      started.resolve()
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          seen.push(signal.reason)
          reject(signal.reason)
        }),
      )
    })
    const { start, hangUp, closed } = stage(
      [{ content: [call('toolu_1', 'read'), call('toolu_2', 'read')] }],
      [slow],
    )
    const reading = start().then(whole)
    await started.promise
    hangUp()
    expect(reading).rejects.toThrow('gone')
    await reading.catch(() => {})
    expect(seen).toHaveLength(2)
    expect(closed()).toBe(1)
  })

  test('cancelling stops the upstream and the tools', async () => {
    const { start, cancelled, closed } = stage([{ content: [text('So.')] }], [tool('read', says('x'))])
    await (await start()).cancel()
    expect([cancelled(), closed()]).toEqual([1, 1])
  })

  test('a failure before the first event rejects, one in a later turn breaks the stream off', async () => {
    const none = stage([], [tool('read', says('x'))])
    expect(none.start()).rejects.toThrow('no more turns')
    const one = stage([{ content: [call('toolu_1', 'read')] }], [tool('read', says('x'))])
    const stream = await one.start()
    expect(whole(stream)).rejects.toThrow('no more turns')
    expect(none.closed()).toBe(1)
  })

  test('a bug in a tool is a bug, not an answer', async () => {
    const broken = tool('read', async () => {
      throw new TypeError('oops')
    })
    const { start, closed } = stage([{ content: [call('toolu_1', 'read')] }], [broken])
    const stream = await start()
    await whole(stream).then(
      () => expect.unreachable(),
      (error) => expect(error).toBeInstanceOf(TypeError),
    )
    expect(closed()).toBe(1)
  })
})
