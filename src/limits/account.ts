import type { Limits } from '../core/caller.ts'
import { type Bucket, newBucket, refill, waitMs } from './bucket.ts'

/** What is counted per minute, by its name in Anthropic's headers. */
export const KINDS = ['requests', 'input-tokens', 'output-tokens'] as const
export type Kind = (typeof KINDS)[number]

/** What one caller, or all together, have used. */
export interface Account {
  /** The mark of the key; undefined for all keys together. */
  readonly owner: string | undefined
  /** What people call it at present. */
  name: string
  readonly buckets: Readonly<Record<Kind, Bucket>>
  running: number
  /** What it may use at present. */
  limits: Limits
}

export const newAccount = (owner: string | undefined, name: string, nowMs: number): Account => ({
  owner,
  name,
  buckets: {
    requests: newBucket(nowMs),
    'input-tokens': newBucket(nowMs),
    'output-tokens': newBucket(nowMs),
  },
  running: 0,
  limits: {},
})

/** An account's limit of one kind. */
export function limitOf({ limits }: Pick<Account, 'limits'>, kind: Kind): number | undefined {
  switch (kind) {
    case 'requests':
      return limits.requestsPerMinute
    case 'input-tokens':
      return limits.inputTokensPerMinute
    case 'output-tokens':
      return limits.outputTokensPerMinute
  }
}

/** Whether anything is limited by the minute: else there is nothing to tell. */
export const isLimited = ({ limits }: Pick<Account, 'limits'>): boolean =>
  limits.requestsPerMinute !== undefined ||
  limits.inputTokensPerMinute !== undefined ||
  limits.outputTokensPerMinute !== undefined

/** Which limit is in the way of a call, and for how long. */
export interface Obstacle {
  readonly account: Account
  readonly kind: Kind | 'concurrent-requests'
  readonly limit: number
  readonly waitMs: number
}

/** How soon a place may be free that somebody else holds. */
const A_MOMENT_MS = 1000

/** What keeps a call of so many input tokens from being made now. */
export function obstacleTo(account: Account, inputTokens: number, nowMs: number): Obstacle | undefined {
  const { concurrentRequests } = account.limits
  if (concurrentRequests !== undefined && account.running >= concurrentRequests)
    return { account, kind: 'concurrent-requests', limit: concurrentRequests, waitMs: A_MOMENT_MS }
  const needs: Readonly<Record<Kind, number>> = {
    requests: 1,
    'input-tokens': Math.max(1, inputTokens),
    'output-tokens': 1,
  }
  for (const kind of KINDS) {
    const limit = limitOf(account, kind)
    if (limit === undefined) continue
    const wait = waitMs(account.buckets[kind], needs[kind], limit, nowMs)
    if (wait > 0) return { account, kind, limit, waitMs: wait }
  }
  return undefined
}

/** Takes from a bucket, or gives back what is negative. */
export function take(account: Account, kind: Kind, amount: number, nowMs: number): void {
  const limit = limitOf(account, kind)
  if (limit === undefined) return
  const bucket = account.buckets[kind]
  refill(bucket, limit, nowMs)
  bucket.used = Math.max(0, bucket.used + amount)
}
