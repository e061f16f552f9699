import { describe, expect, test } from 'bun:test'

import type { BatchRecord } from '../../src/batches/batch.ts'
import { readShortRequests } from '../../src/batches/read-short.ts'
import { toProgress, withResults } from '../../src/batches/short.ts'
import { thrownBy } from '../support/thrown.ts'

const record = (fields: Partial<BatchRecord>): BatchRecord =>
  ({
    id: 'msgbatch_1',
    state: 'in_progress',
    total: 10,
    counts: { succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    createdAtMs: 1000,
    endedAtMs: undefined,
    ...fields,
  }) as BatchRecord
const counts = { succeeded: 3, errored: 1, canceled: 0, expired: 0 }

describe('the progress of a batch', () => {
  test('counts while it runs', () => {
    expect(toProgress(record({ counts }), 3000)).toEqual({
      batch_id: 'msgbatch_1',
      status: 'processing',
      total_messages: 10,
      processed_messages: 4,
      successful_messages: 3,
      failed_messages: 1,
      success_rate: 75,
      progress: 0.4,
      messages_per_second: 2,
      completion_time: 2,
      created_at: '1970-01-01T00:00:01.000Z',
      ended_at: null,
    })
  })

  test('has no rates before anything happened', () => {
    const found = toProgress(record({}), 1000)
    expect([found.success_rate, found.messages_per_second, found.progress]).toEqual([0, 0, 0])
  })

  test.each([
    ['completed', counts],
    ['canceled', { ...counts, canceled: 6 }],
    ['expired', { ...counts, expired: 6 }],
  ] as const)('says how it ended: %s', (status, ends) => {
    const found = toProgress(record({ state: 'ended', counts: ends, endedAtMs: 5000 }), 9000)
    expect(found).toMatchObject({ status, completion_time: 4, ended_at: '1970-01-01T00:00:05.000Z' })
  })

  test('is one JSON object together with the results', () => {
    const { head, row, tail } = withResults(toProgress(record({ counts }), 3000))
    const rows = [
      { type: 'succeeded', message: { id: 'msg_1' } },
      {
        type: 'errored',
        error: { type: 'error', error: { type: 'api_error', message: 'no' }, request_id: null },
      },
      { type: 'canceled' },
      { type: 'expired' },
    ]
    const text = rows.map((result, index) =>
      row({ seq: index, customId: `r-${index}`, result: JSON.stringify(result) }, index),
    )
    const { results, ...rest } = JSON.parse(head + text.join('') + tail)
    expect(rest).toEqual(toProgress(record({ counts }), 3000))
    expect(results).toEqual([
      { custom_id: 'r-0', success: true, message: { id: 'msg_1' }, error: null },
      { custom_id: 'r-1', success: false, message: null, error: { type: 'api_error', message: 'no' } },
      {
        custom_id: 'r-2',
        success: false,
        message: null,
        error: expect.objectContaining({ type: 'canceled' }),
      },
      {
        custom_id: 'r-3',
        success: false,
        message: null,
        error: expect.objectContaining({ type: 'expired' }),
      },
    ])
    expect(JSON.parse(head + tail).results).toEqual([])
  })
})

describe('a short body', () => {
  const read = async (body: unknown) => (await Array.fromAsync(readShortRequests(body, 250))).flat()
  const texts = async (body: unknown): Promise<unknown[]> =>
    (await read(body)).map(({ text }) => JSON.parse(Buffer.from(text).toString()))

  test('may hold requests, named or not, or bare messages', async () => {
    const params = { model: 'm' }
    expect(
      await texts({ requests: [{ params }, { custom_id: 'mine', params }, { custom_id: null, params }] }),
    ).toEqual([
      { custom_id: 'request-0', params },
      { custom_id: 'mine', params },
      { custom_id: 'request-2', params },
    ])
    expect(await texts({ messages: [params] })).toEqual([{ custom_id: 'request-0', params }])
    expect(await read({ messages: Array(250).fill(params) })).toHaveLength(250)
  })

  test.each([
    [[], 'Input should be a valid dictionary'],
    [{}, 'requests: Field required; or give a list of `messages`'],
    [{ requests: [{ params: {} }], messages: [{}] }, 'messages: cannot be combined with `requests`'],
    [{ messages: [] }, 'messages: List should have at least 1 item after validation, not 0'],
    [{ messages: {} }, 'messages: Input should be a valid list'],
    [{ messages: [1] }, 'messages.0: Input should be a valid dictionary'],
    [{ requests: [1] }, 'requests.0: Input should be a valid dictionary'],
    [{ requests: [{}] }, 'requests.0.params: Field required'],
    [{ requests: [{ params: [] }] }, 'requests.0.params: Input should be a valid dictionary'],
    [{ requests: [{ custom_id: 'a b', params: {} }] }, 'requests.0.custom_id: String should match pattern'],
  ])('is refused: %p', async (body, message) => {
    expect((await thrownBy(read(body))).message).toContain(message)
  })

  test('is refused when it holds too many', async () => {
    const message = 'messages: List should have at most 250 items after validation, not 251'
    expect((await thrownBy(read({ messages: Array(251).fill({}) }))).message).toBe(message)
  })
})
