import { afterEach, describe, expect, test } from 'bun:test'

import { createDemo } from '../../../src/upstream/demo/demo.ts'
import { chatRequest, failureOf, hear, script } from './ask.ts'

const until = async (holds: () => boolean): Promise<void> => {
  for (let turns = 0; !holds() && turns < 10_000; turns++) await new Promise(setImmediate)
}

describe('hanging up', () => {
  const hung = [script([{ text: 'a' }, { hang: true }])]

  test('ends a silent stream with the signal’s reason', async () => {
    const caller = new AbortController()
    const response = await createDemo()(chatRequest({ messages: hung }, { signal: caller.signal }))
    const reader = response.body?.getReader()
    for (let reads = 0; reads < 3; reads++) expect((await reader?.read())?.done).toBe(false)
    const pending = reader?.read()
    caller.abort(new Error('enough'))
    expect(await failureOf(pending)).toBe('enough')
  })

  test('gives no answer at all where the hang comes first', async () => {
    for (const stream of [true, false]) {
      const caller = new AbortController()
      const messages = [script([{ hang: true }])]
      const pending = createDemo()(chatRequest({ messages, stream }, { signal: caller.signal }))
      const first = await Promise.race([pending.then(() => 'answered'), Bun.sleep(0).then(() => 'silent')])
      expect(first).toBe('silent')
      caller.abort(new Error('enough'))
      expect(await failureOf(pending)).toBe('enough')
    }
  })

  test('rejects a request that was given up before', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    expect(await failureOf(createDemo()(chatRequest({}, { signal })))).toBe('enough')
  })

  test('leaves no timer behind, whoever gives up', async () => {
    const waits: AbortSignal[] = []
    const demo = createDemo({
      sleep: async (_, signal) => {
        waits.push(signal)
        return new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    })
    const messages = [script([{ text: 'a' }, { wait_ms: 60_000 }, { text: 'b' }])]
    const caller = new AbortController()
    const readers = await Promise.all(
      [{ signal: caller.signal }, {}].map(async (init) =>
        (await demo(chatRequest({ messages }, init))).body?.getReader(),
      ),
    )
    for (const reader of readers)
      void (async () => {
        while (!(await reader?.read())?.done);
      })().catch(() => {})
    await until(() => waits.length === 2)
    caller.abort()
    await readers[1]?.cancel()
    expect(waits.map((signal) => signal.aborted)).toEqual([true, true])
  })

  test('waits with a timer that a hang-up clears', async () => {
    const caller = new AbortController()
    const messages = [script([{ wait_ms: 60_000 }, { text: 'late' }])]
    const pending = createDemo()(chatRequest({ messages }, { signal: caller.signal }))
    await Bun.sleep(0)
    caller.abort(new Error('enough'))
    expect(await failureOf(pending)).toBe('enough')
    const short = await createDemo()(
      chatRequest({ messages: [script([{ wait_ms: 1 }, { text: 'on time' }])] }),
    )
    expect((await hear(short)).text).toBe('on time')
  })

  test('makes nothing that is not asked for', async () => {
    const slept: number[] = []
    const demo = createDemo({
      sleep: async (ms) => {
        slept.push(ms)
      },
    })
    const messages = [script([{ text: 'a' }, { wait_ms: 1 }, { text: 'b' }, { wait_ms: 2 }, { text: 'c' }])]
    const reader = (await demo(chatRequest({ messages }))).body?.getReader()
    for (let reads = 0; reads < 3; reads++) await reader?.read()
    await new Promise(setImmediate)
    expect(slept).toEqual([])
    await reader?.read()
    expect(slept).toEqual([1])
    await reader?.cancel()
  })
})

describe('behind Bun.serve', () => {
  let server: ReturnType<typeof Bun.serve> | undefined
  afterEach(async () => server?.stop(true))

  test('answers as a network upstream, and stops when the client hangs up', async () => {
    let stopped = false
    const demo = createDemo({
      sleep: async (_, signal) =>
        new Promise((__, reject) => {
          signal.addEventListener('abort', () => {
            stopped = true
            reject(signal.reason)
          })
        }),
    })
    server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch: demo })
    const url = new URL('api/v1/chat/completions', server.url)
    const post = async (messages: unknown[], signal: AbortSignal) =>
      fetch(url, {
        method: 'POST',
        body: JSON.stringify({ model: 'openai/gpt-5.5', messages, stream: true }),
        signal,
      })

    const caller = new AbortController()
    const response = await post([{ role: 'user', content: 'Hi' }], caller.signal)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const heard = await hear(response)
    expect(heard.text).toContain('“Hi”')
    expect(heard.done).toBe(true)
    expect(heard.chunks[0].id).toBe(response.headers.get('x-generation-id'))

    const slow = await post([script([{ text: 'a' }, { wait_ms: 60_000 }])], caller.signal)
    await slow.body?.getReader().read()
    caller.abort()
    await until(() => stopped)
    expect(stopped).toBe(true)

    const models = (await (await fetch(new URL('api/v1/models', server.url))).json()) as { data: unknown[] }
    expect(models.data.length).toBeGreaterThan(5)
  })
})
