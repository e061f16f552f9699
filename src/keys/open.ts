import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { openDatabase } from '../store/database.ts'
import { createKeyStore, KEY_MIGRATIONS, type KeyStore } from './store.ts'

/** The client keys of a data folder. */
export function openKeys(dataDir: string, clock: Clock, log: Logger): KeyStore {
  const path = pathIn(dataDir)
  return createKeyStore({
    path,
    open: () =>
      openDatabase({
        path,
        migrations: KEY_MIGRATIONS,
        stamp: () => new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-'),
        log,
      }),
    clock,
    log,
  })
}

/** Whether a data folder holds client keys. */
export function hasKeys(dataDir: string): boolean {
  if (!existsSync(pathIn(dataDir))) return false
  const store = openKeys(dataDir, STILL, SILENT)
  try {
    return store.isInUse
  } finally {
    store.close()
  }
}

const pathIn = (dataDir: string): string => join(dataDir, 'keys.db')

const ignore = (): void => {}
const STILL: Clock = { now: () => 0, watch: () => ignore }
const SILENT: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }
