import { describe, expect, test } from 'bun:test'

import type { Logger } from '../../src/core/context.ts'
import { createCatalogue } from '../../src/upstream/catalogue.ts'
import { until } from '../support/wait.ts'

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const HOUR_MS = 3_600_000

/** A catalogue whose time the test moves and whose upstream answers when the test wants. */
function open() {
  let nowMs = 0
  const watchers = new Set<(nowMs: number) => void>()
  const asked: Array<PromiseWithResolvers<Response>> = []
  const catalogue = createCatalogue({
    baseUrl: 'http://upstream.test/v1',
    apiKey: undefined,
    fetch: async () => {
      const answer = Promise.withResolvers<Response>()
      asked.push(answer)
      return answer.promise
    },
    clock: {
      now: () => nowMs,
      watch(tick) {
        watchers.add(tick)
        return () => void watchers.delete(tick)
      },
    },
    ttlMs: HOUR_MS,
    log: SILENT,
  })
  return {
    catalogue,
    asked,
    watchers,
    pass: (ms: number) => {
      nowMs += ms
      for (const watcher of watchers) watcher(nowMs)
    },
    /** Answers the question that was asked last, which may still be on its way. */
    answer: async (response: Response) => {
      await until('the list is asked for', () => asked.length > 0)
      asked.at(-1)?.resolve(response)
    },
  }
}

const LIST = () =>
  Response.json({ data: [{ id: 'a', context_length: 1000 }, { no: 'id' }, { id: 'b:free' }] })

describe('the first list', () => {
  test('is waited for, and then never again', async () => {
    const { catalogue, answer, watchers } = open()
    const ready = catalogue.ready()
    expect(ready).toBe(catalogue.ready())
    await answer(LIST())
    await ready
    expect(catalogue.ready()).toBeUndefined()
    expect(catalogue.record('a')?.context_length).toBe(1000)
    expect(watchers.size).toBe(0)
  })

  test('is waited for no longer than a second', async () => {
    const { catalogue, asked, pass, answer, watchers } = open()
    const ready = catalogue.ready()
    pass(999)
    expect(watchers.size).toBe(1)
    pass(1)
    await ready
    expect(catalogue.ready()).toBeUndefined()
    expect(catalogue.record('a')).toBeUndefined()
    // It still counts when it comes later.
    await answer(LIST())
    await until('the list is known', () => catalogue.record('a') !== undefined)
    expect(asked).toHaveLength(1)
  })

  test('holds nobody up when the upstream refuses it', async () => {
    const { catalogue, answer } = open()
    const ready = catalogue.ready()
    await answer(new Response('no', { status: 404 }))
    await ready
    expect(catalogue.ready()).toBeUndefined()
  })
})

test('a model without a record of its own has the one of its base', async () => {
  const { catalogue, answer } = open()
  const ready = catalogue.ready()
  await answer(LIST())
  await ready
  expect(catalogue.record('a:nitro')?.id).toBe('a')
  expect(catalogue.record('b:free')?.id).toBe('b:free')
  expect(catalogue.record('b')).toBeUndefined()
})
