import type { Limits } from '../core/caller.ts'
import type { ApiKey, KeyLimits } from '../wire/server/keys.ts'
import { faultOf, type ManagedKey } from './key.ts'

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
  limits: {
    requests_per_minute: key.limits.requestsPerMinute ?? null,
    input_tokens_per_minute: key.limits.inputTokensPerMinute ?? null,
    output_tokens_per_minute: key.limits.outputTokensPerMinute ?? null,
    concurrent_requests: key.limits.concurrentRequests ?? null,
    daily_budget_usd: key.limits.dailyBudgetUsd ?? null,
    monthly_budget_usd: key.limits.monthlyBudgetUsd ?? null,
  },
})

/** Limits as they come over the wire. */
export const toLimits = (limits: KeyLimits): Limits => ({
  requestsPerMinute: limits.requests_per_minute ?? undefined,
  inputTokensPerMinute: limits.input_tokens_per_minute ?? undefined,
  outputTokensPerMinute: limits.output_tokens_per_minute ?? undefined,
  concurrentRequests: limits.concurrent_requests ?? undefined,
  dailyBudgetUsd: limits.daily_budget_usd ?? undefined,
  monthlyBudgetUsd: limits.monthly_budget_usd ?? undefined,
})

function statusOf(key: ManagedKey, nowMs: number): ApiKey['status'] {
  if (key.revokedAtMs !== undefined) return 'revoked'
  return faultOf(key, nowMs) === undefined ? 'active' : 'expired'
}

const toTime = (ms: number): string => new Date(ms).toISOString()
