import { describe, expect, test } from 'bun:test'

import { Failure } from '../../src/core/errors.ts'
import { createErrorLog } from '../../src/observability/error-log.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { requestOf } from '../runs/make.ts'

const FAILED = { status: 502, outcome: 'error', durationMs: 3 } as const

/** Lets a request fail. */
function fail(
  log: ReturnType<typeof createErrorLog>,
  id: string,
  thrown: unknown = new Failure('api_error', 'no'),
) {
  const trace = createTrace(() => 0)
  trace.note('upstream_model', 'test/model')
  trace.note('error', `api_error: ${thrown instanceof Error ? thrown.message : ''}`)
  trace.open('call')('error')
  trace.fail(thrown)
  log.end(requestOf({ id, trace }), FAILED)
}

describe('the memory of failures', () => {
  test('tells of each with its steps and causes, and without secrets', () => {
    const log = createErrorLog()
    const cause = new Error('refused for sk-or-v1-0123456789')
    fail(log, 'req_1', new Failure('api_error', 'cannot reach https://me:hunter2@host', { cause }))
    const found = log.find('req_1')
    expect(found).toMatchObject({
      correlation_id: 'req_1',
      type: 'api_error',
      status: 502,
      endpoint: '/v1/messages',
      facts: { upstream_model: 'test/model' },
      steps: [{ name: 'call', outcome: 'error' }],
    })
    expect(JSON.stringify(found)).toContain('refused for')
    expect(JSON.stringify(found)).not.toMatch(/0123456789|hunter2/)
  })

  test('has the newest first, and no more than it can hold', () => {
    const log = createErrorLog()
    for (let index = 0; index < 250; index++) fail(log, `req_${index}`)
    expect(log.recent(2).map((error) => error.correlation_id)).toEqual(['req_249', 'req_248'])
    expect(log.recent(1000)).toHaveLength(200)
    expect(log.find('req_0')).toBeUndefined()
    expect(log.stats()).toMatchObject({
      total_errors: 250,
      remembered: 200,
      error_types: { api_error: 250 },
      error_endpoints: { '/v1/messages': 250 },
      error_models: { 'test/model': 250 },
    })
  })

  test('is not about requests that were answered or given up', () => {
    const log = createErrorLog()
    log.end(requestOf(), { status: 200, outcome: 'ok', durationMs: 1 })
    log.end(requestOf(), { status: 499, outcome: 'cancelled', durationMs: 1 })
    expect(log.stats().total_errors).toBe(0)
  })
})
