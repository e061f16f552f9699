import { timingSafeEqual } from 'node:crypto'

import { type Caller, plainCaller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import { faultOf, hashOf, type ManagedKey, markOf } from '../keys/key.ts'
import type { KeyStore } from '../keys/store.ts'
import { addressOf } from './address.ts'
import { createOrigins, type OriginRules, type Origins } from './origin.ts'

export interface AccessRules extends OriginRules {
  /** Keys that the configuration names. */
  readonly keys: readonly string[]
  /** The key that may do everything. */
  readonly adminKey: string | undefined
  /** Whether, as long as there is no key at all, anyone is served; never where other machines can ask. */
  readonly mayBeOpen: boolean
  /** Whether a caller's own OpenRouter key will do. */
  readonly passThrough: boolean
  /** Keys that were made by `keys create` or by the admin API. */
  readonly store: KeyStore
  readonly clock: Clock
}

export interface Access extends Pick<Origins, 'corsHeaders' | 'preflight'> {
  /** Throws where a request of the API must not be answered; else says who asks. */
  check(request: Request): Caller
  /** Whether anyone is served, because there is no key. */
  readonly isOpen: boolean
  /** Whether there is a key for the admin API. */
  readonly hasAdminKey: boolean
}

export function createAccess(rules: AccessRules): Access {
  const origins = createOrigins(rules)
  const known = [
    ...rules.keys.map((key) => toKnown(key, false)),
    ...(rules.adminKey === undefined ? [] : [toKnown(rules.adminKey, true)]),
  ]
  const managed = new WeakMap<ManagedKey, Caller>()
  const callerOf = (key: ManagedKey): Caller => {
    const caller = managed.get(key) ?? toCaller(key)
    managed.set(key, caller)
    return caller
  }
  const isOpen = (): boolean => rules.mayBeOpen && known.length === 0 && !rules.store.isInUse

  /** The caller whom one key stands for; undefined where nobody knows it. Throws for one that is good no more. */
  const identify = (key: string): Caller | undefined => {
    const hash = hashOf(key)
    const configured = findKnown(hash, known)
    if (configured) return configured
    const found = rules.store.find(hash)
    if (found) {
      const fault = faultOf(found, rules.clock.now())
      if (fault !== undefined) throw new Failure('authentication_error', fault)
      return callerOf(found)
    }
    return rules.passThrough && OPENROUTER_KEY.test(key)
      ? plainCaller(markOf(hash), { upstreamKey: key })
      : undefined
  }

  return {
    check(request) {
      const open = isOpen()
      origins.check(request, open)
      if (open && !rules.passThrough) return ANYONE
      const given = keysOf(request.headers)
      for (const key of given) {
        const caller = identify(key)
        if (caller?.upstreamKey !== undefined) keepToMessages(request)
        if (caller) return caller
      }
      if (open) return ANYONE
      throw new Failure(
        'authentication_error',
        given.length === 0 ? 'x-api-key header is required' : 'API key is invalid.',
      )
    },
    get isOpen() {
      return isOpen()
    },
    hasAdminKey: rules.adminKey !== undefined,
    corsHeaders: (request) => origins.corsHeaders(request),
    preflight: (request) => origins.preflight(request),
  }
}

/** The owner of everything on a server without keys, who may see all of it. */
const ANYONE = plainCaller('anyone', { isAdmin: true })

/** How OpenRouter's keys begin. */
const OPENROUTER_KEY = /^sk-or-[\w-]{8,}$/

/** Any text that looks like OpenRouter's key gets this far, so it opens nothing but what OpenRouter itself checks. */
function keepToMessages(request: Request): void {
  if (/^(?:\/v1)?\/v1\/(?:messages(?:\/count_tokens)?|models(?:\/.*)?)$/.test(addressOf(request).path)) return
  throw new Failure('permission_error', "A key of OpenRouter's own is good for messages and models only")
}

interface Known extends Caller {
  readonly hash: Buffer
}

function toKnown(key: string, isAdmin: boolean): Known {
  const hash = hashOf(key)
  return { ...plainCaller(markOf(hash), isAdmin ? { isAdmin, name: 'admin' } : {}), hash }
}

/** What the holder of a managed key may do. */
const toCaller = ({ id, name, models, allowsTools, serverTools, limits }: ManagedKey): Caller =>
  plainCaller(id, { name, models, allowsTools, serverTools, limits })

/** Compares with every key in full, so that the time tells nothing. */
const findKnown = (hash: Buffer, known: readonly Known[]): Known | undefined =>
  known.reduce<Known | undefined>(
    (found, candidate) => (timingSafeEqual(hash, candidate.hash) ? candidate : found),
    undefined,
  )

/** Either header may hold the key, whichever SDK it comes from (Anthropic API, §0.2). */
function keysOf(headers: Request['headers']): readonly string[] {
  const bearer = /^bearer\s+(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  return [headers.get('x-api-key'), bearer].flatMap((key) => key?.trim() || [])
}

/** Makes sure that the caller may see what belongs to others. */
export function requireAdmin(caller: Caller, access: Pick<Access, 'hasAdminKey'>): void {
  if (caller.isAdmin) return
  throw new Failure(
    'permission_error',
    access.hasAdminKey
      ? 'This needs the key that ADMIN_API_KEY holds'
      : 'This needs an admin key, and the server has none; set ADMIN_API_KEY',
  )
}
