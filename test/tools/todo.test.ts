import { expect, test } from 'bun:test'
import { join } from 'node:path'

import { createBench } from './support.ts'

const TODOS = [
  { content: 'Read', status: 'completed', activeForm: 'Reading' },
  { content: 'Write', status: 'in_progress', activeForm: 'Writing', priority: 'high' },
]

test('a list is replaced as a whole and read again', async () => {
  using bench = createBench()
  expect(await bench.text('TodoRead', {})).toBe('The todo list is empty.')
  await bench.text('TodoWrite', { todos: TODOS })
  expect(await bench.text('TodoRead', {})).toBe('[x] 1: Read\n[~] 2: Write (high priority)')
  await bench.text('TodoWrite', { todos: [] })
  expect(await bench.text('TodoRead', {})).toBe('The todo list is empty.')
})

test('a list belongs to one conversation of one owner', async () => {
  using bench = createBench()
  await bench.text('TodoWrite', { todos: TODOS })
  for (const other of [{ conversation: 'two' }, { owner: 'bob' }])
    expect(await bench.text('TodoRead', {}, other)).toBe('The todo list is empty.')
})

test('a list outlives the process', async () => {
  using bench = createBench()
  await bench.text('TodoWrite', { todos: TODOS })
  using again = createBench({ database: join(bench.outside, 'tools.db') })
  expect(await again.text('TodoRead', {})).toContain('2: Write')
})

test('one entry is added, changed, completed and deleted', async () => {
  using bench = createBench()
  await bench.text('TodoWrite', {
    action: 'create',
    title: 'Plan',
    description: 'all of it',
    priority: 'low',
  })
  await bench.text('TodoWrite', { action: 'add', content: 'Build' })
  expect(await bench.text('TodoRead', {})).toBe('[ ] 1: Plan; all of it (low priority)\n[ ] 2: Build')
  await bench.text('TodoWrite', { action: 'update', todo_id: '2', status: 'in_progress' })
  await bench.text('TodoWrite', { action: 'complete', todo_id: 1 })
  expect(await bench.text('TodoRead', { status_filter: 'completed' })).toContain('1: Plan')
  expect(await bench.text('TodoRead', { priority_filter: 'medium' })).toBe('[~] 2: Build')
  await bench.text('TodoWrite', { action: 'delete', todo_id: '1' })
  expect(await bench.text('TodoRead', {})).toBe('[~] 2: Build')
  expect(await bench.failure('TodoWrite', { action: 'delete', todo_id: '9' })).toContain('2: Build')
  expect(await bench.failure('TodoWrite', {})).toContain('Give todos')
})

test('a wrong status is told with those that are allowed', async () => {
  using bench = createBench()
  expect(await bench.failure('TodoWrite', { todos: [{ content: 'x', status: 'done' }] })).toContain(
    '`todos.0.status`: must be one of "pending", "in_progress", "completed"',
  )
})
