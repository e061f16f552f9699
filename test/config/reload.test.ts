import { describe, expect, test } from 'bun:test'

import { loadConfig } from '../../src/config/load.ts'
import { keepReloading } from '../../src/config/reload.ts'
import type { Config } from '../../src/config/schema.ts'
import type { Fields } from '../../src/core/context.ts'
import { sourcesOf, USER_FILE } from './sources.ts'

interface Machine {
  /** The user's configuration file; undefined = there is none. */
  file: string | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly apply?: (config: Config) => void
  /** What reading takes that is not done at once. */
  readonly slowly?: () => Promise<void>
  readonly watchFile?: () => never
}

/** Everything that could be done at once has been. */
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A server that reloads, with time, files and signals in the test's hands. */
async function start(machine: Machine) {
  const env = machine.env ?? {}
  const readTextFile = (path: string): string | undefined => (path === USER_FILE ? machine.file : undefined)
  const load = async (): Promise<Config> => {
    await machine.slowly?.()
    return loadConfig({ ...sourcesOf({ env }), readTextFile })
  }
  const applied: Config[] = []
  const logged: Array<readonly [string, Fields | undefined]> = []
  const note = (event: string, fields?: Fields): void => void logged.push([event, fields])
  let nowMs = 0
  const ticks = new Set<(nowMs: number) => void>()
  const watched: Array<() => void> = []
  let hangUp = (): void => undefined
  let listening = true
  const stop = keepReloading({
    started: await load(),
    load,
    apply: machine.apply ?? ((config) => applied.push(config)),
    readTextFile,
    clock: {
      now: () => nowMs,
      watch(tick) {
        ticks.add(tick)
        return () => ticks.delete(tick)
      },
    },
    log: { debug: note, info: note, warn: note, error: note },
    watchFile:
      machine.watchFile ??
      ((_, onTouch) => {
        watched.push(onTouch)
        return () => watched.splice(watched.indexOf(onTouch), 1)
      }),
    listenForHangUp(onSignal) {
      hangUp = onSignal
      return () => (listening = false)
    },
  })
  return {
    machine,
    applied,
    logged,
    ticks,
    watched,
    stop,
    isListening: () => listening,
    async hangUp() {
      hangUp()
      await settled()
    },
    touch: () => watched.forEach((onTouch) => onTouch()),
    async pass(ms: number) {
      nowMs += ms
      for (const tick of ticks) tick(nowMs)
      await settled()
    },
    /** The file is written, and left alone. */
    async write(text: string | undefined) {
      machine.file = text
      this.touch()
      await this.pass(250)
    },
  }
}

describe('a changed file', () => {
  test('is put to use', async () => {
    const server = await start({ file: 'max_body_size = 1' })
    await server.write('max_body_size = 2\n[routes]\nimage = "x/y"')
    expect(server.applied.map(({ maxBodyBytes }) => maxBodyBytes)).toEqual([2_097_152])
    expect(server.logged).toEqual([
      ['config-reloaded', { file: USER_FILE, changed: ['MAX_BODY_SIZE', 'routes'] }],
    ])
    await server.write('max_body_size = 3')
    expect(server.applied).toHaveLength(2)
  })

  test('is read when it has been left alone for a moment', async () => {
    const server = await start({ file: 'max_body_size = 1' })
    server.machine.file = 'max_body_size = '
    server.touch()
    await server.pass(150)
    server.machine.file = 'max_body_size = 2'
    server.touch()
    await server.pass(150)
    expect(server.logged).toEqual([])
    await server.pass(100)
    expect(server.applied).toHaveLength(1)
    expect(server.logged.map(([event]) => event)).toEqual(['config-reloaded'])
  })

  test('that says the same is not used again', async () => {
    const server = await start({ file: 'max_body_size = 1' })
    await server.write('max_body_size = 1')
    expect(server.logged).toEqual([])
    await server.write('max_body_size = 1 # a comment')
    expect(server.logged).toEqual([['config-reloaded', { file: USER_FILE, changed: [] }]])
    expect(server.applied).toEqual([])
  })

  test('loses against the command line and the environment as ever', async () => {
    const server = await start({ file: '', env: { MAX_TOKENS_LIMIT: '5' } })
    await server.write('max_tokens_limit = 7')
    expect(server.applied).toEqual([])
  })

  test('with a problem changes nothing, and the problems are told once', async () => {
    const server = await start({ file: 'max_body_size = 1' })
    await server.write('max_body_size = "huge"\nprot = 1')
    await server.write('max_body_size = "huge"\nprot = 1')
    expect(server.applied).toEqual([])
    expect(server.logged).toHaveLength(1)
    const [event, fields] = server.logged[0] ?? []
    expect(event).toBe('config-refused')
    expect(fields?.['problems']).toEqual([
      `MAX_BODY_SIZE: "huge" is not allowed (from ${USER_FILE}:1); allowed: megabytes, more than 0 and up to 1024`,
      `"prot": unknown key (from ${USER_FILE}:2); did you mean port?`,
    ])
    await server.write('max_body_size = 2')
    expect(server.applied).toHaveLength(1)
  })

  test('that cannot be put to use is tried again when it changes', async () => {
    let fails = true
    const applied: number[] = []
    const apply = ({ maxBodyBytes }: Config): void => {
      if (fails) throw new Error('no room')
      applied.push(maxBodyBytes)
    }
    const server = await start({ file: 'max_body_size = 1', apply })
    await server.write('max_body_size = 2')
    expect(server.logged).toEqual([['config-refused', { problems: ['Error: no room'] }]])
    fails = false
    await server.write('max_body_size = 2 ')
    expect(applied).toEqual([2_097_152])
  })

  test('that disappears changes nothing', async () => {
    const server = await start({ file: 'server_api_keys = "k"' })
    await server.write(undefined)
    await server.hangUp()
    expect(server.applied).toEqual([])
    expect(server.logged).toEqual([
      ['config-missing', { file: USER_FILE }],
      ['config-missing', { file: USER_FILE }],
    ])
    await server.write('server_api_keys = "l"')
    expect(server.applied.map(({ serverApiKeys }) => serverApiKeys)).toEqual([['l']])
  })
})

describe('a setting that needs a restart', () => {
  test('stays what it was, and the log says so', async () => {
    const server = await start({ file: 'port = 1' })
    await server.write('port = 2\nlog_level = "debug"\nmax_body_size = 1')
    expect(server.applied).toHaveLength(1)
    expect(server.applied[0]).toMatchObject({ port: 1, logLevel: 'info', maxBodyBytes: 1_048_576 })
    expect(server.logged).toEqual([
      ['config-needs-restart', { settings: ['PORT', 'LOG_LEVEL'] }],
      ['config-reloaded', { file: USER_FILE, changed: ['MAX_BODY_SIZE'] }],
    ])
  })

  test('never leaves a door open that was shut', async () => {
    const server = await start({ file: 'host = "0.0.0.0"\nserver_api_keys = "k"' })
    await server.write('host = "127.0.0.1"')
    expect(server.applied).toEqual([])
    expect(server.logged).toEqual([
      [
        'config-refused',
        {
          problems: ['SERVER_API_KEYS: is needed until the restart, as the server still listens on 0.0.0.0'],
        },
      ],
    ])
  })
})

test('a server with an upstream does not become the demo', async () => {
  const server = await start({ file: 'openrouter_api_key = "k"' })
  await server.write('')
  expect(server.applied).toEqual([])
  expect(server.logged).toEqual([
    [
      'config-refused',
      {
        problems: [
          'OPENROUTER_API_KEY: nothing names an upstream any more; only a restart turns the demo on',
        ],
      },
    ],
  ])
  await server.write('openrouter_api_key = "l"')
  expect(server.applied).toHaveLength(1)
})

test('a server with the demo gets an upstream', async () => {
  const server = await start({ file: '' })
  await server.write('openrouter_api_key = "k"')
  expect(server.applied.map(({ demo }) => demo)).toEqual([false])
})

describe('a hang-up signal', () => {
  test('reads the file at once', async () => {
    const server = await start({ file: 'max_body_size = 1' })
    server.machine.file = 'max_body_size = 2'
    await server.hangUp()
    expect(server.applied).toHaveLength(1)
    server.touch()
    await server.pass(250)
    expect(server.logged).toHaveLength(1)
  })

  test('finds a file that was not there at the start, and follows it', async () => {
    const server = await start({ file: undefined })
    expect(server.watched).toEqual([])
    server.machine.file = 'max_body_size = 1'
    await server.hangUp()
    expect(server.applied.map(({ configFile }) => configFile)).toEqual([USER_FILE])
    await server.write('max_body_size = 2')
    expect(server.applied).toHaveLength(2)
  })

  test('is enough where the file cannot be watched', async () => {
    const watchFile = (): never => {
      throw new Error('ENOSPC')
    }
    const server = await start({ file: 'max_body_size = 1', watchFile })
    expect(server.logged).toEqual([['config-not-watched', { file: USER_FILE, error: 'Error: ENOSPC' }]])
    server.machine.file = 'max_body_size = 2'
    await server.hangUp()
    expect(server.applied).toHaveLength(1)
  })
})

describe('a configuration that takes time to read', () => {
  /** Every reading but the first waits for the test to end it. */
  const startSlowly = async (file: string) => {
    const reads: Array<() => void> = []
    let wait = async (): Promise<void> => undefined
    const server = await start({ file, slowly: async () => wait() })
    wait = async () => new Promise((resolve) => reads.push(resolve))
    return { server, reads }
  }

  test('is read once more after changes in the meantime, and never twice at once', async () => {
    const { server, reads } = await startSlowly('max_body_size = 1')
    for (const size of [2, 3, 4]) await server.write(`max_body_size = ${size}`)
    expect(reads).toHaveLength(1)
    reads[0]?.()
    await settled()
    expect(reads).toHaveLength(2)
    reads[1]?.()
    await settled()
    expect(reads).toHaveLength(2)
    expect(server.applied.at(-1)?.maxBodyBytes).toBe(4 * 1_048_576)
  })

  test('is not put to use by a server that stops', async () => {
    const { server, reads } = await startSlowly('max_body_size = 1')
    await server.write('max_body_size = 2')
    server.stop()
    reads[0]?.()
    await settled()
    expect([server.applied, server.logged]).toEqual([[], []])
  })
})

test('a server that stops follows nothing any more', async () => {
  const server = await start({ file: '' })
  server.touch()
  expect(server.ticks.size).toBe(1)
  server.stop()
  expect([server.ticks.size, server.watched.length, server.isListening()]).toEqual([0, 0, false])
})
