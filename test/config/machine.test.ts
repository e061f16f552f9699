import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { thisMachine } from '../../src/config/machine.ts'
import { configOf, problemsOf } from './sources.ts'

describe('the data folder', () => {
  test.each([
    ['linux', {}, '/home/ada', '/home/ada/.local/share/openrouter-anthropic-server'],
    ['linux', { XDG_DATA_HOME: '/xdg' }, '/home/ada', '/xdg/openrouter-anthropic-server'],
    ['linux', { XDG_DATA_HOME: 'here' }, '/home/ada', '/home/ada/.local/share/openrouter-anthropic-server'],
    [
      'darwin',
      { XDG_DATA_HOME: '/xdg' },
      '/Users/ada',
      '/Users/ada/Library/Application Support/openrouter-anthropic-server',
    ],
    ['win32', { LOCALAPPDATA: 'C:\\Local' }, 'C:\\ada', 'C:\\Local\\openrouter-anthropic-server'],
    ['win32', {}, 'C:\\ada', 'C:\\ada\\AppData\\Local\\openrouter-anthropic-server'],
  ])('on %s with %o and home %s is %s', (platform, env, home, expected) => {
    expect(configOf({ platform, env, home }).dataDir).toBe(expected)
  })

  test('has to be given where there is no home folder', () => {
    expect(problemsOf({ home: '' })).toEqual([
      'DATA_DIR: has no default, as there is no home folder; give a path, with the home folder written out instead of ~',
    ])
    expect(configOf({ home: '', env: { DATA_DIR: '/data' } }).dataDir).toBe('/data')
  })
})

describe('this machine', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'))
    await Bun.write(join(folder, 'config.toml'), 'port = 1')
  })
  afterAll(async () => rm(folder, { recursive: true }))

  test('reads a file that is there', () => {
    expect(thisMachine().readTextFile(join(folder, 'config.toml'))).toBe('port = 1')
  })

  test('tells a file that is not there from one that cannot be read', () => {
    const { readTextFile } = thisMachine()
    expect(readTextFile(join(folder, 'none.toml'))).toBeUndefined()
    expect(readTextFile(join(folder, 'config.toml', 'below.toml'))).toBeUndefined()
    expect(() => readTextFile(folder)).toThrow('EISDIR')
  })

  test('has the environment, home and platform of the process', () => {
    const { env, home, platform } = thisMachine()
    expect(env['PATH']).toBe(process.env['PATH'])
    expect(home).not.toBe('')
    expect(platform).toBe(process.platform)
  })
})
