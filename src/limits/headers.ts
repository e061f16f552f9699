import { type Account, type Kind, KINDS, limitOf } from './account.ts'
import { fullAtMs, refill } from './bucket.ts'

/** Where one limit stands. */
interface Standing {
  readonly kind: Kind
  readonly limit: number
  readonly remaining: number
  readonly fullAtMs: number
}

/**
 * Anthropic's headers about the limits in force (Anthropic API, §1.2): of several accounts, the one with less left.
 * `tokens` is the token limit with the smallest part left. Token counts are rounded to thousands.
 */
export function limitHeaders(accounts: readonly Account[], nowMs: number): Record<string, string> {
  // A bound on requests at once alone has no header.
  if (!accounts.some(hasRate)) return {}
  const standings = KINDS.flatMap((kind) =>
    tightest(accounts.flatMap((account) => standingOf(account, kind, nowMs))),
  )
  const headers: Record<string, string> = {}
  for (const standing of standings) write(standing.kind, standing, headers)
  const [tokens] = tightest(standings.filter(({ kind }) => kind !== 'requests'))
  if (tokens) write('tokens', tokens, headers)
  return headers
}

const hasRate = (account: Account): boolean => KINDS.some((kind) => limitOf(account, kind) !== undefined)

function standingOf(account: Account, kind: Kind, nowMs: number): readonly Standing[] {
  const limit = limitOf(account, kind)
  if (limit === undefined) return []
  const bucket = account.buckets[kind]
  const remaining = Math.max(0, refill(bucket, limit, nowMs))
  return [{ kind, limit, remaining, fullAtMs: fullAtMs(bucket, limit, nowMs) }]
}

/** The one with the smallest part left, as a list of one; empty when there is none. */
const tightest = (standings: readonly Standing[]): readonly Standing[] =>
  standings.toSorted((a, b) => a.remaining / a.limit - b.remaining / b.limit).slice(0, 1)

const THOUSAND = 1000

function write(
  name: Kind | 'tokens',
  { kind, limit, remaining, fullAtMs: resetMs }: Standing,
  headers: Record<string, string>,
): void {
  const shown = kind === 'requests' ? Math.floor(remaining) : Math.round(remaining / THOUSAND) * THOUSAND
  headers[`anthropic-ratelimit-${name}-limit`] = String(limit)
  headers[`anthropic-ratelimit-${name}-remaining`] = String(Math.min(shown, limit))
  headers[`anthropic-ratelimit-${name}-reset`] = toTime(resetMs)
}

/** RFC 3339 in whole seconds, rounded up: at that time it is full. */
const toTime = (ms: number): string =>
  new Date(Math.ceil(ms / THOUSAND) * THOUSAND).toISOString().replace('.000Z', 'Z')
