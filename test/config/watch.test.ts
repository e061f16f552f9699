import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { listenForHangUp, type Stop, watchFile } from '../../src/config/watch.ts'
import { until } from '../support/wait.ts'

describe('a watched file', () => {
  let folder = ''
  let touches = 0
  let stop: Stop | undefined
  const watchIt = (path: string): void => {
    stop = watchFile(path, () => touches++)
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watch-'))
    await Bun.write(join(folder, 'config.toml'), 'port = 1')
    touches = 0
  })
  afterEach(async () => {
    stop?.()
    await rm(folder, { recursive: true })
  })

  test('is noticed when it is written', async () => {
    const path = join(folder, 'config.toml')
    watchIt(path)
    await Bun.write(path, 'port = 2')
    await until('a touch', () => touches > 0)
    expect(touches).toBeGreaterThan(0)
  })

  test('is noticed each time another file takes its place', async () => {
    const path = join(folder, 'config.toml')
    watchIt(path)
    for (const text of ['port = 2', 'port = 3']) {
      const before = touches
      await Bun.write(join(folder, 'new'), text)
      await rename(join(folder, 'new'), path)
      await until('a touch', () => touches > before)
    }
    expect(touches).toBeGreaterThan(1)
  })

  test('is noticed where it really lies', async () => {
    await mkdir(join(folder, 'links'))
    const link = join(folder, 'links', 'config.toml')
    await symlink(join(folder, 'config.toml'), link)
    watchIt(link)
    await Bun.write(join(folder, 'config.toml'), 'port = 2')
    await until('a touch', () => touches > 0)
    expect(touches).toBeGreaterThan(0)
  })

  test('cannot be watched in a folder that is not there', () => {
    expect(() => watchFile(join(folder, 'none', 'config.toml'), () => undefined)).toThrow('ENOENT')
  })
})

describe.skipIf(process.platform === 'win32')('a hang-up signal', () => {
  test('is heard until it is no longer listened to', async () => {
    let signals = 0
    // Keeps this process alive when the listener is gone.
    const ignore = (): void => undefined
    process.on('SIGHUP', ignore)
    try {
      const stop = listenForHangUp(() => signals++, false)
      process.kill(process.pid, 'SIGHUP')
      await until('a signal', () => signals === 1)
      stop()
      expect(process.listeners('SIGHUP')).toEqual([ignore])
    } finally {
      process.off('SIGHUP', ignore)
    }
  })

  test('in a terminal is not listened to', () => {
    const before = process.listenerCount('SIGHUP')
    listenForHangUp(() => undefined, true)()
    expect(process.listenerCount('SIGHUP')).toBe(before)
  })
})
