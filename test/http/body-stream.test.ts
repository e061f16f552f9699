import { describe, expect, test } from 'bun:test'

import type { Clock } from '../../src/core/clock.ts'
import { Failure } from '../../src/core/errors.ts'
import { readText, streamBody, type StreamLimits } from '../../src/http/body-stream.ts'

/** Time that stands where it is put. */
function handClock() {
  let nowMs = 0
  const watchers = new Set<(nowMs: number) => void>()
  const clock: Clock = {
    now: () => nowMs,
    watch(tick) {
      watchers.add(tick)
      return () => void watchers.delete(tick)
    },
  }
  return {
    clock,
    watched: () => watchers.size,
    pass: (ms: number): void => {
      nowMs += ms
      for (const tick of watchers) tick(nowMs)
    },
  }
}

const limitsOf = (limits: Partial<StreamLimits> = {}): StreamLimits => ({
  maxBytes: 1000,
  maxSilenceMs: 60_000,
  clock: handClock().clock,
  ...limits,
})

/** A request whose body the test sends piece by piece. */
function fedRequest(headers: Readonly<Record<string, string>> = {}) {
  let sink: ReadableStreamDefaultController<Uint8Array> | undefined
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      sink = controller
    },
    cancel() {
      cancelled = true
    },
  })
  return {
    request: new Request('http://localhost', { method: 'POST', headers, body }),
    send: (text: string) => sink?.enqueue(Buffer.from(text)),
    end: () => sink?.close(),
    fail: (error: Error) => sink?.error(error),
    isCancelled: () => cancelled,
  }
}

const readAll = async (pieces: AsyncIterable<Uint8Array>): Promise<string> => {
  let text = ''
  for await (const piece of pieces) text += Buffer.from(piece).toString('latin1')
  return text
}
const failureOf = async (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('a body as it comes', () => {
  test('is handed on piece by piece, before its end is there', async () => {
    const { request, send, end } = fedRequest()
    const pieces = streamBody(request, limitsOf())
    send('one')
    expect(Buffer.from((await pieces.next()).value ?? []).toString()).toBe('one')
    send('two')
    end()
    expect(await readAll(pieces)).toBe('two')
  })

  test('that was not sent is empty', async () => {
    expect(await readAll(streamBody(new Request('http://localhost'), limitsOf()))).toBe('')
  })

  test('is refused unread where its declared length is too much', async () => {
    const { request } = fedRequest({ 'content-length': '1001' })
    const failure = await failureOf(readAll(streamBody(request, limitsOf())))
    expect(failure).toMatchObject({ kind: 'request_too_large', status: 413 })
  })

  test('is refused as soon as more has come than may, and no more of it is taken', async () => {
    const { request, send, isCancelled } = fedRequest()
    const reading = failureOf(readAll(streamBody(request, limitsOf({ maxBytes: 5 }))))
    send('12345')
    send('6')
    expect(await reading).toMatchObject({ status: 413 })
    expect(isCancelled()).toBe(true)
  })

  test('that stops coming is a failure once the wait is too long', async () => {
    const { clock, pass, watched } = handClock()
    const { request, send, isCancelled } = fedRequest()
    const pieces = streamBody(request, limitsOf({ clock, maxSilenceMs: 1000 }))
    send('one')
    await pieces.next()
    // The reader's own time does not count.
    pass(5000)
    const reading = failureOf(pieces.next())
    pass(1000)
    expect(isCancelled()).toBe(false)
    pass(1)
    expect(await reading).toMatchObject({
      status: 400,
      details: { error_code: 'request_body_timeout' },
    })
    expect(isCancelled()).toBe(true)
    expect(watched()).toBe(0)
  })

  test('whose client hangs up throws', async () => {
    const { request, send, fail } = fedRequest()
    const reading = failureOf(readAll(streamBody(request, limitsOf())))
    send('one')
    fail(new Error('gone'))
    expect(await reading).toMatchObject({ message: 'gone' })
  })

  test('is given up when its reader is content', async () => {
    const { clock, watched } = handClock()
    const { request, send, isCancelled } = fedRequest()
    const pieces = streamBody(request, limitsOf({ clock }))
    send('one')
    await pieces.next()
    await pieces.return(undefined)
    expect(isCancelled()).toBe(true)
    expect(watched()).toBe(0)
  })

  test.each([
    ['gzip', 400],
    ['identity', undefined],
    ['', undefined],
  ])('in the encoding "%s" is answered with %p', async (encoding, status) => {
    const request = new Request('http://localhost', {
      method: 'POST',
      headers: encoding ? { 'content-encoding': encoding } : {},
      body: 'x',
    })
    const failure = await failureOf(readAll(streamBody(request, limitsOf())))
    expect(failure instanceof Failure ? failure.status : failure).toBe(status)
  })
})

describe('a short text', () => {
  async function* of(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* pieces
  }
  const euro = Buffer.from('€')

  test('is read across the cuts of its characters', async () => {
    expect(await readText(of(euro.subarray(0, 1), euro.subarray(1)), 10, 'field')).toBe('€')
  })

  test('that is too long is named', async () => {
    const failure = await failureOf(readText(of(Buffer.from('12345'), Buffer.from('6')), 5, 'field'))
    expect(failure).toMatchObject({ status: 400, message: 'field: must not be longer than 5 bytes' })
  })

  test('that is no UTF-8 is named', async () => {
    const failure = await failureOf(readText(of(Buffer.from([0xff])), 5, 'field'))
    expect(failure).toMatchObject({ status: 400, message: 'field: must be UTF-8 text' })
  })
})
