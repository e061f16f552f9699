import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Type } from '@sinclair/typebox'

import { ToolFailure } from '../../src/tools/failure.ts'
import { defineTool, type Tool } from '../../src/tools/tool.ts'
import { createBench } from './support.ts'

const tool = (fields: Partial<Parameters<typeof defineTool>[0]>): Tool =>
  defineTool({
    name: 'Test',
    description: 'A test.',
    input: Type.Object({ count: Type.Optional(Type.Integer()), secret: Type.Optional(Type.String()) }),
    parallelSafe: true,
    perMinute: 1000,
    risk: 'none',
    run: async () => 'done',
    ...fields,
  })

test('a tool that does not exist is an error that names those that do', async () => {
  using bench = createBench()
  expect(await bench.failure('Delete', {})).toContain('There is no tool Delete')
  expect(await bench.failure('Delete', {})).toContain('Read')
  expect(bench.toolbox.metrics().tools).toMatchObject({
    unknown: { executions: 2, errors: { 'unknown-tool': 2 } },
  })
})

test('a wrong input is an error that names every fault', async () => {
  using bench = createBench()
  const message = await bench.failure('Read', { paths: 'x', limit: -1 })
  expect(message).toContain('`file_path` is missing')
  expect(message).toContain('unknown parameter `paths`')
  expect(message).toContain('`limit`')
  expect(await bench.failure('Read', 'x')).toContain('must be a JSON object')
})

test('numbers in text and nulls are understood', async () => {
  using bench = createBench({ tools: [tool({ run: async (input) => JSON.stringify(input) })] })
  expect(await bench.text('Test', { count: '3', secret: null })).toBe('{"count":3}')
})

test('a list in a text is understood', async () => {
  using bench = createBench()
  await bench.text('TodoWrite', { todos: '[{"content":"Plan","status":"pending"}]' })
  expect(await bench.text('TodoRead', {})).toBe('[ ] 1: Plan')
  expect(await bench.failure('TodoWrite', { todos: '[{' })).toContain('`todos')
})

test('a fault in a tool is logged and told in general words', async () => {
  const broken = tool({
    async run() {
      throw new TypeError('undefined is not /a/secret/path')
    },
  })
  using bench = createBench({ tools: [broken] })
  expect(await bench.failure('Test', {})).not.toContain('secret')
  expect(bench.log.map(({ level, event }) => `${level} ${event}`)).toEqual([
    'error unexpected-error',
    'info tool-run',
  ])
})

test('a run that takes too long is stopped and says so', async () => {
  let stopped = false
  const slow = tool({
    timeLimitMs: () => 20,
    run: async (_, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          stopped = true
          reject(signal.reason as Error)
        }),
      ),
  })
  using bench = createBench({ tools: [slow] })
  expect(await bench.failure('Test', {})).toContain('stopped after 0.02 seconds')
  expect(stopped).toBe(true)
  expect(bench.toolbox.metrics().tools['Test']?.errors).toEqual({ 'timed-out': 1 })
})

test('a cancelled run throws the reason and counts as neither success nor failure', async () => {
  const controller = new AbortController()
  const waiting = tool({ run: async () => new Promise(() => {}) })
  using bench = createBench({ tools: [waiting] })
  const running = bench.run('Test', {}, { signal: controller.signal })
  expect(bench.toolbox.metrics().inFlight).toBe(1)
  controller.abort(new Error('gone'))
  expect(await running.catch((error: unknown) => String(error))).toBe('Error: gone')
  expect(bench.toolbox.metrics()).toMatchObject({
    inFlight: 0,
    tools: { Test: { executions: 1, successes: 0, failures: 0, cancelled: 1 } },
  })
})

test('no more run at a time than there are places', async () => {
  let now = 0
  let most = 0
  const counted = tool({
    async run() {
      most = Math.max(most, ++now)
      await Bun.sleep(5)
      now--
      return 'done'
    },
  })
  using bench = createBench({ tools: [counted], maxConcurrent: 3 })
  await Promise.all(Array.from({ length: 12 }, async () => bench.text('Test', {})))
  expect(most).toBe(3)
})

test('rate limits hold for each tool and owner', async () => {
  using bench = createBench({ tools: [tool({ perMinute: 2 }), tool({ name: 'Other' })] })
  await bench.text('Test', {})
  await bench.text('Test', {})
  expect(await bench.failure('Test', {})).toMatch(
    /no more than 2 runs in 60 seconds.*try again in \d+ seconds/,
  )
  await bench.text('Other', {})
  await bench.text('Test', {}, { owner: 'bob' })
})

test('a rate limit holds for all tools of an owner together', async () => {
  using bench = createBench({
    tools: [tool({}), tool({ name: 'Other' })],
    rate: { limit: 2, windowMs: 60_000 },
  })
  await bench.text('Test', {})
  await bench.text('Other', {})
  expect(await bench.failure('Test', {})).toContain('no more than 2 runs')
  await bench.text('Test', {}, { owner: 'bob' })
})

test('long output loses its middle', async () => {
  using bench = createBench({
    maxOutputChars: 100,
    tools: [tool({ run: async () => `a${'x'.repeat(500)}z` })],
  })
  const text = await bench.text('Test', {})
  expect(text).toStartWith('axx')
  expect(text).toEndWith('xxz')
  expect(text).toContain('402 characters left out')
})

test('every run leaves a line for the audit, with bulky arguments as sizes', async () => {
  const failing = tool({
    bulky: ['secret'],
    async run() {
      throw new ToolFailure('conflict', 'no')
    },
  })
  using bench = createBench({ tools: [failing] })
  await bench.failure('Test', { count: 1, secret: 'abc' })
  expect(bench.log).toMatchObject([
    {
      event: 'tool-run',
      fields: {
        tool: 'Test',
        owner: 'ann',
        conversation: 'one',
        outcome: 'conflict',
        arguments: { count: 1, secret: '[3 characters]' },
      },
    },
  ])
})

test('Read and LS show what is in the working directory', async () => {
  using bench = createBench()
  writeFileSync(join(bench.root, 'a.txt'), 'one\ntwo\n')
  expect(await bench.text('LS', { path: '.' })).toContain('a.txt')
  expect(await bench.text('Read', { file_path: join(bench.root, 'a.txt') })).toContain('2\ttwo')
})
