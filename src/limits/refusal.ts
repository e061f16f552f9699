import { Failure } from '../core/errors.ts'
import type { Account, Kind, Obstacle } from './account.ts'

/** What a call is refused with that a limit stands in the way of, in Anthropic's words (Anthropic API, §5). */
export function refusal({ account, kind, limit, waitMs }: Obstacle, model: string): Failure {
  const message =
    kind === 'concurrent-requests'
      ? `Number of concurrent connections has exceeded your rate limit of ${format(limit)} (${whose(account)}). ` +
        'Please try again later.'
      : `This request would exceed your organization's rate limit of ${format(limit)} ${UNITS[kind]} per minute ` +
        `(${whose(account)}, model: ${model}). You can see the response headers for current usage. ${ADVICE[kind]}`
  return new Failure('rate_limit_error', message, { retryAfterMs: waitMs })
}

const UNITS: Readonly<Record<Kind, string>> = {
  requests: 'requests',
  'input-tokens': 'input tokens',
  'output-tokens': 'output tokens',
}

const LATER = 'Please try again later.'
const ADVICE: Readonly<Record<Kind, string>> = {
  requests: LATER,
  'input-tokens': 'Please reduce the prompt length, or try again later.',
  'output-tokens': 'Please reduce the maximum tokens requested, or try again later.',
}

const format = (limit: number): string => limit.toLocaleString('en-US')

const whose = ({ owner, name }: Pick<Account, 'owner' | 'name'>): string =>
  owner === undefined ? name : `key: ${name}`

/**
 * A budget is spent. Trying again at once is in vain, so there is no time to wait, as with Anthropic's spend limits
 * (Anthropic API, §1.2).
 */
export const overBudget = (
  account: Pick<Account, 'owner' | 'name'>,
  period: 'day' | 'month',
  budgetUsd: number,
  spentUsd: number,
): Failure =>
  new Failure(
    'rate_limit_error',
    `You have reached your specified API usage limits: ${usd(spentUsd)} of ${usd(budgetUsd)} a ${period} are spent ` +
      `(${whose(account)}). You will regain access at the beginning of the next ${period}, in UTC.`,
    { retryable: false, details: { error_code: 'enforced_spend_limit_reached' } },
  )

const usd = (amount: number): string => `$${amount.toFixed(2)}`

/** The server has as much to do as it can. */
export const overloaded = (why: string, retryAfterMs: number): Failure =>
  new Failure('overloaded_error', `Overloaded: ${why}. Please try again later.`, { retryAfterMs })
