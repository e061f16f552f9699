import type { Limits } from '../core/caller.ts'
import { invalidRequest } from '../core/errors.ts'
import type { ApiKey, EditKeyRequest, KeyLimits } from '../wire/server/keys.ts'
import { faultOf, type KeyChanges, type ManagedKey } from './key.ts'

/** A key as the admin API and the command line show it. */
export const toApiKey = (key: ManagedKey, nowMs: number): ApiKey => ({
  id: key.id,
  type: 'api_key',
  name: key.name,
  status: statusOf(key, nowMs),
  created_at: toTime(key.createdAtMs),
  expires_at: key.expiresAtMs === undefined ? null : toTime(key.expiresAtMs),
  revoked_at: key.revokedAtMs === undefined ? null : toTime(key.revokedAtMs),
  models: key.models ? [...key.models] : null,
  tools: key.allowsTools,
  server_tools: [...key.serverTools],
  limits: Object.fromEntries(LIMIT_NAMES.map((name) => [name, key.limits[LIMITS[name]] ?? null])),
})

/** What a request of the admin API says of a key. Throws a `Failure` where its end is no time to come. */
export function toChanges(request: EditKeyRequest, nowMs: number): KeyChanges {
  const { name, expires_at, models, tools, server_tools, limits } = request
  return {
    ...(name === undefined ? {} : { name }),
    ...(expires_at === undefined ? {} : { expiresAtMs: toExpiry(expires_at, nowMs) }),
    ...(models === undefined ? {} : { models: models ?? undefined }),
    ...(tools === undefined ? {} : { allowsTools: tools ?? true }),
    ...(server_tools === undefined ? {} : { serverTools: server_tools ?? [] }),
    ...(limits === undefined ? {} : { limits: toLimits(limits) }),
  }
}

function toExpiry(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined
  const expiresAtMs = Date.parse(text)
  if (Number.isNaN(expiresAtMs)) throw invalidRequest('expires_at: Input should be a valid datetime')
  if (expiresAtMs <= nowMs) throw invalidRequest('expires_at: Input should be in the future')
  return expiresAtMs
}

/** Each limit by its name on the wire. */
const LIMITS = {
  requests_per_minute: 'requestsPerMinute',
  input_tokens_per_minute: 'inputTokensPerMinute',
  output_tokens_per_minute: 'outputTokensPerMinute',
  concurrent_requests: 'concurrentRequests',
  daily_budget_usd: 'dailyBudgetUsd',
  monthly_budget_usd: 'monthlyBudgetUsd',
} as const satisfies Readonly<Record<keyof KeyLimits, keyof Limits>>

const LIMIT_NAMES = Object.keys(LIMITS) as readonly (keyof KeyLimits)[]

/** The limits that are said; null in the place of all takes all away. */
function toLimits(limits: KeyLimits | null): Limits {
  const said = limits === null ? LIMIT_NAMES : LIMIT_NAMES.filter((name) => limits[name] !== undefined)
  return Object.fromEntries(said.map((name) => [LIMITS[name], limits?.[name] ?? undefined]))
}

function statusOf(key: ManagedKey, nowMs: number): ApiKey['status'] {
  if (key.revokedAtMs !== undefined) return 'revoked'
  return faultOf(key, nowMs) === undefined ? 'active' : 'expired'
}

const toTime = (ms: number): string => new Date(ms).toISOString()
