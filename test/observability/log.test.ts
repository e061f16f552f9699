import { describe, expect, test } from 'bun:test'

import { createLog, type LogLevel } from '../../src/observability/log.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

/** A log that collects until it is flushed, and what it wrote. */
function logOf(level: LogLevel = 'debug', now = () => NOW) {
  const writes: string[] = []
  const log = createLog({ level, now, write: (text) => writes.push(text), flushEveryMs: 1e6 })
  const entries = () => {
    log.flush()
    return writes.flatMap((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    )
  }
  return { log, writes, entries }
}

describe('an entry', () => {
  test('is one line of JSON with time, level, event and fields', () => {
    const { log, writes } = logOf()
    log.info('request-finished', { status: 200, path: '/a\nb' })
    log.flush()
    expect(writes).toEqual([
      '{"time":"2026-01-02T03:04:05.006Z","level":"info","event":"request-finished","status":200,"path":"/a\\nb"}\n',
    ])
  })

  test('has the time at which it was made', () => {
    const times = [1000, 1000, 2000]
    const { log, entries } = logOf('debug', () => times.shift() ?? 0)
    for (const event of ['a', 'b', 'c']) log.info(event)
    expect(entries().map(({ time }) => Date.parse(time))).toEqual([1000, 1000, 2000])
  })

  test('has no secrets, not even in its event', () => {
    const { log, writes } = logOf()
    log.error('tried sk-or-v1-0123456789', { api_key: 'hunter2', error: new Error('Bearer hunter2') })
    expect(writes.join()).not.toMatch(/0123456789|hunter2/)
  })

  test('leaves out what is undefined', () => {
    const { log, entries } = logOf()
    log.info('x', { model: undefined })
    expect(Object.keys(entries()[0])).toEqual(['time', 'level', 'event'])
  })

  test('is written whatever its fields are', () => {
    const { log, entries } = logOf()
    const round: unknown[] = []
    round.push(round)
    log.info('odd', { round, call: () => 1, big: 1n, nan: NaN, error: new Error('no') })
    expect(entries()).toMatchObject([
      {
        round: ['[unserialisable]'],
        call: '[unserialisable]',
        big: '1',
        nan: null,
        error: { message: 'no' },
      },
    ])
  })

  test('keeps its time, level and event when fields have these names', () => {
    const { log, entries } = logOf()
    log.child({ level: 'child' }).info('x', { time: 1, event: 'y' })
    expect(entries()).toMatchObject([{ level: 'info', event: 'x', level_: 'child', time_: 1, event_: 'y' }])
  })
})

describe('the level', () => {
  test.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ] as const)('%s lets %p through', (level, expected) => {
    const { log, entries } = logOf(level)
    for (const logger of [log, log.child({})]) {
      logger.debug('x')
      logger.info('x')
      logger.warn('x')
      logger.error('x')
    }
    expect(entries().map((entry) => entry.level)).toEqual([...expected, ...expected])
  })
})

describe('a child', () => {
  test('adds its fields to each entry, the entry winning over the child and the child over its parent', () => {
    const { log, entries } = logOf()
    const child = log.child({ id: 'req_1', step: 'a' })
    child.info('x')
    child.child({ step: 'b', api_key: 'hunter2' }).info('x', { id: 'req_2' })
    log.info('x')
    expect(entries().map(({ id, step, api_key }) => [id, step, api_key])).toEqual([
      ['req_1', 'a', undefined],
      ['req_2', 'b', '[redacted]'],
      [undefined, undefined, undefined],
    ])
  })

  test('writes in turn with its parent', () => {
    const { log, entries } = logOf()
    const child = log.child({})
    log.info('1')
    child.info('2')
    log.info('3')
    expect(entries().map(({ event }) => event)).toEqual(['1', '2', '3'])
  })
})

describe('writing', () => {
  test('is one call for all lines since the last one', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const log = createLog({ level: 'info', now: () => NOW, write: resolve, flushEveryMs: 1 })
    log.info('a')
    log.warn('b')
    expect((await promise).match(/"event":"\w"/g)).toEqual(['"event":"a"', '"event":"b"'])
  })

  test('goes on after the first time', async () => {
    let written = Promise.withResolvers<string>()
    const log = createLog({
      level: 'info',
      now: () => NOW,
      write: (text) => written.resolve(text),
      flushEveryMs: 1,
    })
    log.info('a')
    expect(await written.promise).toContain('"a"')
    written = Promise.withResolvers()
    log.info('b')
    expect(await written.promise).not.toContain('"a"')
  })

  test('happens at once for an error, together with what came before', () => {
    const { log, writes } = logOf()
    log.info('a')
    expect(writes).toEqual([])
    log.error('b')
    expect(writes).toHaveLength(1)
    expect(writes[0]?.split('\n')).toHaveLength(3)
  })

  test('happens at once on flush, and only when there is something', () => {
    const { log, writes } = logOf()
    log.flush()
    expect(writes).toEqual([])
    log.child({}).info('a')
    log.child({}).flush()
    log.flush()
    expect(writes).toHaveLength(1)
  })

  test('that fails does not fail the work, nor the next entry', () => {
    const writes: string[] = []
    const write = (text: string) => {
      if (text.includes('"first"')) throw new Error('EPIPE')
      writes.push(text)
    }
    const log = createLog({ level: 'info', now: () => NOW, write })
    log.error('first')
    log.error('second')
    expect(writes).toHaveLength(1)
    expect(writes[0]).toContain('"second"')
  })

  test('keeps no process alive', async () => {
    const source = `
      const { createLog } = await import(${JSON.stringify(import.meta.resolve('../../src/observability/log.ts'))})
      createLog({ level: 'info', now: Date.now, write: () => {}, flushEveryMs: 1e6 }).info('a')
    `
    expect(await Bun.spawn([process.execPath, '-e', source], { timeout: 20_000 }).exited).toBe(0)
  })
})
