import type { Database } from 'bun:sqlite'
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'

import type { Limits } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { toStoreFailure } from '../store/database.ts'
import { hashOf, type KeyChanges, type KeyTerms, type ManagedKey, markOf, newKey, revise } from './key.ts'

export const KEY_MIGRATIONS = [
  `CREATE TABLE keys (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    revoked_at_ms INTEGER,
    models TEXT,
    allows_tools INTEGER NOT NULL,
    limits TEXT NOT NULL
  );`,
  `ALTER TABLE keys ADD COLUMN server_tools TEXT NOT NULL DEFAULT '[]';`,
]

export interface KeyStoreOptions {
  /** The database file. It is made with the first key, not before. */
  readonly path: string
  /** Opens the file, making it where there is none. */
  readonly open: () => Database
  readonly clock: Clock
  readonly log: Logger
}

/** The client keys that this data folder holds. Several processes may work on it at once. */
export interface KeyStore {
  /**
   * Whether any key was ever made. Revoked ones count, or else the last one's end would open the server; and so does a
   * file that was damaged and set aside.
   */
  readonly isInUse: boolean
  /** The key of that hash, good or not. What another process changed shows within a second. */
  find(hash: Buffer): ManagedKey | undefined
  /** The key of that mark. */
  byId(id: string): ManagedKey | undefined
  list(): readonly ManagedKey[]
  /** Makes a key. Only here is it ever told; it cannot be shown again. */
  create(terms: KeyTerms): { readonly key: string; readonly record: ManagedKey }
  /** Changes what a key may do, but not one that was revoked; undefined when there is none of that mark. */
  edit(id: string, changes: KeyChanges): ManagedKey | undefined
  /** Ends a key for good; undefined when there is none of that mark. */
  revoke(id: string): ManagedKey | undefined
  close(): void
}

interface Row {
  readonly hash: string
  readonly name: string
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
  readonly revoked_at_ms: number | null
  readonly models: string | null
  readonly allows_tools: number
  readonly limits: string
  readonly server_tools: string
}

/** How old what is known of the file may be. */
const STALE_AFTER_MS = 500

/**
 * Keeps all keys in memory, and looks at most twice a second whether the file was changed: what a request costs does
 * not depend on how many keys there are.
 */
export function createKeyStore({ path, open, clock, log }: KeyStoreOptions): KeyStore {
  let database: Database | undefined
  let byHash: ReadonlyMap<string, ManagedKey> = new Map()
  let version: number | undefined
  let checkedAtMs = Number.NEGATIVE_INFINITY
  let wasDamaged = false

  const opened = (): Database => {
    if (database) return database
    database = open()
    wasDamaged = readdirSync(dirname(path)).some((name) => name.startsWith(`${basename(path)}.damaged-`))
    return database
  }
  const read = (): void => {
    const rows = opened().query<Row, []>('SELECT * FROM keys ORDER BY created_at_ms, hash').all()
    byHash = new Map(rows.map((row) => [row.hash, toKey(row)]))
  }
  const refresh = (): void => {
    const nowMs = clock.now()
    if (nowMs - checkedAtMs < STALE_AFTER_MS && nowMs >= checkedAtMs) return
    checkedAtMs = nowMs
    try {
      if (!database && !existsSync(path)) return
      const current = versionOf(opened())
      if (current === version) return
      read()
      version = current
    } catch (error) {
      // The keys known so far stay good, and no unknown one becomes so.
      log.error('keys-unreadable', { path, error })
    }
  }
  const change = <Result>(run: (file: Database) => Result): Result => {
    try {
      const result = run(opened())
      read()
      return result
    } catch (error) {
      throw toStoreFailure(error)
    }
  }
  const byId = (id: string): ManagedKey | undefined => {
    refresh()
    for (const key of byHash.values()) if (key.id === id) return key
    return undefined
  }

  return {
    get isInUse() {
      refresh()
      return byHash.size > 0 || wasDamaged
    },
    find(hash) {
      refresh()
      return byHash.get(hash.toString('hex'))
    },
    byId,
    list() {
      refresh()
      return [...byHash.values()]
    },
    create(terms) {
      const key = newKey()
      const hash = hashOf(key).toString('hex')
      change((file) => file.query(INSERT).run({ hash, created_at_ms: clock.now(), ...toColumns(terms) }))
      const record = byHash.get(hash)
      if (!record) throw new Error('a key that was stored is not there')
      return { key, record }
    },
    edit(id, changes) {
      if (!byId(id)) return undefined
      change((file) => editRow(file, id, changes))
      return byId(id)
    },
    revoke(id) {
      if (!byId(id)) return undefined
      change((file) =>
        file
          .query('UPDATE keys SET revoked_at_ms = coalesce(revoked_at_ms, ?) WHERE hash LIKE ?')
          .run(clock.now(), hashPattern(id)),
      )
      return byId(id)
    },
    close() {
      database?.close()
      database = undefined
    },
  }
}

/** Changes when another connection has written. */
const versionOf = (database: Database): number =>
  database.query<{ data_version: number }, []>('PRAGMA data_version').get()?.data_version ?? 0

/** Which hashes a mark stands for; it must be that of a key. */
const hashPattern = (id: string): string => `${id.slice('key-'.length)}%`

type TermColumns = Pick<Row, 'name' | 'expires_at_ms' | 'models' | 'allows_tools' | 'limits' | 'server_tools'>

const INSERT = `INSERT INTO keys (hash, created_at_ms, name, expires_at_ms, models, allows_tools, limits, server_tools)
  VALUES ($hash, $created_at_ms, $name, $expires_at_ms, $models, $allows_tools, $limits, $server_tools)`

const UPDATE = `UPDATE keys SET name = $name, expires_at_ms = $expires_at_ms, models = $models,
  allows_tools = $allows_tools, limits = $limits, server_tools = $server_tools WHERE hash = $hash`

const toColumns = (terms: KeyTerms): TermColumns => ({
  name: terms.name,
  expires_at_ms: terms.expiresAtMs ?? null,
  models: terms.models ? JSON.stringify(terms.models) : null,
  allows_tools: terms.allowsTools ? 1 : 0,
  limits: JSON.stringify(terms.limits),
  server_tools: JSON.stringify(terms.serverTools),
})

/** From what the file says at that moment, so that two who change different things both succeed. */
function editRow(file: Database, id: string, changes: KeyChanges): void {
  const edit = file.transaction(() => {
    const row = file
      .query<Row, [string]>('SELECT * FROM keys WHERE hash LIKE ? AND revoked_at_ms IS NULL')
      .get(hashPattern(id))
    if (row) file.query(UPDATE).run({ hash: row.hash, ...toColumns(revise(toKey(row), changes)) })
  })
  edit.immediate()
}

const toKey = (row: Row): ManagedKey => ({
  id: markOf(Buffer.from(row.hash, 'hex')),
  name: row.name,
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms ?? undefined,
  revokedAtMs: row.revoked_at_ms ?? undefined,
  models: row.models === null ? undefined : (JSON.parse(row.models) as readonly string[]),
  allowsTools: row.allows_tools === 1,
  limits: JSON.parse(row.limits) as Limits,
  serverTools: JSON.parse(row.server_tools) as readonly string[],
})
