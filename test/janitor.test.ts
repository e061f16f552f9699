import { expect, test } from 'bun:test'

import type { Fields, Logger } from '../src/core/context.ts'
import { startJanitor } from '../src/janitor.ts'
import { until } from './support/wait.ts'

const quiet = (): void => {}

test('all chores are done at once and again, whatever becomes of one of them', async () => {
  const done: string[] = []
  const told: Array<readonly [string, Fields | undefined]> = []
  const log: Logger = {
    debug: quiet,
    info: quiet,
    warn: (event, fields) => told.push([event, fields]),
    error: quiet,
  }
  const stop = startJanitor(
    {
      broken: async () => {
        throw new Error('no')
      },
      good: async () => done.push('good'),
    },
    log,
    1,
  )
  await until('both rounds are done', () => done.length > 1)
  stop()
  expect(told.slice(0, 2)).toEqual(
    [1, 2].map(() => ['cleanup-failed', { name: 'broken', error: new Error('no') }]),
  )
  const rounds = done.length
  await Bun.sleep(5)
  expect(done).toHaveLength(rounds)
})
