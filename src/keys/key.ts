import type { Limits } from '../core/caller.ts'

/** A client key as it is kept: everything but the key itself. */
export interface ManagedKey {
  /** `key-` and the beginning of the key's hash; the mark that its requests, files and costs carry. */
  readonly id: string
  readonly name: string
  readonly createdAtMs: number
  readonly expiresAtMs: number | undefined
  readonly revokedAtMs: number | undefined
  /** Names or patterns of the models that it may ask; undefined means all. */
  readonly models: readonly string[] | undefined
  readonly allowsTools: boolean
  /** The server's tools that are offered with each of its requests. */
  readonly serverTools: readonly string[]
  readonly limits: Limits
}

/** What somebody decides about a key. */
export type KeyTerms = Pick<
  ManagedKey,
  'name' | 'expiresAtMs' | 'models' | 'allowsTools' | 'serverTools' | 'limits'
>

/** What is to change of a key: what is absent stays, and undefined takes away. That goes for each limit too. */
export type KeyChanges = Partial<KeyTerms>

/** What holds for a key of which nothing was said but its name. */
export const newTerms = (name: string): KeyTerms => ({
  name,
  expiresAtMs: undefined,
  models: undefined,
  allowsTools: true,
  serverTools: [],
  limits: {},
})

/** The terms of a key after a change. */
export const revise = (terms: KeyTerms, changes: KeyChanges): KeyTerms => ({
  ...terms,
  ...changes,
  limits: { ...terms.limits, ...changes.limits },
})

/** How a key begins, so that scanners of leaked secrets, and our own log, know it for one. */
const PREFIX = 'sk-oas-'
const RANDOM_BYTES = 32

/** A new key of 256 random bits. */
export const newKey = (): string =>
  PREFIX + Buffer.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))).toString('base64url')

/**
 * The SHA-256 of a key: what is kept of it. A slow password hash would guard nothing here, since nobody can try
 * 2^256 keys, and it would cost every request milliseconds.
 */
export const hashOf = (key: string): Buffer => new Bun.CryptoHasher('sha256').update(key).digest()

const MARK_DIGITS = 16

/** The mark of a key, by which it is known everywhere; the key cannot be found from it. */
export const markOf = (hash: Buffer): string => `key-${hash.toString('hex').slice(0, MARK_DIGITS)}`

/** Why a key may not be used (any more); undefined for a good one. */
export function faultOf({ expiresAtMs, revokedAtMs }: ManagedKey, nowMs: number): string | undefined {
  if (revokedAtMs !== undefined) return 'API key was revoked.'
  return expiresAtMs !== undefined && expiresAtMs <= nowMs ? 'API key has expired.' : undefined
}
