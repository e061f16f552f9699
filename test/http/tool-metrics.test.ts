import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ToolMetrics } from '../../src/wire/server/tools.ts'
import { createTestApp } from './app.ts'

const folder = mkdtempSync(join(tmpdir(), 'tool-metrics-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the counts are those of the runs', async () => {
  const { server, ask } = createTestApp({
    TOOL_EXECUTION_ENABLED: 'true',
    TOOL_WORKING_DIRECTORY: folder,
    TOOL_SANDBOX: 'off',
  })
  const { tools } = server.services
  writeFileSync(join(folder, 'a.txt'), 'a')
  const helpers: any = {}
  const caller = {
    conversation: 'c',
    owner: 'o',
    signal: new AbortController().signal,
    log: server.log,
    helpers,
  }
  for (const [name, input] of [
    ['Read', { file_path: 'a.txt' }],
    ['Read', { file_path: 'b.txt' }],
    ['Read', { file_path: '../c.txt' }],
    ['Read', {}],
    ['LS', {}],
    ['Nothing', {}],
  ] as const)
    await tools?.run(name, input, caller)
  const metrics = (await (await ask('/tool-metrics')).json()) as ToolMetrics
  expect(metrics.tool_execution.metrics).toMatchObject({
    total_executions: 6,
    successful_executions: 2,
    failed_executions: 4,
    cancelled_executions: 0,
    success_rate: 2 / 6,
    tool_usage_count: { Read: 4, LS: 1, unknown: 1 },
    error_breakdown: { 'not-found': 1, refused: 1, 'invalid-input': 1, 'unknown-tool': 1 },
    max_concurrent_executions: 1,
  })
  expect(metrics.tools['Read']).toMatchObject({
    executions: 4,
    successes: 1,
    success_rate: 0.25,
    per_minute: 300,
  })
  const { p50_ms = -1, p95_ms = -1 } = metrics.tools['Read'] ?? {}
  expect(p50_ms).toBeLessThanOrEqual(p95_ms)
  const text = await (await ask('/metrics')).text()
  expect(text).toMatch(/tool_runs_total\{tool="Read",outcome="ok"\} 1\n/)
  expect(text).toMatch(/tool_runs_total\{tool="Read",outcome="refused"\} 1\n/)
  tools?.close()
})
