import { describe, expect, test } from 'bun:test'

import type { RequestContext } from '../../src/core/context.ts'
import { Failure, type FailureKind, invalidRequest } from '../../src/core/errors.ts'
import type { AnswerStream } from '../../src/messages/converse.ts'
import { answerOfFirst } from '../../src/messages/fallback.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { type Target, toTarget } from '../../src/translate/target.ts'
import type { StreamEvent } from '../../src/wire/anthropic/events.ts'

const A = toTarget('a', true)
const B = toTarget('b', false, { upstream: 'local' })
const C = toTarget('c', true)

const SAID: StreamEvent = { type: 'content_block_stop', index: 0 }
const STOP: StreamEvent = { type: 'message_stop' }

const quiet = (): void => {}

function contextOf(signal = new AbortController().signal) {
  const trace = createTrace(() => 0)
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  return { trace, context: { id: 'req_1', signal, log, trace } as unknown as RequestContext }
}

type Step = readonly StreamEvent[] | Error

/** A stream that says what the steps say, one a read. */
const saying = (...steps: readonly Step[]): AnswerStream => {
  const rest = [...steps]
  return {
    open: () => [SAID],
    read: async () => {
      const step = rest.shift()
      if (step instanceof Error) throw step
      return step
    },
    cancel: async () => {
      rest.length = 0
    },
  }
}

/** Starts what the script holds for each target, and remembers who was asked. */
function scripted(script: Readonly<Record<string, () => AnswerStream>>) {
  const asked: string[] = []
  const start = async (target: Target): Promise<AnswerStream> => {
    asked.push(target.model)
    const make = script[target.model]
    if (!make) throw new Error(`nobody expected ${target.model}`)
    return make()
  }
  return { asked, start }
}

async function readAll(stream: AnswerStream): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = []
  for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
  return events
}

/** What breaks off the reading of a stream. */
const failureOf = async (stream: AnswerStream): Promise<unknown> =>
  readAll(stream).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : error),
  )

const failing = (kind: FailureKind) => () => saying(new Failure(kind, kind))

describe('the models of a fallback list', () => {
  test('are asked in turn until one begins to answer', async () => {
    const { asked, start } = scripted({
      a: failing('overloaded_error'),
      b: failing('not_found_error'),
      c: () => saying([STOP]),
    })
    const { context, trace } = contextOf()
    expect(await readAll(await answerOfFirst([A, B, C], start, context))).toEqual([STOP])
    expect(asked).toEqual(['a', 'b', 'c'])
    expect(trace.notes()).toMatchObject({ fallback: true })
  })

  test('are left alone when the first one answers', async () => {
    const { asked, start } = scripted({ a: () => saying([STOP]) })
    expect(await readAll(await answerOfFirst([A, B], start, contextOf().context))).toEqual([STOP])
    expect(asked).toEqual(['a'])
  })

  test('are not asked once the client has part of an answer', async () => {
    const { asked, start } = scripted({ a: () => saying([SAID], new Failure('api_error', 'cut')) })
    const stream = await answerOfFirst([A, B], start, contextOf().context)
    expect(await stream.read()).toEqual([SAID])
    expect(await failureOf(stream)).toBe('cut')
    expect(asked).toEqual(['a'])
  })

  test('are not asked what the request itself has wrong', async () => {
    const { asked, start } = scripted({ a: failing('invalid_request_error') })
    expect(await failureOf(await answerOfFirst([A, B], start, contextOf().context))).toBe(
      'invalid_request_error',
    )
    expect(asked).toEqual(['a'])
  })

  test('are not asked for a client that has hung up', async () => {
    const client = new AbortController()
    const { asked, start } = scripted({ a: failing('api_error') })
    const stream = await answerOfFirst([A, B], start, contextOf(client.signal).context)
    client.abort()
    expect(await failureOf(stream)).toBe('api_error')
    expect(asked).toEqual(['a'])
  })

  test('pass over a target that cannot be asked this', async () => {
    const cannot = (): never => {
      throw invalidRequest('this model has no tools')
    }
    const { asked, start } = scripted({ a: cannot, b: () => saying([STOP]) })
    expect(await readAll(await answerOfFirst([A, B], start, contextOf().context))).toEqual([STOP])
    expect(asked).toEqual(['a', 'b'])
  })

  test('tell the last failure when none answers', async () => {
    const { start } = scripted({ a: failing('overloaded_error'), b: failing('rate_limit_error') })
    expect(await failureOf(await answerOfFirst([A, B], start, contextOf().context))).toBe('rate_limit_error')
  })

  test('begin the message once, whoever goes on with it', async () => {
    let opened = 0
    const second: AnswerStream = {
      ...saying([STOP]),
      open: () => {
        opened++
        return [SAID]
      },
    }
    const { start } = scripted({ a: failing('api_error'), b: () => second })
    const stream = await answerOfFirst([A, B], start, contextOf().context)
    expect(stream.open()).toEqual([SAID])
    expect(await readAll(stream)).toEqual([STOP])
    expect(opened).toBe(1)
  })
})
