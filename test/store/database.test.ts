import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Fields, Logger } from '../../src/core/context.ts'
import { Failure } from '../../src/core/errors.ts'
import { isDamaged, openDatabase, toStoreFailure } from '../../src/store/database.ts'

const CREATE = 'CREATE TABLE things (name TEXT PRIMARY KEY)'
const GROW = 'ALTER TABLE things ADD COLUMN size INTEGER'

let folder = ''
let told: Array<readonly [string, Fields | undefined]> = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'))
  told = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const quiet = (): void => {}
const log: Logger = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (event, fields) => told.push([event, fields]),
}
const open = (migrations = [CREATE], path = join(folder, 'deep', 'data.db')) =>
  openDatabase({ path, migrations, stamp: () => '1', log })

function failureOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('a database file', () => {
  test('is made with its folder and its tables', () => {
    const database = open()
    database.run("INSERT INTO things VALUES ('a')")
    database.close()
    expect(open().query('SELECT name FROM things').all()).toEqual([{ name: 'a' }])
  })

  test('is brought up to date and keeps its rows', () => {
    const before = open()
    before.run("INSERT INTO things VALUES ('a')")
    before.close()
    expect(open([CREATE, GROW]).query('SELECT * FROM things').all()).toEqual([{ name: 'a', size: null }])
  })

  test('of a newer version is refused with what to do', () => {
    open([CREATE, GROW]).close()
    const failure = failureOf(() => open())
    expect(failure).toBeInstanceOf(Failure)
    expect((failure as Failure).message).toContain('newer version of this program (2 > 1)')
  })

  test('that is no database is set aside, and the server goes on', () => {
    const path = join(folder, 'data.db')
    writeFileSync(path, 'garbage '.repeat(1000))
    const database = open([CREATE], path)
    database.run("INSERT INTO things VALUES ('a')")
    expect(readdirSync(folder)).toContain('data.db.damaged-1')
    expect(told.map(([event]) => event)).toEqual(['database-damaged'])
  })

  test('whose pages are overwritten is known to be damaged when it is read', () => {
    const path = join(folder, 'data.db')
    const database = open([CREATE], path)
    database.run("INSERT INTO things VALUES ('a')")
    database.run('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
    const bytes = new Uint8Array(4096 * 3).fill(7)
    writeFileSync(path, bytes)
    open([CREATE], path).close()
    expect(readdirSync(folder)).toContain('data.db.damaged-1')
  })
})

describe('a failed statement', () => {
  test.each([
    ['SQLITE_FULL', 'full'],
    ['SQLITE_BUSY', 'locked'],
    ['SQLITE_READONLY', 'written'],
    ['SQLITE_CANTOPEN', 'opened'],
    ['SQLITE_IOERR_WRITE', 'failed'],
  ])('%s is a 503 in plain words', (code, word) => {
    const failure = toStoreFailure(Object.assign(new Error('x'), { code })) as Failure
    expect(failure).toBeInstanceOf(Failure)
    expect(failure).toMatchObject({ status: 503, retryable: true })
    expect(failure.message).toContain(word)
  })

  test('that is a mistake of ours stays one', () => {
    const mistake = new Error('no such column: x')
    expect(toStoreFailure(mistake)).toBe(mistake)
    expect(isDamaged(mistake)).toBe(false)
  })
})
