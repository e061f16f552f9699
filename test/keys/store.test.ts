import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { faultOf, hashOf, type KeyTerms, newKey } from '../../src/keys/key.ts'
import { createKeyStore, KEY_MIGRATIONS } from '../../src/keys/store.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createTestClock } from '../support/clock.ts'
import { silentLog } from '../support/log.ts'

const folder = mkdtempSync(join(tmpdir(), 'keys-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const newPath = (): string => join(folder, `${files++}`, 'keys.db')
const clock = createTestClock()
const storeAt = (path: string) =>
  createKeyStore({
    path,
    open: () => openDatabase({ path, migrations: KEY_MIGRATIONS, stamp: () => 'now', log: silentLog }),
    clock,
    log: silentLog,
  })

const TERMS: KeyTerms = {
  name: 'ci',
  expiresAtMs: undefined,
  models: undefined,
  allowsTools: true,
  serverTools: [],
  limits: {},
}

test('a key has 256 random bits and looks like a secret', () => {
  const keys = Array.from({ length: 100 }, newKey)
  expect(new Set(keys).size).toBe(100)
  for (const key of keys) expect(key).toMatch(/^sk-oas-[\w-]{43}$/)
})

test('a key is found by its hash with all that was said of it, and by its mark', () => {
  const store = storeAt(newPath())
  const terms = {
    ...TERMS,
    models: ['small', 'openai/*'],
    allowsTools: false,
    serverTools: ['Read', 'LS'],
    limits: { dailyBudgetUsd: 1.5 },
  }
  const { key, record } = store.create(terms)
  expect(record).toMatchObject(terms)
  expect(record.id).toBe(`key-${hashOf(key).toString('hex').slice(0, 16)}`)
  expect(store.find(hashOf(key))).toEqual(record)
  expect(store.byId(record.id)).toEqual(record)
  expect(store.find(hashOf(`${key}x`))).toBeUndefined()
  store.close()
})

test('the file holds no key', () => {
  const path = newPath()
  const store = storeAt(path)
  const { key } = store.create(TERMS)
  store.close()
  expect(readFileSync(path).includes(key.slice('sk-oas-'.length))).toBe(false)
})

test('no file is made before the first key, and none is in use', () => {
  const path = newPath()
  const store = storeAt(path)
  expect(store.isInUse).toBe(false)
  expect(store.find(hashOf('x'))).toBeUndefined()
  expect(existsSync(path)).toBe(false)
  store.close()
})

test('a running server notices what another process does', () => {
  const path = newPath()
  const [server, other] = [storeAt(path), storeAt(path)]
  expect(server.isInUse).toBe(false)
  const { key, record } = other.create(TERMS)
  clock.advance(500)
  expect(server.isInUse).toBe(true)
  expect(server.find(hashOf(key))).toEqual(record)
  other.revoke(record.id)
  clock.advance(500)
  expect(faultOf(server.find(hashOf(key)) ?? record, clock.now())).toBe('API key was revoked.')
  expect(server.isInUse).toBe(true)
  server.close()
  other.close()
})

test('two processes that change different things of a key both succeed', () => {
  const path = newPath()
  const [one, other] = [storeAt(path), storeAt(path)]
  const { key, record } = one.create({ ...TERMS, limits: { dailyBudgetUsd: 1, requestsPerMinute: 5 } })
  clock.advance(500)
  expect(other.byId(record.id)).toEqual(record)
  one.edit(record.id, { name: 'renamed', limits: { dailyBudgetUsd: undefined } })
  const edited = other.edit(record.id, { models: ['small'], limits: { concurrentRequests: 2 } })
  expect(edited).toEqual({
    ...record,
    name: 'renamed',
    models: ['small'],
    limits: { requestsPerMinute: 5, concurrentRequests: 2 },
  })
  expect(other.find(hashOf(key))).toEqual(edited)
  one.close()
  other.close()
})

test('a key that was revoked is not changed, and one that is not there is none', () => {
  const store = storeAt(newPath())
  const { record } = store.create(TERMS)
  const revoked = store.revoke(record.id)
  expect(store.edit(record.id, { name: 'x' })).toEqual(revoked)
  for (const id of ['key-0000000000000000', '%', 'key-%']) expect(store.edit(id, {})).toBeUndefined()
  store.close()
})

test('a key that was revoked stays so, at the time of the first call', () => {
  const store = storeAt(newPath())
  const { record } = store.create(TERMS)
  const atMs = clock.now()
  expect(store.revoke(record.id)?.revokedAtMs).toBe(atMs)
  clock.advance(1000)
  expect(store.revoke(record.id)?.revokedAtMs).toBe(atMs)
  expect(store.revoke('key-0000000000000000')).toBeUndefined()
  expect(store.revoke('%')).toBeUndefined()
  store.close()
})

test('a key ends at its time', () => {
  const store = storeAt(newPath())
  const { record } = store.create({ ...TERMS, expiresAtMs: clock.now() + 1000 })
  expect(faultOf(record, clock.now() + 999)).toBeUndefined()
  expect(faultOf(record, clock.now() + 1000)).toBe('API key has expired.')
  store.close()
})

test('a damaged file does not open the server to everybody', () => {
  const path = newPath()
  const store = storeAt(path)
  store.create(TERMS)
  store.close()
  writeFileSync(path, 'no database at all'.repeat(1000))
  const later = storeAt(path)
  expect(later.isInUse).toBe(true)
  expect(later.list()).toEqual([])
  later.close()
  const again = storeAt(path)
  expect(again.isInUse).toBe(true)
  again.close()
})
