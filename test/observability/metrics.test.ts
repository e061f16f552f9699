import { describe, expect, test } from 'bun:test'

import { createMetrics } from '../../src/observability/metrics/registry.ts'
import { watchForMetrics } from '../../src/observability/metrics/requests.ts'
import { createTrace } from '../../src/observability/trace.ts'
import { requestOf } from '../runs/make.ts'
import { readMetrics } from '../support/prometheus.ts'

describe('the registry', () => {
  test('writes what a Prometheus parser reads, whatever labels hold', async () => {
    const metrics = createMetrics()
    metrics.counter('calls_total', 'Calls.', ['model']).add(2, 'odd "name"\\\nwith a line')
    metrics.gauge('busy', 'Now.').set(0.5)
    const read = readMetrics(await metrics.scrape())
    expect(read.value('calls_total', { model: 'odd "name"\\\nwith a line' })).toBe(2)
    expect(read.value('busy')).toBe(0.5)
    expect(read.typeOf('calls_total')).toBe('COUNTER')
  })

  test('counts a value in every bucket that is large enough', async () => {
    const metrics = createMetrics()
    const histogram = metrics.histogram('seconds', 'Time.', [], [1, 2, 5])
    for (const value of [0.5, 2, 3, 99]) histogram.observe(value)
    const read = readMetrics(await metrics.scrape())
    expect(['1', '2', '5', '+Inf'].map((bound) => read.sample(`seconds_bucket{le="${bound}"}`))).toEqual([
      1, 2, 3, 4,
    ])
    expect([read.sample('seconds_sum'), read.sample('seconds_count')]).toEqual([104.5, 4])
  })

  test('puts a flood of label values together', async () => {
    const metrics = createMetrics()
    const counter = metrics.counter('calls_total', 'Calls.', ['model'])
    for (let index = 0; index < 1000; index++) counter.add(1, `model-${index}`)
    const read = readMetrics(await metrics.scrape())
    expect(read.seriesOf('calls_total')).toBeLessThanOrEqual(301)
    expect(read.value('calls_total', { model: 'other' })).toBe(700)
  })

  test('does not hold two families of one name', () => {
    const metrics = createMetrics()
    metrics.counter('a', 'A.')
    expect(() => metrics.gauge('a', 'A.')).toThrow()
  })
})

test('a request that ended is counted in all its aspects', async () => {
  const metrics = createMetrics()
  let nowMs = 0
  const trace = createTrace(() => nowMs)
  const end = trace.open('call', { upstream: 'default', model: 'test/model' })
  nowMs = 1500
  trace.stamp('first_event_ms')
  end('ok')
  trace.describe('call', 'retries', 2)
  for (const [name, value] of Object.entries({
    model: 'big',
    upstream_model: 'test/model',
    upstream: 'default',
    input_tokens: 30,
    cached_tokens: 20,
    output_tokens: 7,
    cost_usd: 0.25,
    cache: 'miss',
    fallback: true,
    tool_repairs: [
      { tool: 'Read', kinds: ['syntax', 'number'] },
      { tool: 'Bash', kinds: ['syntax'] },
    ],
  }))
    trace.note(name, value)
  trace.warn({ path: 'top_k', message: 'was left out' })
  const watch = watchForMetrics(metrics)
  watch.end(requestOf({ trace }), { status: 200, outcome: 'ok', durationMs: 2000 })
  const read = readMetrics(await metrics.scrape())
  const value = (name: string, labels?: Record<string, string>) =>
    read.value(`openrouter_anthropic_${name}`, labels)
  expect(
    value('requests_total', { route: '/v1/messages', method: 'POST', status: '200', outcome: 'ok' }),
  ).toBe(1)
  expect(value('upstream_calls_total', { upstream: 'default', model: 'test/model', outcome: 'ok' })).toBe(1)
  expect(value('upstream_retries_total', { upstream: 'default' })).toBe(2)
  expect(value('tokens_total', { model: 'test/model', kind: 'cached_input' })).toBe(20)
  expect(value('tokens_total', { model: 'test/model', kind: 'output' })).toBe(7)
  expect(value('cost_usd_total', { upstream: 'default', model: 'test/model' })).toBe(0.25)
  expect(value('cache_requests_total', { result: 'miss' })).toBe(1)
  expect(value('tool_call_repairs_total', { model: 'test/model', kind: 'syntax' })).toBe(2)
  expect(value('tool_call_repairs_total', { model: 'test/model', kind: 'number' })).toBe(1)
  expect(value('fallbacks_total')).toBe(1)
  expect(value('compat_warnings_total')).toBe(1)
  const sum = (name: string, labels: string) => read.sample(`openrouter_anthropic_${name}_sum{${labels}}`)
  expect(sum('step_duration_seconds', 'step="call",outcome="ok"')).toBe(1.5)
  expect(sum('first_event_seconds', 'upstream="default"')).toBe(1.5)
  expect(sum('request_duration_seconds', 'route="/v1/messages"')).toBe(2)
})

test('a request that failed is counted by its kind', async () => {
  const metrics = createMetrics()
  const trace = createTrace(() => 0)
  trace.note('error', 'overloaded_error: no room')
  watchForMetrics(metrics).end(requestOf({ trace }), { status: 529, outcome: 'error', durationMs: 1 })
  const read = readMetrics(await metrics.scrape())
  const labels = { route: '/v1/messages', type: 'overloaded_error' }
  expect(read.value('openrouter_anthropic_errors_total', labels)).toBe(1)
})
